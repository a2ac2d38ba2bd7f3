"""Intervals over scenes. Shapes: M scenes (clusters), N values, B resamples."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
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
    clusters: int  # one alone says nothing of the spread: low = high = mean

    def __str__(self) -> str:
        if self.clusters < 2:
            return f"{self.mean:.3f}"
        return f"{self.mean:.3f} [{self.low:.3f}, {self.high:.3f}]"


def bootstrap_mean(values: np.ndarray, *seed_names: object) -> Interval:
    """Mean of [M] values and its interval under resampling of scenes.

    Raises:
        ValueError: no values.
    """
    return bootstrap_clusters(values, range(len(values)), *seed_names)


def bootstrap_clusters(
    values: np.ndarray, clusters: Sequence[Hashable], *seed_names: object
) -> Interval:
    """Mean of [N] values and its interval when whole clusters are drawn again.

    Drives of one scene (its seeds, its moments) are alike, so a scene comes with all of them or
    not at all; what a resample averages is values, not scenes. The interval depends on the order
    in which clusters first appear.

    Args:
        values: [N].
        clusters: which scene each value belongs to.
        seed_names: decide the resamples; same names and counts, same resamples.

    Raises:
        ValueError: no values.
    """
    values = np.asarray(values, float)
    if len(values) == 0:
        raise ValueError("no values to average")
    places = {name: n for n, name in enumerate(dict.fromkeys(clusters))}
    owner = np.array([places[name] for name in clusters])
    sums, counts = np.bincount(owner, values), np.bincount(owner)
    draw = generator("bootstrap", *seed_names)
    drawn = draw.multinomial(len(sums), np.full(len(sums), 1 / len(sums)), RESAMPLES)  # [B, M]
    means = (drawn @ sums) / (drawn @ counts)
    low, high = np.percentile(means, [2.5, 97.5])
    mean = float(values.mean())
    return Interval(mean=mean, low=float(low), high=float(high), clusters=len(sums))
