"""Every rule once both ways, at equal seeds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.eval.gate.build import Driven, drives, judged

ONE = Driven(scenario="cut_in/0")
CASES = {
    "at_fault_collision": (ONE, replace(ONE, collision=True, impact_mps=4.0)),
    "road_departure": (ONE, replace(ONE, road=True)),
    "red_light": (ONE, replace(ONE, red=True)),
    "impact_speed": (
        replace(ONE, collision=True, impact_mps=4.0),
        replace(ONE, collision=True, impact_mps=4.6),
    ),
    "not_passed": (ONE, replace(ONE, passed=False)),
    "no_progress": (ONE, replace(ONE, stuck=True)),
}


def rules_of(comparison) -> set[str]:
    return {finding.rule for finding in comparison.failures}


@pytest.mark.parametrize("rule", CASES)
def test_a_new_event_fails_at_once_and_its_absence_does_not(rule, tmp_path) -> None:
    old, new = CASES[rule]
    others = drives(6)[1:]
    worse = judged(tmp_path / "worse", [old, *others], [new, *others])
    assert worse.exit_code == 1 and rule in rules_of(worse)
    assert {finding.scenario for finding in worse.failures} == {"cut_in/0"}
    for one, other in ((new, old), (old, old), (new, new)):
        same = judged(tmp_path / "same", [one, *others], [other, *others])
        assert rule not in rules_of(same) and same.exit_code == 0


@pytest.mark.parametrize("rule", CASES)
def test_the_policy_can_make_a_rule_warn_or_say_nothing(rule, tmp_path) -> None:
    old, new = CASES[rule]
    all_rules = "at_fault_collision road_departure red_light impact_speed not_passed no_progress"
    for severity, count in (("warn", 1), ("ignore", 0)):
        lines = [f"  {name}: {severity}" for name in all_rules.split()]
        found = judged(tmp_path / severity, [old], [new], policy="\n".join(["rules:", *lines]))
        assert found.exit_code == 0
        assert sum(finding.rule == rule for finding in found.warnings) == count


def test_an_impact_that_is_barely_faster_is_within_the_limit(tmp_path) -> None:
    old = replace(ONE, collision=True, impact_mps=4.0)
    assert judged(tmp_path, [old], [replace(old, impact_mps=4.4)]).exit_code == 0


def test_an_unavoidable_scenario_is_judged_by_the_speed_of_a_first_impact(tmp_path) -> None:
    old = replace(ONE, unavoidable=True)
    new = replace(old, impact_mps=3.0, passed=True)
    assert rules_of(judged(tmp_path, [old], [new])) == {"impact_speed"}


def test_being_hit_without_fault_is_a_warning(tmp_path) -> None:
    found = judged(tmp_path, [ONE], [replace(ONE, impact_mps=3.0)])
    assert found.exit_code == 0
    assert [finding.rule for finding in found.warnings] == ["contact_not_at_fault"]


def test_a_near_miss_and_a_rough_ride_are_warnings(tmp_path) -> None:
    new = replace(ONE, min_ttc_s=0.9, ride_rms_mps2=0.7)
    found = judged(tmp_path, [ONE], [new])
    assert found.exit_code == 0
    assert {finding.rule for finding in found.warnings} == {"short_ttc", "rough_ride"}
    far = judged(tmp_path, [ONE], [replace(ONE, min_ttc_s=2.0)])
    assert far.warnings == []


def test_a_large_drop_of_one_score_is_a_warning(tmp_path) -> None:
    found = judged(tmp_path, [ONE], [replace(ONE, score=0.5)])
    assert [finding.rule for finding in found.warnings] == ["score_drop"]
    assert found.exit_code == 0


def test_standing_still_fails_although_nothing_is_hit(tmp_path) -> None:
    still = {"stuck": True, "score": 0.0}
    suite = judged(tmp_path / "s", drives(), drives(**still))
    fleet = judged(tmp_path / "f", drives(), drives(**still), suite=False)
    for found in (suite, fleet):
        assert found.exit_code == 1 and "no_progress" in rules_of(found)
        assert any(test.name == "score" for test in found.failed_tests)


def test_that_it_was_not_passed_is_told_only_where_nothing_else_says_why(tmp_path) -> None:
    old = [replace(ONE, seed=0), replace(ONE, seed=1)]
    both = [replace(ONE, seed=0, red=True), replace(ONE, seed=1, passed=False)]
    found = judged(tmp_path / "both", old, both)
    assert [(f.rule, f.seeds) for f in found.failures] == [
        ("red_light", (0,)),
        ("not_passed", (1,)),
    ]
    softer = "rules: {red_light: warn}"
    found = judged(tmp_path / "soft", old, both, policy=softer)
    assert [(f.rule, f.seeds) for f in found.failures] == [("not_passed", (0, 1))]


def test_a_flaky_scenario_is_reported_apart_and_never_fails_at_once(tmp_path) -> None:
    old = [replace(ONE, seed=0, collision=True), replace(ONE, seed=1), replace(ONE, seed=2)]
    new = [replace(ONE, seed=0), replace(ONE, seed=1, collision=True), replace(ONE, seed=2)]
    found = judged(tmp_path, old, new)
    assert found.exit_code == 0
    assert [(f.scenario, f.rule) for f in found.flaky] == [("cut_in/0", "at_fault_collision")]
    assert found.flaky[0].new_seeds == (1,)


def test_a_scenario_flaky_in_one_rule_still_fails_at_once_by_another(tmp_path) -> None:
    old = [replace(ONE, seed=0, collision=True), replace(ONE, seed=1)]
    new = [replace(ONE, seed=0, collision=True), replace(ONE, seed=1, red=True)]
    assert rules_of(judged(tmp_path, old, new)) == {"red_light"}


def test_failed_drives(tmp_path) -> None:
    broken = replace(ONE, failed="plan() raised ValueError")
    only_new = judged(tmp_path / "a", [ONE], [broken])
    assert only_new.exit_code == 1 and rules_of(only_new) == {"failed_drive"}
    for n, new in enumerate((ONE, broken)):
        found = judged(tmp_path / f"b{n}", [broken], [new])
        assert found.exit_code == 2 and "plan() raised" in found.unjudged[0].text


def test_a_crash_at_a_seed_that_the_baseline_drove_is_the_candidates(tmp_path) -> None:
    old = [replace(ONE, seed=0, failed="crashed"), replace(ONE, seed=1)]
    new = [replace(ONE, seed=0), replace(ONE, seed=1, failed="crashed")]
    found = judged(tmp_path, old, new)
    assert [(f.rule, f.seeds) for f in found.failures] == [("failed_drive", (1,))]
    assert found.exit_code == 1 and found.unjudged


def test_a_regression_beside_something_unjudged_is_a_regression(tmp_path) -> None:
    other = Driven(scenario="merge/0")
    old = [replace(ONE, failed="crashed"), other]
    found = judged(tmp_path, old, [ONE, replace(other, collision=True)])
    assert found.exit_code == 1 and found.unjudged


def test_a_failed_drive_cannot_be_waived_by_a_waiver_of_the_scenario(tmp_path) -> None:
    text = "- {scenario: cut_in/0, reason: r, owner: o, expires: 2031-01-01}"
    found = judged(tmp_path, [ONE], [replace(ONE, failed="crashed")], waivers=text)
    assert found.exit_code == 1


@pytest.mark.parametrize(("policy", "code", "count"), [("ignore", 0, 0), ("warn", 0, 1),
                                                       ("fail", 1, 1)])  # fmt: skip
def test_scenarios_on_one_side_only(policy, code, count, tmp_path) -> None:
    text = f"new_scenarios: {policy}\ndropped_scenarios: {policy}"
    extra = Driven(scenario="new/0", collision=True)
    added = judged(tmp_path / "a", drives(4), [*drives(4), extra], policy=text)
    assert added.new == ("new/0",) and added.exit_code == code
    assert sum(f.rule == "new_scenario" for f in added.findings) == count
    dropped = judged(tmp_path / "b", drives(4), drives(3), policy=text)
    assert dropped.dropped == ("cut_in/1",) and dropped.exit_code == code
    assert sum(f.rule == "dropped_scenario" for f in dropped.findings) == count


def test_most_of_the_baseline_must_have_been_driven(tmp_path) -> None:
    found = judged(tmp_path, drives(9), drives(3))
    assert found.exit_code == 2 and "3 of 9 scenarios" in found.refusals[0]


def test_findings_are_ranked_by_harm(tmp_path) -> None:
    old = drives(6)
    new = list(old)
    new[1] = replace(old[1], red=True, passed=True)
    new[2] = replace(old[2], collision=True, passed=True, impact_mps=2.0)
    new[3] = replace(old[3], collision=True, passed=True, impact_mps=9.0)
    new[4] = replace(old[4], min_ttc_s=0.5)
    found = judged(tmp_path, old, new)
    assert [f.scenario for f in found.findings] == [
        old[3].scenario, old[2].scenario, old[1].scenario, old[4].scenario,
    ]  # fmt: skip


def test_fleets_are_judged_by_the_terms_of_the_score(tmp_path) -> None:
    for facts, rule in (({"collision": True}, "at_fault_collision"), ({"road": True},
                        "road_departure"), ({"red": True}, "red_light")):  # fmt: skip
        found = judged(tmp_path / rule, [ONE], [replace(ONE, **facts)], suite=False)
        assert rules_of(found) == {rule}
