from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from drivewm.errors import InputError
from drivewm.scenarios.family import Family, parse_family
from drivewm.scenarios.parameters import METHODS, concretes, sample
from drivewm.scenarios.parameters_pairs import BINS, covering_rows
from drivewm.scenarios.parameters_scale import at
from drivewm.scenarios.schema_parameters import Choice, Distribution, LogNormal, Normal, Range
from drivewm.seeds import generator
from tests.scenarios.example import TEXT, changed

EXAMPLE = parse_family(TEXT)


def with_require(text: str) -> Family:
    return parse_family(changed("$gap_m > 0.5 * $ego_speed_mps", text))


@pytest.mark.parametrize("method", METHODS)
def test_draws_stay_in_range_and_meet_what_is_required(method: str) -> None:
    for values in sample(EXAMPLE, 50, method, seed=3):
        assert 10 <= values["ego_speed_mps"] <= 20 and 10 <= values["gap_m"] <= 30
        assert values["brake_mps2"] in (3.0, 6.0)
        assert values["gap_m"] > 0.5 * values["ego_speed_mps"]
        assert list(values) == ["ego_speed_mps", "gap_m", "brake_mps2"]


@pytest.mark.parametrize("method", ["sobol", "halton", "lhs", "pairwise"])
def test_as_many_as_asked_for_and_the_same_again(method: str) -> None:
    first = sample(EXAMPLE, 23, method, seed=1)
    assert len(first) == 23 and first == sample(EXAMPLE, 23, method, seed=1)
    assert first != sample(EXAMPLE, 23, method, seed=2)


@pytest.mark.parametrize("method", ["sobol", "halton"])
def test_more_draws_begin_with_the_fewer(method: str) -> None:
    assert sample(EXAMPLE, 40, method)[:7] == sample(EXAMPLE, 7, method)


def test_low_discrepancy_is_more_even_than_chance() -> None:
    free = with_require("$gap_m > 0 * $ego_speed_mps")
    rng = generator("chance")
    for method in ("sobol", "halton", "lhs"):
        drawn = sample(free, 64, method)
        points = np.array([[v["ego_speed_mps"] / 10 - 1, v["gap_m"] / 20 - 0.5] for v in drawn])
        chance = np.mean([stats.qmc.discrepancy(rng.random((64, 2))) for _ in range(50)])
        assert stats.qmc.discrepancy(points) < 0.5 * chance


def test_a_requirement_that_hardly_anything_meets_is_told() -> None:
    with pytest.raises(InputError, match=r"meets? it; widen"):
        sample(with_require("19.99999 < $ego_speed_mps"), 8, "lhs")


def test_a_narrow_requirement_is_drawn_for_until_it_is_met() -> None:
    drawn = sample(with_require("19.5 < $ego_speed_mps"), 8, "sobol")
    assert len(drawn) == 8 and all(values["ego_speed_mps"] > 19.5 for values in drawn)


def test_the_centre_is_one() -> None:
    assert sample(EXAMPLE, 5, "centre") == (
        {"ego_speed_mps": 15.0, "gap_m": 20.0, "brake_mps2": 3.0},
    )


def test_a_grid_crosses_levels() -> None:
    free = with_require("$gap_m > 0 * $ego_speed_mps")
    drawn = sample(free, 20, "grid")
    assert len(drawn) == 18  # 3 x 3 x 2
    assert len({tuple(values.values()) for values in drawn}) == 18
    assert len({values["gap_m"] for values in drawn}) == 3
    assert len(sample(free, 1, "grid")) == 1


@pytest.mark.parametrize(("method", "n"), [("random", 3), ("sobol", 0)])
def test_bad_requests(method: str, n: int) -> None:
    with pytest.raises(InputError):
        sample(EXAMPLE, n, method)


def test_scenarios_are_named_by_their_index() -> None:
    found = concretes(EXAMPLE, 3)
    assert [one.id for one in found] == [f"follow_brake/{k:03d}" for k in range(3)]
    assert len({one.content_hash for one in found}) == 3


def pairs_of(rows: list[tuple[int, ...]]) -> set[tuple[int, int, int, int]]:
    return {(a, row[a], b, row[b]) for row in rows
            for a, b in itertools.combinations(range(len(row)), 2)}  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(2, 5), min_size=2, max_size=6), st.integers(0, 99))
def test_pairwise_meets_every_pair(sizes: list[int], seed: int) -> None:
    parameters = [Choice(choice=tuple(range(size))) for size in sizes[1:]]
    counts = [BINS, *sizes[1:]]
    points = list(covering_rows([Range(min=0, max=1), *parameters], generator("t", seed)))
    rows = [tuple(min(int(u * c), c - 1) for u, c in zip(point, counts)) for point in points]
    wanted = [(a, i, b, j) for a, b in itertools.combinations(range(len(counts)), 2)
              for i in range(counts[a]) for j in range(counts[b])]  # fmt: skip
    assert pairs_of(rows) >= set(wanted)
    largest = np.sort(counts)[-2:].prod()
    assert largest <= len(rows) <= 3 * largest


def test_pairwise_covers_what_a_requirement_leaves() -> None:
    sizes = (3, 3, 3)
    parameters = [Choice(choice=tuple(range(size))) for size in sizes]

    def allowed(point) -> bool:  # never both first two at their highest
        return not (point[0] > 2 / 3 and point[1] > 2 / 3)

    rows = [tuple(int(u * 3) for u in point)
            for point in covering_rows(parameters, generator("t"), allowed)]  # fmt: skip
    wanted = {(a, i, b, j) for a, b in itertools.combinations(range(3), 2)
              for i in range(3) for j in range(3)} - {(0, 2, 1, 2)}  # fmt: skip
    assert pairs_of(rows) == wanted


def test_pairwise_of_one_parameter_meets_every_level() -> None:
    points = list(covering_rows([Choice(choice=("a", "b", "c"))], generator("t")))
    assert sorted(int(point[0] * 3) for point in points) == [0, 1, 2]


UNITS = st.floats(0, 1)


@given(UNITS, st.floats(-50, 50), st.floats(0.01, 20), st.floats(0, 30), st.floats(0, 30))
def test_a_cut_normal_stays_in_its_range(
    u: float, mean: float, sd: float, below: float, above: float
) -> None:
    inside = Normal(min=mean - below, max=mean + above, mean=mean, sd=sd)
    assert inside.min <= at(Distribution(normal=inside), u) <= inside.max


@pytest.mark.parametrize("u", [0.0, 0.01, 0.3, 0.5, 0.9, 1.0])
@pytest.mark.parametrize(("low", "high"), [(-1.0, 4.0), (5.0, 9.0), (-9.0, -4.0)])
def test_quantiles_of_a_cut_normal_are_those_of_scipy(u: float, low: float, high: float) -> None:
    inside = Normal(min=low, max=high, mean=1.0, sd=2.0)
    expected = stats.truncnorm.ppf(u, (low - 1) / 2, (high - 1) / 2, loc=1.0, scale=2.0)
    assert at(Distribution(normal=inside), u) == pytest.approx(expected, rel=1e-5, abs=1e-5)


@given(UNITS, UNITS)
def test_quantiles_rise(u: float, v: float) -> None:
    low, high = min(u, v), max(u, v)
    for parameter in (
        Range(min=2, max=5),
        Distribution(lognormal=LogNormal(min=0, max=9, median=2, sigma=0.7)),
        Distribution(uniform=Range(min=-1, max=1)),
        Choice(choice=(1, 2, 3), weights=(1, 5, 0.1)),
    ):
        assert at(parameter, low) <= at(parameter, high)  # type: ignore[operator]


def test_the_median_of_a_lognormal() -> None:
    inside = LogNormal(min=0, max=1e6, median=2.0, sigma=0.5)
    assert at(Distribution(lognormal=inside), 0.5) == pytest.approx(2.0, rel=1e-5)


def test_choices_come_by_weight() -> None:
    parameter = Choice(choice=("a", "b"), weights=(1, 3))
    drawn = [at(parameter, (k + 0.5) / 100) for k in range(100)]
    assert drawn.count("a") == 25 and drawn.count("b") == 75
