"""One parameter's values on the unit interval: the inverse of its distribution function."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import ndtr, ndtri

from drivewm.scenarios.expressions import Value
from drivewm.scenarios.ranges import bounds, centre, ends
from drivewm.scenarios.schema_parameters import Choice, LogNormal, Normal, Parameter, Range

DIGITS = 6  # significant ones of a drawn number: readable, and alike on every machine

__all__ = ["at", "centre", "levels", "varies"]


def varies(parameter: Parameter) -> bool:
    """Can it have more than one value?"""
    return len(ends(parameter)) > 1


def levels(parameter: Parameter, most: int) -> int:
    """Into how many levels it is cut: its choices, or ``most`` parts of its range."""
    return len(parameter.choice) if isinstance(parameter, Choice) else most


def at(parameter: Parameter, u: float) -> Value:
    """The value below which the share ``u`` (0 to 1) of the distribution lies."""
    if isinstance(parameter, Choice):
        return parameter.choice[_chosen(parameter, u)]
    inside = bounds(parameter)
    if inside is None:
        return centre(parameter)
    return min(max(_rounded(_quantile(inside, u)), inside.min), inside.max)


def _chosen(parameter: Choice, u: float) -> int:
    weights = np.asarray(parameter.weights or [1.0] * len(parameter.choice), float)
    shares = np.cumsum(weights) / weights.sum()
    return min(int(np.searchsorted(shares, u, side="right")), len(shares) - 1)


def _quantile(inside: Range, u: float) -> float:
    if isinstance(inside, Normal):
        return _cut_normal(inside.mean, inside.sd, inside.min, inside.max, u)
    if isinstance(inside, LogNormal):
        low = math.log(inside.min) if inside.min > 0 else -math.inf
        middle, high = math.log(inside.median), math.log(inside.max)
        return math.exp(_cut_normal(middle, inside.sigma, low, high, u))
    return inside.min + u * (inside.max - inside.min)


def _cut_normal(mean: float, sd: float, low: float, high: float, u: float) -> float:
    """Quantile of a normal distribution cut off at both ends; in the tail that is more exact."""
    a, b = (low - mean) / sd, (high - mean) / sd
    if a > 0:  # far up the distribution function is 1 - tiny: turn it round
        return 2 * mean - _cut_normal(mean, sd, 2 * mean - high, 2 * mean - low, 1 - u)
    below, above = ndtr(a), ndtr(b)
    found = mean + sd * float(ndtri(below + u * (above - below)))
    return min(max(found, low), high)


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")
