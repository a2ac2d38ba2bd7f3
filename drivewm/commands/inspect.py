"""``drivewm inspect FLEET``: table of the scenes of a fleet; reads metadata only."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from drivewm.logs.fleet import SceneInfo

_HEAD = (
    "scene",
    "source",
    "location",
    "split",
    "seconds",
    "keyframes",
    "tracks",
    "map",
    "images",
    "occupancy",
    "policy",
    "licence",
    "notes",
)


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("fleet", help="fleet folder or fsspec address")
    parser.add_argument("--json", action="store_true", help="print a JSON list of scenes")


def run(args: argparse.Namespace) -> int:
    from drivewm.logs.fleet import Fleet

    fleet = Fleet.open(args.fleet)
    if args.json:
        print(json.dumps([asdict(info) for info in fleet.scenes], indent=1))
        return 0
    rows = [_HEAD, *(_row(info) for info in fleet.scenes)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(_HEAD))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
    return 0


def _row(info: SceneInfo) -> tuple[str, ...]:
    return (
        info.id,
        info.source,
        info.location,
        info.split,
        f"{info.duration_s:.1f}",
        str(info.keyframes),
        str(info.tracks),
        info.map_origin,
        str(info.has_images),
        str(info.has_occupancy),
        info.policy or "-",
        info.licence,
        info.notes or "-",
    )
