"""Events counted over seeds: where the seeds differ, and in scenarios that are flaky."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from drivewm.eval.gate import statistics
from drivewm.eval.gate.facts import EVENTS, Drive, Info
from drivewm.eval.gate.findings import RULES, Finding, Test
from drivewm.eval.gate.policy import Policy
from drivewm.eval.gate.rules import Drives, has_event, is_flaky
from drivewm.eval.gate.statistics import Stratum


class Side(NamedTuple):
    """A scenario on both sides, drives that failed left out."""

    info: Info
    old: Drives
    new: Drives

    @property
    def differs(self) -> bool:
        """Were other seeds driven?"""
        return set(self.old) != set(self.new)


def enough(side: Side, policy: Policy) -> bool:
    """Are there seeds enough on both sides?"""
    return min(len(side.old), len(side.new)) >= policy.counts.min_seeds


def new_events(side: Side, rule: str, policy: Policy) -> Finding | None:
    """Other seeds: no event in the baseline and some in the candidate."""
    severity = policy.rules.model_dump()[rule]
    if severity == "ignore" or not side.differs or not enough(side, policy):
        return None
    hit = [seed for seed in sorted(side.new) if has_event(rule, side.new[seed])]
    if any(has_event(rule, drive) for drive in side.old.values()):
        return None
    if len(hit) < policy.counts.zero_to:
        return None
    return Finding(
        rule=rule, severity=severity, scenario=side.info.id, seeds=tuple(hit), size=len(hit),
        text=f"{RULES[rule]} in {len(hit)} of {len(side.new)} drives; in 0 of {len(side.old)} "
        "of the baseline",
    )  # fmt: skip


def count_tests(
    sides: Sequence[Side], policy: Policy, waived: Mapping[str, Sequence[str]]
) -> list[Test]:
    """Exact tests of every rule over all scenarios and over families.

    A scenario takes part where its seeds differ (and are enough) or where it is flaky; equal seeds
    that are steady were judged one by one. Which families are tested depends on the baseline alone:
    one whose baseline has no event is judged by ``zero_to``.

    Args:
        sides: of all shared scenarios.
        policy: what is tested and how.
        waived: rule -> scenarios that do not count.
    """
    severities = policy.rules.model_dump()
    drafts: list[_Draft] = []
    for rule in EVENTS:
        if severities[rule] == "ignore":
            continue
        taken = [s for s in sides if _takes_part(s, rule, policy)
                 and s.info.id not in waived.get(rule, ())]  # fmt: skip
        drafts += _drafts(rule, taken, policy)
    tested = [draft for draft in drafts if not draft.is_sudden]
    p = statistics.adjusted([draft.p for draft in tested], policy.statistics.method)
    tests = [_test(draft, float(q), policy) for draft, q in zip(tested, p)]
    tests += [_test(draft, draft.p, policy) for draft in drafts if draft.is_sudden]
    return tests + _impact_tests(sides, policy, waived)


class _Draft(NamedTuple):
    rule: str
    scope: str
    scope_name: str
    strata: list[Stratum]
    p: float
    is_sudden: bool  # no event before, and enough now


def _takes_part(side: Side, rule: str, policy: Policy) -> bool:
    if side.differs:
        return enough(side, policy)
    return is_flaky(rule, side.old, policy.limits)


def _drafts(rule: str, sides: Sequence[Side], policy: Policy) -> list[_Draft]:
    families: dict[str, list[Side]] = {}
    for side in sides:
        families.setdefault(side.info.family, []).append(side)
    scopes = [("all", "", list(sides))]
    scopes += [("family", name, families[name]) for name in sorted(families)]
    drafts = []
    for scope, name, members in scopes:
        strata = [_stratum(side, rule) for side in members]
        before = sum(s.before_events for s in strata)
        after = sum(s.after_events for s in strata)
        # A suite's family is one conflict; places of a fleet are too wide for a count of two.
        narrow = scope == "family" and not any(side.info.is_fleet for side in members)
        sudden = before == 0 and narrow and after >= policy.counts.zero_to
        least = statistics.least_more_events(strata) if strata else 1.0
        testable = least <= policy.statistics.false_discovery_rate
        if sudden or (testable and (scope == "all" or before > 0)):
            drafts.append(_Draft(rule, scope, name, strata, statistics.more_events(strata), sudden))
    return drafts


def _stratum(side: Side, rule: str) -> Stratum:
    return Stratum(
        sum(has_event(rule, drive) for drive in side.old.values()), len(side.old),
        sum(has_event(rule, drive) for drive in side.new.values()), len(side.new),
    )  # fmt: skip


def _test(draft: _Draft, adjusted: float, policy: Policy) -> Test:
    before = sum(s.before_events for s in draft.strata)
    after = sum(s.after_events for s in draft.strata)
    fires = draft.is_sudden or adjusted <= policy.statistics.false_discovery_rate
    severity = policy.rules.model_dump()[draft.rule]
    text = (
        f"{RULES[draft.rule]} in {after} of {sum(s.after for s in draft.strata)} drives, was "
        f"{before} of {sum(s.before for s in draft.strata)} (exact test p = {draft.p:.2g}, "
        f"adjusted {adjusted:.2g})"
    )
    return Test(
        kind="count", name=draft.rule, scope=draft.scope, scope_name=draft.scope_name,  # type: ignore[arg-type]
        units=len(draft.strata), before=before, after=after, low=None, high=None, p=draft.p,
        adjusted=adjusted, verdict=severity if fires else "same", text=text,
    )  # fmt: skip


def _impact_tests(
    sides: Sequence[Side], policy: Policy, waived: Mapping[str, Sequence[str]]
) -> list[Test]:
    """Impact speeds over other seeds, labels shuffled within each scenario."""
    severity = policy.rules.impact_speed
    taken = [s for s in sides if _takes_part(s, "impact_speed", policy)
             and s.info.id not in waived.get("impact_speed", ())
             and _can_be_hit(s)]  # fmt: skip
    if severity == "ignore" or not taken:
        return []
    families = sorted({side.info.family for side in taken})
    scopes = [("all", "", taken)] if len(families) > 1 else []
    scopes += [("family", n, [s for s in taken if s.info.family == n]) for n in families]
    results = []
    for scope, name, members in scopes:
        before = [_speeds(side.old) for side in members]
        after = [_speeds(side.new) for side in members]
        p = statistics.larger_values(
            before, after, "impact_speed", scope, name, draws=policy.statistics.draws
        )
        results.append((scope, name, before, after, p))
    adjusted = statistics.adjusted([r[-1] for r in results], policy.statistics.method)
    return [_impact_test(*r, adjusted=float(q), policy=policy) for r, q in zip(results, adjusted)]


def _can_be_hit(side: Side) -> bool:
    """Is there an impact to compare with, or one that nobody can avoid?"""
    drives = [*side.old.values(), *side.new.values()]
    return any(d.unavoidable for d in drives) or any(d.had_contact for d in side.old.values())


def _impact_test(scope, name, before, after, p, *, adjusted: float, policy: Policy) -> Test:
    old = float(np.mean([speeds.mean() for speeds in before]))
    new = float(np.mean([speeds.mean() for speeds in after]))
    fires = (
        adjusted <= policy.statistics.false_discovery_rate
        and new - old > policy.limits.impact_speed_mps
    )
    return Test(
        kind="count", name="impact_speed", scope=scope, scope_name=name, units=len(before),
        before=old, after=new, low=None, high=None, p=p, adjusted=adjusted,
        verdict=policy.rules.impact_speed if fires else "same",  # type: ignore[arg-type]
        text=f"mean impact speed {new:.1f} m/s, was {old:.1f} m/s (label shuffles p = {p:.2g}, "
        f"adjusted {adjusted:.2g})",
    )  # fmt: skip


def _speeds(drives: Mapping[int, Drive]) -> np.ndarray:
    return np.array([drives[seed].impact_speed_mps or 0.0 for seed in sorted(drives)])
