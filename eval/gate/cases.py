"""What all outputs tell of a scenario: one entry each, its findings together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from drivewm.eval.gate.findings import RULES, Comparison, Finding, worst_first
from drivewm.eval.gate.replay import replay_command

State = Literal["fail", "error", "waived", "flaky", "warn", "new", "dropped", "pass"]


@dataclass(frozen=True, kw_only=True)
class Case:
    """One scenario. Scores are means over its seeds."""

    scenario: str
    family: str
    group: str
    file: str | None
    line: int | None
    state: State
    findings: Sequence[Finding]
    seed: int | None  # to replay and to watch: the worst of the first finding
    before: float | None
    after: float | None
    drives: int  # of the candidate
    replay: str | None
    errors: Sequence[str]  # why it could not be judged

    @property
    def title(self) -> str:
        """The rules that fail, else those that warn."""
        fails = [f for f in self.findings if f.fails] or list(self.findings)
        return ", ".join(RULES[finding.rule] for finding in fails)

    @property
    def text(self) -> str:
        """The first finding, with the seeds where there are several."""
        if not self.findings:
            return "; ".join(self.errors)
        return told(self.findings[0])


def told(finding: Finding) -> str:
    """A finding in words."""
    seeds = f" (seeds {', '.join(map(str, finding.seeds))})" if len(finding.seeds) > 1 else ""
    waived = finding.waiver
    note = f" [waived by {waived.owner} until {waived.expires}: {waived.reason}]" if waived else ""
    return f"{finding.text}{seeds}{note}"


def cases(comparison: Comparison) -> list[Case]:
    """Every scenario of either side, worst first."""
    by_scenario: dict[str, list[Finding]] = {}
    for finding in comparison.findings:
        by_scenario.setdefault(finding.scenario, []).append(finding)
    unjudged = [item.scenario for item in comparison.unjudged if item.scenario is not None]
    names = {*comparison.baseline.infos, *comparison.candidate.infos, *by_scenario, *unjudged}
    made = [_case(comparison, name, by_scenario.get(name, [])) for name in sorted(names)]
    order = list(State.__args__)  # type: ignore[attr-defined]
    return sorted(made, key=lambda case: (
        order.index(case.state),
        worst_first(case.findings[0])[:4] if case.findings else (),
        case.scenario,
    ))  # fmt: skip


def _case(comparison: Comparison, name: str, findings: list[Finding]) -> Case:
    old, new = comparison.baseline, comparison.candidate
    info = new.infos.get(name) or old.infos.get(name)
    errors = [item.text for item in comparison.unjudged if item.scenario == name]
    seeds = findings[0].seeds if findings else ()
    seed = seeds[0] if seeds else None
    here = next((drive.seed for drive in new.of_scenario(name).values()), None)
    shown = seed if seed is not None else here
    return Case(
        scenario=name, family=info.family if info else "", group=info.group if info else "",
        file=info.file if info else None, line=info.line if info else None,
        state=_state(comparison, name, findings, errors), findings=findings, seed=shown,
        before=_mean(old, name), after=_mean(new, name), drives=len(new.of_scenario(name)),
        replay=None if shown is None else replay_command(new, name, shown), errors=errors,
    )  # fmt: skip


def _state(
    comparison: Comparison, name: str, findings: Sequence[Finding], errors: Sequence[str]
) -> State:
    if any(finding.fails for finding in findings):
        return "fail"
    if errors:
        return "error"
    if any(finding.waiver for finding in findings):
        return "waived"
    if name in comparison.new:
        return "new"
    if name in comparison.dropped:
        return "dropped"
    if any(item.scenario == name for item in comparison.flaky):
        return "flaky"
    return "warn" if findings else "pass"


def _mean(run, name: str) -> float | None:
    scores = [drive.score for drive in run.of_scenario(name).values()]
    return sum(scores) / len(scores) if scores else None


def place_of(file: str | None, root: Path) -> str | None:
    """A file as a path below ``root``; None where it is none of the checkout's (a scenario of the
    library in somebody else's repository). Relative ones count from here, else from ``root``."""
    if file is None:
        return None
    for base in (Path.cwd(), root):
        path = (base / file).resolve()
        if path.is_file() and path.is_relative_to(root.resolve()):
            return path.relative_to(root.resolve()).as_posix()
    return None
