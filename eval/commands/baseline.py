"""``drivewm baseline accept|show``: the results that the gate compares with."""

from __future__ import annotations

import argparse
from pathlib import Path


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of the verb."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="accept|show")
    accept = actions.add_parser("accept", help="make results the baseline")
    accept.add_argument("results", help="results folder written by `drivewm score`")
    accept.add_argument("--to", required=True, metavar="FOLDER", help="of the baseline")
    accept.add_argument("--by", required=True, metavar="NAME", help="who accepts it")
    accept.add_argument("--why", required=True, metavar="TEXT", help="for what reason")
    accept.add_argument("--date", metavar="YYYY-MM-DD", help="when (default: today)")
    accept.add_argument(
        "--rollouts", action="store_true", help="copy the drives too, to be watched in reports"
    )
    show = actions.add_parser("show", help="who accepted a baseline, when, why and what changed")
    show.add_argument("folder", help="of the baseline")


def run(args: argparse.Namespace) -> int:
    """Accepts or shows."""
    from datetime import UTC, datetime

    from drivewm.eval.gate import baseline
    from drivewm.eval.gate.waivers import day

    if args.action == "show":
        folder = Path(args.folder)
        print(baseline.as_text(baseline.read_record(folder), folder))
        return 0
    when = day(args.date, None, "--date") if args.date else datetime.now(UTC).date()
    to = Path(args.to)
    record = baseline.accept(
        Path(args.results), to, by=args.by, why=args.why, when=when, rollouts=args.rollouts
    )
    print(baseline.as_text(record, to))
    return 0
