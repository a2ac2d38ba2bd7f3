"""`drivewm explain RESULTS --scene ID`: which sub-score cost how much, when, against whom."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from drivewm.eval.explain import Explanation, Moment

PICTURES = 4  # of one drive: the costliest terms
OF_THE_WHOLE = ("progress", "making_progress")  # no moment of a drive shows them


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("results", help="results folder written by `drivewm score`")
    parser.add_argument("--scene", required=True, metavar="ID", help="scene (or moment) to explain")
    parser.add_argument("--planner", help="only this planner (default: all)")
    parser.add_argument("--seed", type=int, help="only this seed (default: the worst)")
    parser.add_argument(
        "-o", "--output", help="folder for the pictures and the JSON (RESULTS/explain)"
    )
    parser.add_argument("--dark", action="store_true", help="pictures on a dark ground")


def run(args: argparse.Namespace) -> int:
    from drivewm import storage
    from drivewm.eval import explain, explain_picture, explain_text
    from drivewm.eval.results import read_manifest
    from drivewm.viz.palette import PALETTES

    folder = Path(args.results)
    cells = explain.choose(folder, args.scene, args.planner, args.seed)
    fleet = (read_manifest(folder).get("fleet") or {}).get("path")
    palette = PALETTES["dark" if args.dark else "light"]
    output = Path(args.output) if args.output else folder / "explain"
    for n, cell in enumerate(cells):
        found = explain.explain(folder, cell)
        print(("\n" if n else "") + explain_text.as_text(found))
        suffix = f"~{cell.seed}" if cell.seed else ""
        stem = output / cell.planner / f"{cell.scene_id}{suffix}"
        content = found.as_dict() | {"pictures": []}
        drive = explain_picture.read_drive(folder, found, fleet)
        if drive is None:
            print("  no picture: the drive was not archived")
        else:
            for name, moment in _moments(found):
                picture = explain_picture.draw(drive, moment, _heading(found, name), palette)
                path = stem.with_name(f"{stem.name}.{name}.png")
                with storage.atomic_file(path) as partial:
                    picture.save(partial, format="PNG")
                content["pictures"].append(path.name)
                print(f"  {path}")
        path = stem.with_name(f"{stem.name}.json")
        storage.write_text(path, json.dumps(content, indent=2) + "\n")
        print(f"  {path}")
    return 0


def _heading(found: Explanation, name: str) -> str:
    lost = next((c.share.lost for c in found.causes if c.share.term == name), None)
    cost = "nearest to harm" if lost is None else f"{name} cost {lost:.3f}"
    return f"{found.cell.planner}: {cost}"


def _moments(found: Explanation) -> list[tuple[str, Moment]]:
    """(name, moment) to draw: of the terms that cost most; of a faultless drive what came near."""
    lost = [
        (c.share.term, c.moment)
        for c in found.causes
        if c.share.lost > 0 and c.moment and c.share.term not in OF_THE_WHOLE
    ]
    if not lost and found.nearest_harm is not None:
        return [("nearest_harm", found.nearest_harm)]
    return lost[:PICTURES]
