"""Distances between bodies: boxes, reference points, along axes or curves."""

from __future__ import annotations

import math

from drivewm.sim.script.body import Body

Corners = list[tuple[float, float]]


def bumper_m(body: Body, way: int) -> float:
    """From the reference point to the front (1) or rear (-1) end of the box."""
    return body.length / 2 + way * body.ahead


def corners(body: Body) -> Corners:
    """The four corners of the box, world frame."""
    cx, cy = body.center
    cos, sin = math.cos(body.heading), math.sin(body.heading)
    ax, ay = 0.5 * body.length * cos, 0.5 * body.length * sin
    bx, by = -0.5 * body.width * sin, 0.5 * body.width * cos
    return [
        (cx + ax + bx, cy + ay + by), (cx - ax + bx, cy - ay + by),
        (cx - ax - bx, cy - ay - by), (cx + ax - bx, cy + ay - by),
    ]  # fmt: skip


def to_box(x_m: float, y_m: float, body: Body) -> float:
    """From a point to the box; 0 inside."""
    cx, cy = body.center
    cos, sin = math.cos(body.heading), math.sin(body.heading)
    dx, dy = x_m - cx, y_m - cy
    along = max(abs(dx * cos + dy * sin) - 0.5 * body.length, 0.0)
    across = max(abs(dy * cos - dx * sin) - 0.5 * body.width, 0.0)
    return math.hypot(along, across)


def overlap(a: Body, b: Body) -> bool:
    """Whether two boxes touch (separating axes)."""
    ax, ay = a.center
    bx, by = b.center
    dx, dy = bx - ax, by - ay
    reach = 0.5 * (math.hypot(a.length, a.width) + math.hypot(b.length, b.width))
    if dx * dx + dy * dy > reach * reach:
        return False
    for one, two in ((a, b), (b, a)):
        cos, sin = math.cos(one.heading), math.sin(one.heading)
        turn = two.heading - one.heading
        c, s = abs(math.cos(turn)), abs(math.sin(turn))
        if abs(dx * cos + dy * sin) > 0.5 * (one.length + two.length * c + two.width * s):
            return False
        if abs(dy * cos - dx * sin) > 0.5 * (one.width + two.length * s + two.width * c):
            return False
    return True


def between_boxes(a: Body, b: Body) -> float:
    """Shortest distance between two boxes; 0 when they touch."""
    if overlap(a, b):
        return 0.0
    return min(
        min(to_box(x, y, b) for x, y in corners(a)),
        min(to_box(x, y, a) for x, y in corners(b)),
    )


def apart(low_a: float, high_a: float, low_b: float, high_b: float) -> float:
    """Distance between two intervals; 0 when they overlap."""
    return max(low_b - high_a, low_a - high_b, 0.0)


def extent(body: Body, x_m: float, y_m: float, cos: float, sin: float) -> tuple[float, float]:
    """Smallest and largest coordinate of the box along an axis from a point."""
    values = [(x - x_m) * cos + (y - y_m) * sin for x, y in corners(body)]
    return min(values), max(values)


def half_extent(body: Body, axis_rad: float) -> float:
    """Half the length of the box along an axis."""
    turn = body.heading - axis_rad
    return 0.5 * (body.length * abs(math.cos(turn)) + body.width * abs(math.sin(turn)))
