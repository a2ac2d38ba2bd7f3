import numpy as np
import pytest

from drivewm.measures.comfort import BOUNDS, comfort, comfort_series, within_bounds
from tests.measures.hand import START_US, cruise

TIMES_US = START_US + 100_000 * np.arange(151, dtype=np.int64)


def braking(decel, start=50):
    ego = cruise(9.0)
    ego[start:, 5] = -decel
    return ego


def test_steady_drive_is_comfortable():
    assert comfort(TIMES_US, cruise(9.0), 1.461) == 1.0


@pytest.mark.parametrize(("decel", "value"), [(2.0, 1.0), (4.0, 1.0), (4.1, 0.0), (-2.45, 0.0)])
def test_longitudinal_bounds(decel, value):
    ego = braking(decel)
    ego[:, 5] = -decel  # from the start on: no jerk
    assert comfort(TIMES_US, ego, 1.461) == value


def test_bounds_are_open():
    ego = cruise(9.0)
    ego[:, 6] = 4.89
    series = comfort_series(TIMES_US, ego, 1.461)
    assert not within_bounds(series)["lat_acc_mps2"]


def test_a_sudden_brake_breaks_the_jerk_bound_only():
    ego = braking(3.0)
    ego[:50, 5] = 1.5
    ok = within_bounds(comfort_series(TIMES_US, ego, 1.461))
    assert [name for name in BOUNDS if not ok[name]] == ["lon_jerk_mps3"]


def test_turning_fast_breaks_the_yaw_rate_bound():
    ego = cruise(9.0)
    ego[:, 2] = 0.1 * np.arange(151) + 1  # 1 rad/s, across the wrap of the angle
    ego[:, 2] = (ego[:, 2] + np.pi) % (2 * np.pi) - np.pi
    series = comfort_series(TIMES_US, ego, 1.461)
    np.testing.assert_allclose(series.yaw_rate_radps, 1.0, atol=1e-9)
    assert not within_bounds(series)["yaw_rate_radps"]


def test_too_short_a_drive_is_not_applicable():
    assert comfort(TIMES_US[:3], cruise(9.0)[:3], 1.461) is None
