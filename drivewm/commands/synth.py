"""``drivewm synth DATAROOT``: a synthetic nuScenes dataroot."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING

from drivewm.arguments import positive_int

if TYPE_CHECKING:
    from drivewm.worlds.synth import SynthReport


def _size(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d+)x(\d+)", text)
    if not match or not all(16 <= int(v) <= 4096 for v in match.groups()):
        raise argparse.ArgumentTypeError(f"'{text}' is not WIDTHxHEIGHT, each 16 to 4096")
    return int(match[1]), int(match[2])


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("dataroot", type=Path, help="folder to make")
    parser.add_argument("--scenes", type=int, default=26, help="how many (26)")
    parser.add_argument("--seed", type=int, default=0, help="same seed, same bytes (0)")
    parser.add_argument(
        "--image-size",
        type=_size,
        default=(448, 256),
        metavar="WxH",
        help="camera pictures (448x256; nuScenes has 1600x900)",
    )
    parser.add_argument(
        "--sweeps",
        choices=("none", "full"),
        default="none",
        help="full: 12 Hz cameras and 20 Hz lidar between the 2 Hz keyframes",
    )
    parser.add_argument(
        "--duration", type=float, default=20.0, metavar="S", help="seconds per scene (20)"
    )
    parser.add_argument(
        "--labels",
        choices=("occ3d", "openocc", "surroundocc", "uniocc"),
        default="occ3d",
        help="layout of the exact occupancy (occ3d)",
    )
    parser.add_argument("--workers", type=positive_int, default=2, help="processes (2)")
    parser.add_argument(
        "--overwrite",
        action="store_true",
        help="replace a dataroot that drivewm synth made with other arguments",
    )


def run(args: argparse.Namespace) -> int:
    from drivewm.config import validate
    from drivewm.worlds.synth import SynthConfig, synthesise

    values = {
        "scenes": args.scenes,
        "seed": args.seed,
        "image_size": args.image_size,
        "sweeps": args.sweeps,
        "duration_s": args.duration,
        "labels": args.labels,
    }
    config = validate(SynthConfig, values, file="command line")
    report = synthesise(args.dataroot, config, workers=args.workers, overwrite=args.overwrite)
    print(summary(args.dataroot, report))
    return 0


def summary(dataroot: Path, report: SynthReport) -> str:
    """The closing lines: what was made, by which drivers, what happened to them, how fast."""
    counts: dict[tuple[str, str], list[int]] = {}  # scenes, with a contact, with a departure
    for scene, known in zip(report.plan, report.incidents):
        row = counts.setdefault((scene.split, scene.spec.policy), [0, 0, 0])
        row[0] += 1
        row[1] += known.get("collision_time_s") is not None
        row[2] += known.get("departure_time_s") is not None
    training = [p.spec.policy for p in report.plan if p.split == "train"]
    wild = sum(policy != "careful" for policy in training)
    share = f"{wild / len(training):.0%}" if training else "no training scenes"
    made = f"{report.made} made in {report.seconds:.1f} s" if report.made else "already complete"
    return "\n".join(
        [
            f"{dataroot}: {len(report.plan)} scenes, {made}",
            f"  {'split':<14} {'driver':<10} {'scenes':>6} {'contact':>8} {'off road':>9}",
            *(
                f"  {split:<14} {policy:<10} {n:>6} {hit:>8} {off:>9}"
                for (split, policy), (n, hit, off) in counts.items()
            ),
            f"  perturbed or reckless drivers in training: {share}",
        ]
    )
