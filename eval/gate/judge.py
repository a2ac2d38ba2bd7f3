"""Compares two runs: the whole gate without its output."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from drivewm.eval.gate import waivers as waiving
from drivewm.eval.gate.changes import change_tests
from drivewm.eval.gate.comparable import refusals
from drivewm.eval.gate.counts import Side, count_tests, enough, new_events
from drivewm.eval.gate.facts import SAFETY_RULES, Drive
from drivewm.eval.gate.findings import (
    Comparison,
    Finding,
    Flaky,
    Unjudged,
    worst_first,
)
from drivewm.eval.gate.policy import Policy
from drivewm.eval.gate.rules import scenario_findings
from drivewm.eval.gate.runs import Run
from drivewm.eval.gate.waiver_states import needed, states
from drivewm.eval.gate.waivers import Waiver


def compare(
    baseline: Run, candidate: Run, policy: Policy, waivers: Sequence[Waiver] = (), *, today: date
) -> Comparison:
    """Judges a candidate against a baseline.

    Args:
        baseline, candidate: one planner's results each.
        policy: what fails.
        waivers: what does not, until a day.
        today: decides which waivers have expired.
    """
    why_not = tuple(refusals(baseline, candidate, policy))
    empty = Comparison(
        baseline=baseline, candidate=candidate, policy=policy, today=today, refusals=why_not,
        new=tuple(sorted(set(candidate.infos) - set(baseline.infos))),
        dropped=tuple(sorted(set(baseline.infos) - set(candidate.infos))),
    )  # fmt: skip
    known = sorted({*baseline.infos, *candidate.infos})
    if why_not:
        return replace(empty, waivers=tuple(states(waivers, [], known, today)))
    sides = [_side(name, baseline, candidate) for name in empty.shared]
    found, flaky = _one_by_one(sides, policy)
    found += _failed(candidate, baseline) + _one_sided(empty, policy)
    findings = [_waived(finding, waivers, today) for finding in found]
    active = [waiver for waiver in waivers if not waiver.has_expired(today)]
    waived = {
        rule: [waiver.scenario for waiver in active if waiver.covers(waiver.scenario, rule)]
        for rule in SAFETY_RULES
    }
    judged = [side for side in sides if side.old and side.new]
    let_go = [finding.scenario for finding in findings if finding.waiver is not None]
    scored = [side for side in _scored(empty) if side.info.id not in let_go]
    return replace(
        empty,
        unjudged=tuple(_unjudged(baseline, sides, policy)),
        findings=tuple(sorted(findings, key=worst_first)),
        tests=tuple(count_tests(judged, policy, waived) + change_tests(scored, policy)),
        flaky=tuple(sorted(flaky, key=_worsened_first)),
        waivers=tuple(states(waivers, needed(active, findings, flaky), known, today)),
        notes=tuple(_seed_notes(empty, policy) + _notes(baseline, candidate)),
    )


def _side(name: str, baseline: Run, candidate: Run) -> Side:
    """Without drives that failed: they are told apart."""
    old, new = (
        {seed: drive for seed, drive in run.of_scenario(name).items() if not drive.failed}
        for run in (baseline, candidate)
    )
    return Side(candidate.infos[name], old, new)


def _scored(comparison: Comparison) -> list[Side]:
    """As the score counts them: the candidate's failed drives among them, as 0."""
    sides = []
    for name in comparison.shared:
        old = comparison.baseline.of_scenario(name)
        if all(not drive.failed for drive in old.values()):
            new = comparison.candidate.of_scenario(name)
            sides.append(Side(comparison.candidate.infos[name], old, new))
    return sides


def _one_by_one(sides: Sequence[Side], policy: Policy) -> tuple[list[Finding], list[Flaky]]:
    found: list[Finding] = []
    flaky: list[Flaky] = []
    for side in sides:
        findings, unsteady = scenario_findings(side.info.id, side.old, side.new, policy)
        found += findings
        flaky += unsteady
        at_once = {finding.rule for finding in findings}
        for rule in SAFETY_RULES[:3] + SAFETY_RULES[4:]:  # an impact's speed is no count
            if rule not in at_once and (more := new_events(side, rule, policy)) is not None:
                found.append(more)
    return found, flaky


def _failed(candidate: Run, baseline: Run) -> list[Finding]:
    """Drives that the candidate could not finish, and that are missing from its tables."""
    broken: dict[str, list[Drive]] = {}
    for (name, _), drive in sorted(candidate.drives.items(), key=lambda item: item[0]):
        if drive.failed and not _failed_before(drive, baseline):
            broken.setdefault(name, []).append(drive)
    found = [
        Finding(
            rule="failed_drive", severity="fail", scenario=name, size=len(drives),
            seeds=tuple(drive.seed for drive in drives),
            text=drives[0].reason or "no reason given",
        )
        for name, drives in broken.items()
    ]  # fmt: skip
    gone: dict[str, list[int]] = {}
    for name, seed in candidate.missing:
        gone.setdefault(name, []).append(seed)
    return found + [
        Finding(rule="failed_drive", severity="fail", scenario=name, seeds=tuple(seeds),
                size=len(seeds), text="the candidate's results promise the drive and lack it")
        for name, seeds in gone.items()
    ]  # fmt: skip


def _failed_before(drive: Drive, baseline: Run) -> bool:
    """Did the baseline fail at this seed, or, where it has not driven it, at any?"""
    old = baseline.of_scenario(drive.scenario)
    same = old.get(drive.seed)
    return same.failed if same is not None else any(d.failed for d in old.values())


def _worsened_first(item: Flaky) -> tuple[float, str, str]:
    rise = item.after_events / max(item.after, 1) - item.before_events / max(item.before, 1)
    return -rise, item.scenario, item.rule


def _one_sided(comparison: Comparison, policy: Policy) -> list[Finding]:
    found = []
    for rule, severity, names, text in (
        ("new_scenario", policy.new_scenarios, comparison.new, "is not in the baseline"),
        ("dropped_scenario", policy.dropped_scenarios, comparison.dropped,
         "was not driven by the candidate"),
    ):  # fmt: skip
        if severity != "ignore":
            found += [
                Finding(rule=rule, severity=severity, scenario=name, seeds=(), text=text)
                for name in names
            ]
    return found


def _waived(finding: Finding, waivers: Sequence[Waiver], today: date) -> Finding:
    if finding.severity != "fail" or finding.rule not in SAFETY_RULES:
        return finding
    return replace(finding, waiver=waiving.find(waivers, finding.scenario, finding.rule, today))


def _unjudged(baseline: Run, sides: Sequence[Side], policy: Policy) -> list[Unjudged]:
    found = []
    for (name, seed), drive in sorted(baseline.drives.items()):
        if drive.failed:
            text = f"the baseline's drive failed (seed {seed}): {drive.reason or 'no reason given'}"
            found.append(Unjudged(scenario=name, text=text))
    for name, seed in baseline.missing:
        text = f"the baseline's results promise the drive of seed {seed} and lack it"
        found.append(Unjudged(scenario=name, text=text))
    for side in sides:
        none_shared = side.old and side.new and not set(side.old) & set(side.new)
        if none_shared and not enough(side, policy):
            found.append(Unjudged(
                scenario=side.info.id,
                text=f"no seed is on both sides, and of other seeds the policy wants "
                f"{policy.counts.min_seeds} each ({len(side.old)} and {len(side.new)} there)",
            ))  # fmt: skip
    return found


def _seed_notes(comparison: Comparison, policy: Policy) -> list[str]:
    """Seeds of one side that nothing was compared with."""
    apart = []
    for name in comparison.shared:
        old, new = (set(run.of_scenario(name))
                    for run in (comparison.baseline, comparison.candidate))  # fmt: skip
        if old != new and old & new and min(len(old), len(new)) < policy.counts.min_seeds:
            apart.append(name)
    if not apart:
        return []
    named = ", ".join(apart[:3]) + (", ..." if len(apart) > 3 else "")
    return [f"seeds on one side only, too few to count, in {named} ({len(apart)} in all); the "
            "shared ones were judged"]  # fmt: skip


def _notes(baseline: Run, candidate: Run) -> list[str]:
    """What a reader should know and no rule judges."""
    old, new = baseline.manifest, candidate.manifest
    notes = []
    if old.get("drivewm_version") != new.get("drivewm_version"):
        notes.append(f"made with drivewm {old.get('drivewm_version')} and "
                     f"{new.get('drivewm_version')}")  # fmt: skip
    if baseline.planner != candidate.planner:
        notes.append(f"planner '{baseline.planner}' against '{candidate.planner}'")
    if old.get("fingerprint") and old.get("fingerprint") == new.get("fingerprint"):
        notes.append("both results are of one and the same run: planner, scenarios and settings")
    for run, name in ((baseline, "baseline"), (candidate, "candidate")):
        if any(drive.not_reproducible for drive in run.drives.values()):
            notes.append(f"the {name} is not reproducible: plans had a deadline by the clock")
    return notes
