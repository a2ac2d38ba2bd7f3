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
    cx, cy, cos, sin = body.frame
    ax, ay = 0.5 * body.length * cos, 0.5 * body.length * sin
    bx, by = -0.5 * body.width * sin, 0.5 * body.width * cos
    return [
        (cx + ax + bx, cy + ay + by), (cx - ax + bx, cy - ay + by),
        (cx - ax - bx, cy - ay - by), (cx + ax - bx, cy + ay - by),
    ]  # fmt: skip


def to_box(x_m: float, y_m: float, body: Body) -> float:
    """From a point to the box; 0 inside."""
    cx, cy, cos, sin = body.frame
    dx, dy = x_m - cx, y_m - cy
    along = max(abs(dx * cos + dy * sin) - 0.5 * body.length, 0.0)
    across = max(abs(dy * cos - dx * sin) - 0.5 * body.width, 0.0)
    return math.hypot(along, across)


def overlap(a: Body, b: Body) -> bool:
    """Whether two boxes touch (separating axes)."""
    ax, ay, acos, asin = a.frame
    bx, by, bcos, bsin = b.frame
    dx, dy = bx - ax, by - ay
    reach = 0.5 * (a.length + a.width + b.length + b.width)
    if dx * dx + dy * dy > reach * reach:
        return False
    c, s = abs(acos * bcos + asin * bsin), abs(acos * bsin - asin * bcos)
    return (
        2.0 * abs(dx * acos + dy * asin) <= a.length + b.length * c + b.width * s
        and 2.0 * abs(dy * acos - dx * asin) <= a.width + b.length * s + b.width * c
        and 2.0 * abs(dx * bcos + dy * bsin) <= b.length + a.length * c + a.width * s
        and 2.0 * abs(dy * bcos - dx * bsin) <= b.width + a.length * s + a.width * c
    )


def between_boxes(a: Body, b: Body) -> float:
    """Shortest distance between two boxes; 0 when they touch."""
    if overlap(a, b):
        return 0.0
    return math.sqrt(min(_from_corners(a, b), _from_corners(b, a)))


def _from_corners(a: Body, b: Body) -> float:
    """Least squared distance from a corner of ``a`` to the box ``b``."""
    ax, ay, acos, asin = a.frame
    bx, by, bcos, bsin = b.frame
    dx, dy = ax - bx, ay - by
    x, y = dx * bcos + dy * bsin, dy * bcos - dx * bsin  # middle of a in the axes of b
    c, s = acos * bcos + asin * bsin, asin * bcos - acos * bsin
    ux, uy = 0.5 * a.length * c, 0.5 * a.length * s
    vx, vy = -0.5 * a.width * s, 0.5 * a.width * c
    half_x, half_y, best = 0.5 * b.length, 0.5 * b.width, math.inf
    for px, py in ((x + ux + vx, y + uy + vy), (x + ux - vx, y + uy - vy),
                   (x - ux + vx, y - uy + vy), (x - ux - vx, y - uy - vy)):  # fmt: skip
        ex, ey = abs(px) - half_x, abs(py) - half_y
        ex, ey = (ex if ex > 0.0 else 0.0), (ey if ey > 0.0 else 0.0)
        best = min(best, ex * ex + ey * ey)
    return best


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
