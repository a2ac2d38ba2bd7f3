"""The suites of the library: what they choose, and the files of the standards."""

from __future__ import annotations

import pytest

from drivewm.errors import InputError
from drivewm.scenarios.catalogue import families, family_files
from drivewm.scenarios.schema import GROUPS
from drivewm.scenarios.suite import load_suite, suite_names


def test_all_suites_are_told_by_name() -> None:
    imported = ["alks_imported", "ncap_imported"]
    assert suite_names() == sorted(["smoke", "nightly", "ncap", "alks", *imported])


def test_smoke_is_small_and_meets_every_group() -> None:
    drawn = load_suite("smoke").concretes
    assert 40 <= len(drawn) <= 60
    assert {c.group for c in drawn} == set(GROUPS)
    assert len({c.family for c in drawn}) == len(drawn)


def test_nightly_meets_every_family_several_times() -> None:
    drawn = [c.family for c in load_suite("nightly").concretes]
    assert set(drawn) == set(family_files())
    assert all(drawn.count(f.id) == (5 if f.head.parameters else 1) for f in families())


@pytest.mark.parametrize("name", ["ncap", "alks"])
def test_a_protocols_suite_has_its_families_and_no_other(name: str) -> None:
    drawn = {c.family for c in load_suite(name).concretes}
    assert drawn == {family.id for family in families(tags=[name])}


@pytest.mark.parametrize(("name", "files"), [("alks_imported", 15), ("ncap_imported", 18)])
def test_the_standards_own_files_are_found(name: str, files: int, real_data) -> None:
    listed = load_suite(name)
    assert len(listed.imported) >= files and not listed.concretes


def test_files_of_a_variable_that_is_not_set_are_named(monkeypatch) -> None:
    monkeypatch.delenv("DRIVEWM_REAL_DATA", raising=False)
    with pytest.raises(InputError, match=r"alks_imported.yaml:4:\d+: .*DRIVEWM_REAL_DATA.* set"):
        load_suite("alks_imported")
