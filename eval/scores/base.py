"""What a score is: terms judged from a drive, multiplied and weighted into one number."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np
from pydantic import Field

from drivewm.config import Config
from drivewm.scene import Scene
from drivewm.sim.rollout import Rollout

Missing = Literal["drop", "reference"]


class ScoreConfig(Config):
    """Which terms multiply, which are averaged with what weight, and what missing ones do."""

    name: str
    version: str = "1"  # of the definition; results of two versions are not comparable
    multipliers: tuple[str, ...]
    weights: dict[str, float] = Field(min_length=1)
    missing: Missing = "drop"


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """A judged drive. Shapes: T steps."""

    score: float  # 0..1
    terms: dict[str, float | None]  # each 0..1; None: not applicable
    weights_used: dict[str, dict[str, float]]  # {"multipliers": {...}, "weights": {...}}
    collisions: int  # at the ego's fault
    fault_unknown: int  # lateral contacts that no lane graph could settle
    collision_time_s: float | None  # of the first at-fault one
    series: dict[str, np.ndarray]  # each [T]
    # per metric (a term, or a measure's name): step, track it was worst against or None, value
    worst: dict[str, tuple[int, str | None, float]] = field(default_factory=dict)


class Score(Protocol):
    """A score definition."""

    config: ScoreConfig

    def judge(self, scene: Scene, rollout: Rollout) -> Judgement:
        """Judges one finished drive."""


def combine(
    terms: dict[str, float | None], config: ScoreConfig
) -> tuple[float, dict[str, dict[str, float]]]:
    """Product of the multipliers times the weighted mean of the weighted terms.

    A term that is None drops out with its weight. Returns the score and what was used.
    """
    product = {name: 1.0 for name in config.multipliers if terms[name] is not None}
    weights = {name: w for name, w in config.weights.items() if terms[name] is not None}
    mean = 1.0
    if sum(weights.values()) > 0:
        mean = sum(w * float(terms[n] or 0.0) for n, w in weights.items()) / sum(weights.values())
    factor = math.prod(float(terms[name] or 0.0) for name in product)
    return factor * mean, {"multipliers": product, "weights": weights}
