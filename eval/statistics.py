"""Intervals over scenes. Shapes: M scenes, B resamples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drivewm.seeds import generator

RESAMPLES = 2000


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A mean and its 95 % percentile-bootstrap interval."""

    mean: float
    low: float
    high: float


def bootstrap_mean(values: np.ndarray, *seed_names: object) -> Interval:
    """Mean of [M] values and its interval under resampling of scenes.

    Raises:
        ValueError: no values.
    """
    values = np.asarray(values, float)
    if len(values) == 0:
        raise ValueError("no values to average")
    draws = generator("bootstrap", *seed_names).integers(0, len(values), (RESAMPLES, len(values)))
    low, high = np.percentile(values[draws].mean(1), [2.5, 97.5])
    return Interval(mean=float(values.mean()), low=float(low), high=float(high))
