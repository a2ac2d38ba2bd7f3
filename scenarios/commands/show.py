"""``drivewm scenarios show ID``: what a family is, in words and numbers."""

from __future__ import annotations

import argparse


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of the sub-verb."""
    parser.add_argument("family", metavar="ID", help="family id, or a family's YAML file")
    parser.add_argument(
        "--json", action="store_true", help="print the concrete scenario at the centre as JSON"
    )


def run(args: argparse.Namespace) -> int:
    """Prints it."""
    import json

    from drivewm.scenarios.catalogue import find
    from drivewm.scenarios.parameters import concretes
    from drivewm.scenarios.telling import tell

    family = find(args.family)
    (middle,) = concretes(family, 1, "centre")
    print(json.dumps(json.loads(middle.to_json()), indent=1) if args.json else tell(family, middle))
    return 0
