"""``drivewm scenarios schema``: the JSON Schema of family files."""

from __future__ import annotations

import argparse


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of the sub-verb."""
    parser.add_argument("-o", "--out", help="file to write (default: print it)")


def run(args: argparse.Namespace) -> int:
    """Prints or writes the schema."""
    from pathlib import Path

    from drivewm.scenarios import schema_json
    from drivewm.storage import write_text

    if args.out is None:
        print(schema_json.text(), end="")
        return 0
    write_text(Path(args.out), schema_json.text())
    print(args.out)
    return 0
