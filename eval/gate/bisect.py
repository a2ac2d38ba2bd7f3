"""Binary search for the commit that made a scenario worse."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from drivewm.errors import InputError
from drivewm.eval.gate.facts import Drive
from drivewm.eval.gate.findings import RULES
from drivewm.eval.gate.policy import Policy
from drivewm.eval.gate.rules import scenario_findings

State = Literal["good", "bad", "skipped"]
LEAST_DROP = 0.01  # of a score, below which two drives are alike


@dataclass(frozen=True, kw_only=True)
class Trial:
    """What a revision of the planner did; without a drive it could not be judged."""

    drive: Drive | None
    text: str  # why not, or what happened


@dataclass(frozen=True, kw_only=True)
class Step:
    """One revision that was tried."""

    commit: str
    state: State
    text: str


@dataclass(frozen=True, kw_only=True)
class Found:
    """The first bad commit; where revisions could not be judged, it or one of ``suspects``."""

    commit: str
    suspects: tuple[str, ...]
    steps: tuple[Step, ...]


@dataclass(frozen=True, kw_only=True)
class Symptom:
    """By what a bad drive is told from a good one."""

    good: Drive
    rules: tuple[str, ...]  # empty: by the score
    least_score: float
    policy: Policy

    @property
    def text(self) -> str:
        if self.rules:
            return ", ".join(RULES[rule] for rule in self.rules)
        return f"score below {self.least_score:.3f}"

    def judge(self, trial: Trial) -> State:
        """Good, bad, or neither can be said."""
        if trial.drive is None:
            return "skipped"
        if trial.drive.failed:
            return "bad" if "failed_drive" in self.rules else "skipped"
        if self.rules:
            broken = _broken(self.good, trial.drive, self.policy)
            return "bad" if any(rule in self.rules for rule in broken) else "good"
        return "bad" if trial.drive.score < self.least_score else "good"


def symptom_of(good: Trial, bad: Trial, policy: Policy) -> Symptom:
    """What the bad revision does worse: a rule of the gate (what fails before what warns), else a
    lower score, told by the middle between the two.

    Raises:
        InputError: the good revision could not be judged, or the bad one is no worse.
    """
    if good.drive is None or good.drive.failed:
        raise InputError(f"the good revision could not be judged: {good.text}", field="GOOD",
                         fix="choose one whose planner drives the scenario")  # fmt: skip
    if bad.drive is None:
        raise InputError(f"the bad revision could not be judged: {bad.text}", field="BAD",
                         fix="choose one whose planner loads")  # fmt: skip
    rules: Sequence[str] = ["failed_drive"]
    if not bad.drive.failed:
        rules = _broken(good.drive, bad.drive, policy)
    if not rules and good.drive.score - bad.drive.score < LEAST_DROP:
        raise InputError("both revisions drive the scenario alike: "
                         f"score {good.drive.score:.3f} and {bad.drive.score:.3f}", field="BAD",
                         fix="check the scenario, the seed and the options")  # fmt: skip
    middle = (good.drive.score + bad.drive.score) / 2
    return Symptom(good=good.drive, rules=tuple(rules), least_score=middle, policy=policy)


def _broken(good: Drive, drive: Drive, policy: Policy) -> list[str]:
    """Rules that a drive breaks against the good one; only those that fail, if any does."""
    found, _ = scenario_findings(drive.scenario, {drive.seed: good}, {drive.seed: drive}, policy)
    failing = [finding.rule for finding in found if finding.severity == "fail"]
    return failing or [finding.rule for finding in found if finding.rule != "score_drop"]


def search(
    good: str, bad: str,
    between: Callable[[str, Sequence[str]], list[str]],
    judge: Callable[[str], Step],
) -> Found:  # fmt: skip
    """Halves the history until one commit is left.

    Args:
        good, bad: commits that are known to be so.
        between: (bad, goods) -> commits that are left, best first, ``bad`` among them.
        judge: tries a commit; called once for each.
    """
    goods, skipped = [good], list[str]()
    steps: list[Step] = []
    while True:
        left = between(bad, goods)
        untried = [commit for commit in left if commit != bad and commit not in skipped]
        if not untried:
            suspects = tuple(commit for commit in left if commit in skipped)
            return Found(commit=bad, suspects=suspects, steps=tuple(steps))
        step = judge(untried[0])
        steps.append(step)
        if step.state == "good":
            goods.append(step.commit)
        elif step.state == "bad":
            bad = step.commit
        else:
            skipped.append(step.commit)
