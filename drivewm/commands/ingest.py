"""``drivewm ingest SOURCE SRC FLEET``: recorded logs -> a fleet."""

from __future__ import annotations

import argparse
from pathlib import Path

from drivewm.arguments import positive_int


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", choices=("nuscenes", "scenarionet", "av2"))
    parser.add_argument("src", type=Path, help="dataroot, database folder or folder of logs")
    parser.add_argument("fleet", type=Path, help="fleet folder to write (replaced when complete)")
    parser.add_argument("--version", help="nuScenes: version folder, where there are several")
    parser.add_argument(
        "--split-file",
        type=Path,
        help="nuScenes: JSON {split: [scene names]} (default: "
        "VERSION/splits.json, else the official splits)",
    )
    parser.add_argument(
        "--occupancy", type=Path, help="nuScenes: folder of occupancy labels (default: in SRC)"
    )
    parser.add_argument(
        "--labels",
        choices=("occ3d", "openocc", "surroundocc", "uniocc", "lidar"),
        help="nuScenes: the set of those labels (default: the one SRC has, occ3d for --occupancy);"
        " lidar makes labels from the sweeps and boxes",
    )
    parser.add_argument("--workers", type=positive_int, default=1, help="processes (default 1)")


def run(args: argparse.Namespace) -> int:
    from drivewm.errors import InputError
    from drivewm.logs.ingest import ingest

    chosen = {
        "version": args.version,
        "split_file": args.split_file,
        "occupancy": args.occupancy,
        "labels": args.labels,
    }
    options = {name: value for name, value in chosen.items() if value is not None}
    if options and args.source != "nuscenes":
        name = next(iter(options))
        raise InputError(
            "only nuScenes has this option", field=f"--{name.replace('_', '-')}", fix="leave it out"
        )
    ingest(args.source, args.src, args.fleet, workers=args.workers, **options)
    print(f"wrote {args.fleet}")
    return 0
