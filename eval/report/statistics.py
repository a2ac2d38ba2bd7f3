"""Means with bootstrap intervals over scenes. Shapes: S scenes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drivewm.seeds import generator

RESAMPLES = 4000
LEVEL = 0.95


@dataclass(frozen=True)
class Estimate:
    """A mean with its percentile bootstrap interval; no interval from fewer than two scenes."""

    mean: float
    low: float | None
    high: float | None
    count: int


def estimate(values: np.ndarray, *names: object) -> Estimate:
    """Mean over scenes [S] with a 95 % interval; ``names`` seed the resampling.

    Raises:
        ValueError: no value.
    """
    values = np.asarray(values, float)
    if not len(values):
        raise ValueError("a mean needs at least one value")
    if len(values) < 2:
        return Estimate(float(values.mean()), None, None, len(values))
    draws = generator("report", "bootstrap", *names)
    picks = draws.integers(0, len(values), (RESAMPLES, len(values)))
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(values[picks].mean(1), [tail, 1 - tail])
    return Estimate(float(values.mean()), float(low), float(high), len(values))


def mean_known(values: list[float | None]) -> tuple[float | None, int]:
    """Mean of the values that are known and how many there are; (None, 0) when none is."""
    known = [value for value in values if value is not None]
    return (float(np.mean(known)), len(known)) if known else (None, 0)
