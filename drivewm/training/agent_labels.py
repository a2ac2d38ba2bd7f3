"""Agents around the ego as fixed slots, and the return of the recorded drive.

Shapes: K frames, M slots, N tracks.
"""

from __future__ import annotations

import numpy as np

from drivewm.geometry.se2 import to_local, wrap_angle
from drivewm.models.grid import GridConfig
from drivewm.models.heads.agents import AGENT_CLASSES
from drivewm.scene import EgoColumn, Scene, TrackColumn

LABEL_COLUMNS = 8  # x, y, heading, length, width, height, vx, vy in the ego frame


def agent_label(
    scene: Scene, step: int, grid: GridConfig, slots: int
) -> tuple[np.ndarray, np.ndarray]:
    """Boxes whose centre lies on the grid, the nearest first.

    Args:
        step: index into the scene's time grid.
        slots: M; agents beyond the nearest M are left out.

    Returns:
        float32 [M, 8] boxes in the ego frame (velocity NaN where unknown) and int8 [M] rows of
        ``AGENT_CLASSES``, -1 in empty slots.
    """
    ego = scene.ego[step, [EgoColumn.X, EgoColumn.Y, EgoColumn.HEADING]]
    rows = {int(c): a for a, c in enumerate(AGENT_CLASSES)}
    kinds = np.array([rows.get(int(c), -1) for c in scene.tracks.occ_class], np.int8)
    keep = np.flatnonzero(scene.tracks.valid[:, step] & (kinds >= 0))
    state, size = scene.tracks.state[keep, step], scene.tracks.size_m[keep]
    at = to_local(ego, state[:, :2])
    x0, x1, y0, y1 = grid.extent_m
    inside = (at[:, 0] >= x0) & (at[:, 0] < x1) & (at[:, 1] >= y0) & (at[:, 1] < y1)
    order = np.argsort(np.hypot(*at.T), kind="stable")
    order = order[inside[order]][:slots]
    boxes, classes = np.zeros((slots, LABEL_COLUMNS), np.float32), np.full(slots, -1, np.int8)
    turn = np.array([0.0, 0.0, ego[2]])
    velocity = to_local(turn, state[:, TrackColumn.VX : TrackColumn.VY + 1])
    heading = wrap_angle(state[:, TrackColumn.HEADING] - ego[2])
    whole = np.concatenate([at, heading[:, None], size, velocity], 1)
    boxes[: len(order)], classes[: len(order)] = whole[order], kinds[keep][order]
    return boxes, classes


def returns(reward: np.ndarray, cont: np.ndarray, steps: int, discount: float) -> np.ndarray:
    """Discounted sum of the next ``steps`` rewards at each frame.

    Args:
        reward: [K - 1], NaN where unknown; row t is earned between frames t and t + 1.
        cont: [K - 1], 0 at the step that ends the drive.

    Returns:
        float32 [K]; NaN where the recording ends earlier and the drive does not.
    """
    count = len(reward) + 1
    out = np.full(count, np.nan, np.float32)
    for k in range(count):
        total, fade, known = 0.0, 1.0, k + steps < count
        for t in range(k, min(k + steps, count - 1)):
            total += fade * reward[t]
            fade *= discount
            if cont[t] == 0.0:
                known = True
                break
        out[k] = total if known else np.nan
    return out
