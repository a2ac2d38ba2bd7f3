import numpy as np
import pytest

from drivewm.eval.statistics import bootstrap_mean


def test_interval_holds_the_mean_and_shrinks_with_scenes():
    rng = np.random.default_rng(0)
    few, many = (bootstrap_mean(rng.random(count), "t") for count in (10, 1000))
    for interval in (few, many):
        assert interval.low <= interval.mean <= interval.high
    assert many.high - many.low < 0.2 * (few.high - few.low)


def test_coverage_is_about_95_percent():
    rng = np.random.default_rng(1)
    hits = 0
    for _ in range(200):
        interval = bootstrap_mean(rng.normal(0.5, 0.2, 40), "t")
        hits += interval.low <= 0.5 <= interval.high
    assert 175 <= hits <= 200


def test_same_values_same_interval_and_none_is_refused():
    assert bootstrap_mean(np.arange(5), "a") == bootstrap_mean(np.arange(5), "a")
    one = bootstrap_mean(np.array([0.4]), "a")
    assert (one.low, one.high) == (0.4, 0.4)
    with pytest.raises(ValueError, match="no values"):
        bootstrap_mean(np.zeros(0), "a")
