"""Reactive agents of other seeds are other drivers, the same ones in every run."""

import numpy as np
import pytest

from drivewm.config import validate
from drivewm.errors import InputError
from drivewm.scene import ScoreType
from drivewm.sim.agent_noise import factors_of, vary
from drivewm.sim.config import AgentNoise, SimConfig
from drivewm.sim.traffic import reactive_traffic
from drivewm.sim.traffic_state import Mode
from tests.measures.hand import cruise, golden_road, scene_of, track

NOISE, CAR = AgentNoise(), ScoreType.VEHICLE


@pytest.fixture
def traffic():
    """A car that drives ahead and one that is parked."""
    moving, parked = track(CAR, 20.0, speed=6.0, steps=61), track(CAR, 60.0, y=3.0, steps=61)
    return reactive_traffic(scene_of(cruise(9.0, 61), moving, parked, road=golden_road()))


def driving(traffic):
    slots = np.flatnonzero(traffic.agents.mode == Mode.DRIVE)
    return traffic.agents.target[slots].copy(), traffic.agents.idm[slots].copy()


def test_seed_0_is_the_agents_as_they_are(traffic):
    before = driving(traffic)
    vary(traffic, SimConfig(agents="reactive", seed=0), "s")
    np.testing.assert_array_equal(driving(traffic)[1], before[1])
    assert set(factors_of(NOISE, 0, "s", "t")) == {1.0}


def test_another_seed_is_another_driver_with_factors_in_range(traffic):
    target, idm = driving(traffic)
    vary(traffic, SimConfig(agents="reactive", seed=3), "s")
    varied_target, varied = driving(traffic)
    drawn = factors_of(NOISE, 3, "s", traffic.ids[0])
    np.testing.assert_allclose(varied_target[0] / target[0], drawn.target_speed)
    np.testing.assert_allclose(
        varied[0, :4] / idm[0, :4], [drawn.min_gap, drawn.headway, drawn.accel, drawn.decel]
    )
    assert varied[0, 4] >= varied[0, 3]  # it can always brake as hard as it likes to


def test_draws_stay_in_their_ranges_and_fill_them():
    many = np.array([factors_of(NOISE, seed, "s", "t") for seed in range(1, 400)])
    ranges = np.array([
        NOISE.target_speed, NOISE.min_gap, NOISE.headway, NOISE.accel, NOISE.decel,
    ])  # fmt: skip
    assert (many >= ranges[:, 0]).all() and (many <= ranges[:, 1]).all()
    assert (many.max(0) - many.min(0) > 0.95 * (ranges[:, 1] - ranges[:, 0])).all()


def test_a_driver_depends_on_seed_scene_and_track_alone():
    assert factors_of(NOISE, 1, "s", "t") == factors_of(NOISE, 1, "s", "t")
    others = [factors_of(NOISE, *key) for key in ((2, "s", "t"), (1, "u", "t"), (1, "s", "u"))]
    assert factors_of(NOISE, 1, "s", "t") not in others


def test_replayed_agents_do_not_vary(traffic):
    before = driving(traffic)
    vary(traffic, SimConfig(agents="replay", seed=3), "s")
    np.testing.assert_array_equal(driving(traffic)[1], before[1])


@pytest.mark.parametrize("pair", [(1.2, 0.8), (0.0, 1.0), (-1, 1)])
def test_a_range_must_be_two_positive_numbers_in_order(pair):
    with pytest.raises(InputError, match="accel"):
        validate(AgentNoise, {"accel": pair}, file="here")
