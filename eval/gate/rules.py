"""What one scenario may not do worse at equal seeds, and what makes it flaky."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from drivewm.eval.gate.facts import EVENTS, Drive
from drivewm.eval.gate.findings import RULES, Finding, Flaky
from drivewm.eval.gate.policy import Limits, Policy

Drives = Mapping[int, Drive]  # by seed
# Where one of these fails, that the scenario was not passed is its consequence and told no more.
CAUSES = ("at_fault_collision", "road_departure", "red_light", "impact_speed", "no_progress")


class Pair(NamedTuple):
    """The same scenario at the same seed."""

    seed: int
    old: Drive
    new: Drive


class Hit(NamedTuple):
    """A pair that breaks a rule, and by how much."""

    pair: Pair
    size: float


def pairs_of(old: Drives, new: Drives) -> list[Pair]:
    """Equal seeds at which both sides drove."""
    return [
        Pair(seed, old[seed], new[seed])
        for seed in sorted(old)
        if seed in new and not old[seed].failed and not new[seed].failed
    ]


def scenario_findings(
    scenario: str, old: Drives, new: Drives, policy: Policy
) -> tuple[list[Finding], list[Flaky]]:
    """Findings (not yet waived) and flaky events of one scenario."""
    pairs = pairs_of(old, new)
    hits: dict[str, list[Hit]] = {rule: _event_hits(pairs, rule) for rule in EVENTS}
    hits |= _speed_hits(pairs, policy.limits)
    hits |= _warning_hits(pairs, policy.limits, {hit.pair.seed for hit in hits["impact_speed"]})
    severities = policy.rules.model_dump()
    told = [rule for rule in CAUSES
            if severities[rule] == "fail" and not is_flaky(rule, old, policy.limits)]  # fmt: skip
    causes = {hit.pair.seed for rule in told for hit in hits[rule]}
    hits["not_passed"] = [hit for hit in hits["not_passed"] if hit.pair.seed not in causes]
    findings, flaky = [], []
    for rule in RULES:
        severity = severities.get(rule, "ignore")
        if severity == "ignore":
            continue
        if is_flaky(rule, old, policy.limits):
            flaky.append(_flaky(scenario, rule, old, new, hits[rule]))
        elif hits[rule]:
            findings.append(_finding(scenario, rule, severity, hits[rule], policy))
    return findings, _without_echo(flaky)


def _without_echo(flaky: Sequence[Flaky]) -> list[Flaky]:
    """Not passed as often as something else happened: that is told once."""
    others = [(f.before_events, f.after_events) for f in flaky if f.rule in CAUSES]
    return [
        f for f in flaky
        if f.rule != "not_passed" or (f.before_events, f.after_events) not in others
    ]  # fmt: skip


def is_flaky(rule: str, old: Drives, limits: Limits) -> bool:
    """Does a safety rule's event come and go within the baseline's seeds?"""
    drives = [drive for drive in old.values() if not drive.failed]
    if rule in EVENTS:
        return len({drive.events.get(rule) for drive in drives}) > 1
    if rule == "impact_speed":
        speeds = [d.impact_speed_mps for d in drives if d.impact_speed_mps is not None]
        return bool(speeds) and max(speeds) - min(speeds) > limits.impact_speed_mps
    return False


def has_event(rule: str, drive: Drive) -> bool:
    """Did it occur? Impacts count as such at any speed."""
    if rule == "impact_speed":
        return bool(drive.had_contact)
    return bool(drive.events.get(rule))


def _event_hits(pairs: Sequence[Pair], rule: str) -> list[Hit]:
    return [
        Hit(pair, pair.new.impact_speed_mps or 0.0)
        for pair in pairs
        if pair.new.events.get(rule) and not pair.old.events.get(rule)
    ]


def _speed_hits(pairs: Sequence[Pair], limits: Limits) -> dict[str, list[Hit]]:
    """Harder impacts where there was one (or none can be avoided); contacts that are new."""
    faster, contacts = [], []
    for pair in pairs:
        before, now = pair.old.impact_speed_mps, pair.new.impact_speed_mps
        if before is None or now is None:
            continue
        if before > 0 or pair.new.unavoidable:
            if now - before > limits.impact_speed_mps:
                faster.append(Hit(pair, now - before))
        elif now > 0 and not pair.new.events.get("at_fault_collision"):
            contacts.append(Hit(pair, now))
    return {"impact_speed": faster, "contact_not_at_fault": contacts}


def _warning_hits(pairs: Sequence[Pair], limits: Limits, hard: set[int]) -> dict[str, list[Hit]]:
    """Less distance to harm and less comfort, without a contact."""
    short = [
        Hit(pair, drop)
        for pair, drop in _changes(pairs, "min_ttc_s", -1)
        if drop > limits.ttc_drop_s
        and (pair.new.measures["min_ttc_s"] or 0.0) < limits.short_ttc_s
        and not pair.new.had_contact
        and pair.seed not in hard
    ]
    rough = [
        Hit(pair, rise)
        for pair, rise in _changes(pairs, "ride_rms_mps2", 1)
        if rise > limits.ride_rms_mps2
    ]
    drops = [Hit(pair, pair.old.score - pair.new.score) for pair in pairs]
    mean = float(np.mean([hit.size for hit in drops])) if drops else 0.0
    worst = [hit for hit in drops if hit.size > 0] if mean > limits.score_drop else []
    return {"short_ttc": short, "rough_ride": rough, "score_drop": worst}


def _changes(pairs: Sequence[Pair], measure: str, sign: int) -> Iterator[tuple[Pair, float]]:
    for pair in pairs:
        before, now = pair.old.measures.get(measure), pair.new.measures.get(measure)
        if before is not None and now is not None:
            yield pair, sign * (now - before)


def _flaky(scenario: str, rule: str, old: Drives, new: Drives, hits: Sequence[Hit]) -> Flaky:
    before = [drive for drive in old.values() if not drive.failed]
    after = [drive for drive in new.values() if not drive.failed]
    return Flaky(
        scenario=scenario, rule=rule,
        before_events=sum(has_event(rule, drive) for drive in before), before=len(before),
        after_events=sum(has_event(rule, drive) for drive in after), after=len(after),
        new_seeds=tuple(hit.pair.seed for hit in hits),
    )  # fmt: skip


def _finding(scenario: str, rule: str, severity, hits: Sequence[Hit], policy: Policy) -> Finding:
    ranked = sorted(hits, key=lambda hit: (-hit.size, hit.pair.seed))
    return Finding(
        rule=rule, severity=severity, scenario=scenario, size=ranked[0].size,
        seeds=tuple(hit.pair.seed for hit in ranked), text=_TEXTS[rule](ranked[0].pair),
    )  # fmt: skip


def _collision(pair: Pair) -> str:
    when = pair.new.collision_time_s
    speed = pair.new.impact_speed_mps
    return (
        "collides at its fault"
        + (f" at {when:.1f} s" if when is not None else "")
        + (f", impact {speed:.1f} m/s" if speed else "")
        + "; the baseline does not"
    )


def _values(measure: str, unit: str) -> Callable[[Pair], str]:
    def text(pair: Pair) -> str:
        before, now = pair.old.measures[measure], pair.new.measures[measure]
        return f"{now:.2f} {unit}, was {before:.2f} {unit}"

    return text


def _not_passed(pair: Pair) -> str:
    return f"no longer passed: {pair.new.reason or 'no reason given'}"


_TEXTS: dict[str, Callable[[Pair], str]] = {
    "at_fault_collision": _collision,
    "road_departure": lambda pair: "leaves the road; the baseline does not",
    "red_light": lambda pair: "runs a red light; the baseline does not",
    "impact_speed": lambda pair: (
        f"impact at {pair.new.impact_speed_mps or 0:.1f} m/s, was "
        + (f"{pair.old.impact_speed_mps:.1f} m/s" if pair.old.impact_speed_mps else "none")
    ),
    "not_passed": _not_passed,
    "no_progress": lambda pair: "does not get on; the baseline does",
    "contact_not_at_fault": lambda pair: (
        f"contact at {pair.new.impact_speed_mps or 0:.1f} m/s, not at its fault; the baseline has "
        "none"
    ),
    "short_ttc": _values("min_ttc_s", "s"),
    "rough_ride": _values("ride_rms_mps2", "m/s²"),
    "score_drop": lambda pair: f"score {pair.new.score:.2f}, was {pair.old.score:.2f}",
}
