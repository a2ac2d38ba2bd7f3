"""Families on highways, in towns and at junctions; a new file is tested by itself."""

from __future__ import annotations

import pytest

from drivewm.scenarios.catalogue import find
from drivewm.scenarios.family import LIBRARY
from drivewm.scenarios.parameters import concretes
from tests.scenarios.library_checks import check

GROUPS = ("highway", "urban", "intersection")
IDS = [path.stem for group in GROUPS for path in sorted((LIBRARY / group).glob("*.yaml"))]
ALKS = (
    "alks_free_driving", "alks_swerving_lead", "alks_side_vehicle", "alks_fully_blocking_target",
    "alks_partially_blocking_target", "alks_crossing_pedestrian", "alks_multiple_blocking_targets",
    "alks_follow_lead_comfortable", "alks_follow_lead_emergency_brake", "cut_in",
    "alks_cut_in_unavoidable", "alks_cut_out_fully_blocking", "alks_cut_out_multiple_targets",
    "alks_forward_detection_range", "alks_lateral_detection_range",
)  # fmt: skip
NCAP = ("ccrs", "ccrm", "ccrb", "ccftap", "ccfhos", "ccfhol", "cccscp")


@pytest.mark.parametrize("name", IDS)
def test_a_family_at_its_centre(name: str) -> None:
    family = find(name)
    check(family, concretes(family, 1, "centre")[0])


@pytest.mark.slow
@pytest.mark.parametrize("name", IDS)
def test_a_family_at_three_draws(name: str) -> None:
    family = find(name)
    for concrete in concretes(family, 3, "sobol"):
        check(family, concrete)


@pytest.mark.parametrize("name", IDS)
def test_a_family_lies_in_the_folder_of_its_group(name: str) -> None:
    family = find(name)
    assert f"/{family.head.group}/{name}.yaml" in family.file.replace("\\", "/")
    assert family.head.tags and family.document.value.get("discriminates")


def test_the_families_of_the_protocols_are_there() -> None:
    assert len(IDS) >= 28 and set(ALKS) | set(NCAP) <= set(IDS)
    assert all("alks" in find(name).head.tags for name in ALKS)
    assert all("ncap" in find(name).head.tags for name in NCAP)
