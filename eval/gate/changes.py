"""Changes of the score and of measures over scenarios: how large, how certain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from drivewm.eval.gate import statistics
from drivewm.eval.gate.counts import Side
from drivewm.eval.gate.facts import Drive
from drivewm.eval.gate.findings import Test
from drivewm.eval.gate.policy import Effect, Policy
from drivewm.eval.statistics import bootstrap_mean

MEASURES = {  # name -> title, unit, 1 where more is better
    "score": ("score", "", 1),
    "overspeed_mps": ("mean speed above the limit", "m/s", -1),
    "lane_offset_m": ("mean offset from the lane's middle", "m", -1),
    "ride_rms_mps2": ("ride (ISO 2631-1)", "m/s²", -1),
    "min_ttc_s": ("smallest TTC (at most 5 s)", "s", 1),
}


class Unit(NamedTuple):
    """A scenario (of a fleet a recording, with all its moments): means over its drives."""

    name: str
    families: tuple[str, str]  # group, family
    before: float
    after: float


@dataclass(frozen=True, kw_only=True)
class _Draft:
    name: str
    scope: str
    scope_name: str
    units: Sequence[Unit]
    tails: statistics.Tails

    @property
    def gains(self) -> np.ndarray:
        """[M] by how much each unit is better."""
        return _gains(self.name, self.units)


def change_tests(sides: Sequence[Side], policy: Policy) -> list[Test]:
    """Paired permutation tests of the score (over all, groups and families) and of measures (over
    all and groups), with false-discovery control over all of them.

    Args:
        sides: of all shared scenarios; a drive of the candidate that failed scores 0 and has no
            measures.
        policy: effects, verdicts and parameters.
    """
    drafts = []
    for name in MEASURES:
        if effect_of(name, policy).verdict != "ignore":
            drafts += _drafts(name, units_of(name, sides), policy)
    worse = statistics.adjusted([d.tails.lower for d in drafts], policy.statistics.method)
    better = statistics.adjusted([d.tails.upper for d in drafts], policy.statistics.method)
    return [
        _test(draft, float(low), float(high), policy)
        for draft, low, high in zip(drafts, worse, better)
    ]


def effect_of(name: str, policy: Policy) -> Effect:
    """The policy's word on the score or a measure."""
    return policy.score if name == "score" else getattr(policy.measures, name)


def units_of(name: str, sides: Sequence[Side]) -> list[Unit]:
    """Scenarios in which both sides know the value, by name; moments of one recording are one
    unit, seeds are averaged first."""
    found: dict[str, list[Unit]] = {}
    for side in sorted(sides, key=lambda side: side.info.id):
        before = _mean(name, list(side.old.values()))
        after = _mean(name, list(side.new.values()))
        if before is not None and after is not None:
            place = (side.info.group, side.info.family)
            unit = Unit(side.info.recording, place, before, after)
            found.setdefault(side.info.recording, []).append(unit)
    return [
        Unit(key, rows[0].families, float(np.mean([r.before for r in rows])),
             float(np.mean([r.after for r in rows])))
        for key, rows in sorted(found.items())
    ]  # fmt: skip


def _mean(name: str, drives: Sequence[Drive]) -> float | None:
    values = [d.score if name == "score" else d.measures.get(name)
              for d in sorted(drives, key=lambda d: d.seed)]  # fmt: skip
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def _gains(name: str, units: Sequence[Unit]) -> np.ndarray:
    sign = MEASURES[name][2]
    return np.array([sign * (unit.after - unit.before) for unit in units])


def _drafts(name: str, units: Sequence[Unit], policy: Policy) -> list[_Draft]:
    """Scopes that could reach the threshold at all (given the sizes of the changes, not their
    signs), each set of scenarios once."""
    settings = policy.statistics
    scopes: list[tuple[str, str, list[Unit]]] = [("all", "", list(units))]
    for place, scope in enumerate(("group", "family")):
        if scope == "family" and name != "score":
            continue
        for label in sorted({unit.families[place] for unit in units}):
            members = [unit for unit in units if unit.families[place] == label]
            if all(members != other for _, _, other in scopes):
                scopes.append((scope, label, members))
    drafts = []
    for scope, label, members in scopes:
        gains = _gains(name, members)
        least = statistics.least_sign_flips(gains, settings.draws)
        if least > settings.false_discovery_rate:
            continue
        tails = statistics.sign_flips(
            gains, name, scope, label, exact_up_to=settings.exact_up_to, draws=settings.draws
        )
        drafts.append(_Draft(name=name, scope=scope, scope_name=label, units=members, tails=tails))
    return drafts


def _test(draft: _Draft, worse: float, better: float, policy: Policy) -> Test:
    title, unit, sign = MEASURES[draft.name]
    effect, rate = effect_of(draft.name, policy), policy.statistics.false_discovery_rate
    gains = draft.gains
    gain = float(gains.mean())
    interval = bootstrap_mean(sign * gains, "gate", draft.name, draft.scope, draft.scope_name)
    verdict = "same"
    if worse <= rate and gain <= -max(effect.min_effect, 1e-9):
        verdict = effect.verdict
    elif better <= rate and gain >= max(effect.min_effect, 1e-9):
        verdict = "better"
    p, adjusted = (draft.tails.upper, better) if gain > 0 else (draft.tails.lower, worse)
    before = float(np.mean([u.before for u in draft.units]))
    after = float(np.mean([u.after for u in draft.units]))
    text = (
        f"{title} {_number(after)}{_unit(unit)}, was {_number(before)} (change "
        f"{sign * gain:+.3f} [{interval.low:+.3f}, {interval.high:+.3f}] over {len(gains)} "
        f"scenarios, p = {p:.2g}, adjusted {adjusted:.2g})"
    )
    return Test(
        kind="change", name=draft.name, scope=draft.scope, scope_name=draft.scope_name,  # type: ignore[arg-type]
        units=len(gains), before=before, after=after, low=interval.low, high=interval.high, p=p,
        adjusted=adjusted, verdict=verdict, text=text,  # type: ignore[arg-type]
    )  # fmt: skip


def _number(value: float) -> str:
    return f"{value:.3f}"


def _unit(unit: str) -> str:
    return f" {unit}" if unit else ""
