import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import wasserstein_distance

from drivewm.eval.horizon.distance import (
    SUPPORT,
    bootstrap_weights,
    first_lasting,
    half_weights,
    mean_of,
    sample,
    wasserstein,
)

values = st.lists(st.floats(-50, 50), min_size=1, max_size=12)


@given(values, values, st.integers(0, 99))
def test_it_is_scipys_for_every_weighting(a, b, seed):
    rng = np.random.default_rng(seed)
    owner_a, owner_b = rng.integers(0, 3, len(a)), rng.integers(0, 3, len(b))
    weights = rng.uniform(0.1, 1.0, (4, 3))
    found = wasserstein(
        sample(owner_a, np.array(a)), sample(owner_b, np.array(b)), weights, weights
    )
    for r in range(4):
        wanted = wasserstein_distance(a, b, weights[r][owner_a], weights[r][owner_b])
        assert found[r] == pytest.approx(wanted, abs=1e-9)


def test_a_shift_by_two_is_a_distance_of_two_also_when_the_support_is_thinned():
    many = np.linspace(0.0, 100.0, 3 * SUPPORT)
    owner = np.zeros(len(many), int)
    ones = np.ones((1, 1))
    found = wasserstein(sample(owner, many), sample(owner, many + 2.0), ones, ones)
    assert found[0] == pytest.approx(2.0, abs=0.02)


def test_a_side_without_values_has_no_distance():
    empty, one = sample(np.zeros(1), np.array([np.nan])), sample(np.zeros(1), np.array([1.0]))
    assert np.isnan(wasserstein(empty, one, np.ones((2, 1)), np.ones((2, 1)))).all()
    assert len(empty) == 0 and np.isnan(mean_of(empty, np.ones((1, 1))))


def test_weights_are_of_scenes_and_halves_are_halves():
    drawn, halves = bootstrap_weights(5), half_weights(6)
    assert (drawn[0] == 1).all() and np.allclose(drawn.sum(1), 5) and (drawn > 0).all()
    assert (halves.sum(1) == 3).all() and 0 < halves[:, 0].mean() < 1


def test_once_beyond_is_chance_and_twice_is_not():
    over = np.array([[0, 1, 0, 1, 1, 0], [0, 0, 0, 0, 0, 1], [0, 0, 0, 0, 0, 0]], bool)
    np.testing.assert_array_equal(first_lasting(over), [3, 5, 6])
