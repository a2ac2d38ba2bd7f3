"""What can only be found by building a scenario and driving it."""

from __future__ import annotations

import numpy as np
import pytest

from drivewm.errors import InputError
from drivewm.scenarios.build import build
from drivewm.scenarios.family import parse_family
from drivewm.scenarios.parameters import concrete
from drivewm.scenarios.schema_actors import is_of
from drivewm.scenarios.unreacting import drive_unreacting
from drivewm.scenarios.validation import check_built
from drivewm.scene import EgoColumn
from tests.scenarios.example import TEXT, changed, line_of

VALUES = {"ego_speed_mps": 15.0, "gap_m": 20.0, "brake_mps2": 3.0}


def refused(text: str, at: str | None, *parts: str) -> None:
    with pytest.raises(InputError) as caught:
        check_built(parse_family(text, "f.yaml"), 1)
    for part in (*parts, *([] if at is None else [f"f.yaml:{line_of(text, at)}:"])):
        assert part in str(caught.value), str(caught.value)


def test_a_sound_family_is_built_at_its_centre_and_draws() -> None:
    assert check_built(parse_family(TEXT), 2) == 3


def test_an_ego_that_does_not_react_keeps_its_speed_and_meets_the_braking_car() -> None:
    driven = drive_unreacting(build(concrete(parse_family(TEXT), VALUES)))
    assert np.ptp(driven.ego[:, EgoColumn.VX]) == 0 and driven.ego[0, EgoColumn.VX] == 15.0
    gone = np.diff(driven.ego[:60, EgoColumn.X])
    assert gone == pytest.approx(np.full(59, 1.5))
    assert driven.began() == ("brakes",) and driven.least_ttc_s("lead") == 0.0
    assert driven.least_ttc_s("nobody") == np.inf


def test_an_ego_at_rest_sets_off() -> None:
    text = changed(
        "ego:\n  s_m: 50\n  speed_mps: $ego_speed_mps", "ego:\n  s_m: 50\n  speed_mps: 0"
    )
    driven = drive_unreacting(build(concrete(parse_family(text), VALUES)))
    assert driven.ego[10, EgoColumn.VX] == pytest.approx(2.0)
    assert driven.ego[:, EgoColumn.VX].max() == 25.0  # the limit


def test_a_trigger_that_never_fires_is_told_with_its_line_and_the_parameters() -> None:
    text = changed("{time_s: 2}", "{ego_beyond_m: 500}")
    refused(text, "when: {ego", "'brakes' never fires", "ego_speed_mps=15")


def test_a_scenario_without_a_conflict_is_told() -> None:
    text = changed("    speed_mps: $ego_speed_mps\n\nstory", "    speed_mps: 40\n\nstory")
    refused(text, "conflict:", "no conflict", "not below 2 s")


def test_two_in_one_place_are_told() -> None:
    more = "  other:\n    kind: van\n    place: {at: lane, gap_m: $gap_m + 2}\n\nstory:"
    refused(changed("\nstory:", more), "other:", "begins inside", "lead", "gap_m=20")


def test_a_route_that_leads_nowhere_is_told() -> None:
    text = changed("kind: highway\n  lanes: 2", "kind: t_junction\n  ego_from: stem")
    refused(text.replace("  s_m: 50\n", "  before_junction_m: 50\n"), "ego:", "unreachable route")


def test_whose_track_it_is() -> None:
    for track in ("bay", "bay_3", "bay.door"):
        assert is_of(track, "bay")
    for track in ("bay_x", "bays", "bay_", "ebay", "bay2"):
        assert not is_of(track, "bay")


def test_triggers_about_the_ego_fire() -> None:
    for when in ("ego_travelled_m: 20", "ego_speed_above_mps: 5", "ego_within_m: 40"):
        found = concrete(parse_family(changed("{time_s: 2}", f"{{{when}}}")), VALUES)
        assert drive_unreacting(build(found)).began() == ("brakes",), when
    across = "{at: side, ahead_m: 60, facing: across}\n    length_m: $gap_m / 10"
    walker = changed("{at: lane, gap_m: $gap_m}", across).replace(
        "{time_s: 2}", "{ego_arrives_in_s: 2}"
    )
    walker = walker.replace("    speed_mps: $ego_speed_mps\n\nstory", "\nstory")
    found = concrete(parse_family(walker), VALUES)
    assert drive_unreacting(build(found)).began() == ("brakes",)


def test_a_bent_road_with_a_reactive_actor_is_built() -> None:
    for radius in (60, 200, 333):
        road = f"kind: street\n  lanes: 2\n  radius_m: {radius}\n  straight_m: 80"
        text = changed("kind: highway\n  lanes: 2", road)
        text = text.replace("kind: car", "kind: car\n    behaviour: reactive")
        build(concrete(parse_family(text), VALUES))
