"""Centrelines as arcline paths, the curve format of the nuScenes map expansion.

A path has up to three parts (turn, straight or turn, turn) of one radius; here every path is one
circular arc or one straight piece, chained over the centreline.
"""

from __future__ import annotations

import numpy as np

STRAIGHT_CURVATURE = 1e-4  # 1/m; flatter pieces are straight
MAX_TURN_RAD = 3.0  # one arc turns less than half a circle


def arc_through(first: np.ndarray, middle: np.ndarray, last: np.ndarray) -> tuple[float, float]:
    """Signed curvature (1/m, left positive) and start heading of the arc through three points."""
    a, b = middle - first, last - first
    cross = a[0] * b[1] - a[1] * b[0]
    product = np.linalg.norm(a) * np.linalg.norm(b) * np.linalg.norm(last - middle)
    curvature = 2.0 * cross / product if product > 0 else 0.0
    chord = np.linalg.norm(b)
    half_turn = np.arcsin(np.clip(curvature * chord / 2, -1, 1))
    return float(curvature), float(np.arctan2(b[1], b[0]) - half_turn)


def deviation_m(points: np.ndarray, curvature: float, heading_rad: float) -> float:
    """Largest distance of ``points`` [P, 2] from the arc that starts at the first of them."""
    delta = points - points[0]
    normal = np.array([-np.sin(heading_rad), np.cos(heading_rad)])
    if abs(curvature) < STRAIGHT_CURVATURE:
        return float(np.abs(delta @ normal).max())
    centre = normal / curvature
    return float(np.abs(np.linalg.norm(delta - centre, axis=1) - 1 / abs(curvature)).max())


def _path(start: np.ndarray, end: np.ndarray, curvature: float, heading_rad: float) -> dict:
    chord = float(np.linalg.norm(end - start))
    if abs(curvature) < STRAIGHT_CURVATURE:
        heading_rad = float(np.arctan2(end[1] - start[1], end[0] - start[0]))
        radius, shape, lengths, turn = 999.999, "LSL", [0.0, chord, 0.0], 0.0
    else:
        turn = 2 * float(np.arcsin(np.clip(curvature * chord / 2, -1, 1)))
        radius, lengths = 1 / abs(curvature), [turn / curvature, 0.0, 0.0]
        shape = "LSL" if curvature > 0 else "RSR"
    return {
        "start_pose": [float(start[0]), float(start[1]), heading_rad],
        "end_pose": [float(end[0]), float(end[1]), heading_rad + turn],
        "shape": shape,
        "radius": float(radius),
        "segment_length": lengths,
    }


def _arc(points: np.ndarray, tolerance_m: float) -> tuple[float, float] | None:
    """Curvature and start heading of the arc that may stand for ``points``, or None."""
    curvature, heading = arc_through(points[0], points[len(points) // 2], points[-1])
    turn = abs(curvature) * np.linalg.norm(np.diff(points, axis=0), axis=1).sum()
    near = turn < MAX_TURN_RAD and deviation_m(points, curvature, heading) <= tolerance_m
    return (curvature, heading) if near else None


def _longest(points: np.ndarray, tolerance_m: float) -> tuple[int, float, float]:
    """The last vertex that one arc from ``points[0]`` reaches, its curvature, its start heading."""
    last, curvature, heading = 1, 0.0, 0.0
    step = 1
    while step and last < len(points) - 1:  # doubling, then halving steps
        reach = min(last + step, len(points) - 1)
        arc = _arc(points[: reach + 1], tolerance_m)
        if arc is None:
            step //= 2
        else:
            last, (curvature, heading) = reach, arc
            step *= 2
    return last, curvature, heading


def arcline_paths(centerline: np.ndarray, tolerance_m: float = 0.02) -> list[dict]:
    """Arcs and straight pieces that follow ``centerline`` [P, 2] within ``tolerance_m``.

    Raises:
        ValueError: fewer than two distinct points.
    """
    keep = np.r_[True, np.linalg.norm(np.diff(centerline, axis=0), axis=1) > 1e-6]
    points = np.asarray(centerline, float)[keep]
    if len(points) < 2:
        raise ValueError("a centreline needs two distinct points")
    paths, first = [], 0
    while first < len(points) - 1:
        reach, curvature, heading = _longest(points[first:], tolerance_m)
        paths.append(_path(points[first], points[first + reach], curvature, heading))
        first += reach
    return paths
