"""Against brute force and SciPy; and how often the tests cry wolf."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from drivewm.eval.gate import statistics
from drivewm.eval.gate.statistics import Stratum, Tails

SETTINGS = {"exact_up_to": 12, "draws": 4000}
NUMBERS = st.lists(st.floats(-1, 1).map(lambda v: round(v, 3)), min_size=1, max_size=9)


@st.composite
def strata_of(draw) -> list[Stratum]:
    """Up to three scenarios of up to four drives on each side."""
    found = []
    for _ in range(draw(st.integers(1, 3))):
        before, after = draw(st.integers(1, 4)), draw(st.integers(1, 4))
        events = draw(st.integers(0, before)), draw(st.integers(0, after))
        found.append(Stratum(events[0], before, events[1], after))
    return found


STRATA = strata_of()


def brute_sign_flips(values: np.ndarray) -> Tails:
    signs = np.array(list(itertools.product((1, -1), repeat=len(values))))
    sums = signs @ np.abs(values)
    return Tails(float(np.mean(sums <= values.sum() + 1e-9)),
                 float(np.mean(sums >= values.sum() - 1e-9)))  # fmt: skip


@given(NUMBERS)
def test_exact_sign_flips_are_brute_force(values) -> None:
    found = statistics.sign_flips(np.array(values), "t", **SETTINGS)
    assert found == pytest.approx(brute_sign_flips(np.array(values)), abs=1e-9)


def test_sign_flips_agree_with_scipy() -> None:
    values = np.array([-0.3, -0.1, 0.05, -0.2, -0.07, 0.02, -0.4])
    theirs = stats.permutation_test(
        (values,), lambda x: x.mean(), permutation_type="samples", alternative="less",
        n_resamples=np.inf,
    )  # fmt: skip
    assert statistics.sign_flips(values, **SETTINGS).lower == pytest.approx(theirs.pvalue)


def test_drawn_sign_flips_come_near_the_exact_ones_and_repeat() -> None:
    values = np.random.default_rng(3).normal(-0.25, 1, 14)
    exact = statistics.sign_flips(values, "x", exact_up_to=14, draws=1000)
    drawn = statistics.sign_flips(values, "x", exact_up_to=0, draws=20000)
    assert drawn == pytest.approx(exact, abs=0.015)
    assert drawn == statistics.sign_flips(values, "x", exact_up_to=0, draws=20000)
    assert drawn != statistics.sign_flips(values, "y", exact_up_to=0, draws=20000)


@given(NUMBERS)
def test_no_p_value_is_smaller_than_the_least(values) -> None:
    found = statistics.sign_flips(np.array(values), **SETTINGS)
    least = statistics.least_sign_flips(np.array(values), SETTINGS["draws"])
    assert min(found) >= least - 1e-12


def brute_more_events(strata: list[Stratum]) -> float:
    """All ways to hand out the labels within each scenario."""
    counts = []
    for s in strata:
        events = [1] * (s.before_events + s.after_events)
        drives = events + [0] * (s.before + s.after - len(events))
        ways = itertools.combinations(range(len(drives)), s.after)
        counts.append([sum(drives[i] for i in chosen) for chosen in ways])
    observed = sum(s.after_events for s in strata)
    sums = [sum(way) for way in itertools.product(*counts)]
    return float(np.mean([value >= observed for value in sums]))


@given(STRATA)
def test_counts_are_the_label_permutation_within_each_scenario(strata) -> None:
    assert statistics.more_events(strata) == pytest.approx(brute_more_events(strata), abs=1e-9)


@pytest.mark.parametrize(("a", "n", "b", "m"), [(0, 5, 3, 5), (1, 5, 5, 5), (2, 9, 7, 11)])
def test_one_scenario_is_fishers_exact_test(a, n, b, m) -> None:
    theirs = stats.fisher_exact([[b, m - b], [a, n - a]], alternative="greater").pvalue
    assert statistics.more_events([Stratum(a, n, b, m)]) == pytest.approx(theirs)


@given(STRATA, st.integers(0, 2))
def test_one_more_event_of_the_candidate_is_never_less_suspicious(strata, place) -> None:
    k = place % len(strata)
    s = strata[k]
    if s.after_events < s.after:
        more = [*strata[:k], s._replace(after_events=s.after_events + 1), *strata[k + 1 :]]
        assert statistics.more_events(more) <= statistics.more_events(strata) + 1e-12
    assert statistics.least_more_events(strata) <= statistics.more_events(strata) + 1e-12


def test_scenarios_that_always_differ_do_not_lend_each_other_significance() -> None:
    """Pooled over unlike scenarios with unequal drives, Fisher's test would see a change."""
    strata = [Stratum(0, 50, 0, 5), Stratum(5, 5, 50, 50)]
    pooled = stats.fisher_exact([[50, 5], [5, 50]], alternative="greater").pvalue
    assert pooled < 1e-9
    assert statistics.more_events(strata) == pytest.approx(1.0)


def test_larger_values_by_shuffled_labels() -> None:
    before, after = [np.array([1.0, 1.2, 0.9, 1.1, 1.0])], [np.array([3.0, 3.1, 2.9, 3.3, 3.2])]
    found = statistics.larger_values(before, after, "v", draws=20000)
    assert found == pytest.approx(1 / 252, abs=0.002)
    assert statistics.larger_values(after, before, "v", draws=1000) > 0.9
    assert statistics.larger_values(before, before, "v", draws=1000) > 0.4


@pytest.mark.parametrize("method", ["bh", "by"])
def test_adjusted_p_values_are_scipys(method) -> None:
    p = np.random.default_rng(1).uniform(0, 1, 40) ** 3
    theirs = stats.false_discovery_control(p, method=method)
    assert statistics.adjusted(p, method) == pytest.approx(theirs)
    assert len(statistics.adjusted([], method)) == 0


@given(st.permutations(range(8)))
def test_adjusting_knows_no_order(order) -> None:
    p = np.linspace(0.001, 0.4, 8)
    assert statistics.adjusted(p[order], "bh") == pytest.approx(statistics.adjusted(p, "bh")[order])


def test_false_alarms_of_sign_flips_are_as_rare_as_promised() -> None:
    """2000 comparisons of 20 scenarios in which nothing changed but noise with heavy tails."""
    draw = np.random.default_rng(7)
    alarms = 0
    for n in range(2000):
        gains = draw.standard_t(2, 20) * (draw.uniform(size=20) < 0.6)
        alarms += statistics.sign_flips(gains, n, exact_up_to=8, draws=1000).lower <= 0.05
    assert stats.binomtest(alarms, 2000, 0.05, alternative="greater").pvalue > 0.001
    assert alarms > 40  # and not because it never fires
