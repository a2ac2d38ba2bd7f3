"""EPDMS over two stages: follow-up starts weighted by how near the first plan ended to them.

Definition: ``run_pdm_score.py`` (``calculate_individual_mapping_scores``) and
``scene_aggregator.py``. A group is a frame pair (now, half a second before) with pairs of
follow-up starts; its score is stage 1 times the weighted mean of stage 2, for each of the pair.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from drivewm.eval.scores.navsim import PlanScore
from drivewm.measures.proposals_extended import extended_comfort

SIGMA2_M2 = 0.1
UNDERFLOW = 1e-8  # a sum of weights below counts as none (numpy.isclose to 0)


@dataclass(frozen=True, kw_only=True)
class Token:
    """One judged moment."""

    name: str
    start_s: float  # of its plan, on the log's clock
    start_xy: tuple[float, float]  # rear axle at its start, m
    end_xy: tuple[float, float]  # last pose of its plan (planned, not driven), m
    plan: PlanScore


@dataclass(frozen=True, kw_only=True)
class Group:
    """Names of tokens."""

    now: str
    before: str
    follow_ups: tuple[tuple[str, str], ...]  # (of now, of before)


@dataclass(frozen=True, kw_only=True)
class TokenResult:
    """What two stages make of a token."""

    weight: float
    extended_comfort: float
    score: float  # EPDMS of the token alone
    terms: dict[str, float]  # with extended_comfort and score


@dataclass(frozen=True, kw_only=True)
class TwoStages:
    """Means over the groups, per term and for ``score``."""

    combined: dict[str, float]
    stage1: dict[str, float]
    stage2: dict[str, float]
    tokens: dict[str, TokenResult]


def two_stages(tokens: Mapping[str, Token], groups: Sequence[Group]) -> TwoStages:
    """Aggregates. ``combined['score']`` is the reference's EPDMS.

    A token that belongs to several groups has the weight and the comfort of the last.

    Raises:
        KeyError: a group names a token that is not there.
        ValueError: no groups, or frames of a pair more than half a second apart.
    """
    if not groups:
        raise ValueError("no groups: nothing to aggregate")
    results: dict[str, TokenResult] = {}
    for group in groups:
        for name, weight, comfort in _group_weights(tokens, group):
            results[name] = _result(tokens[name], weight, comfort)
    stage1, stage2, combined = [], [], []
    for group in groups:
        halves = []
        for k, name in enumerate((group.now, group.before)):
            # the reference selects rows by membership: a follow-up named twice counts once
            names = list(dict.fromkeys(pair[k] for pair in group.follow_ups))
            first, second = results[name].terms, _mean([results[n] for n in names])
            stage1.append(first)
            stage2.append(second)
            halves.append({term: first[term] * second[term] for term in first})
        combined.append({term: (halves[0][term] + halves[1][term]) / 2 for term in halves[0]})
    return TwoStages(
        combined=_average(combined), stage1=_average(stage1), stage2=_average(stage2),
        tokens=results,
    )  # fmt: skip


def follow_up_weights(end_xy: tuple[float, float], starts_xy: np.ndarray) -> np.ndarray:
    """Weights [N] of follow-up starts [N, 2]: Gaussian in their distance to the plan's end.

    With a variance of 0.1 m² they underflow beyond about 1.9 m: then all weigh the same.
    """
    squared = (end_xy[0] - starts_xy[:, 0]) ** 2 + (end_xy[1] - starts_xy[:, 1]) ** 2
    weights = np.exp(-squared / (2 * SIGMA2_M2))
    total = weights.sum()
    if np.isnan(total) or abs(total) <= UNDERFLOW:
        return np.full(len(weights), 1.0 / len(weights))
    return weights / total


def _group_weights(tokens: Mapping[str, Token], group: Group) -> list[tuple[str, float, float]]:
    """(token, weight, extended comfort) in the order in which the reference writes them."""
    comfort = _comfort(tokens[group.now], tokens[group.before])
    rows = [(group.now, 1.0, comfort), (group.before, 1.0, comfort)]
    weight_of: dict[str, float] = {}
    for k, name in enumerate((group.now, group.before)):
        names = [pair[k] for pair in group.follow_ups]
        starts = np.array([tokens[n].start_xy for n in names], float).reshape(-1, 2)
        weight_of.update(zip(names, follow_up_weights(tokens[name].end_xy, starts)))
    for now, before in group.follow_ups:
        comfort = _comfort(tokens[now], tokens[before])
        rows += [(now, weight_of[now], comfort), (before, weight_of[before], comfort)]
    return rows


def _comfort(now: Token, before: Token) -> float:
    compared = extended_comfort(
        now.plan.states[None], before.plan.states[None], now.start_s - before.start_s
    )
    return float(compared.ok[0])


def _result(token: Token, weight: float, comfort: float) -> TokenResult:
    score = token.plan.epdms(comfort)
    return TokenResult(
        weight=weight, extended_comfort=comfort, score=score,
        terms={**token.plan.terms, "extended_comfort": comfort, "score": score},
    )  # fmt: skip


def _mean(rows: Sequence[TokenResult]) -> dict[str, float]:
    """Weighted mean per term; NaN where there is no weight."""
    total = sum(row.weight for row in rows)
    terms = rows[0].terms if rows else {}
    return {
        term: sum(row.weight * row.terms[term] for row in rows) / total if total else np.nan
        for term in terms
    }


def _average(rows: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {term: float(np.mean([row[term] for row in rows])) for term in rows[0]}
