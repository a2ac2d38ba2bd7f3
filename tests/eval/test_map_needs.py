"""What follows lanes is refused where there are none."""

from dataclasses import dataclass

import pytest

from drivewm.errors import InputError
from drivewm.eval.map_needs import check_fleet, check_scene
from drivewm.planners.registry import create
from tests.eval.hand_fleet import HandFleet


@dataclass(frozen=True)
class Info:
    map_origin: str


PNG, HD = Info("drivable_png"), Info("av2")
LANES, NO_LANES = HandFleet().scene("free"), HandFleet().scene("no_lanes")


@pytest.mark.parametrize("name", ["pdm_closed", "nuplan_idm"])
def test_planner_that_follows_lanes_is_refused_before_the_first_drive(name):
    with pytest.raises(InputError, match=r"mine needs a lane graph.*drivable_png"):
        check_fleet({"idm": "idm", "mine": name}, "replay", [PNG, PNG])
    check_fleet({"mine": name}, "nuplan_idm", [PNG, HD])  # some scene can have it


@pytest.mark.parametrize("name", ["idm", "constant_velocity", "log_replay", "nuplan_simple"])
def test_planners_that_need_no_lanes_drive_anywhere(name):
    check_fleet({name: name}, "reactive", [PNG])
    check_scene(create(name), "reactive", NO_LANES)


def test_scene_without_lanes_among_others_is_a_failed_row_with_this_reason():
    with pytest.raises(InputError, match="needs a lane graph; the scene's map"):
        check_scene(create("pdm_closed"), "replay", NO_LANES)
    check_scene(create("pdm_closed"), "nuplan_idm", LANES)


def test_nuplans_agents_need_lanes_too():
    with pytest.raises(InputError, match="nuPlan's agents drive on lanes"):
        check_fleet({"idm": "idm"}, "nuplan_idm", [PNG])
    with pytest.raises(InputError, match="nuPlan's agents need a lane graph"):
        check_scene(create("idm"), "nuplan_idm", NO_LANES)
