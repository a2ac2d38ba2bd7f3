"""`drivewm train`: a world model from fleets, or from a plain nuScenes dataroot in one command."""

from __future__ import annotations

import argparse
from pathlib import Path


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "fleet", nargs="+", help="fleet folders, or one nuScenes dataroot (ingested to RUN/fleet)"
    )
    parser.add_argument("-o", "--output", required=True, metavar="RUN", help="run folder")
    parser.add_argument("--preset", default="tiny", help="a file of conf/train (default: tiny)")
    parser.add_argument(
        "--set", nargs="*", default=[], metavar="KEY=VALUE", dest="overrides",
        help="configuration overrides, e.g. model.encoder=privileged dynamics_steps=400",
    )  # fmt: skip


def run(args: argparse.Namespace) -> int:
    from drivewm.config import load
    from drivewm.logs.fleet import Fleet
    from drivewm.training.config import TrainConfig
    from drivewm.training.train import train

    config = load(TrainConfig, f"train/{args.preset}", args.overrides)
    fleets = [Fleet.open(_fleet(source, Path(args.output))) for source in args.fleet]
    folder = train(fleets, args.output, config)
    print(f"model: {folder / 'model.safetensors'}")
    print(f"curves and pictures: tensorboard --logdir {folder / 'tensorboard'}")
    return 0


def _fleet(source: str, run: Path) -> str | Path:
    """The fleet itself; a nuScenes dataroot is ingested into the run folder first."""
    if not any(p.is_dir() for p in Path(source).glob("v1.0-*")):
        return source
    from drivewm.logs.ingest import ingest

    fleet = run / "fleet"
    if not fleet.exists():
        ingest("nuscenes", source, fleet)
    return fleet
