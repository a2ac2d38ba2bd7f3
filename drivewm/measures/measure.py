"""What describes a measure: name, unit, direction, range, threshold, source, blind spots."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Direction = Literal["higher", "lower"]


@dataclass(frozen=True, kw_only=True)
class Measure:
    """Description of a pure function over arrays; reports and legends are written from it."""

    name: str
    title: str
    unit: str  # "1" for a share
    better: Direction
    range: tuple[float, float]
    threshold: float | None  # what separates good from bad in ``unit``
    source: str  # where the definition comes from
    unseen: str  # what it does not see


REGISTRY: dict[str, Measure] = {}


def register(measure: Measure) -> Measure:
    """Adds a measure to the one registry.

    Raises:
        ValueError: a measure of that name exists.
    """
    if measure.name in REGISTRY:
        raise ValueError(f"measure '{measure.name}' is registered twice")
    REGISTRY[measure.name] = measure
    return measure
