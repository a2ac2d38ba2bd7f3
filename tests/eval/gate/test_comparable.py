"""What cannot be compared, and what may differ."""

from __future__ import annotations

import pytest

from drivewm.eval.gate.comparable import refusals
from drivewm.eval.gate.judge import compare
from drivewm.eval.gate.policy import load_policy
from drivewm.eval.gate.runs import read_run
from tests.eval.gate import TODAY
from tests.eval.gate.build import Driven, drives, judged, write

REFUSALS = [
    ({"hash": "other"}, {}, "the content of crossing/0, cut_in/0, cut_in/1 and 1 more changed"),
    ({"score_version": "2"}, {}, "the score's version differs: closed_loop 1 and closed_loop 2"),
    ({"replan_interval_s": 0.5}, {}, "the replan interval differs: 0.1 and 0.5"),
    ({"mode": "visible"}, {}, "mode differs: privileged and visible"),
    ({}, {"agents": "replay"}, "sim.agents differs: reactive and replay"),
    ({}, {"isolation": {"process": False, "deadline_s": 0.2, "memory_mb": None}},
     "the planner's budget (sim.isolation.deadline_s) differs: none and 0.2"),
    ({}, {"hang_limit_s": 5.0}, "the planner's budget (sim.hang_limit_s) differs: 60.0 and 5.0"),
]  # fmt: skip


@pytest.mark.parametrize(("facts", "sim", "says"), REFUSALS)
def test_what_is_not_comparable_is_refused(facts, sim, says, tmp_path) -> None:
    old = read_run(write(tmp_path / "old", drives(4)))
    new = read_run(write(tmp_path / "new", drives(4, **facts), sim=sim))
    found = compare(old, new, load_policy(), today=TODAY)
    assert found.exit_code == 2
    assert any(says in reason for reason in found.refusals), found.refusals


def test_a_process_of_its_own_and_another_first_seed_are_no_reason(tmp_path) -> None:
    free = {"isolation": {"process": True, "deadline_s": None, "memory_mb": None}, "seed": 7}
    old = read_run(write(tmp_path / "old", drives(4)))
    new = read_run(write(tmp_path / "new", drives(4), sim=free))
    assert refusals(old, new, load_policy()) == []


def test_naming_the_default_replan_interval_changes_nothing(tmp_path) -> None:
    old = read_run(write(tmp_path / "old", drives(4)))
    new = read_run(write(tmp_path / "new", drives(4), sim={"replan_interval_s": 0.1}))
    assert refusals(old, new, load_policy()) == []


def test_the_policy_may_judge_planners_that_replan_at_other_intervals(tmp_path) -> None:
    new = drives(4, replan_interval_s=0.5)
    assert judged(tmp_path, drives(4), new, policy="replan_interval: judge").exit_code == 0


def test_scenes_of_fleets_are_known_by_their_hashes(tmp_path) -> None:
    names = [d.scenario for d in drives(4)]

    def run(folder, hashes, digest, rows=None):
        manifest = {"fleet": {"path": "f", "scenes": names, "content_hash": digest}}
        if hashes:
            manifest["scene_hashes"] = dict.fromkeys(names, "h") | hashes
        return read_run(write(tmp_path / folder, rows or drives(4), suite=False, manifest=manifest))

    plain, other = run("a", None, "x"), run("b", None, "y")
    assert refusals(plain, plain, load_policy()) == []
    assert refusals(plain, other, load_policy()) == ["the scenes differ (fleet hash x and y)"]
    hashed = run("c", {"cut_in/0": "h"}, "x")
    changed = run("d", {"cut_in/0": "new"}, "y")
    fewer = run("e", {"cut_in/0": "h"}, "z", drives(3))
    assert "the content of cut_in/0 changed" in refusals(hashed, changed, load_policy())[0]
    assert refusals(hashed, fewer, load_policy()) == []


def test_no_scenario_in_common(tmp_path) -> None:
    found = judged(tmp_path, [Driven(scenario="a/0")], [Driven(scenario="b/0")])
    assert found.exit_code == 2 and found.refusals == ("no scenario is in both results",)
