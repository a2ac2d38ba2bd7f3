"""Polylines on the plane: arc length, projection, interpolation. Shapes: P vertices, T points.

References: Shapely's ``project``, ``interpolate`` and ``distance`` (in the tests).
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit


def without_repeats(points: np.ndarray, tolerance_m: float = 1e-6) -> np.ndarray:
    """[P, 2] without vertices that repeat their predecessor; at least one vertex stays."""
    points = np.ascontiguousarray(points[:, :2], float)
    keep = np.ones(len(points), bool)
    keep[1:] = np.linalg.norm(np.diff(points, axis=0), axis=1) > tolerance_m
    return np.ascontiguousarray(points[keep])


def arc_lengths(points: np.ndarray) -> np.ndarray:
    """[P, 2] -> [P] distance along the line, metres, starting at 0."""
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    return np.concatenate([[0.0], np.cumsum(steps)])


@njit(cache=True)
def project(
    points: np.ndarray, arc_m: np.ndarray, x: float, y: float, low_m: float, high_m: float
) -> tuple[float, float]:
    """Nearest place on the part [low_m, high_m] of the line: (arc length, signed offset, left +).

    ``points`` [P, 2], ``arc_m`` [P] from :func:`arc_lengths`. Of equally near places, the first.
    """
    best, best_arc, best_offset = np.inf, max(0.0, low_m), 0.0
    for i in range(len(points) - 1):
        length = arc_m[i + 1] - arc_m[i]
        if length <= 0.0 or arc_m[i + 1] < low_m or arc_m[i] > high_m:
            continue
        ux = (points[i + 1, 0] - points[i, 0]) / length
        uy = (points[i + 1, 1] - points[i, 1]) / length
        dx, dy = x - points[i, 0], y - points[i, 1]
        along = dx * ux + dy * uy
        along = min(min(length, high_m - arc_m[i]), max(max(0.0, low_m - arc_m[i]), along))
        distance = math.hypot(dx - along * ux, dy - along * uy)
        if distance < best:
            best, best_arc = distance, arc_m[i] + along
            best_offset = distance if ux * dy - uy * dx >= 0.0 else -distance
    return best_arc, best_offset


@njit(cache=True)
def project_sequence(
    points: np.ndarray,  # [P, 2]
    arc_m: np.ndarray,  # [P]
    places: np.ndarray,  # [T, 2]
    back_m: float,
    ahead_m: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Arc length [T] and signed offset [T] of places visited one after the other.

    The first is projected on the whole line, each next one on the part from ``back_m`` behind to
    ``ahead_m`` before its predecessor, so that a line that crosses itself is followed in order.
    """
    count = len(places)
    along, offset = np.zeros(count), np.zeros(count)
    low, high = -np.inf, np.inf
    for t in range(count):
        along[t], offset[t] = project(points, arc_m, places[t, 0], places[t, 1], low, high)
        low, high = along[t] - back_m, along[t] + ahead_m
    return along, offset


@njit(cache=True)
def interpolate(points: np.ndarray, arc_m: np.ndarray, at_m: float) -> tuple[float, float, float]:
    """(x, y, heading) at an arc length; the end segments continue straight beyond the line."""
    last = len(points) - 2
    if last < 0:
        return points[0, 0], points[0, 1], 0.0
    i = int(np.searchsorted(arc_m, at_m, side="right")) - 1
    i = 0 if i < 0 else (last if i > last else i)
    dx, dy = points[i + 1, 0] - points[i, 0], points[i + 1, 1] - points[i, 1]
    fraction = (at_m - arc_m[i]) / (arc_m[i + 1] - arc_m[i])
    heading = math.atan2(dy, dx)
    return points[i, 0] + fraction * dx, points[i, 1] + fraction * dy, heading
