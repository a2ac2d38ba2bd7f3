"""Training labels of one scene on the model grid. Shapes: K frames, X, Y, Z cells, N tracks."""

from __future__ import annotations

import numpy as np

from drivewm.geometry.se2 import to_local
from drivewm.models.grid import GridConfig, cell_centers
from drivewm.scene import MOVABLE, EgoColumn, Scene, SizeColumn, TrackColumn

NEAR_M = 4.0  # the flow around a movable is that of the movable, so that it can move as a whole


def flow_label(scene: Scene, step: int, grid: GridConfig) -> tuple[np.ndarray, np.ndarray]:
    """Velocity of the nearest movable at each cell, in the ego frame.

    Args:
        step: index into the scene's time grid.

    Returns:
        flow [2, X, Y] m/s and known [X, Y] bool: cells within 4 m of a movable's box.
    """
    ego = scene.ego[step, [EgoColumn.X, EgoColumn.Y, EgoColumn.HEADING]]
    cells = cell_centers(grid)  # [X, Y, 2]
    nearest = np.full(grid.shape[:2], np.inf)
    flow = np.zeros((2, *grid.shape[:2]), np.float32)
    wanted = scene.tracks.valid[:, step] & np.isin(
        scene.tracks.occ_class, [int(c) for c in MOVABLE]
    )
    for n in np.flatnonzero(wanted):
        state, size = scene.tracks.state[n, step], scene.tracks.size_m[n]
        centre = to_local(ego, state[:2])
        if abs(centre).max() > 70.0:
            continue
        heading = state[TrackColumn.HEADING] - ego[2]
        distance = _distance_to_box(cells, centre, heading, size)
        closer = distance < nearest
        nearest = np.where(closer, distance, nearest)
        velocity = to_local(
            np.array([0.0, 0.0, ego[2]]), state[TrackColumn.VX : TrackColumn.VY + 1]
        )
        flow[:, closer] = velocity[:, None]
    known = nearest <= NEAR_M
    return np.where(known, flow, 0.0).astype(np.float32), known


def _distance_to_box(
    cells: np.ndarray, centre: np.ndarray, heading: float, size: np.ndarray
) -> np.ndarray:
    local = to_local(np.array([centre[0], centre[1], heading]), cells)
    half = size[[SizeColumn.LENGTH, SizeColumn.WIDTH]] / 2
    outside = np.maximum(np.abs(local) - half, 0.0)
    return np.hypot(outside[..., 0], outside[..., 1])
