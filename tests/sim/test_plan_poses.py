"""Relative plans become absolute poses every 0.1 s."""

import numpy as np
import pytest

from drivewm.sim.plan_poses import absolute_poses, past_states

NOW_US = 1_600_000_000_000_000


def ego(x=0.0, y=0.0, heading=0.0, speed=8.0):
    out = np.zeros(11)
    out[0], out[1], out[2], out[3] = x, y, heading, speed
    return out


@pytest.mark.parametrize("count, dt", [(8, 0.5), (40, 0.1)])
def test_a_straight_plan_is_straight_in_the_map(count, dt):
    plan = np.zeros((1, count, 3))
    plan[0, :, 0] = 8.0 * dt * np.arange(1, count + 1)
    found = absolute_poses(plan, dt, ego(100.0, 50.0, np.pi / 2), NOW_US)[0]
    assert found.shape == (41, 3)
    np.testing.assert_allclose(found[:, 0], 100.0, atol=1e-9)
    np.testing.assert_allclose(found[:, 1], 50.0 + 0.8 * np.arange(41), atol=1e-5)  # whole µs
    np.testing.assert_allclose(found[:, 2], np.pi / 2)


def test_headings_are_interpolated_the_short_way():
    plan = np.zeros((1, 8, 3))
    plan[0, :, 2] = np.linspace(0.1, 0.8, 8)
    found = absolute_poses(plan, 0.5, ego(heading=3.1), NOW_US)[0, :, 2]
    turned = np.abs(np.mod(np.diff(found) + np.pi, 2 * np.pi) - np.pi)
    assert turned.max() < 0.03 and (found >= -np.pi).all() and (found < np.pi).all()


def test_the_past_stops_before_now_and_forgets_what_is_not_interpolated():
    known = np.stack([ego(x=x) for x in (-12.0, -8.0, -4.0, 0.0)])
    known[:, 9] = 0.3
    found = past_states(known, NOW_US + np.array([-1_500_000, -1_000_000, -500_000, 0]))
    assert len(found) == 14
    np.testing.assert_allclose(found[:, 0], -12.0 + 0.8 * np.arange(14), atol=1e-9)
    assert (found[:, 9] == 0).all() and (found[:, 3] == 8.0).all()
