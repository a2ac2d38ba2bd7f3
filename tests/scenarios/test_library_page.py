from __future__ import annotations

from pathlib import Path

from drivewm.scenarios.catalogue import families
from drivewm.scenarios.library_page import page


def test_the_committed_page_is_current(repository: Path) -> None:
    text = (repository / "docs" / "library.md").read_text(encoding="utf-8")
    assert text == page(families()), "run: drivewm scenarios list --markdown > docs/library.md"


def test_every_family_stands_in_the_table_of_its_group() -> None:
    all_families = families()
    sections = {part.split(" ", 1)[0]: part for part in page(all_families).split("\n## ")[1:]}
    for family in all_families:
        assert f"| `{family.id}` | {family.head.title} |" in sections[family.head.group]
    rows = sum(line.startswith("| `") for part in sections.values() for line in part.splitlines())
    assert rows == len(all_families)


def test_what_cannot_be_avoided_is_marked() -> None:
    marked = [line for line in page(families()).splitlines() if "*(unavoidable)*" in line]
    assert any("`alks_cut_in_unavoidable`" in line for line in marked)
    assert not any("`cut_in`" in line for line in marked)
