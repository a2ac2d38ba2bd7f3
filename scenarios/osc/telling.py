"""What ``drivewm scenarios import`` prints and writes."""

from __future__ import annotations

import argparse
import itertools
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from drivewm.errors import InputError
from drivewm.scenarios.osc.document import distribution_of
from drivewm.scenarios.osc.drive import Outcome, drive
from drivewm.scenarios.osc.load import Imported, load
from drivewm.storage import write_text


def run_import(args: argparse.Namespace) -> int:
    """The sub-verb; 1 when a combination of several could not be imported."""
    values, user_values = pairs(args.values, "--set"), pairs(args.user_values, "--value")
    numbers = _combinations(args)
    failed = 0
    for number in numbers:
        title = "" if len(numbers) == 1 else f" [{number}]"
        try:
            imported = load(args.file, values, number, args.ego_name, user_values)
        except InputError as error:
            if len(numbers) == 1:
                raise
            failed += 1
            print(f"{args.file}{title}: not imported: {error}")
            continue
        print("\n".join(told(imported, title)))
        outcomes = []
        for planner in args.planners:
            _, outcome = drive(imported, planner)
            outcomes.append(outcome)
            print("\n".join(drive_lines(outcome, args.log)))
        if args.out:
            name = imported.scene.id.split("/")[-1] + (f"_{number}" if len(numbers) > 1 else "")
            path = Path(args.out) / f"{name}.json"
            path.parent.mkdir(parents=True, exist_ok=True)
            write_text(path, json.dumps(as_json(imported, outcomes), indent=1) + "\n")
            print(f"  written: {path}")
    return 1 if failed else 0


def _combinations(args: argparse.Namespace) -> Sequence[int | None]:
    if not args.all:
        return [args.combination]
    spread = distribution_of(args.file)
    if spread is None:
        return [None]
    if args.limit < 1:
        raise InputError("--limit must be 1 or more", field="limit")
    if spread.count > args.limit:
        print(f"{args.file}: {spread.count} combinations, the first {args.limit} are read")
    return list(itertools.islice(range(spread.count), args.limit))


def pairs(texts: Sequence[str], option: str) -> dict[str, str]:
    """``NAME=VALUE`` texts as a dict.

    Raises:
        InputError: a text without ``=``, or a name given twice.
    """
    found: dict[str, str] = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign or not name:
            raise InputError(f"'{text}' is not NAME=VALUE", field=option)
        if name in found:
            raise InputError(f"'{name}' is given twice", field=option)
        found[name] = value
    return found


def told(imported: Imported, title: str = "") -> Iterator[str]:
    """A summary in lines."""
    document, ego = imported.document, imported.ego
    major, minor = document.version
    yield f"{imported.scene.id}{title}: OpenSCENARIO {major}.{minor}, {document.file}"
    if document.description:
        yield f"  {document.description}"
    if document.parameters:
        own = {k: v for k, v in document.parameters.items() if not k.startswith("_")}
        yield f"  parameters: {', '.join(f'{k}={v}' for k, v in own.items())}"
    road = document.network
    yield f"  road: {road.file if road else 'none, an open plane'}"
    x, y, heading = ego.pose
    yield (f"  ego: {ego.name}, starts at ({x:.2f}, {y:.2f}), heading {heading:.3f} rad, "
           f"{ego.speed_mps * 3.6:.1f} km/h; target {ego.target_mps * 3.6:.1f} km/h")  # fmt: skip
    others = [actor.id for actor in imported.storyboard.actors]
    yield f"  others: {', '.join(others) or 'nobody'}"
    for line in ego.replaced:
        yield f"  a planner replaces {line}"
    for note in imported.notes:
        yield f"  note {note}"


def drive_lines(outcome: Outcome, with_log: bool = False) -> Iterator[str]:
    """A drive in lines: outcome, what never fired, what failed."""
    stop = "" if outcome.stopped_s is None else f"; stop trigger at {outcome.stopped_s:.2f} s"
    yield f"  {outcome.planner}: {outcome}{stop}"
    if with_log:
        yield from (f"    {entry}" for entry in outcome.log)
        return
    for entry in (*outcome.failed, *outcome.never):
        yield f"    {entry}"


def as_json(imported: Imported, outcomes: Sequence[Outcome] = ()) -> dict[str, Any]:
    """What was read, as plain data."""
    document, ego = imported.document, imported.ego
    return {
        "schema_version": 1,
        "scenario": json.loads(imported.scene.scenario or "{}"),
        "digest": imported.digest,
        "version": list(document.version),
        "files": [str(file) for file in document.files],
        "parameters": dict(document.parameters),
        "variables": dict(document.variables),
        "ego": {
            "name": ego.name, "pose": list(ego.pose), "speed_mps": ego.speed_mps,
            "target_mps": ego.target_mps, "vehicle": asdict(ego.vehicle),
            "replaced": list(ego.replaced),
        },
        "actors": [
            {"name": a.id, "category": a.category, "size_m": list(a.size_m)}
            for a in imported.storyboard.actors
        ],
        "notes": [{"where": note.where, "text": note.text} for note in imported.notes],
        "drives": [
            {
                "planner": o.planner, "status": o.status, "reason": o.reason,
                "duration_s": o.duration_s, "stopped_s": o.stopped_s,
                "impact": None if o.impact is None else asdict(o.impact),
                "log": [entry._asdict() for entry in o.log],
            }
            for o in outcomes
        ],
    }  # fmt: skip
