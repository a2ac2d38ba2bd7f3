"""Which term cost how much of a score that is a product times a weighted mean.

Points are lost together (a collision also lowers what the mean could have given), so the loss is
split as Shapley does: each term's share is its marginal loss, averaged over all orders in which
the terms could have gone wrong. The shares add up to 1 - score. Source: Shapley, "A value for
n-person games", 1953. Shapes: J terms.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations


@dataclass(frozen=True, kw_only=True)
class Share:
    """What one term did to a score."""

    term: str
    value: float  # 0..1
    weight: float | None  # in the weighted mean; None: a multiplier
    lost: float  # of 1 - score
    if_perfect: float  # the score, had this term alone been 1


def attribute(terms: Mapping[str, float | None], used: Mapping[str, Mapping]) -> list[Share]:
    """The shares of every applicable term, greatest loss first.

    Args:
        terms: values by name; those that were not applicable may be absent or None.
        used: ``{"multipliers": {name: ...}, "weights": {name: weight}}`` as a results row has it.
    """
    weights = {name: float(weight) for name, weight in used.get("weights", {}).items()}
    names = [*used.get("multipliers", {}), *weights]
    values = {name: float(terms.get(name) or 0.0) for name in names}
    imperfect = [name for name in names if values[name] != 1.0]
    lost = dict.fromkeys(names, 0.0) | _shapley(imperfect, values, weights)
    shares = [
        Share(
            term=name,
            value=values[name],
            weight=weights.get(name),
            lost=lost[name],
            if_perfect=score_of({**values, name: 1.0}, weights),
        )
        for name in names
    ]
    return sorted(shares, key=lambda share: -share.lost)


def score_of(values: Mapping[str, float], weights: Mapping[str, float]) -> float:
    """Product of the terms without a weight times the weighted mean of the others."""
    product = math.prod(value for name, value in values.items() if name not in weights)
    total = sum(weights.values())
    if total <= 0:
        return product
    return product * sum(weight * values[name] for name, weight in weights.items()) / total


def _shapley(
    players: list[str], values: Mapping[str, float], weights: Mapping[str, float]
) -> dict[str, float]:
    """Marginal losses averaged over all orders; the subsets are few (at most 2 ^ 11)."""

    def score_with(bad: frozenset[str]) -> float:
        shown = {name: values[name] if name in bad else 1.0 for name in values}
        return score_of(shown, weights)

    count = len(players)
    subsets = [frozenset(s) for k in range(count + 1) for s in combinations(players, k)]
    scores = {subset: score_with(subset) for subset in subsets}
    chance = [
        math.factorial(k) * math.factorial(count - k - 1) / math.factorial(count)
        for k in range(count)
    ]
    return {
        player: math.fsum(
            chance[len(subset)] * (scores[subset] - scores[subset | {player}])
            for subset in subsets
            if player not in subset
        )
        for player in players
    }
