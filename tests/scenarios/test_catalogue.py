from __future__ import annotations

from pathlib import Path

import pytest

from drivewm.errors import InputError
from drivewm.scenarios.catalogue import families, family_files, find
from drivewm.scenarios.family import LIBRARY
from tests.scenarios.example import TEXT, changed


@pytest.mark.parametrize("name", family_files())
def test_a_family_lies_in_the_folder_of_its_group_under_its_id(name: str) -> None:
    family = find(name)
    path = Path(family.file)
    assert (family.id, family.head.group) == (path.stem, path.parent.name)
    assert path.parent.parent == LIBRARY


def test_families_by_group_and_tag() -> None:
    assert {f.head.group for f in families(["vru"])} == {"vru"}
    assert "cut_in" in [f.id for f in families(tags=["cut-in", "alks"])]
    assert families(["vru"], ["cut-in"]) == []


def test_an_unknown_family_is_answered_with_the_nearest() -> None:
    with pytest.raises(InputError, match="did you mean 'cut_in'"):
        find("cutin")


def test_a_file_is_read_again_when_it_changed(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(TEXT)
    assert find(str(file)).head.title == "The car ahead brakes"
    file.write_text(changed("The car ahead brakes", "Another title altogether"))
    assert find(str(file)).head.title == "Another title altogether"


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "same.yaml").write_text(TEXT)
    with pytest.raises(InputError, match="a second 'same'"):
        family_files(tmp_path)
