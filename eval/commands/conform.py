"""``drivewm conform``: is every number equal to the reference implementations'?"""

from __future__ import annotations

import argparse
import json
from pathlib import Path


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of the verb."""
    parser.add_argument("fixtures", help="folder with maps.json.gz and one file per kind of case")
    parser.add_argument("--kinds", help="only these, comma separated (default: all that are there)")
    parser.add_argument("--json", metavar="FILE", help="also write the table as JSON")


def run(args: argparse.Namespace) -> int:
    """Prints the table; exit code 1 when something differs that is no shown tie."""
    from drivewm.eval.conform.run import absent, as_rows, conform, is_equal, summary, table
    from drivewm.storage import write_text

    counts = conform(Path(args.fixtures), args.kinds.split(",") if args.kinds else None)
    print(table(counts))
    print(f"\n{summary(counts)}")
    if args.json:
        write_text(Path(args.json), json.dumps(as_rows(counts), indent=1) + "\n")
    lacking = absent(Path(args.fixtures))
    if lacking and not args.kinds:
        print(f"\nnot compared, for the folder does not hold them: {', '.join(lacking)}")
    wrong = [count for count in counts if not is_equal(count)]
    kinds, compared = len({c.kind for c in counts}), sum(c.cases for c in counts)
    print(f"\n{kinds} kinds, {len(counts)} quantities, {compared} comparisons: ", end="")
    if not wrong:
        print("all equal")
        return 0
    print(f"{len(wrong)} quantities differ")
    for count in wrong:
        print(f"\n{count.kind} {count.quantity}: {count.mismatches} of {count.cases}")
        print("\n".join(f"  {example}" for example in count.examples))
    return 1
