"""``drivewm scenarios list``: the families of the library."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from drivewm.scenarios.family import Family

HEAD = ("id", "group", "parameters", "tags", "title")


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of the sub-verb."""
    parser.add_argument(
        "--group", action="append", default=[], help="only this group; may be repeated"
    )
    parser.add_argument(
        "--tag", action="append", default=[], help="only families with this tag; repeated: with all"
    )
    parser.add_argument("--json", action="store_true", help="print a JSON list")
    parser.add_argument(
        "--markdown", action="store_true", help="print a page with a table of every group"
    )


def run(args: argparse.Namespace) -> int:
    """Prints the table."""
    import json

    from drivewm.errors import InputError
    from drivewm.scenarios.catalogue import families
    from drivewm.scenarios.loading import nearest
    from drivewm.scenarios.schema import GROUPS

    for group in args.group:
        if group not in GROUPS:
            near = nearest(group, GROUPS)
            fix = f"did you mean '{near}'?" if near else f"known: {', '.join(GROUPS)}"
            raise InputError(f"no group '{group}'", field="--group", fix=fix)
    known = sorted({tag for family in families() for tag in family.head.tags})
    for tag in args.tag:
        if tag not in known:
            near = nearest(tag, known)
            fix = f"did you mean '{near}'?" if near else f"known: {', '.join(known)}"
            raise InputError(f"no family has the tag '{tag}'", field="--tag", fix=fix)
    found = families(args.group, args.tag)
    if args.json:
        print(json.dumps([_plain(family) for family in found], indent=1))
        return 0
    if args.markdown:
        from drivewm.scenarios.library_page import page

        print(page(found), end="")
        return 0
    print(table([HEAD, *map(_row, found)]))
    print(f"\n{len(found)} families in {len({f.head.group for f in found})} groups")
    return 0


def table(rows: Sequence[Sequence[str]]) -> str:
    """Rows of texts, the columns aligned."""
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    return "\n".join("  ".join(c.ljust(w) for c, w in zip(row, widths)).rstrip() for row in rows)


def _row(family: Family) -> tuple[str, ...]:
    head = family.head
    names = ", ".join(head.parameters)
    shown = names if len(names) <= 60 else f"{names[:57]}..."
    return family.id, head.group, shown, " ".join(head.tags), head.title


def _plain(family: Family) -> dict[str, object]:
    head = family.head
    return {
        "id": family.id, "group": head.group, "title": head.title, "tags": list(head.tags),
        "parameters": list(head.parameters), "rationale": head.rationale, "source": head.source,
        "file": family.file,
    }  # fmt: skip
