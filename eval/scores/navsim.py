"""NAVSIM's scores of plans: PDMS (v1.1) and EPDMS (v2). Shapes: B plans, P poses, T states.

Definitions: ``evaluate/pdm_score.py``, ``run_pdm_score_one_stage.py``. A plan is driven for 4 s by
``drivewm.sim.batch_lqr`` and judged beside a reference plan, to which its progress is related.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from drivewm.measures.proposals import (
    NAVSIM_V1,
    NAVSIM_V2,
    ProposalEnvironment,
    ProposalRules,
    ProposalScores,
    score_proposals,
)

MULTIPLIERS_V1 = ("no_at_fault_collision", "drivable_area")
MULTIPLIERS = (*MULTIPLIERS_V1, "driving_direction", "traffic_light")
WEIGHTS_V1 = {"progress": 5.0, "ttc": 5.0, "comfort": 2.0}
WEIGHTS = {"progress": 5.0, "ttc": 5.0, "lane_keeping": 2.0, "comfort": 2.0}
EXTENDED_COMFORT_WEIGHT = 2.0
TERMS = (*MULTIPLIERS, *WEIGHTS)
NO_HISTORY = np.zeros((0, 11))


@dataclass(frozen=True, kw_only=True)
class PlanScore:
    """One plan. ``terms``: each 0..1, by the names of ``TERMS``."""

    terms: dict[str, float]
    multiplier: float  # product of the multipliers
    score: float  # without extended comfort, and as it was before a human filter
    states: np.ndarray  # [T, 11], as driven
    weights: Mapping[str, float] = field(default_factory=lambda: WEIGHTS)  # of terms that apply

    def epdms(self, extended_comfort: float | None) -> float:
        """EPDMS with the term that compares with the plan before; None: there was none, and its
        weight drops out."""
        total = sum(w * self.terms[name] for name, w in self.weights.items())
        weight = sum(self.weights.values())
        if extended_comfort is not None:
            total += EXTENDED_COMFORT_WEIGHT * extended_comfort
            weight += EXTENDED_COMFORT_WEIGHT
        return self.multiplier * (total / weight)


def score_plan(
    states: np.ndarray,  # [T, 11] of the plan
    reference: np.ndarray,  # [T, 11] of the plan that progress is related to (PDM-Closed)
    environment: ProposalEnvironment,
    rules: ProposalRules = NAVSIM_V2,
    human: np.ndarray | None = None,  # [T, 11] of the recorded driver
) -> PlanScore:
    """Scores one plan as the reference does: in a batch of two, with the reference plan.

    With ``human``, every term at which the recorded driver scores 0 is set to 1 (the human
    penalty filter). ``PlanScore.score`` stays what it was, as the reference's ``pdm_score`` does.
    """
    scores = score_proposals(np.stack([reference, states]), environment, rules)
    terms = terms_of(scores, 1)
    multiplier = float(scores.multiplier[1])
    if human is not None:
        calm = environment._replace(history=NO_HISTORY)
        filtered = filter_human(terms, human_terms(human, calm, rules))
        if filtered != terms:
            terms, multiplier = filtered, product(filtered, multipliers_of(rules))
    return PlanScore(
        terms=terms, multiplier=multiplier, score=float(scores.score[1]), states=states
    )


def terms_of(scores: ProposalScores, b: int) -> dict[str, float]:
    """The terms of one proposal by name."""
    return {name: float(getattr(scores, name)[b]) for name in TERMS}


def human_terms(
    human: np.ndarray, environment: ProposalEnvironment, rules: ProposalRules
) -> dict[str, float]:
    """The recorded driver's own terms. His comfort is 1: the reference judges it with no history,
    and then does not judge it."""
    scores = score_proposals(human[None], environment, rules)
    return {**terms_of(scores, 0), "comfort": 1.0}


def filter_human(terms: Mapping[str, float], human: Mapping[str, float]) -> dict[str, float]:
    """The terms with those set to 1 where the recorded driver has exactly 0 (0.5 stays)."""
    return {name: 1.0 if human[name] == 0 else value for name, value in terms.items()}


def multipliers_of(rules: ProposalRules) -> tuple[str, ...]:
    """Names of the terms that multiply."""
    return MULTIPLIERS_V1 if rules == NAVSIM_V1 else MULTIPLIERS


def product(terms: Mapping[str, float], names: tuple[str, ...]) -> float:
    """Product of the named terms."""
    result = 1.0
    for name in names:
        result *= terms[name]
    return result
