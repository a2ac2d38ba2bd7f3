"""Worst moments of series."""

import numpy as np

from drivewm.eval.worst import OF_SERIES, series_extremes


def test_the_first_worst_step_by_each_series_own_sense():
    found = series_extremes({
        "ttc_s": np.array([np.inf, 2.0, 0.4, 0.4]),  # low is bad
        "overspeed_mps": np.array([0.0, 3.0, 1.0, np.nan]),  # high is bad
        "lon_acc_mps2": np.array([1.0, -4.0, 3.0, 0.0]),  # far from zero is bad
    })  # fmt: skip
    assert found == {
        "ttc_s": (2, None, 0.4), "overspeed_mps": (1, None, 3.0), "lon_acc_mps2": (1, None, -4.0),
    }  # fmt: skip


def test_what_was_never_measured_has_no_moment():
    empty = dict.fromkeys(OF_SERIES, np.zeros(0)) | {"jerk_mps3": np.full(3, np.nan)}
    assert series_extremes(empty) == {}
