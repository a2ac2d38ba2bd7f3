import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivewm.logs.resample import finite_difference, resample, time_grid


def test_constant_velocity_is_reproduced_between_records():
    times = np.array([0, 500_000, 1_000_000])
    grid = time_grid(0, 1_000_000, 10.0)
    values, valid = resample(times, np.array([[0.0], [5.0], [10.0]]), grid)
    assert valid.all()
    np.testing.assert_allclose(values[:, 0], np.arange(11.0))


def test_heading_turns_the_short_way_across_pi():
    values, _ = resample(
        np.array([0, 1_000_000]), np.array([[3.0], [-3.0]]), np.array([500_000]), angle_columns=(0,)
    )
    assert abs(abs(values[0, 0]) - np.pi) < 0.01


def test_nothing_before_the_first_or_after_the_last_record():
    times, grid = np.array([1_000_000, 2_000_000]), np.array([999_999, 1_000_000, 2_000_001])
    _, valid = resample(times, np.zeros((2, 1)), grid)
    assert valid.tolist() == [False, True, False]


def test_gap_longer_than_two_missing_keyframes_is_invalid_inside_only():
    times = np.array([0, 500_000, 2_000_000, 2_500_000])
    _, valid = resample(times, np.zeros((4, 1)), np.array([500_000, 1_000_000, 2_000_000]))
    assert valid.tolist() == [True, False, True]


def test_one_record_is_valid_at_its_own_instant_only():
    _, valid = resample(np.array([5]), np.ones((1, 1)), np.array([4, 5, 6]))
    assert valid.tolist() == [False, True, False]


@pytest.mark.parametrize(("last_us", "steps"), [(1_000_000, 11), (999_999, 10), (0, 1)])
def test_grid_never_passes_the_last_record(last_us, steps):
    grid = time_grid(0, last_us, 10.0)
    assert len(grid) == steps
    assert grid[-1] <= last_us


@given(
    st.lists(st.integers(1, 900_000), min_size=1, max_size=20),
    st.lists(st.integers(0, 20_000_000), min_size=1, max_size=20),
)
def test_resampled_values_stay_between_their_neighbours(gaps, instants):
    times = np.cumsum([0, *gaps])
    values = np.sin(np.arange(len(times)))[:, None]
    grid = np.sort(np.array(instants))
    out, valid = resample(times, values, grid)
    assert (valid == ((grid >= times[0]) & (grid <= times[-1]))).all()
    for t, value in zip(grid[valid], out[valid, 0], strict=True):
        assert np.isclose(value, np.interp(t, times, values[:, 0]))


def test_differences_are_central_inside_and_one_sided_at_the_ends():
    times = np.array([0, 500_000, 1_500_000])
    rate = finite_difference(times, np.array([[0.0], [1.0], [5.0]]))
    np.testing.assert_allclose(rate[:, 0], [2.0, (1.0 + 4.0) / 1.5, 4.0])


def test_differences_do_not_reach_across_a_gap():
    times = np.array([0, 500_000, 5_000_000])
    rate = finite_difference(times, np.array([[0.0], [1.0], [100.0]]))
    np.testing.assert_allclose(rate[:, 0], [2.0, 2.0, 0.0])
