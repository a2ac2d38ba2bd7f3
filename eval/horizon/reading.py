"""What is read off one frame of occupancy and flow, true or imagined alike.

Agents are found as the box baseline finds objects: connected columns of one movable class. What a
model's agent head says is read apart, where it has one. Shapes: X, Y, Z cells, K classes, N agents.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drivewm.eval.forecast.baselines import Objects, find_objects
from drivewm.models.grid import OCC3D_CLASSES
from drivewm.scene import MOVABLE, OccClass

_MOVABLE = [int(c) for c in MOVABLE]


@dataclass(frozen=True, kw_only=True)
class Reading:
    """The numbers of one frame."""

    shares: np.ndarray  # float64 [K] of the grid's voxels that each class holds
    mass: float | None  # mean probability of being occupied; None: the row gives none
    speeds_mps: np.ndarray  # [N] of connected movables; NaN where their flow is not known
    boxes_mps: np.ndarray | None = None  # [N] of the agent head's boxes; None: no such head


def read_frame(
    occupancy: np.ndarray,
    flow: np.ndarray,
    mass: float | None,
    known: np.ndarray | None = None,
    boxes_mps: np.ndarray | None = None,
) -> Reading:
    """
    Args:
        occupancy: uint8 [X, Y, Z].
        flow: [2, X, Y] m/s.
        mass: as in ``Reading``.
        known: bool [X, Y] where the flow is known; None: everywhere.
        boxes_mps: as in ``Reading``.
    """
    counts = np.bincount(occupancy.ravel(), minlength=OCC3D_CLASSES)
    return Reading(
        shares=counts / occupancy.size, mass=mass, boxes_mps=boxes_mps,
        speeds_mps=_speeds(find_objects(occupancy, flow), flow, known),
    )  # fmt: skip


def _speeds(found: Objects, flow: np.ndarray, known: np.ndarray | None) -> np.ndarray:
    """Speed [N] of each object: of its mean flow where that is known."""
    velocity = found.velocity_mps
    if known is not None and len(velocity):
        cells, count = found.cells[known], len(velocity)
        sums = [np.bincount(cells[cells >= 0], f[known][cells >= 0], count) for f in flow]
        number = np.bincount(cells[cells >= 0], minlength=count)
        velocity = np.stack(sums, -1) / np.where(number > 0, number, np.nan)[:, None]
    return np.hypot(velocity[:, 0], velocity[:, 1])


def occupied_share(shares: np.ndarray) -> float:
    """Share of the voxels that are occupied, of [K] class shares."""
    return float(1.0 - shares[OccClass.FREE])


def label_speeds(boxes: np.ndarray, classes: np.ndarray, names: list[int]) -> np.ndarray:
    """Speeds [N] of the labelled movable agents of a frame; NaN where unknown.

    Args:
        boxes: [M, 8] with the velocity last; classes: int [M] rows of ``names``, -1 in empty slots.
        names: the occupancy class of each row.
    """
    movable = [n for n, name in enumerate(names) if name in _MOVABLE]
    there = np.isin(classes, movable)
    return np.hypot(boxes[there, 6], boxes[there, 7]).astype(np.float64)
