"""Paths that proposals of PDM-Closed follow. Shapes: K paths of P vertices each, D blocks.

Definition: tuplan_garage ``pdm_planner/utils/pdm_path.py`` (SciPy's ``interp1d`` over Shapely's
``project``) and ``pdm_geometry_utils.parallel_discrete_path``. A lane's discrete path carries at
each vertex the direction to the next one; the headings are interpolated like the positions.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numba import njit

FIRST_M = 1e-5  # the reference never looks a pose up before this arc length
BLOCK = 8  # segments per bounding box


class Paths(NamedTuple):
    """K parallel paths. Numba reads it as it is."""

    poses: np.ndarray  # [K, P, 3] x, y, unwrapped heading
    arc_m: np.ndarray  # [K, P]
    boxes: np.ndarray  # [K, D, 4] min x, min y, max x, max y of BLOCK segments each


def discrete_path(line: np.ndarray) -> np.ndarray:
    """[P, 2] vertices -> [P, 3]; the heading points to the next vertex (at the end: as before)."""
    steps = np.diff(line, axis=0)
    headings = np.arctan2(steps[:, 1], steps[:, 0])
    return np.column_stack([line, np.append(headings, headings[-1])])


def parallel_paths(middle: np.ndarray, offsets_m: Sequence[float]) -> Paths:
    """The discrete path ``middle`` [P, 3] and its copies shifted to the left by each offset.

    Args:
        middle: x m, y m, heading rad; vertices may repeat where two lanes meet.
        offsets_m: one path per entry; the first should be 0, the middle itself.
    """
    normal = middle[:, 2] + np.pi / 2
    poses = np.stack([middle] * len(offsets_m)).astype(float)
    for path, offset in zip(poses, offsets_m):
        path[:, 0] += np.cos(normal) * offset
        path[:, 1] += np.sin(normal) * offset
        path[:, 2] = np.unwrap(middle[:, 2])
    steps = np.linalg.norm(np.diff(poses[..., :2], axis=1), axis=-1)
    arc = np.concatenate([np.zeros((len(poses), 1)), np.cumsum(steps, axis=1)], axis=1)
    return Paths(np.ascontiguousarray(poses), arc, np.stack([block_boxes(p) for p in poses]))


def block_boxes(points: np.ndarray) -> np.ndarray:
    """Bounding boxes [D, 4] of every BLOCK segments of a line [P, >= 2]."""
    starts = range(0, max(len(points) - 1, 1), BLOCK)
    parts = [points[i : i + BLOCK + 1, :2] for i in starts]
    return np.array([[*part.min(axis=0), *part.max(axis=0)] for part in parts])


@njit(cache=True)
def project(paths: Paths, k: int, x: float, y: float) -> float:
    """Arc length of the place of path ``k`` nearest to (x, y); of equally near ones the first."""
    boxes = paths.boxes
    nearest, bound = 0, np.inf
    for d in range(boxes.shape[1]):
        gap = _gap(boxes, k, d, x, y)
        if gap < bound:
            nearest, bound = d, gap
    best, arc = _nearest_of_block(paths.poses, paths.arc_m, k, nearest, x, y)
    first = nearest
    for d in range(boxes.shape[1]):
        if d == nearest or _gap(boxes, k, d, x, y) > best:
            continue
        squared, at = _nearest_of_block(paths.poses, paths.arc_m, k, d, x, y)
        if squared < best or (squared == best and d < first):
            best, arc, first = squared, at, d
    return arc


@njit(cache=True)
def _gap(boxes: np.ndarray, k: int, d: int, x: float, y: float) -> float:
    """Squared distance of (x, y) to a block's bounding box."""
    dx = max(max(boxes[k, d, 0] - x, 0.0), x - boxes[k, d, 2])
    dy = max(max(boxes[k, d, 1] - y, 0.0), y - boxes[k, d, 3])
    return dx * dx + dy * dy


@njit(cache=True)
def _nearest_of_block(
    poses: np.ndarray, arc_m: np.ndarray, k: int, block: int, x: float, y: float
) -> tuple[float, float]:
    """Squared distance and arc length of the nearest place in one block."""
    best, arc = np.inf, 0.0
    for i in range(block * BLOCK, min((block + 1) * BLOCK, poses.shape[1] - 1)):
        ax, ay = poses[k, i, 0], poses[k, i, 1]
        dx, dy = poses[k, i + 1, 0] - ax, poses[k, i + 1, 1] - ay
        px, py = x - ax, y - ay
        length2 = dx * dx + dy * dy
        share = 0.0
        if length2 > 0.0:
            share = min(1.0, max(0.0, (px * dx + py * dy) / length2))
        ex, ey = px - share * dx, py - share * dy
        squared = ex * ex + ey * ey
        if squared < best:
            best = squared
            arc = arc_m[k, i] + share * (arc_m[k, i + 1] - arc_m[k, i])
    return best, arc


@njit(cache=True)
def pose_at(paths: Paths, k: int, at_m: float, segment: int, out: np.ndarray) -> int:
    """Writes the pose (x, y, heading in [-pi, pi]) at an arc length into ``out`` [3].

    ``segment`` is where to begin the search (any value of an earlier call, or 0); the segment
    found is returned. Arc lengths beyond the ends are taken to the ends.
    """
    poses, arc_m = paths.poses, paths.arc_m
    last = arc_m.shape[1] - 1
    at_m = min(max(at_m, FIRST_M), arc_m[k, last])
    i = min(max(segment, 0), last - 1)  # arc_m[i] < at_m <= arc_m[i + 1], as searchsorted left
    while i < last - 1 and arc_m[k, i + 1] < at_m:
        i += 1
    while i > 0 and arc_m[k, i] >= at_m:
        i -= 1
    length = arc_m[k, i + 1] - arc_m[k, i]
    if length <= 0.0:
        out[:] = 0.0  # the reference's 0 / 0
        return i
    ahead = at_m - arc_m[k, i]
    x, y, heading = poses[k, i, 0], poses[k, i, 1], poses[k, i, 2]
    out[0] = (poses[k, i + 1, 0] - x) / length * ahead + x
    out[1] = (poses[k, i + 1, 1] - y) / length * ahead + y
    heading = (poses[k, i + 1, 2] - heading) / length * ahead + heading
    out[2] = math.atan2(math.sin(heading), math.cos(heading))
    return i
