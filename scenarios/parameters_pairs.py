"""Covering arrays: few rows in which every two parameters meet in every pair of their levels.

Greedy, in the manner of AETG (Cohen et al., IEEE TSE 23(7), 1997): each row is the best of some
candidates grown from a pair that is still missing.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from drivewm.scenarios.parameters_scale import levels
from drivewm.scenarios.schema_parameters import Choice, Parameter

BINS = 3  # of a range
CANDIDATES = 16  # for each row
Pair = tuple[int, int, int, int]  # parameter, its level, another parameter, its level


def covering_rows(
    parameters: Sequence[Parameter],
    rng: np.random.Generator,
    allowed: Callable[[Sequence[float]], bool] = lambda point: True,
) -> Iterator[list[float]]:
    """Points [D] of the unit cube, drawn within their bins, that cover all pairs that ``allowed``
    lets exist (as far as the candidates find)."""
    counts = [levels(p, BINS) for p in parameters]
    missing = _all_pairs(counts)
    while missing:
        first = next(iter(missing))
        grown = [_grown(first, counts, missing, rng) for _ in range(CANDIDATES)]
        grown += [_any_row(first, counts, rng) for _ in range(CANDIDATES)]  # for ``allowed``
        points = [_point(row, parameters, counts, rng) for row in grown]
        good = [
            (len(_pairs(row, missing)), -k) for k, row in enumerate(grown) if allowed(points[k])
        ]
        if not good:  # no such scenario exists
            del missing[first]
            continue
        best = -max(good)[1]
        for pair in _pairs(grown[best], missing):
            del missing[pair]
        yield points[best]


def _all_pairs(counts: Sequence[int]) -> dict[Pair, None]:
    if len(counts) == 1:  # no other to pair with: every level once
        return {(0, level, 0, level): None for level in range(counts[0])}
    return {
        (a, i, b, j): None
        for a, b in itertools.combinations(range(len(counts)), 2)
        for i in range(counts[a])
        for j in range(counts[b])
    }


def _pairs(row: Sequence[int], missing: dict[Pair, None]) -> list[Pair]:
    """The missing pairs that a row has."""
    ways = itertools.combinations(range(len(row)), 2) if len(row) > 1 else [(0, 0)]
    return [pair for a, b in ways if (pair := (a, row[a], b, row[b])) in missing]


def _grown(
    first: Pair, counts: Sequence[int], missing: dict[Pair, None], rng: np.random.Generator
) -> list[int]:
    """A row with the pair ``first``; the other levels are those that meet most missing pairs."""
    a, i, b, j = first
    row: dict[int, int] = {a: i, b: j}
    for k in rng.permutation(len(counts)).tolist():
        if k in row:
            continue
        gains = [sum(_key(k, level, other, row[other]) in missing for other in row)
                 for level in range(counts[k])]  # fmt: skip
        best = [level for level, gain in enumerate(gains) if gain == max(gains)]
        row[k] = best[int(rng.integers(len(best)))]
    return [row[k] for k in range(len(counts))]


def _any_row(first: Pair, counts: Sequence[int], rng: np.random.Generator) -> list[int]:
    """A row with the pair ``first`` and any other levels."""
    row = [int(rng.integers(count)) for count in counts]
    row[first[0]], row[first[2]] = first[1], first[3]
    return row


def _key(a: int, i: int, b: int, j: int) -> Pair:
    return (a, i, b, j) if a < b else (b, j, a, i)


def _point(
    row: Sequence[int], parameters: Sequence[Parameter], counts: Sequence[int],
    rng: np.random.Generator,
) -> list[float]:  # fmt: skip
    """Somewhere in the bins of a row; of a choice exactly the one."""
    inside = rng.random(len(row))
    return [
        _middle(parameter, level) if isinstance(parameter, Choice) else (level + float(u)) / count
        for level, parameter, count, u in zip(row, parameters, counts, inside)
    ]


def _middle(parameter: Choice, level: int) -> float:
    """The middle of what a choice takes of the unit interval."""
    weights = np.asarray(parameter.weights or [1.0] * len(parameter.choice), float)
    shares = np.concatenate([[0.0], np.cumsum(weights) / weights.sum()])
    return float((shares[level] + shares[level + 1]) / 2)
