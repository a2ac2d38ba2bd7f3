"""The baselines that stand beside every model. Shapes: X, Y, Z cells, O objects, H horizons.

*copy*: the scene stays as it is in the ego frame. *ego-warp*: the static world moves by the known
ego motion (this is the untrained model). *ego-warp + constant-velocity boxes*: movable objects
also move on at their velocity, each as a rigid whole. What an object is, is not looked up: it is a
connected component of movable columns of one class in the occupancy that the row starts from, with
the mean of the flow over it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from drivewm.geometry.se2 import from_local, to_local
from drivewm.models.grid import GridConfig, cell_centers
from drivewm.scene import MOVABLE, OccClass

_MOVABLE = np.array([int(c) for c in MOVABLE])


@dataclass(frozen=True, kw_only=True)
class Objects:
    """Movable things on the grid at the start of a forecast."""

    cells: np.ndarray  # int [X, Y]: object of each column, -1 none
    velocity_mps: np.ndarray  # [O, 2] in the ego frame of the start


def find_objects(occupancy: np.ndarray, flow: np.ndarray) -> Objects:
    """Connected movable columns of one class as objects with their mean flow.

    Args:
        occupancy: uint8 [X, Y, Z].
        flow: [2, X, Y] m/s.
    """
    movable = np.isin(occupancy, _MOVABLE)
    top = np.where(movable, occupancy, 0).max(-1)  # a column holds one movable class in practice
    cells = np.full(top.shape, -1)
    velocities: list[np.ndarray] = []
    for c in _MOVABLE:
        label, count = ndimage.label(movable.any(-1) & (top == c), np.ones((3, 3)))
        for i in range(1, count + 1):
            inside = label == i
            cells[inside] = len(velocities)
            velocities.append(flow[:, inside].mean(1))
    return Objects(cells=cells, velocity_mps=np.array(velocities).reshape(-1, 2))


def constant_velocity(
    start: np.ndarray,
    warped: np.ndarray,
    objects: Objects,
    motion: np.ndarray,
    seconds: float,
    grid: GridConfig,
) -> tuple[np.ndarray, np.ndarray]:
    """Ego-warp with the movable objects moved on as rigid wholes.

    Args:
        start: uint8 [X, Y, Z] occupancy at the start.
        warped: uint8 [X, Y, Z] the ego-warp of ``start`` without its movables.
        objects: the movable columns of ``start``.
        motion: [3] ego motion since the start.
        seconds: time since the start.

    Returns:
        occupancy uint8 [X, Y, Z] and the objects' velocity float32 [2, X, Y] in the ego frame of
        then, 0 elsewhere.
    """
    x0, _, y0, _ = grid.extent_m
    points = from_local(motion, cell_centers(grid))  # [X, Y, 2] in the frame of the start
    out, flow = warped.copy(), np.zeros((2, *warped.shape[:2]), np.float32)
    for o, velocity in enumerate(objects.velocity_mps):
        source = points - velocity * seconds
        ix = np.floor((source[..., 0] - x0) / grid.cell_m).astype(int)
        iy = np.floor((source[..., 1] - y0) / grid.cell_m).astype(int)
        inside = (ix >= 0) & (iy >= 0) & (ix < start.shape[0]) & (iy < start.shape[1])
        ix, iy = np.where(inside, ix, 0), np.where(inside, iy, 0)
        hit = inside & (objects.cells[ix, iy] == o)
        column = start[ix[hit], iy[hit]]  # [n, Z]
        out[hit] = np.where(np.isin(column, _MOVABLE), column, out[hit])
        flow[:, hit] = to_local(np.array([0.0, 0.0, motion[2]]), velocity)[:, None]
    return out, flow


def without_movables(occupancy: np.ndarray) -> np.ndarray:
    """Movable voxels become free; in the lowest layer road, which they stood on."""
    movable = np.isin(occupancy, _MOVABLE)
    out = np.where(movable, np.uint8(OccClass.FREE), occupancy)
    out[..., 0] = np.where(movable[..., 0], np.uint8(OccClass.DRIVEABLE_SURFACE), out[..., 0])
    return out
