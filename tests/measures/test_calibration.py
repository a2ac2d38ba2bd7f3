import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivewm.measures.calibration import (
    BINS,
    calibration_sums,
    calibration_sums_reference,
    class_nll,
    expected_calibration_error,
    occupancy_nll,
)

FREE = 2


def probability(occupied: np.ndarray) -> np.ndarray:
    """Three classes, the last one free; the first two share what is occupied 3 to 1."""
    return np.stack([0.75 * occupied, 0.25 * occupied, 1.0 - occupied])


@given(st.integers(0, 2**32 - 1), st.booleans())
def test_the_kernel_sums_what_numpy_sums(seed, masked):
    rng = np.random.default_rng(seed)
    p = rng.dirichlet([0.3, 0.3, 0.3], (4, 5)).transpose(2, 0, 1)
    true = rng.integers(0, 3, (4, 5)).astype(np.uint8)
    mask = rng.random((4, 5)) < 0.6 if masked else None
    np.testing.assert_allclose(
        calibration_sums(p, true, mask), calibration_sums_reference(p, true, mask), rtol=1e-9
    )


def test_a_forecast_that_says_how_often_it_is_right_has_no_error():
    occupied = np.full(100, 0.3)
    true = np.where(np.arange(100) < 30, 0, FREE).astype(np.uint8)
    sums = calibration_sums(probability(occupied), true, None)
    assert expected_calibration_error(sums) == pytest.approx(0.0, abs=1e-12)
    entropy = -(0.3 * np.log(0.3) + 0.7 * np.log(0.7))
    assert occupancy_nll(sums) == pytest.approx(entropy)
    assert class_nll(sums) == pytest.approx(-(0.3 * np.log(0.225) + 0.7 * np.log(0.7)))


def test_a_forecast_too_sure_of_itself_is_off_by_the_gap():
    true = np.where(np.arange(100) < 60, 0, FREE).astype(np.uint8)
    sums = calibration_sums(probability(np.full(100, 0.95)), true, None)
    assert expected_calibration_error(sums) == pytest.approx(0.35)


def test_sums_of_two_halves_are_the_sums_of_all():
    rng = np.random.default_rng(0)
    p = probability(rng.random(60))
    true = rng.integers(0, 3, 60).astype(np.uint8)
    halves = [calibration_sums(p[:, i : i + 30], true[i : i + 30], None) for i in (0, 30)]
    np.testing.assert_allclose(sum(halves), calibration_sums(p, true, None))


def test_certain_and_wrong_costs_much_but_not_everything():
    sums = calibration_sums(probability(np.ones(1)), np.uint8([FREE]), None)
    assert np.isfinite(occupancy_nll(sums)) and occupancy_nll(sums) > 10
    assert sums[3 * (BINS - 1)] == 1  # p = 1 lies in the last bin


def test_nothing_counted_is_no_score_and_a_foreign_class_is_refused():
    true = np.zeros(3, np.uint8)
    sums = calibration_sums(probability(np.zeros(3)), true, np.zeros(3, bool))
    assert np.isnan(expected_calibration_error(sums)) and np.isnan(occupancy_nll(sums))
    with pytest.raises(ValueError, match="does not fit"):
        calibration_sums(probability(np.zeros(3)), true + 3, None)
