import numpy as np
import pytest
from scipy.signal import savgol_filter

from drivewm.logs.ego_motion import _derivative, from_poses
from drivewm.scene.columns import EgoColumn

TIMES = np.arange(0, 10_000_001, 100_000)


def test_circle_at_constant_speed_has_centripetal_acceleration_and_kinematic_steer():
    radius, speed, wheelbase = 20.0, 8.0, 2.6
    angle = speed / radius * TIMES / 1e6
    heading = np.angle(np.exp(1j * (angle + np.pi / 2)))
    poses = np.column_stack([radius * np.cos(angle), radius * np.sin(angle), heading])
    ego = from_poses(TIMES, poses, wheelbase_m=wheelbase, record_interval_s=0.1)
    inner = ego[5:-5]
    np.testing.assert_allclose(inner[:, EgoColumn.VX], speed, rtol=1e-2)
    np.testing.assert_allclose(inner[:, EgoColumn.VY], 0.0, atol=0.05)
    np.testing.assert_allclose(inner[:, EgoColumn.AY], speed**2 / radius, rtol=2e-2)
    np.testing.assert_allclose(inner[:, EgoColumn.YAW_RATE], speed / radius, rtol=1e-3)
    np.testing.assert_allclose(inner[:, EgoColumn.STEER], np.arctan(wheelbase / radius), rtol=2e-2)


def test_two_hertz_braking_has_no_staircase():
    seconds = TIMES / 1e6
    truth = 10.0 * seconds - 0.4 * seconds**2
    x = np.interp(seconds, seconds[::5], truth[::5])  # as linear resampling leaves it
    poses = np.column_stack([x, np.zeros_like(x), np.zeros_like(x)])
    ego = from_poses(TIMES, poses, wheelbase_m=2.6, record_interval_s=0.5)
    np.testing.assert_allclose(ego[10:-10, EgoColumn.VX], (10.0 - 0.8 * seconds)[10:-10], atol=0.12)
    np.testing.assert_allclose(ego[10:-10, EgoColumn.AX], -0.8, atol=0.25)


def test_standing_car_has_no_motion_and_no_steer():
    ego = from_poses(
        TIMES, np.tile([1.0, 2.0, 0.3], (len(TIMES), 1)), wheelbase_m=2.6, record_interval_s=0.5
    )
    np.testing.assert_allclose(ego[:, 3:], 0.0, atol=1e-9)


def test_two_instants_give_their_mean_velocity():
    ego = from_poses(
        np.array([0, 500_000]),
        np.array([[0.0, 0, 0], [2.0, 0, 0]]),
        wheelbase_m=2.6,
        record_interval_s=0.5,
    )
    np.testing.assert_allclose(ego[:, EgoColumn.VX], 4.0)


@pytest.mark.parametrize("steps", [3, 4, 8, 9, 40, 151])
@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("interval_s", [0.1, 0.5, 1.0])
def test_derivatives_are_those_of_scipy(steps, order, interval_s):
    rng = np.random.default_rng(steps)
    times_us = 100_000 * np.arange(steps) + rng.integers(-2000, 2000, steps)
    values = np.cumsum(rng.normal(size=(steps, 3)), axis=0)
    step_s = float(np.median(np.diff(times_us))) / 1e6
    window = 2 * max(int(np.ceil(interval_s / step_s)), 2) + 1
    window = min(window, (steps - 1) // 2 * 2 + 1)
    expected = savgol_filter(values, window, 2, deriv=order, delta=step_s, axis=0)
    np.testing.assert_allclose(
        _derivative(times_us, values, order, interval_s), expected, rtol=1e-9, atol=1e-9
    )
