"""Families with vulnerable road users, at low speed, in adverse conditions and of deliveries; a
new file is tested by itself."""

from __future__ import annotations

import numpy as np
import pytest

from drivewm.scenarios.build import build
from drivewm.scenarios.catalogue import find
from drivewm.scenarios.family import LIBRARY
from drivewm.scenarios.parameters import concretes
from drivewm.scenarios.unreacting import drive_unreacting
from drivewm.scenarios.validation import built_at_its_line
from tests.scenarios.library_checks import check, drive

GROUPS = ("vru", "parking", "adverse", "delivery")
IDS = [path.stem for group in GROUPS for path in sorted((LIBRARY / group).glob("*.yaml"))]
NCAP = (
    "cpna", "cpfa", "cpnco", "cpla", "cpta_right", "cpta_left", "cpra_stationary", "cpra_moving",
    "cbna", "cbfa", "cbnao", "cbla", "cmftap", "cmrs", "cmrb",
)  # fmt: skip
ADVERSE = {  # family: the setting of the simulation that makes it hard
    "night_pedestrian": "range_m", "fog_queue_end": "range_m", "spray_behind_truck": "range_m",
    "glare_runner": "field_of_view_deg", "sensor_dropouts": "dropout",
    "phantom_noise": "position_noise_m", "slippery_braking": "friction",
    "slippery_bend": "friction", "dead_front_camera": "dead_cameras",
    "truck_hides_crossing": "mode",
}  # fmt: skip


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
    assert len(IDS) >= 28 and set(NCAP) <= set(IDS)
    assert all("ncap" in find(name).head.tags for name in NCAP)


def test_adverse_families_are_adverse_by_the_simulation() -> None:
    known = {path.stem for path in (LIBRARY / "adverse").glob("*.yaml")}
    assert known == set(ADVERSE)
    for name, setting in ADVERSE.items():
        sim = concretes(find(name), 1, "centre")[0].sim
        where = sim if setting in type(sim).model_fields else sim.visible
        told, usual = getattr(where, setting), type(where).model_fields[setting].default
        assert told != usual, f"{name}: {setting} is as usual"


def test_who_backs_out_of_a_bay_goes_tail_first() -> None:
    built = build(concretes(find("backs_out_of_bay"), 1, "centre")[0])
    driven = drive_unreacting(built)
    track = driven.state[driven.ids.index("backer")]
    way = track[:, :2] - track[0, :2]
    out = int(np.hypot(*way.T).argmax())  # later it goes back in, nose first
    nose = np.array([np.cos(track[0, 3]), np.sin(track[0, 3])])
    assert way[out] @ nose == pytest.approx(-np.hypot(*way[out])) and -way[out] @ nose > 1.4
    assert track[:, 3] == pytest.approx(np.full(len(track), track[0, 3]))
    assert np.hypot(*way[-1]) < 0.6


@pytest.mark.parametrize("more", ["pose_noise&metres=0.05", "lateral_offset", "speeds"])
def test_the_narrow_one_way_street_is_not_passed_by_a_hair(more: str) -> None:
    family = find("one_way_oncoming_cyclist")
    built = built_at_its_line(family, concretes(family, 1, "centre")[0])
    assert drive(built, f"defect?of=careful&kind={more}")["passed"]
