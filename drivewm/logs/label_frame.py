"""Do occupancy labels lie in the frame they are said to lie in?

Annotated vehicles must hold voxels of movables. When hardly any does, and nearly all do after the
labels are turned or mirrored, the labels are of another frame (of LIDAR_TOP, whose x axis points
to the right, or with x and y exchanged): a mistake that trains without any other sign.
Shapes: N boxes.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from drivewm.errors import InputError
from drivewm.scene import MOVABLE

MIN_BOXES = 12
LOW, HIGH = 0.3, 0.6  # shares of boxes that hold a movable voxel
REACH_M = 25.0
_LOW_M, _CELL_M = np.array([-40.0, -40.0, -1.0]), 0.4
_IS_MOVABLE = np.isin(np.arange(256), [int(c) for c in MOVABLE])

_TURNS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "as they are": lambda s: s,
    "turned by 90 degrees to the left": lambda s: np.rot90(s, 1),
    "turned by 90 degrees to the right": lambda s: np.rot90(s, -1),
    "turned by 180 degrees": lambda s: np.rot90(s, 2),
    "with x and y exchanged": lambda s: s.transpose(1, 0, 2),
    "mirrored left to right": lambda s: s[:, ::-1],
}


class FrameCheck:
    """Collects votes over the labels of a scene."""

    def __init__(self) -> None:
        self.hits = dict.fromkeys(_TURNS, 0)
        self.boxes = 0

    def add(self, semantics: np.ndarray, centers_m: np.ndarray) -> None:
        """One label [200, 200, 16] and the centres [N, 3] of movable boxes in its ego frame."""
        near = np.abs(centers_m[:, :2]).max(1, initial=0.0) < REACH_M
        cells = np.floor((centers_m[near] - _LOW_M) / _CELL_M).astype(int)
        cells = cells[((cells[:, 2] >= 0) & (cells[:, 2] < semantics.shape[2]))]
        self.boxes += len(cells)
        for name, turn in _TURNS.items():
            solid = _IS_MOVABLE[turn(semantics)]
            for ix, iy, iz in cells:
                part = solid[ix - 2 : ix + 3, iy - 2 : iy + 3, max(iz - 1, 0) : iz + 2]
                self.hits[name] += bool(part.any())

    def share(self, name: str = "as they are") -> float:
        """Boxes that hold a movable voxel, of all boxes; NaN where there was none."""
        return self.hits[name] / self.boxes if self.boxes else float("nan")

    def settle(self, file: str) -> None:
        """Raises:
        InputError: another frame fits the boxes, this one does not.
        """
        if self.boxes < MIN_BOXES or self.share() >= LOW:
            return
        best = max(self.hits, key=lambda name: self.hits[name])
        if self.share(best) >= HIGH:
            raise InputError(
                f"the labels are of another frame: {self.share():.0%} of {self.boxes} annotated "
                f"vehicles hold a movable voxel, {self.share(best):.0%} with the labels {best}",
                file=file, field="semantics",
                fix="name the right set with --labels (surroundocc is in the lidar frame)",
            )  # fmt: skip
