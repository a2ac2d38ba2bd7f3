"""How hard a contact was and how badly it hurts whom. Shapes: C contacts.

Each track is met once, at its first contact (``find_contacts``). Speeds are those of the step of
the contact; there are no crash dynamics.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from pydantic import Field

from drivewm.config import Config
from drivewm.measures.collision import Contacts
from drivewm.measures.history import History
from drivewm.measures.measure import Measure, register
from drivewm.scene import ScoreType, TrackColumn

IMPACT = register(
    Measure(
        name="impact_speed",
        title="Impact speed",
        unit="m/s",
        better="lower",
        range=(0.0, math.inf),
        threshold=None,
        source="norm of the relative velocity at the first contact",
        unseen="where the bodies touch; speed lost between two steps",
    )
)
DELTA_V = register(
    Measure(
        name="delta_v",
        title="Change of the ego's velocity in a contact",
        unit="m/s",
        better="lower",
        range=(0.0, math.inf),
        threshold=None,
        source="equal masses, plastic (nuPlan no_ego_at_fault_collisions); a barrier does not give "
        "way, a person or a loose object does",
        unseen="masses, crumpling, rotation, glancing contacts (taken as full ones)",
    )
)
INJURY = register(
    Measure(
        name="injury_risk",
        title="Probability of a serious injury (MAIS 3+)",
        unit="1",
        better="lower",
        range=(0.0, 1.0),
        threshold=0.1,
        source="persons: Rosén et al. 2010 and Rosén & Sander 2009; occupants: Wang 2022 (DOT HS "
        "813 219); classes by the 10 % rule of ISO 26262-3 annex B",
        unseen="age, belts, airbags, side of the impact, cars' mass and shape; the curves were "
        "fitted on passenger cars and adults; motorcyclists count as occupants",
    )
)
CLASSES = ("none", "minor", "serious", "severe")  # ISO 26262 S0 to S3
PERSONS = (ScoreType.PEDESTRIAN, ScoreType.BICYCLE)
LOOSE = (ScoreType.CONE, ScoreType.CZONE_SIGN, ScoreType.GENERIC)
MPH_PER_MPS = 3600 / 1609.344
KMH_PER_MPS = 3.6


class Curve(Config):
    """Logistic risk 1 / (1 + exp(-(intercept + slope * speed)))."""

    intercept: float
    slope_per_mps: float = Field(gt=0)

    def risk(self, speed_mps: float) -> float:
        """Probability at a speed."""
        return 1 / (1 + math.exp(-(self.intercept + self.slope_per_mps * speed_mps)))


class InjuryConfig(Config):
    """Risk curves and the border between classes.

    Persons by impact speed in km/h: MAIS 3+ -4.6 + 0.078 v (Rosén et al. 2010, doi
    10.1016/j.aap.2010.05.018, table 1); death -6.9 + 0.090 v (Rosén & Sander 2009, doi
    10.1016/j.aap.2009.02.002), which stands for MAIS 5+. Occupants by delta-v in mph: MAIS 1+, 3+
    and 5+ of all crashes (Wang 2022, table 4-1).
    """

    class_probability: float = Field(default=0.1, gt=0, lt=1)
    # Slower contacts hurt nobody; the curves begin above.
    touch_mps: float = Field(default=1.0, ge=0)
    person_serious: Curve = Curve(intercept=-4.6, slope_per_mps=0.078 * KMH_PER_MPS)
    person_severe: Curve = Curve(intercept=-6.9, slope_per_mps=0.090 * KMH_PER_MPS)
    occupant_minor: Curve = Curve(intercept=-1.3925, slope_per_mps=0.0815 * MPH_PER_MPS)
    occupant_serious: Curve = Curve(intercept=-6.9540, slope_per_mps=0.1637 * MPH_PER_MPS)
    occupant_severe: Curve = Curve(intercept=-8.7927, slope_per_mps=0.1598 * MPH_PER_MPS)


@dataclass(frozen=True, kw_only=True)
class Injury:
    """One contact and its consequence."""

    step: int
    track: int
    impact_speed_mps: float
    delta_v_mps: float  # of the ego
    risk: float  # probability of MAIS 3+, of the person met or of an occupant
    severity: str  # one of CLASSES


def injuries(history: History, contacts: Contacts, config: InjuryConfig) -> list[Injury]:
    """Consequences of the contacts, in their order, whoever's fault they are."""
    return [_injury(history, contacts, c, config) for c in range(len(contacts.step))]


def worst_injury(contacts: list[Injury]) -> Injury | None:
    """The contact of the highest class, then risk, then impact speed; the first of equals."""
    ranked = [(CLASSES.index(c.severity), c.risk, c.impact_speed_mps) for c in contacts]
    return contacts[ranked.index(max(ranked))] if contacts else None


def _injury(history: History, contacts: Contacts, c: int, config: InjuryConfig) -> Injury:
    step, track = int(contacts.step[c]), int(contacts.track[c])
    kind = int(contacts.score_type[c])
    ego_mps = float(history.speed_mps[step])
    impact = _impact_speed(history, step, track, kind, ego_mps)
    delta_v = float(contacts.delta_v_mps[c])
    if kind in PERSONS or kind in LOOSE:
        delta_v = 0.0
    elif kind == ScoreType.BARRIER:
        delta_v = ego_mps
    risk, severity = 0.0, CLASSES[0]
    if kind in PERSONS:
        # A person who walks into a standing car is not hit by it; a cyclist brings own speed.
        hit_mps = min(ego_mps, impact) if kind == ScoreType.PEDESTRIAN else impact
        risk, severity = person_risk(hit_mps, config)
    elif kind not in LOOSE:
        risk, severity = occupant_risk(delta_v, config)
    return Injury(
        step=step, track=track, impact_speed_mps=impact, delta_v_mps=delta_v, risk=risk,
        severity=severity,
    )  # fmt: skip


def _impact_speed(history: History, step: int, track: int, kind: int, ego_mps: float) -> float:
    heading = float(history.ego[step, 2])
    vx, vy = history.tracks.state[track, step, [TrackColumn.VX, TrackColumn.VY]]
    if kind > ScoreType.BICYCLE:
        vx = vy = 0.0  # objects stand still
    return math.hypot(ego_mps * math.cos(heading) - vx, ego_mps * math.sin(heading) - vy)


def person_risk(speed_mps: float, config: InjuryConfig) -> tuple[float, str]:
    """Risk of MAIS 3+ and class for a person on foot or on a bicycle hit at a speed."""
    if speed_mps < config.touch_mps:
        return 0.0, CLASSES[0]
    serious, severe = (c.risk(speed_mps) for c in (config.person_serious, config.person_severe))
    return serious, _classify(1.0, serious, severe, config)


def occupant_risk(delta_v_mps: float, config: InjuryConfig) -> tuple[float, str]:
    """Risk of MAIS 3+ and class for an occupant of a car whose velocity changes by delta-v."""
    if delta_v_mps < config.touch_mps:
        return 0.0, CLASSES[0]
    curves = (config.occupant_minor, config.occupant_serious, config.occupant_severe)
    minor, serious, severe = (curve.risk(delta_v_mps) for curve in curves)
    return serious, _classify(minor, serious, severe, config)


def _classify(minor: float, serious: float, severe: float, config: InjuryConfig) -> str:
    over = np.array([minor, serious, severe]) > config.class_probability
    return CLASSES[int(np.flatnonzero(over)[-1]) + 1 if over.any() else 0]
