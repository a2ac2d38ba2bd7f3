"""Polylines with a width as the rings that GEOS' buffer draws. Shapes: Q vertices, R ring points.

Flat or square ends, round joins with 16 segments per quadrant; the reference is Shapely's
``buffer`` (in the tests). A ring is closed implicitly: its last point is joined to the first.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from drivewm.geometry.rings import ring_bounds, rings_meet

QUANTUM_RAD = math.pi / 2 / 16  # of a round join
JOINED = 1e-3  # offset ends nearer than this share of the half width are one point
CLOSING = 80.0  # where offsets of an inside turn miss each other


@njit(cache=True)
def _round_join(x, y, from_rad, turn_rad, half_m, ring, at):
    """Points of a right turn (``turn_rad`` > 0) around (x, y), without its two ends."""
    pieces = int(turn_rad / QUANTUM_RAD + 0.5)
    for k in range(pieces):
        if at >= len(ring) - 8:  # full: the join is cut straight
            return at
        angle = from_rad - k * turn_rad / pieces
        ring[at, 0], ring[at, 1] = x + half_m * math.cos(angle), y + half_m * math.sin(angle)
        at += 1
    return at


@njit(cache=True)
def _cross_point(ax, ay, bx, by, cx, cy, dx, dy):
    """(found, x, y): where the segments a-b and c-d meet."""
    ux, uy, vx, vy = bx - ax, by - ay, dx - cx, dy - cy
    wide = ux * vy - uy * vx
    if wide == 0.0:
        return False, 0.0, 0.0
    wx, wy = cx - ax, cy - ay
    s, t = (wx * vy - wy * vx) / wide, (wx * uy - wy * ux) / wide
    if s < 0.0 or s > 1.0 or t < 0.0 or t > 1.0:
        return False, 0.0, 0.0
    return True, ax + s * ux, ay + s * uy


@njit(cache=True)
def _left_side(line, order, count, half_m, square, ring, at):
    """The left side in the given direction (+1, -1) and the end's cap."""
    begin = 0 if order > 0 else count - 1
    px, py = line[begin, 0], line[begin, 1]
    have = False  # an offset segment before: e-f around the vertex (px, py)
    ex = ey = fx = fy = ux = uy = 0.0
    for k in range(1, count):
        qx, qy = line[begin + order * k, 0], line[begin + order * k, 1]
        dx, dy = qx - px, qy - py
        length = math.sqrt(dx * dx + dy * dy)
        if length == 0.0:
            continue
        dx, dy = dx / length, dy / length
        gx, gy = px - half_m * dy, py + half_m * dx
        hx, hy = qx - half_m * dy, qy + half_m * dx
        if at >= len(ring) - 8:
            return at
        if not have:
            ring[at, 0], ring[at, 1] = gx, gy
            at += 1
        else:
            turn = ux * dy - uy * dx
            near = math.hypot(gx - fx, gy - fy) < half_m * JOINED
            if turn < 0.0 and not near:
                ring[at, 0], ring[at, 1] = fx, fy
                start = math.atan2(fy - py, fx - px)
                angle = math.atan2(-turn, ux * dx + uy * dy)
                at = _round_join(px, py, start, angle, half_m, ring, at + 1)
                ring[at, 0], ring[at, 1] = gx, gy
                at += 1
            elif turn < 0.0:
                ring[at, 0], ring[at, 1] = fx, fy
                at += 1
            elif turn > 0.0:
                found, x, y = _cross_point(ex, ey, fx, fy, gx, gy, hx, hy)
                if found or near:
                    ring[at, 0], ring[at, 1] = (x, y) if found else (fx, fy)
                    at += 1
                else:
                    ring[at, 0], ring[at, 1] = fx, fy
                    ring[at + 1, 0] = (CLOSING * fx + px) / (CLOSING + 1.0)
                    ring[at + 1, 1] = (CLOSING * fy + py) / (CLOSING + 1.0)
                    ring[at + 2, 0] = (CLOSING * gx + px) / (CLOSING + 1.0)
                    ring[at + 2, 1] = (CLOSING * gy + py) / (CLOSING + 1.0)
                    ring[at + 3, 0], ring[at + 3, 1] = gx, gy
                    at += 4
        have = True
        px, py, ux, uy = qx, qy, dx, dy
        ex, ey, fx, fy = gx, gy, hx, hy
    if have:
        beyond = half_m if square else 0.0
        ring[at, 0], ring[at, 1] = fx + beyond * ux, fy + beyond * uy
        at += 1
    return at


@njit(cache=True)
def corridor_ring(
    line: np.ndarray,  # [Q, 2]
    count: int,
    half_m: float,
    square_start: bool,
    square_end: bool,
    ring: np.ndarray,  # [R, 2]
) -> int:
    """Draws the corridor around the first ``count`` points into ``ring``; how many points it has.

    Square ends reach ``half_m`` further than flat ones. A ring too short for all round joins gets
    straight ones.
    """
    at = _left_side(line, 1, count, half_m, square_end, ring, 0)
    first_cap = at
    at = _left_side(line, -1, count, half_m, square_start, ring, at)
    if square_end and first_cap > 0 and at > first_cap:
        dx, dy = _direction(line, count, True)
        ring[first_cap, 0] += half_m * dx
        ring[first_cap, 1] += half_m * dy
    if square_start and at > 0:
        dx, dy = _direction(line, count, False)
        ring[0, 0] -= half_m * dx
        ring[0, 1] -= half_m * dy
    return at


@njit(cache=True)
def _direction(line, count, at_end):
    """Unit direction of the first or last segment that has a length."""
    for k in range(count - 1):
        i = count - 2 - k if at_end else k
        dx, dy = line[i + 1, 0] - line[i, 0], line[i + 1, 1] - line[i, 1]
        length = math.sqrt(dx * dx + dy * dy)
        if length > 0.0:
            return dx / length, dy / length
    return 0.0, 0.0


@njit(cache=True)
def next_stretch(
    line: np.ndarray,  # [Q, 2]
    arc_m: np.ndarray,  # [Q]
    count: int,
    start: int,
    x: float,
    y: float,
    reach_m: float,
) -> tuple[int, int]:
    """First and last vertex of the next stretch, from vertex ``start`` on, that comes within
    ``reach_m`` of (x, y); ``count`` twice if none does.

    All of the line before and between stretches is farther away, their end vertices too (unless
    they are the line's).
    """
    i = start
    while i < count - 1:
        slack = math.hypot(line[i, 0] - x, line[i, 1] - y) - reach_m
        if slack > 0.0 and arc_m[i + 1] - arc_m[i] <= slack:
            goal = arc_m[i] + slack
            while i < count - 1 and arc_m[i + 1] <= goal:
                i += 1
            continue
        last = i + 1
        while last < count - 1 and math.hypot(line[last, 0] - x, line[last, 1] - y) <= reach_m:
            last += 1
        return i, last
    return count, count


@njit(cache=True)
def corridor_reach(bounds: np.ndarray, half_m: float) -> tuple[float, float, float]:
    """Centre and radius of the circle outside of which a corridor cannot meet what lies in the
    bounds [4]: square ends reach up to 1.42 half widths."""
    cx, cy = 0.5 * (bounds[0] + bounds[2]), 0.5 * (bounds[1] + bounds[3])
    return cx, cy, math.hypot(bounds[2] - cx, bounds[3] - cy) + 1.5 * half_m


@njit(cache=True)
def corridor_meets(
    line: np.ndarray,  # [Q, 2]
    arc_m: np.ndarray,  # [Q]
    count: int,
    half_m: float,
    square: bool,
    other: np.ndarray,  # [B, 2] ring
    other_count: int,
    other_bounds: np.ndarray,  # [4]
    ring: np.ndarray,  # [R, 2] scratch
    bounds: np.ndarray,  # [4] scratch
) -> bool:
    """Does the corridor around the first ``count`` points meet a ring?

    Only the stretches within reach of the ring are drawn: joins depend on neighbours alone, and
    the cuts lie out of reach.
    """
    x, y, reach_m = corridor_reach(other_bounds, half_m)
    first, last = next_stretch(line, arc_m, count, 0, x, y, reach_m)
    while first < count:
        size = corridor_ring(
            line[first:], last + 1 - first, half_m, square and first == 0,
            square and last == count - 1, ring,
        )  # fmt: skip
        ring_bounds(ring, size, bounds)
        if rings_meet(ring, size, bounds, other, other_count, other_bounds):
            return True
        first, last = next_stretch(line, arc_m, count, last, x, y, reach_m)
    return False
