"""The table of the library as a page (docs/library.md): ``drivewm scenarios list --markdown``."""

from __future__ import annotations

from collections.abc import Sequence

from drivewm.scenarios.family import Family
from drivewm.scenarios.schema import GROUPS

HEAD = """\
# The scenario library

{families} families in {groups} groups; `drivewm scenarios list --markdown` writes this page from
the files in `scenarios/library/<group>/<id>.yaml`. Each says one kind of conflict; its parameters
make as many scenarios of it as are asked for ([scenarios](scenarios.md), [suites](suites.md)).

Of every family it is tested, on drawn values: it builds; with an ego that does not react its events
fire and the time to collision falls below 2 s; the planner `careful` passes it and standing still
does not; a planner with a plausible defect fails. Where nobody can avoid the contact
(*unavoidable*), the impact speed is judged.
"""


def page(families: Sequence[Family]) -> str:
    """Markdown: one table per group, in the order of ``GROUPS``; families by id."""
    groups = [group for group in GROUPS if any(f.head.group == group for f in families)]
    parts = [HEAD.format(families=len(families), groups=len(groups))]
    for group in groups:
        own = sorted((f for f in families if f.head.group == group), key=lambda f: f.id)
        rows = [("id", "title", "conflict", "source"), ("---",) * 4, *map(_row, own)]
        lines = ["| " + " | ".join(map(_cell, row)) + " |" for row in rows]
        parts.append(f"## {group} ({len(own)})\n\n" + "\n".join(lines) + "\n")
    return "\n".join(parts)


def _row(family: Family) -> tuple[str, ...]:
    head = family.head
    unavoidable = (family.document.value.get("pass") or {}).get("unavoidable", False)
    why = head.rationale + (" *(unavoidable)*" if unavoidable else "")
    return f"`{family.id}`", head.title, why, head.source


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
