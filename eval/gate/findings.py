"""What a comparison finds: facts about scenarios, and tests over many of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from drivewm.eval.gate.policy import Policy
from drivewm.eval.gate.runs import Run
from drivewm.eval.gate.waivers import Waiver

Verdict = Literal["pass", "regression", "could not judge"]
CODES: dict[Verdict, int] = {"pass": 0, "regression": 1, "could not judge": 2}
RULES = {  # in the order of harm; what a reader sees
    "failed_drive": "drive failed",
    "at_fault_collision": "at-fault collision",
    "road_departure": "road departure",
    "red_light": "red light",
    "impact_speed": "faster impact",
    "not_passed": "not passed",
    "no_progress": "no progress",
    "score": "score",
    "contact_not_at_fault": "contact, not at fault",
    "short_ttc": "short TTC",
    "rough_ride": "rough ride",
    "score_drop": "score drop",
    "new_scenario": "new scenario",
    "dropped_scenario": "dropped scenario",
}


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something that one scenario does worse."""

    rule: str  # of RULES
    severity: Literal["fail", "warn"]
    scenario: str
    seeds: tuple[int, ...]  # at which; the worst first
    text: str
    size: float = 0.0  # how bad, among those of one rule
    waiver: Waiver | None = None  # by which it does not fail

    @property
    def fails(self) -> bool:
        return self.severity == "fail" and self.waiver is None


@dataclass(frozen=True, kw_only=True)
class Flaky:
    """An event that comes and goes with the seed in the baseline already."""

    scenario: str
    rule: str
    before_events: int
    before: int
    after_events: int
    after: int
    new_seeds: tuple[int, ...]  # equal seeds at which it is new


@dataclass(frozen=True, kw_only=True)
class Test:
    """One hypothesis over scenarios."""

    kind: Literal["count", "change"]
    name: str  # a rule, ``score`` or a measure
    scope: Literal["all", "group", "family"]
    scope_name: str
    units: int  # scenarios
    before: float  # mean; of counts the number of events
    after: float
    low: float | None  # 95 % bootstrap interval of the change; of counts None
    high: float | None
    p: float  # one-sided, for the direction that ``verdict`` tells
    adjusted: float
    verdict: Literal["fail", "warn", "better", "same"]
    text: str

    @property
    def title(self) -> str:
        """Where it was tested."""
        return "all scenarios" if self.scope == "all" else f"{self.scope} {self.scope_name}"


@dataclass(frozen=True, kw_only=True)
class Unjudged:
    """Why something could not be judged."""

    scenario: str | None
    text: str


@dataclass(frozen=True, kw_only=True)
class WaiverState:
    """What became of a waiver."""

    waiver: Waiver
    state: Literal["used", "unused", "expired", "unknown"]
    text: str


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Everything that the gate says."""

    baseline: Run
    candidate: Run
    policy: Policy
    today: date
    refusals: tuple[str, ...]  # nothing was compared
    unjudged: tuple[Unjudged, ...] = ()
    findings: tuple[Finding, ...] = ()  # worst first
    tests: tuple[Test, ...] = ()
    flaky: tuple[Flaky, ...] = ()
    new: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    waivers: tuple[WaiverState, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def failures(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.fails]

    @property
    def warnings(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.severity == "warn"]

    @property
    def failed_tests(self) -> list[Test]:
        return [test for test in self.tests if test.verdict == "fail"]

    @property
    def verdict(self) -> Verdict:
        """A regression that was found is one, whatever else could not be judged."""
        if self.refusals:
            return "could not judge"
        expired = any(state.state == "expired" for state in self.waivers)
        if self.failures or self.failed_tests or expired:
            return "regression"
        return "could not judge" if self.unjudged else "pass"

    @property
    def exit_code(self) -> int:
        return CODES[self.verdict]

    @property
    def shared(self) -> list[str]:
        """Scenarios of both sides."""
        return sorted(set(self.baseline.infos) & set(self.candidate.infos))


def worst_first(finding: Finding) -> tuple:
    """Sort key: what fails before what warns, harm before discomfort."""
    order = list(RULES)
    return (not finding.fails, finding.severity != "fail", order.index(finding.rule),
            -finding.size, finding.scenario)  # fmt: skip
