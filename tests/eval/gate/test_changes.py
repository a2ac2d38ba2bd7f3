"""Counts over seeds, and the score over scenarios."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivewm.eval.gate.as_json import content
from drivewm.eval.gate.changes import change_tests
from drivewm.eval.gate.counts import Side
from drivewm.eval.gate.facts import Drive, Info
from drivewm.eval.gate.policy import load_policy
from tests.eval.gate.build import Driven, drives, judged

OLD, NEW = range(5), range(5, 10)
ONE = Driven(scenario="cut_in/0")


def seeds(hits: int, at=OLD, **facts) -> list[Driven]:
    """One scenario at some seeds, with so many collisions."""
    return [replace(ONE, seed=seed, collision=n < hits, **facts) for n, seed in enumerate(at)]


@pytest.mark.parametrize(("before", "after", "code"), [
    (0, 0, 0), (0, 1, 0), (0, 2, 1), (0, 5, 1), (1, 3, 0), (1, 5, 1), (5, 5, 0), (5, 0, 0),
])  # fmt: skip
def test_other_seeds_are_judged_by_counts(before, after, code, tmp_path) -> None:
    found = judged(tmp_path, seeds(before), seeds(after, NEW))
    assert found.exit_code == code
    assert not any(f.rule == "at_fault_collision" for f in found.failures) or before == 0


def test_single_new_events_in_many_scenarios_of_a_family_add_up(tmp_path) -> None:
    old = [Driven(scenario=f"cut_in/{n}", seed=s) for n in range(4) for s in OLD]
    new = [Driven(scenario=f"cut_in/{n}", seed=s, collision=s == 7 and n < 2)
           for n in range(4) for s in NEW]  # fmt: skip
    found = judged(tmp_path, old, new)
    assert found.exit_code == 1 and not found.failures
    assert {(t.name, t.scope_name) for t in found.failed_tests} >= {
        ("at_fault_collision", "cut_in"),
    }  # fmt: skip


def test_two_events_in_a_whole_fleet_do_not(tmp_path) -> None:
    old = [Driven(scenario=f"boston/{n}", seed=s) for n in range(4) for s in OLD]
    new = [Driven(scenario=f"boston/{n}", seed=s, collision=s == 7 and n < 2)
           for n in range(4) for s in NEW]  # fmt: skip
    assert judged(tmp_path, old, new, suite=False).exit_code == 0


def test_too_few_other_seeds_cannot_be_judged(tmp_path) -> None:
    found = judged(tmp_path, seeds(0, range(3)), seeds(0, range(3, 6)))
    assert found.exit_code == 2 and "policy wants 5 each" in found.unjudged[0].text


def test_shared_seeds_are_judged_even_where_there_are_few(tmp_path) -> None:
    found = judged(tmp_path / "a", seeds(0, range(3)), seeds(0, range(1, 4)))
    assert found.exit_code == 0 and "seeds on one side only" in found.notes[0]
    worse = judged(tmp_path / "b", seeds(0, range(3)), seeds(1, range(1, 4)))
    assert worse.exit_code == 1


def test_a_flaky_scenario_that_always_crashes_now_is_found_by_its_count(tmp_path) -> None:
    found = judged(tmp_path, seeds(1), seeds(5))
    assert found.exit_code == 1 and not found.failures
    assert found.failed_tests[0].text.startswith("at-fault collision in 5 of 5 drives, was 1 of 5")


def test_impact_speeds_of_other_seeds(tmp_path) -> None:
    fast = [(4.0, 6.0), (4.2, 6.1), (4.1, 6.3), (4.4, 6.0), (3.9, 6.2)]
    hit = {"collision": True, "unavoidable": True, "passed": True}
    old = [replace(ONE, seed=s, impact_mps=fast[s][0], **hit) for s in OLD]
    new = [replace(ONE, seed=s + 5, impact_mps=fast[s][1], **hit) for s in OLD]
    found = judged(tmp_path / "a", old, new)
    assert [test.name for test in found.failed_tests] == ["impact_speed"]
    assert judged(tmp_path / "b", new, old).exit_code == 0


def test_a_waived_scenario_counts_in_no_family(tmp_path) -> None:
    text = "- {scenario: cut_in/0, reason: r, owner: o, expires: 2031-01-01}"
    assert judged(tmp_path / "a", seeds(0), seeds(5, NEW), waivers=text).exit_code == 0
    assert judged(tmp_path / "b", seeds(0), seeds(5, NEW)).exit_code == 1
    flaky = judged(tmp_path / "c", seeds(1), seeds(5), waivers=text)
    assert flaky.exit_code == 0 and flaky.waivers[0].state == "used"


def test_the_score_rule_both_ways(tmp_path) -> None:
    worse = judged(tmp_path / "a", drives(score=0.9), drives(score=0.85))
    (test,) = worse.failed_tests
    assert (test.name, test.scope, test.units) == ("score", "all", 12)
    assert test.p == pytest.approx(2**-12) and test.low == pytest.approx(-0.05)
    slight = judged(tmp_path / "b", drives(score=0.9), drives(score=0.89))
    assert slight.exit_code == 0
    better = judged(tmp_path / "c", drives(score=0.85), drives(score=0.9))
    assert better.exit_code == 0 and {t.verdict for t in better.tests} == {"better"}


def test_a_family_that_is_worse_is_found_among_others_that_are_better(tmp_path) -> None:
    names = [(family, n) for family in ("cut_in", "merge") for n in range(10)]
    old = [Driven(scenario=f"{family}/{n}", score=0.8) for family, n in names]
    new = [replace(d, score=0.7 if d.scenario.startswith("merge") else 0.9) for d in old]
    found = judged(tmp_path, old, new)
    assert [(t.scope, t.scope_name) for t in found.failed_tests] == [("family", "merge")]


def test_few_scenarios_cannot_show_anything(tmp_path) -> None:
    found = judged(tmp_path, drives(4, score=0.9), drives(4, score=0.8))
    assert found.exit_code == 0 and found.tests == ()


@pytest.mark.parametrize(("measure", "value"), [
    ("overspeed_mps", 1.0), ("lane_offset_m", 0.4), ("ride_rms_mps2", 0.45), ("min_ttc_s", 2.5),
])  # fmt: skip
def test_measures_are_tested_like_the_score(measure, value, tmp_path) -> None:
    new = drives(**{measure: value})
    found = judged(tmp_path / "a", drives(), new)
    assert [(t.name, t.verdict) for t in found.tests] == [(measure, "fail")]
    quiet = f"measures: {{{measure}: {{min_effect: 0.1, verdict: warn}}}}"
    assert judged(tmp_path / "b", drives(), new, policy=quiet).exit_code == 0
    assert judged(tmp_path / "c", new, drives()).exit_code == 0


def test_moments_of_one_recording_are_one_unit(tmp_path) -> None:
    def moments(score):
        return [Driven(scenario=f"r{n % 3}@{n}", score=score, more={"recording": f"r{n % 3}"})
                for n in range(30)]  # fmt: skip

    found = judged(tmp_path, moments(0.9), moments(0.5), suite=False)
    assert found.tests == ()  # three recordings, however many moments


@st.composite
def results(draw) -> list[Driven]:
    """Anything that a suite of four scenarios at some seeds may show."""
    at = draw(st.sampled_from([(0,), (0, 1, 2), tuple(OLD)]))
    flag = st.sampled_from([False, False, True])
    return [
        Driven(scenario=f"{family}/{n}", seed=seed, score=draw(st.sampled_from([0.0, 0.5, 0.9])),
               collision=draw(flag), red=draw(flag), stuck=draw(flag),
               impact_mps=draw(st.sampled_from([None, 2.0, 5.0])))
        for family in ("cut_in", "merge") for n in range(2) for seed in at
    ]  # fmt: skip


def compared(old, new):
    with TemporaryDirectory() as folder:
        return judged(Path(folder), old, new)


@settings(max_examples=12)
@given(results())
def test_nothing_is_worse_than_itself(rows) -> None:
    found = compared(rows, rows)
    assert found.exit_code == 0 and not found.findings
    assert all(test.verdict == "same" for test in found.tests)


@settings(max_examples=15)
@given(results(), results(), st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(old, new, shuffle: random.Random) -> None:
    def told(one, other):
        found = content(compared(one, other))
        return {key: value for key, value in found.items() if key not in ("baseline", "candidate")}

    mixed = [shuffle.sample(rows, len(rows)) for rows in (old, new)]
    assert told(old, new) == told(*mixed)


@settings(max_examples=15)
@given(results(), results(), st.integers(0, 100), st.booleans())
def test_one_more_collision_never_turns_a_regression_into_a_pass(old, new, place, other) -> None:
    if other:  # seeds that the baseline does not have
        new = [replace(d, seed=d.seed + 100) for d in new]
    if len({d.seed for d in old}) != len({d.seed for d in new}):
        return
    k = place % len(new)
    worse = [*new[:k], replace(new[k], collision=True), *new[k + 1 :]]
    assert compared(old, worse).exit_code >= compared(old, new).exit_code or (
        compared(old, worse).exit_code == 1
    )


def test_false_alarms_of_the_score_rule_when_only_seeds_differ() -> None:
    """80 comparisons of one planner with itself: 40 scenarios of 8 families, 5 other seeds each,
    scores that scatter within scenarios, sometimes to nothing."""
    draw = np.random.default_rng(11)
    policy = load_policy()

    def drives_of(name: str, centre: float, rate: float) -> dict[int, Drive]:
        scores = np.clip(draw.normal(centre, 0.05, 5), 0, 1) * (draw.uniform(size=5) > rate)
        return {
            seed: Drive(scenario=name, seed=seed, failed=False, reason=None, score=float(value),
                        score_name="s", score_version="1")
            for seed, value in enumerate(scores)
        }  # fmt: skip

    alarms = 0
    for _ in range(80):
        sides = []
        for n in range(40):
            name, centre = f"f{n % 8}/{n}", draw.uniform(0.6, 0.95)
            rate = 0.1 if n % 10 == 0 else 0.0
            info = Info(id=name, recording=name, family=f"f{n % 8}", group=f"g{n % 3}")
            old, new = drives_of(name, centre, rate), drives_of(name, centre, rate)
            sides.append(Side(info, old, new))
        alarms += any(test.verdict == "fail" for test in change_tests(sides, policy))
    assert alarms <= 3
