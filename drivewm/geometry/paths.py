"""Paths as nuPlan builds and samples them. Shapes: P vertices, Q vertices of a path, C capacity.

A path is a table [C, 5] of which the first n rows count (columns of :class:`PathColumn`). Source:
nuplan-devkit ``simulation/path``, ``observation/idm/utils.py`` (``create_path_from_se2``) and
``maps/nuplan_map/{polyline_map_object,utils}.py``. Reference in the tests: SciPy and Shapely.
"""

from __future__ import annotations

import math
from enum import IntEnum

import numpy as np
from numba import njit

REPEATED_M = 1e-8  # a vertex that its successor repeats within this is dropped
LOOK_AHEAD_M = 0.5  # between the two points that give a heading
CURVATURE_REACH_M = 2.0  # between the three points that give a curvature


class PathColumn(IntEnum):
    """Columns of a path table."""

    PROGRESS = 0
    X = 1
    Y = 2
    HEADING = 3  # as given
    UNWRAPPED = 4  # continuous along the path


@njit(cache=True)
def wrapped(angle_rad: float) -> float:
    """The angle in [-pi, pi)."""
    return (angle_rad + math.pi) % (2.0 * math.pi) - math.pi


@njit(cache=True)
def fill_discrete(line: np.ndarray, out: np.ndarray, at: int) -> int:
    """Writes the vertices [P, 2] with headings (to the next vertex; the last repeats) into ``out``
    [C, 3] from row ``at`` on; returns the row after them."""
    count = len(line)
    for i in range(count):
        k = min(i, count - 2)
        out[at + i, 0], out[at + i, 1] = line[i, 0], line[i, 1]
        out[at + i, 2] = math.atan2(line[k + 1, 1] - line[k, 1], line[k + 1, 0] - line[k, 0])
    return at + count


@njit(cache=True)
def build_path(poses: np.ndarray, count: int, path: np.ndarray) -> int:
    """Makes a path [C, 5] of the first ``count`` poses [., 3]; returns its number of vertices.

    Repeated vertices go, and the last one always: a quirk of the reference that shortens paths.
    (Only where a single vertex would be left, which the reference refuses, the last one stays.)
    """
    kept, progress = 0, 0.0
    for i in range(count - 1):
        dx, dy = poses[i + 1, 0] - poses[i, 0], poses[i + 1, 1] - poses[i, 1]
        following = progress + math.sqrt(dx * dx + dy * dy)
        if abs(following - progress) > REPEATED_M:
            path[kept, 0], path[kept, 1] = progress, poses[i, 0]
            path[kept, 2], path[kept, 3] = poses[i, 1], poses[i, 2]
            kept += 1
        progress = following
    if kept == 1:
        path[1, 0], path[1, 1] = progress, poses[count - 1, 0]
        path[1, 2], path[1, 3] = poses[count - 1, 1], poses[count - 1, 2]
        kept = 2
    turns = 0.0
    for i in range(kept):
        if i > 0:
            turn = path[i, 3] - path[i - 1, 3]
            if abs(turn) >= math.pi:
                least = wrapped(turn)
                if least == -math.pi and turn > 0.0:
                    least = math.pi
                turns += least - turn
        path[i, 4] = path[i, 3] + turns
    return kept


@njit(cache=True)
def segment_at(path: np.ndarray, count: int, progress_m: float) -> int:
    """Index of the vertex that ends the segment on which ``progress_m`` lies (1 … count - 1)."""
    low, high = 0, count
    while low < high:
        middle = (low + high) // 2
        if path[middle, 0] < progress_m:
            low = middle + 1
        else:
            high = middle
    return min(max(low, 1), count - 1)


@njit(cache=True)
def pose_at(path: np.ndarray, count: int, progress_m: float) -> tuple[float, float, float]:
    """(x, y, heading) at a progress between the path's ends."""
    i = segment_at(path, count, progress_m)
    length, into = path[i, 0] - path[i - 1, 0], progress_m - path[i - 1, 0]
    x = (path[i, 1] - path[i - 1, 1]) / length * into + path[i - 1, 1]
    y = (path[i, 2] - path[i - 1, 2]) / length * into + path[i - 1, 2]
    heading = (path[i, 4] - path[i - 1, 4]) / length * into + path[i - 1, 4]
    return x, y, wrapped(heading)


@njit(cache=True)
def clamp_progress(path: np.ndarray, count: int, progress_m: float) -> float:
    """The progress held between the path's ends."""
    return max(path[0, 0], min(progress_m, path[count - 1, 0]))


@njit(cache=True)
def first_beyond(path: np.ndarray, count: int, progress_m: float) -> int:
    """The first vertex with a larger progress; ``count`` if none."""
    low, high = 0, count
    while low < high:
        middle = (low + high) // 2
        if path[middle, 0] > progress_m:
            high = middle
        else:
            low = middle + 1
    return low


@njit(cache=True)
def rest_of_path(path: np.ndarray, count: int, progress_m: float, out: np.ndarray) -> int:
    """Poses [., 3] from a progress to the end into ``out``; returns how many.

    At the very end these are the last two vertices, as in the reference.
    """
    first = first_beyond(path, count, progress_m)
    if first >= count:
        out[0], out[1] = path[count - 2, 1:4], path[count - 1, 1:4]
        return 2
    out[0, 0], out[0, 1], out[0, 2] = pose_at(path, count, progress_m)
    for i in range(first, count):
        out[1 + i - first, 0], out[1 + i - first, 1] = path[i, 1], path[i, 2]
        out[1 + i - first, 2] = path[i, 3]
    return 1 + count - first


@njit(cache=True)
def part_of_path(
    path: np.ndarray, count: int, start_m: float, end_m: float, out: np.ndarray
) -> int:
    """Points [., 2] from ``start_m`` to ``end_m`` (within the path) into ``out``; how many.

    A part that starts at the path's end is its last segment, one that ends at its start the first.
    """
    first = first_beyond(path, count, start_m)
    if first >= count or not path[0, 0] < end_m:
        base = count - 2 if first >= count else 0
        out[0, 0], out[0, 1] = path[base, 1], path[base, 2]
        out[1, 0], out[1, 1] = path[base + 1, 1], path[base + 1, 2]
        return 2
    out[0, 0], out[0, 1], _ = pose_at(path, count, start_m)
    size = 1
    for i in range(first, count):
        if not path[i, 0] < end_m:
            break
        out[size, 0], out[size, 1] = path[i, 1], path[i, 2]
        size += 1
    out[size, 0], out[size, 1], _ = pose_at(path, count, end_m)
    return size + 1


@njit(cache=True)
def arc_at(line: np.ndarray, x: float, y: float) -> float:
    """Arc length of the place on the line [P, 2] nearest to (x, y); of equals the first."""
    best, best_arc, start = np.inf, 0.0, 0.0
    for i in range(len(line) - 1):
        dx, dy = line[i + 1, 0] - line[i, 0], line[i + 1, 1] - line[i, 1]
        squared = dx * dx + dy * dy
        length = math.sqrt(squared)
        px, py = x - line[i, 0], y - line[i, 1]
        part = 0.0
        if squared > 0.0:
            part = min(max((px * dx + py * dy) / squared, 0.0), 1.0)
        ex, ey = px - part * dx, py - part * dy
        away = ex * ex + ey * ey
        if away < best:
            best, best_arc = away, start + part * length
        start += length
    return best_arc


@njit(cache=True)
def point_at(line: np.ndarray, arc_m: float) -> tuple[float, float]:
    """The point at an arc length of the line [P, 2]: held at the end, counted from it if negative
    (as GEOS' ``interpolate``)."""
    total = 0.0
    for i in range(len(line) - 1):
        total += math.hypot(line[i + 1, 0] - line[i, 0], line[i + 1, 1] - line[i, 1])
    if arc_m < 0.0:
        arc_m = max(total + arc_m, 0.0)
    start = 0.0
    for i in range(len(line) - 1):
        dx, dy = line[i + 1, 0] - line[i, 0], line[i + 1, 1] - line[i, 1]
        length = math.hypot(dx, dy)
        if start + length > arc_m:
            part = (arc_m - start) / length
            return line[i, 0] + part * dx, line[i, 1] + part * dy
        start += length
    return line[-1, 0], line[-1, 1]


@njit(cache=True)
def nearest_pose(line: np.ndarray, x: float, y: float) -> tuple[float, float, float]:
    """Pose on the line [P, 2] nearest to (x, y); it looks 0.5 m ahead (back at the end)."""
    arc_m = arc_at(line, x, y)
    ax, ay = point_at(line, arc_m)
    bx, by = point_at(line, arc_m + LOOK_AHEAD_M)
    if ax == bx and ay == by:
        bx, by = point_at(line, arc_m - LOOK_AHEAD_M)
        return ax, ay, math.atan2(ay - by, ax - bx)
    return ax, ay, math.atan2(by - ay, bx - ax)


@njit(cache=True)
def start_curvature(line: np.ndarray) -> float:
    """Signed curvature [1/m] of the line [P, 2] at its start, from three points 2 m apart (nearer
    on a line below 4 m)."""
    total = 0.0
    for i in range(len(line) - 1):
        total += math.hypot(line[i + 1, 0] - line[i, 0], line[i + 1, 1] - line[i, 1])
    reach = total / 2.0 if total < 2.0 * CURVATURE_REACH_M else CURVATURE_REACH_M
    x1, y1 = point_at(line, 0.0)
    x2, y2 = point_at(line, reach)
    x3, y3 = point_at(line, 2.0 * reach)
    a, b = math.hypot(x2 - x1, y2 - y1), math.hypot(x3 - x2, y3 - y2)
    c = math.hypot(x1 - x3, y1 - y3)
    heron = (a + (b + c)) * (c - (a - b)) * (c + (a - b)) * (a + (b - c))
    if heron < 1e-6:
        return 0.0
    product = a * b * c
    size = math.sqrt(heron) / product if product > 1e-8 else 0.0
    side = (x2 - x1) * (y3 - y1) - (y2 - y1) * (x3 - x1)
    return math.copysign(size, side) if side != 0.0 else 0.0
