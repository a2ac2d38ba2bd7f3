import numpy as np
import pytest

from drivewm.eval.statistics import bootstrap_clusters, bootstrap_mean


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


def test_drives_of_one_scene_are_no_further_scenes():
    """Five copies of every scene leave the interval as wide; taken for scenes they narrow it."""
    values = np.random.default_rng(2).random(30)
    plain = bootstrap_mean(values, "t")
    copies, owner = np.repeat(values, 5), np.repeat(np.arange(30), 5)
    clustered, naive = bootstrap_clusters(copies, owner, "t"), bootstrap_mean(copies, "t")
    assert clustered.clusters == 30 and clustered.mean == pytest.approx(plain.mean)
    assert clustered.high - clustered.low == pytest.approx(plain.high - plain.low, rel=1e-9)
    assert naive.high - naive.low < 0.6 * (plain.high - plain.low)


def test_a_lone_scene_has_no_interval():
    one = bootstrap_clusters(np.array([0.2, 0.6]), ["s", "s"], "t")
    assert (one.low, one.high, one.clusters) == (pytest.approx(0.4), pytest.approx(0.4), 1)
    assert str(one) == "0.400"
    assert str(bootstrap_mean(np.array([0.0, 1.0] * 9), "t")).startswith("0.500 [")
