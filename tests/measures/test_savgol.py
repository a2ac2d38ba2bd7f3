import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import savgol_filter

from drivewm.measures.savgol import filter_series, make_filter, savgol


@given(
    st.lists(st.floats(-20, 20), min_size=15, max_size=60),
    st.sampled_from([(8, 2, 0), (15, 2, 1), (5, 2, 1), (5, 3, 2), (7, 2, 0), (4, 2, 0)]),
    st.floats(0.05, 0.5),
)
def test_equals_scipy(values, setting, step):
    window, degree, derivative = setting
    expected = savgol_filter(values, window, degree, deriv=derivative, delta=step)
    found = savgol(np.array(values), window, degree, derivative, step)
    np.testing.assert_allclose(found, expected, atol=1e-7)


def test_a_parabola_passes_unchanged():
    times = np.arange(20) * 0.1
    np.testing.assert_allclose(savgol(times**2, 7, 2, 0, 0.1), times**2, atol=1e-12)
    np.testing.assert_allclose(savgol(times**2, 15, 2, 1, 0.1), 2 * times, atol=1e-9)


@pytest.mark.parametrize(("count", "window", "degree"), [(4, 5, 2), (10, 3, 3)])
def test_a_window_that_does_not_fit_is_refused(count, window, degree):
    with pytest.raises(ValueError, match="window"):
        savgol(np.zeros(count), window, degree, 0, 0.1)


@pytest.mark.parametrize(
    ("window", "degree", "derivative", "step", "decimals"),
    [
        (8, 2, 0, 1.0, 6), (5, 2, 0, 1.0, 3), (15, 2, 1, 0.1, 8), (11, 2, 1, 0.09999997, 8),
        (5, 2, 1, 0.1, 6), (5, 3, 2, 0.1, 6), (4, 3, 2, 0.1, 6),
    ],
)  # fmt: skip
def test_rounds_ties_to_the_side_that_scipy_does(window, degree, derivative, step, decimals):
    random = np.random.default_rng(window)
    kernel = make_filter(window, degree, derivative, step)
    for _ in range(40):
        values = np.round(random.normal(0, 2, 40), decimals)
        expected = savgol_filter(values, window, degree, deriv=derivative, delta=step)
        found = np.empty(40)
        filter_series(values, kernel, True, found)
        assert np.array_equal(found, np.round(expected, 8))
        filter_series(values, kernel, False, found)
        half = window // 2
        assert np.array_equal(found[half:-half], expected[half:-half])
