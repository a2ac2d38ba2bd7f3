"""``drivewm scenarios mine FLEET -o suite.yaml``: the critical moments of a fleet as a suite."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from drivewm.arguments import positive_int

if TYPE_CHECKING:
    from drivewm.scenarios.mining import Critical, Rule
    from drivewm.scenarios.windows import LogWindow

NAMES = ("low_ttc", "hard_braking", "near_pedestrian")


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of the sub-verb."""
    parser.add_argument("fleet", metavar="FLEET", help="fleet folder")
    parser.add_argument("-o", "--out", metavar="SUITE.yaml", help="suite to write")
    parser.add_argument(
        "--by", action="append", choices=NAMES, help="only this measure; may be repeated"
    )
    parser.add_argument(
        "-n", type=positive_int, default=10, help="moments by each measure (%(default)s)"
    )
    parser.add_argument("--split", help="only logs of this split")
    parser.add_argument(
        "--before", type=float, default=4.0, metavar="S", help="s before a moment (%(default)s)"
    )
    parser.add_argument(
        "--after", type=float, default=4.0, metavar="S", help="s after a moment (%(default)s)"
    )
    parser.add_argument(
        "--agents", choices=("reactive", "replay"), default="reactive",
        help="what the log's road users do (%(default)s)",
    )  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Searches, prints the table, writes the suite."""
    import os
    from pathlib import Path

    from drivewm.errors import InputError
    from drivewm.logs.fleet import Fleet
    from drivewm.scenarios.commands.list import table
    from drivewm.scenarios.mining import RULES, chosen, window_of
    from drivewm.storage import write_text

    for name in ("before", "after"):
        if not 1.0 <= getattr(args, name) <= 60.0:
            raise InputError("1 to 60 seconds", field=f"--{name}")
    fleet = Fleet.open(args.fleet)
    rules = [rule for rule in RULES if not args.by or rule.name in args.by]
    moments = chosen(_search(fleet, rules, args), args.n, (args.before + args.after) / 2)
    told = args.fleet
    if args.out and "://" not in told:
        told = os.path.relpath(told, Path(args.out).resolve().parent)
    made = [(one, window_of(one, told, args.before, args.after, args.agents)) for one in moments]
    windows = [(one, window) for one, window in made if window is not None]
    if not windows:
        raise InputError("no critical moment found", file=args.fleet,
                         fix="another --by, or a longer fleet")  # fmt: skip
    rows = [(w.family, one.scene, f"{one.at_s:.1f}", one.why) for one, w in windows]
    print(table([("family", "scene", "at_s", "why"), *rows]))
    if args.out:
        write_text(Path(args.out), suite_text([w for _, w in windows], f"Mined from {args.fleet}"))
        print(f"{args.out}: {len(windows)} windows")
    return 0


def _search(fleet, rules: Sequence[Rule], args: argparse.Namespace) -> list[Critical]:
    from drivewm.progress import track
    from drivewm.scenarios.mining import critical_moments

    found: list[list[Critical]] = [[] for _ in rules]
    for info in track(fleet.select(split=args.split), "mine"):
        scene = fleet.scene(info.id)
        for k, rule in enumerate(rules):
            found[k] += critical_moments(scene, rule, args.before + args.after)
    return [one for many in found for one in many]


def suite_text(windows: Sequence[LogWindow], title: str) -> str:
    """The suite file of windows."""
    import json

    lines = ["schema_version: 1", f"title: {json.dumps(title)}", "scenarios:"]
    for window in windows:
        lines.append("  - log:")
        for name, value in window.model_dump(mode="json", exclude_defaults=True).items():
            lines.append(f"      {name}: {json.dumps(value)}")
    return "\n".join(lines) + "\n"
