"""nuPlan's straight-on planner."""

import numpy as np
import pytest

from drivewm.planners.nuplan_simple import NuplanSimple
from drivewm.sim.config import SimConfig
from drivewm.sim.loop import rollout
from drivewm.sim.traffic import replay_traffic
from tests.measures.hand import cruise, scene_of


def first_plan(speed):
    scene = scene_of(cruise(speed, 11))
    return rollout(scene, NuplanSimple(), SimConfig(), replay_traffic(scene)).plan_poses[0]


def test_slow_egos_keep_their_speed():
    plan = first_plan(4.0)
    np.testing.assert_allclose(np.diff(plan[:, 0]), 1.0)  # a quarter of a second each


def test_fast_ones_slow_down_towards_the_limit():
    steps = np.diff(first_plan(9.0)[:, 0]) / 0.25
    assert steps[0] == pytest.approx(9.0)
    assert steps[1] == pytest.approx(9.0 - 0.25 * 4.0)
    assert (np.diff(steps) < 0).all() and steps[-1] == pytest.approx(5.0, abs=0.01)
