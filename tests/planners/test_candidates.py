import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from drivewm.planners.candidates import candidate_plans

STRAIGHT = np.stack([np.linspace(0, 100, 101), np.zeros(101)], -1)


def ego(x: float = 10.0, y: float = 0.0, speed: float = 8.0) -> np.ndarray:
    state = np.zeros(11)
    state[[0, 1, 3]] = x, y, speed
    return state


def plans_for(state, accelerations, offsets, limit=20.0):
    targets = np.array([(a, o) for a in accelerations for o in offsets])
    return candidate_plans(state, STRAIGHT, targets, limit, horizon_s=3.0)


def test_constant_speed_on_a_straight_route_goes_straight_on():
    plan = plans_for(ego(), [0.0], [0.0])[0]
    np.testing.assert_allclose(plan[:, 0], 10.0 + 0.8 * np.arange(1, 31), atol=1e-6)
    np.testing.assert_allclose(plan[:, 1:], 0.0, atol=1e-9)


def test_plans_come_in_the_order_of_their_targets():
    plans = plans_for(ego(), [-2.0, 1.0], [0.0, 1.5])
    ends = plans[:, -1, :2]
    np.testing.assert_allclose(ends[:, 1], [0.0, 1.5, 0.0, 1.5], atol=1e-6)
    assert ends[0, 0] == ends[1, 0] < ends[2, 0] == ends[3, 0]


def test_braking_ends_in_standing_still_with_the_heading_kept():
    plan = plans_for(ego(speed=4.0), [-6.0], [0.0])[0]
    assert np.allclose(plan[-1], plan[-10]) and abs(plan[-1, 2]) < 1e-9
    assert abs(plan[-1, 0] - (10.0 + 4.0**2 / 12.0)) < 0.2


def test_nobody_is_asked_to_go_faster_than_the_limit():
    plan = plans_for(ego(speed=8.0), [2.0], [0.0], limit=9.0)[0]
    speeds = np.diff(plan[:, 0]) / 0.1
    assert speeds.max() < 9.0 + 1e-6
    too_fast = plans_for(ego(speed=15.0), [0.0], [0.0], limit=9.0)[0]
    assert np.diff(too_fast[:, 0])[-1] / 0.1 < 10.0


def test_the_route_goes_on_straight_beyond_its_end():
    plan = plans_for(ego(x=95.0), [0.0], [0.0])[0]
    assert plan[-1, 0] > 115.0 and abs(plan[-1, 1]) < 1e-9


@given(st.floats(-3, 3), st.floats(0, 15), st.floats(-6, 2), st.floats(-2, 2))
def test_plans_are_finite_smooth_and_start_at_the_ego(side, speed, acceleration, offset):
    plan = plans_for(ego(y=side, speed=speed), [acceleration], [offset])[0]
    assert np.isfinite(plan).all()
    first = np.hypot(plan[0, 0] - 10.0, plan[0, 1] - side)
    assert first <= 0.1 * (speed + 2.0) + 0.05
