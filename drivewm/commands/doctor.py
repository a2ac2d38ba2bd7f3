"""``drivewm doctor``: what is installed, what is missing, and the fix."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from itertools import groupby

MARKS = {"ok": " ", "absent": "-", "broken": "!"}


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")


def run(args: argparse.Namespace) -> int:
    """Prints every check. Exit code 0 when drivewm is usable, 2 when it is not."""
    from drivewm.doctor import examine, is_usable

    checks = examine()
    usable = is_usable(checks)
    if args.json:
        print(
            json.dumps({"usable": usable, "checks": [asdict(check) for check in checks]}, indent=2)
        )
    else:
        print(table(checks))
        print("\nusable" if usable else "\nNOT usable: mend the lines marked !")
    return 0 if usable else 2


def table(checks) -> str:
    """The checks as lines by group; ``-`` marks optional things that are absent, ``!`` broken."""
    width = max(len(check.name) for check in checks)
    lines = []
    for group, members in groupby(checks, key=lambda check: check.group):
        lines.append(f"{group}")
        for check in members:
            lines.append(f" {MARKS[check.status]} {check.name:<{width}}  {check.value}")
            if check.fix:
                lines.append(f"   {'':<{width}}  -> {check.fix}")
    return "\n".join(lines)
