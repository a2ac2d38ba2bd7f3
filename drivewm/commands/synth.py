"""``drivewm synth DATAROOT``: a synthetic nuScenes dataroot."""

from __future__ import annotations

import argparse
import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

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
    parser.add_argument("--image-size", type=_size, default=(448, 256), metavar="WxH",
                        help="camera pictures (448x256; nuScenes has 1600x900)")
    parser.add_argument("--sweeps", choices=("none", "full"), default="none",
                        help="full: 12 Hz cameras and 20 Hz lidar between the 2 Hz keyframes")
    parser.add_argument("--duration", type=float, default=20.0, metavar="S",
                        help="seconds per scene (20)")
    parser.add_argument("--workers", type=int, default=2, help="processes (2)")
    parser.add_argument("--overwrite", action="store_true",
                        help="replace a dataroot that drivewm synth made with other arguments")


def run(args: argparse.Namespace) -> int:
    from drivewm.config import validate
    from drivewm.worlds.synth import SynthConfig, synthesise

    values = {"scenes": args.scenes, "seed": args.seed, "image_size": args.image_size,
              "sweeps": args.sweeps, "duration_s": args.duration}
    config = validate(SynthConfig, values, file="command line")
    report = synthesise(args.dataroot, config, workers=args.workers, overwrite=args.overwrite)
    print(summary(args.dataroot, report))
    return 0


def summary(dataroot: Path, report: SynthReport) -> str:
    """The closing lines: what was made, by which policies, how fast."""
    plan = report.plan
    counts = Counter((p.split, p.spec.policy) for p in plan)
    rows = [
        f"  {split:<14} " + ", ".join(
            f"{counts[split, policy]} {policy}" for policy in ("careful", "perturbed", "reckless")
        )
        for split in dict.fromkeys(p.split for p in plan)
    ]
    training = [p.spec.policy for p in plan if p.split == "train"]
    wild = sum(policy != "careful" for policy in training)
    share = f"{wild / len(training):.0%}" if training else "no training scenes"
    made = f"{report.made} made in {report.seconds:.1f} s" if report.made else "already complete"
    return "\n".join([
        f"{dataroot}: {len(plan)} scenes, {made}", *rows,
        f"  perturbed or reckless drivers in training: {share}",
    ])
