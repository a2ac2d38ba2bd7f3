"""A car 12 m ahead that brakes in one branch and not in the other: 6 m apart at the end."""

import numpy as np
import pytest

from drivewm.eval.counterfactual.reaction import COLUMNS, reaction_sums, reactive
from drivewm.scene import OccClass
from tests.eval.counterfactual.hand import GRID, empty_road, put, seen_of, straight, truth_of

PLACES = (12.0, 18.0)
SIZE = (2.0, 0.8)


def scene(places=PLACES):
    """The ego stands; the agent's end differs between the two branches."""
    occupancy = empty_road(2)
    agents = np.zeros((2, 1, 6))
    for b, x in enumerate(places):
        agents[b, 0, :2] = x, 0.0
        put(occupancy[b, -1], x, 0.0, SIZE, OccClass.CAR)
    return truth_of(occupancy, straight(0.0, 2), agents=agents)


def sums(truth, at):
    occupancy = empty_road(2)
    for b, x in enumerate(at):
        put(occupancy[b, -1], x, 0.0, SIZE, OccClass.CAR)
    return dict(zip(COLUMNS, reaction_sums(seen_of(occupancy), truth, GRID)))


def test_only_agents_whose_ends_differ_by_more_than_half_a_metre_react():
    assert reactive(scene()).tolist() == [0]
    assert reactive(scene((12.0, 12.4))).tolist() == []
    assert not any(sums(scene((12.0, 12.4)), (12.0, 12.4)).values())


def test_who_knows_the_reaction_has_every_cell_and_the_whole_shift():
    found = sums(scene(), PLACES)
    assert found["hit"] == found["union"] > 0 and found["agents"] == 1
    assert found["seen"] == found["found"] == 2 and found["error_m"] < 0.1
    assert found["xy"] == pytest.approx(found["xx"]) == pytest.approx(found["yy"])


def test_who_puts_the_agent_at_one_place_in_every_branch_has_no_shift():
    found = sums(scene(), (12.0, 12.0))
    assert found["hit"] < found["union"]
    assert found["error_m"] == pytest.approx(6.0, abs=0.5)  # right in one, 6 m off in the other
    assert found["yy"] > 1 and found["xx"] < 1e-6


def test_an_agent_that_is_not_imagined_is_not_found():
    occupancy = empty_road(2)
    found = dict(zip(COLUMNS, reaction_sums(seen_of(occupancy), scene(), GRID)))
    assert found["seen"] == 2 and found["found"] == 0 and found["hit"] == 0


def test_a_floor_under_every_column_finds_nobody_and_moves_nobody():
    seen = seen_of(empty_road(2))
    raised = type(seen)(**{**vars(seen), "movable": seen.movable + np.float32(0.2)})
    found = dict(zip(COLUMNS, reaction_sums(raised, scene(), GRID)))
    assert found["seen"] == 2 and found["found"] == 0 and found["xx"] == 0.0


def test_after_a_collision_nobody_reacts_any_more():
    truth = scene()
    truth.verdict["collision_s"][:] = 1.0
    assert sums(truth, PLACES)["seen"] == 0
