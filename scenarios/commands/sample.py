"""``drivewm scenarios sample ID``: concrete scenarios of a family."""

from __future__ import annotations

import argparse

from drivewm.arguments import positive_int


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of the sub-verb."""
    parser.add_argument("family", metavar="ID", help="family id, or a family's YAML file")
    parser.add_argument("-n", type=positive_int, default=8, help="how many (%(default)s)")
    parser.add_argument(
        "--method",
        default="sobol",
        metavar="METHOD",
        help="sobol, halton, lhs, pairwise, grid or centre (%(default)s)",
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of the draw (%(default)s)")
    parser.add_argument("--out", help="file to write them to as JSON lines (default: a table)")


def run(args: argparse.Namespace) -> int:
    """Prints a table of values, or writes the scenarios."""
    from pathlib import Path

    from drivewm.scenarios.catalogue import find
    from drivewm.scenarios.commands.list import table
    from drivewm.scenarios.parameters import concretes
    from drivewm.storage import write_text

    family = find(args.family)
    drawn = concretes(family, args.n, args.method, args.seed)
    if args.out is not None:
        write_text(Path(args.out), "".join(f"{one.to_json()}\n" for one in drawn))
        print(f"{args.out}: {len(drawn)} scenarios")
        return 0
    names = list(family.head.parameters)
    rows = [[c.id, *(_cell(c.values[name]) for name in names), c.content_hash[:8]] for c in drawn]
    print(table([["scenario", *names, "hash"], *rows]))
    return 0


def _cell(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
