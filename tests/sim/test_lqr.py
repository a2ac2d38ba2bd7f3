"""The LQR tracker beside a plain reference, and beside nuPlan's own states."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivewm.eval.conform.fixtures import Fixtures, poses, states
from drivewm.scene import PACIFICA
from drivewm.sim.config import LqrConfig, SimConfig
from drivewm.sim.lqr import LqrFollower
from drivewm.sim.plan import Plan
from drivewm.sim.reference import fit_curvature, fit_speed, solve_pentadiagonal
from drivewm.sim.trackers import LqrTracker
from tests.measures.hand import START_US, cruise

DT = 0.1


def plain_speed(path, penalty):
    """nuPlan's formulation: initial speed and accelerations by regularised least squares."""
    count = len(path) - 1
    along = np.stack([np.cos(path[:-1, 2]), np.sin(path[:-1, 2])], -1)
    matrix = np.zeros((2 * count, count))
    for column in range(count):
        weight = DT if column == 0 else DT * DT
        matrix[2 * column :, column] = along[column:].ravel() * weight
    jerk = np.zeros((max(count - 2, 0), count))
    for i in range(count - 2):
        jerk[i, i + 1 : i + 3] = -1.0, 1.0
    normal = matrix.T @ matrix + penalty * jerk.T @ jerk
    values = np.linalg.solve(normal, matrix.T @ np.diff(path[:, :2], axis=0).ravel())
    return values[0] + np.concatenate([[0.0], np.cumsum(values[1:] * DT)])


def plain_curvature(path, speed, penalty):
    count = len(speed)
    matrix = np.tri(count)
    matrix[:, 0] = speed * DT
    matrix[:, 1:] *= (speed * DT * DT)[:, None]
    weight = penalty * np.eye(count)
    weight[0, 0] = 1e-10
    values = np.linalg.solve(matrix.T @ matrix + weight, matrix.T @ np.diff(path[:, 2]))
    return values[0] + np.concatenate([[0.0], np.cumsum(values[1:] * DT)])


@given(st.integers(2, 30), st.floats(1.0, 15.0), st.floats(-0.1, 0.1), st.integers(0, 2**31))
def test_banded_fit_equals_the_least_squares_it_stands_for(count, speed, curvature, seed):
    rng = np.random.default_rng(seed)
    heading = curvature * speed * DT * np.arange(count)
    step = speed * DT * np.stack([np.cos(heading), np.sin(heading)], -1)
    place = np.cumsum(step, 0) + rng.normal(0, 0.05, (count, 2))
    path = np.concatenate([place, heading[:, None]], -1)
    fitted = fit_speed(path, DT, 1e-4)
    np.testing.assert_allclose(fitted, plain_speed(path, 1e-4), atol=1e-6)
    np.testing.assert_allclose(
        fit_curvature(path, fitted, DT, 1e-2), plain_curvature(path, fitted, 1e-2), atol=1e-6
    )


@given(st.integers(1, 12), st.integers(0, 2**31))
def test_pentadiagonal_solution(count, seed):
    rng = np.random.default_rng(seed)
    main, off1, off2 = 6 + rng.random(count), rng.random(count), rng.random(count)
    full = np.diag(main)
    for k, off in ((1, off1), (2, off2)):
        if count > k:
            full += np.diag(off[: count - k], k) + np.diag(off[: count - k], -k)
    right = rng.random(count)
    found = solve_pentadiagonal(main, off1, off2, right)
    np.testing.assert_allclose(full @ found, right, atol=1e-9)


def plan_of(speed, seconds=4.0, y=0.0):
    times = np.arange(0, seconds + DT / 2, DT)
    path = np.stack([-30 + speed * times, np.full(len(times), y), np.zeros(len(times))], -1)
    return Plan(times_us=START_US + np.rint(times * 1e6).astype(np.int64), poses=path)


def drive_along(plan, ego, steps):
    tracker = LqrTracker(PACIFICA, SimConfig(friction=0))
    tracker.follow(plan)
    for step in range(steps):
        ego = tracker.step(ego, START_US + 100_000 * step)
    return ego


def test_a_plan_already_followed_asks_for_nothing():
    follower = LqrFollower(plan_of(9.0), PACIFICA.wheelbase_m, LqrConfig())
    accel, rate = follower.command(cruise(9.0)[0], START_US)
    assert (accel, rate) == pytest.approx((0.0, 0.0), abs=1e-9)


def test_an_offset_is_driven_off_and_the_speed_reached():
    ego = drive_along(plan_of(9.0, 8.0, y=0.5), cruise(7.0)[0], 75)
    assert ego[1] == pytest.approx(0.5, abs=0.05)
    assert ego[3] == pytest.approx(9.0, abs=0.05)


def test_stopping_controller_holds_a_standing_car():
    ego = drive_along(plan_of(0.0), cruise(0.1)[0], 40)
    assert 0 <= ego[3] < 0.05


def test_a_plan_shorter_than_a_step_is_driven():
    times = np.array([START_US, START_US + 50_000])
    plan = Plan(times_us=times, poses=np.array([[-30.0, 0, 0], [-29.5, 0, 0]]))
    assert np.isfinite(drive_along(plan, cruise(9.0)[0], 3)).all()


def test_states_equal_nuplan(fixtures_dir):
    worst = 0.0
    for row in Fixtures(fixtures_dir).rows("lqr_nuplan"):
        path, state = poses(row, "ref"), states(row, "state0")[0]
        times_us = np.array(row["ref_t_us"]) + (0 if row["ref_t_us"][0] else START_US)
        tracker = LqrTracker(PACIFICA, SimConfig(friction=0))
        tracker.follow(Plan(times_us=times_us, poses=path))
        driven = [state]
        for step in range(row["n_steps"]):
            driven.append(tracker.step(driven[-1], START_US + 100_000 * step))
        expected = np.array(row["out_states"]).reshape(-1, 11)
        worst = max(worst, float(np.abs(np.array(driven) - expected).max()))
    assert worst < 1e-9
