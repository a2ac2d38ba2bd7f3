import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivewm.eval.horizon.ego import along_route

STRAIGHT = np.stack([np.linspace(0, 100, 101), np.zeros(101)], -1)
ANGLE = np.linspace(0, np.pi / 2, 200)
BEND = 50.0 * np.stack([np.sin(ANGLE), 1 - np.cos(ANGLE)], -1)


def test_on_a_straight_route_it_goes_on_beside_it():
    found = along_route(STRAIGHT, np.array([10.0, 1.5, 0.0]), np.array([5.0, 20.0]))
    np.testing.assert_allclose(found, [[15.0, 1.5, 0.0], [30.0, 1.5, 0.0]], atol=1e-9)


def test_it_follows_a_bend_and_then_goes_straight_on():
    quarter = 50.0 * np.pi / 2
    found = along_route(BEND, np.array([0.0, 0.0, 0.0]), np.array([quarter, quarter + 30.0]))
    np.testing.assert_allclose(found[0], [50.0, 50.0, np.pi / 2], atol=0.05)
    np.testing.assert_allclose(found[1], [50.0, 80.0, np.pi / 2], atol=0.3)


@pytest.mark.parametrize(
    "route", [np.zeros((0, 2)), np.zeros((1, 2)), STRAIGHT + np.array([0.0, 60.0])]
)
def test_without_a_route_nearby_it_goes_straight_on(route):
    found = along_route(route, np.array([1.0, 2.0, np.pi / 2]), np.array([3.0]))
    np.testing.assert_allclose(found, [[1.0, 5.0, np.pi / 2]], atol=1e-9)


def test_one_that_stands_stays_where_it_is():
    pose = np.array([10.0, 1.0, 0.3])
    np.testing.assert_allclose(along_route(STRAIGHT, pose, np.zeros(3)), [pose] * 3, atol=1e-9)


@given(st.floats(-5, 5), st.floats(-1, 1), st.floats(0.5, 15))
def test_nothing_jumps(side, heading, speed_mps):
    travelled = speed_mps * 0.5 * np.arange(1, 40)
    pose = np.array([5.0, side, heading])
    found = np.concatenate([pose[None], along_route(STRAIGHT, pose, travelled)])
    steps = np.hypot(*np.diff(found[:, :2], axis=0).T)
    np.testing.assert_allclose(steps, speed_mps * 0.5, atol=1e-6)
    turns = np.abs(np.diff(np.unwrap(found[:, 2])))
    assert turns.max() <= 0.1 * speed_mps * 0.5 * abs(heading) + 1e-6
