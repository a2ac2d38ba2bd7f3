"""The boxes that move through a world at one instant. Shapes: N actors, M solids."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, kw_only=True)
class Actors:
    """Every annotated object (moving, parked, cones, barriers) at one instant; never the ego."""

    ids: tuple[str, ...]  # N, nuScenes instance tokens; colours are derived from them
    categories: tuple[str, ...]  # N, nuScenes category names
    occ_class: np.ndarray  # int8 [N]
    size_m: np.ndarray  # [N, 3] length, width, height
    state: np.ndarray  # [N, 6], TrackColumn
    valid: np.ndarray  # bool [N]


@dataclass(frozen=True, kw_only=True)
class Solids:
    """Static, unannotated boxes: buildings, walls, poles (manmade), trees, hedges (vegetation)."""

    center_m: np.ndarray  # [M, 3]
    size_m: np.ndarray  # [M, 3] length, width, height
    yaw_rad: np.ndarray  # [M]
    occ_class: np.ndarray  # int8 [M]
    color: np.ndarray  # uint8 [M, 3]
