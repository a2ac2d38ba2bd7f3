"""The search over made-up histories, and the whole verb over a small repository of planners."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivewm import cli
from drivewm.errors import InputError
from drivewm.eval.gate import trial as trials
from drivewm.eval.gate.bisect import Step, Trial, search, symptom_of
from drivewm.eval.gate.facts import Drive
from drivewm.eval.gate.policy import load_policy
from drivewm.eval.gate.revisions import Repository
from drivewm.eval.gate.trial import LABEL, planner_text
from tests.eval.gate.build import Driven, write

EVENTS = {"at_fault_collision": False, "road_departure": False, "red_light": False}
GOOD = Drive(scenario="a", seed=0, failed=False, reason=None, score=0.9, score_name="s",
             score_version="1", events=EVENTS, impact_speed_mps=0.0)  # fmt: skip
HIT = replace(GOOD, score=0.0, events=EVENTS | {"at_fault_collision": True}, impact_speed_mps=3.0)


@given(st.integers(1, 40), st.data())
def test_the_first_bad_commit_is_found_in_logarithmically_many_steps(first, data) -> None:
    count = data.draw(st.integers(first, 60))
    broken = data.draw(st.lists(st.integers(1, count), max_size=6, unique=True))

    def between(bad: str, goods) -> list[str]:
        low = max(map(int, goods))
        left = list(range(low + 1, int(bad) + 1))
        middle = (low + int(bad)) / 2
        return [str(n) for n in sorted(left, key=lambda n: abs(n - middle))]

    def judge(commit: str) -> Step:
        n = int(commit)
        state = "skipped" if n in broken else "bad" if n >= first else "good"
        return Step(commit=commit, state=state, text="")

    found = search("0", str(count), between, judge)
    if not broken:
        assert int(found.commit) == first and not found.suspects
        assert len(found.steps) <= count.bit_length()
    assert first in {int(c) for c in (found.commit, *found.suspects)}
    assert len({step.commit for step in found.steps}) == len(found.steps)


def trial(drive: Drive | None, text: str = "") -> Trial:
    return Trial(drive=drive, text=text)


def test_what_is_bad_is_what_the_bad_one_does() -> None:
    policy = load_policy()
    symptom = symptom_of(trial(GOOD), trial(HIT), policy)
    assert symptom.rules == ("at_fault_collision",)
    red = replace(GOOD, score=0.0, events=EVENTS | {"red_light": True})
    crashed = replace(GOOD, failed=True, score=0.0)
    states = [symptom.judge(trial(d)) for d in (GOOD, HIT, red, crashed, None)]
    assert states == ["good", "bad", "good", "skipped", "skipped"]
    assert symptom_of(trial(GOOD), trial(crashed), policy).judge(trial(crashed)) == "bad"


def test_without_a_rule_the_score_decides() -> None:
    symptom = symptom_of(trial(GOOD), trial(replace(GOOD, score=0.8)), load_policy())
    assert symptom.rules == () and symptom.text == "score below 0.850"
    assert symptom.judge(trial(replace(GOOD, score=0.86))) == "good"
    assert symptom.judge(trial(replace(GOOD, score=0.84))) == "bad"


@pytest.mark.parametrize(("good", "bad", "says"), [
    (GOOD, GOOD, "drive the scenario alike"), (None, HIT, "good revision could not be judged"),
    (GOOD, None, "bad revision could not be judged"),
])  # fmt: skip
def test_ends_that_tell_nothing(good, bad, says) -> None:
    with pytest.raises(InputError, match=says):
        symptom_of(trial(good), trial(bad), load_policy())


PLANNER = """
import numpy as np
from drivewm.scene import Trajectory
from helper import GAIN


class Mine:
    def reset(self, scenes):
        pass

    def plan(self, observation):
        t = np.arange(1, 31) * 0.1
        x, y, heading, speed = observation.ego[:, :4].T[..., None]
        ahead = GAIN * speed * t
        poses = [x + ahead * np.cos(heading), y + ahead * np.sin(heading), heading + 0 * t]
        return Trajectory(times_s=t, poses=np.stack(poses, -1))
"""


class Sources:
    """A repository being written."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.git("init", "-q", "-b", "main")
        self.git("config", "user.email", "a@b.c")
        self.git("config", "user.name", "A")

    def git(self, *arguments: str) -> str:
        command = ["git", "-C", str(self.folder), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def commit(self, subject: str, **files: str) -> str:
        for name, text in files.items():
            (self.folder / f"{name}.py").write_text(text)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", subject)
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def sources(tmp_path) -> Sources:
    return Sources(tmp_path / "planners")


def test_the_history_is_halved_and_the_working_tree_left_alone(sources, tmp_path) -> None:
    commits = [sources.commit(f"c{n}", planner=f"N = {n}") for n in range(9)]
    (sources.folder / "planner.py").write_text("not committed")
    (sources.folder / "new.py").write_text("untracked")
    hook = sources.folder / ".git/hooks/post-checkout"
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/hooked\n")
    hook.chmod(0o755)
    before = sources.git("status", "--porcelain=v2", "--branch")
    repository = Repository(sources.folder)
    left = repository.between(commits[8], [commits[0]])
    assert left[0] in commits[3:6] and set(left) == set(commits[1:])
    with repository.worktree(commits[2]) as tree:
        assert (tree / "planner.py").read_text() == "N = 2"
        assert not (tree / "new.py").exists()
    assert not tree.exists() and not (tmp_path / "hooked").exists()
    assert sources.git("status", "--porcelain=v2", "--branch") == before
    assert len(sources.git("worktree", "list").splitlines()) == 1
    assert (sources.folder / "planner.py").read_text() == "not committed"


def test_a_side_branch_is_searched_too(sources) -> None:
    base = sources.commit("base", planner="0")
    sources.git("checkout", "-q", "-b", "side")
    culprit = sources.commit("side", other="1")
    sources.git("checkout", "-q", "main")
    sources.commit("main", planner="1")
    sources.git("merge", "-q", "--no-ff", "-m", "merge", "side")
    merge = sources.git("rev-parse", "HEAD")
    repository = Repository(sources.folder)

    def judge(commit: str) -> Step:
        return Step(commit=commit, text="",
                    state="bad" if repository.has(commit, "other.py") else "good")  # fmt: skip

    assert search(base, merge, repository.between, judge).commit == culprit


def test_bad_revisions_and_planners_are_named(sources, tmp_path, monkeypatch) -> None:
    sources.commit("one", planner="1")
    with pytest.raises(InputError, match="no such revision 'v9'"):
        Repository(sources.folder).commit("v9")
    with pytest.raises(InputError, match="git"):
        Repository(tmp_path)
    with pytest.raises(InputError, match="no such folder"):
        Repository(tmp_path / "gone")
    root = Repository(sources.folder).root
    monkeypatch.chdir(tmp_path)
    assert planner_text("planners/planner.py:Mine?a=1", root) == "planner.py:Mine?a=1"
    assert planner_text("planner.py", root) == "planner.py"
    assert planner_text("pkg.mod:Mine", root) == "pkg.mod:Mine"
    with pytest.raises(InputError, match="not in the repository"):
        planner_text("../elsewhere.py", root)


def five_commits(sources: Sources) -> list[str]:
    """Fine, fine, unloadable, stands still, still stands still."""
    return [
        sources.commit("fine", planner=PLANNER, helper="GAIN = 1.0"),
        sources.commit("comment", planner=PLANNER + "# more\n"),
        sources.commit("typo", helper="GAIN = = 1.0"),
        sources.commit("stop", helper="GAIN = 0.0"),
        sources.commit("later", planner=PLANNER + "# later\n"),
    ]


def bisect(sources: Sources, ends: tuple[str, str], fleet: str, scene: str, log: Path) -> dict:
    """The verb's log."""
    code = cli.main([
        "bisect", *ends, "--repo", str(sources.folder), "--planner", "planner.py:Mine",
        "--fleet", fleet, "--scenario", scene, "--json", str(log),
    ])  # fmt: skip
    assert code == 0
    return json.loads(log.read_text())


def check_log(found: dict, commits: list[str]) -> None:
    states = {step["title"].split()[-1]: step["state"] for step in found["steps"]}
    assert states["typo"] == "skipped" and states["comment"] == "good"
    assert found["first_bad"] is None and found["suspects"] == commits[2:4]


def by_hand(tree: Path, setup, out: Path) -> subprocess.CompletedProcess[str]:
    """What `drivewm score` would do with a revision, without driving."""
    text = (tree / "helper.py").read_text()
    if "= =" in text:
        return subprocess.CompletedProcess([], 2, "", "drivewm score: invalid syntax\n")
    stuck = "0.0" in text
    drive = Driven(scenario=setup.scenario, seed=setup.seed, stuck=stuck, score=float(not stuck))
    write(out, [drive], planner=LABEL)
    return subprocess.CompletedProcess([], 0, "", "")


def test_the_verb_skips_what_cannot_be_judged(sources, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setattr(trials, "_score", by_hand)
    commits = five_commits(sources)
    log = tmp_path / "log.json"
    check_log(bisect(sources, (commits[0], commits[4]), "f", "cut_in/0", log), commits)
    shown = capsys.readouterr().out
    assert "bad is: no progress" in shown and "skipped" in shown and "one of these" in shown
    fixed = sources.commit("mend", helper="GAIN = 1.0")
    worse = sources.commit("again", helper="GAIN = 0.00")
    assert bisect(sources, (fixed, worse), "f", "cut_in/0", log)["first_bad"] == worse
    assert f"first bad commit: {worse[:7]} again (A, " in capsys.readouterr().out


@pytest.mark.slow
def test_the_verb_drives_each_revision_in_a_process_of_its_own(
    sources, small_fleet, tmp_path
) -> None:
    commits = five_commits(sources)
    ends, scene = (commits[0], commits[4]), small_fleet.scenes[0].id
    found = bisect(sources, ends, str(small_fleet.path), scene, tmp_path / "log.json")
    check_log(found, commits)


def test_the_verb_refuses_what_it_cannot_search(sources, capsys) -> None:
    old = sources.commit("old", planner="1")
    new = sources.commit("new", planner="2")
    common = ["--repo", str(sources.folder), "--planner", "planner.py", "--fleet", "f",
              "--scenario", "s"]  # fmt: skip
    for good, bad, says in ((old, old, "one commit"), (new, old, "not in the history")):
        assert cli.main(["bisect", good, bad, *common]) == 2
        assert says in capsys.readouterr().err
    (sources.folder / "drivewm").mkdir()
    (sources.folder / "drivewm/__init__.py").write_text("")
    shadow = sources.commit("shadow")
    assert cli.main(["bisect", old, shadow, *common]) == 2
    assert "a package named drivewm" in capsys.readouterr().err
