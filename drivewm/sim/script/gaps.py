"""Distances that conditions ask for, with the speed at which they shrink."""

from __future__ import annotations

import math

from drivewm.sim.script import conditions as c
from drivewm.sim.script.body import Body
from drivewm.sim.script.curve import Curve
from drivewm.sim.script.distances import apart, between_boxes, extent, half_extent, to_box
from drivewm.sim.script.ground import Ground, Spot

Asked = c.TimeToCollision | c.TimeHeadway | c.RelativeDistance | c.Distance
FAR = math.inf  # along a curve that nobody is on


def gap(ground: Ground, k: Asked, body: Body, other: Body) -> tuple[float, float]:
    """(distance m, closing speed m/s) from a triggering body to another one.

    Entity axes are those of the triggering body; along lanes it is its own lane, along roads the
    road's reference line, along trajectories its own. A distance along a curve that it is not on
    is infinite.
    """
    if k.distance_type == "euclidean":
        far = between_boxes(body, other) if k.freespace else math.dist(*_points(body, other))
        return far, _approach(body, other)
    if k.coordinate_system in ("entity", "world"):
        turn = body.heading if k.coordinate_system == "entity" else 0.0
        axis = turn if k.distance_type == "longitudinal" else turn + 0.5 * math.pi
        return _on_axis(k.freespace, axis, body, other)
    curve = _curve(ground, k, body, other)
    if curve is None:
        return FAR, 0.0
    return _on_curve(k, curve, body, other)


def gap_to_spot(ground: Ground, k: Asked, body: Body, spot: Spot) -> tuple[float, float]:
    """The same to a position."""
    vx, vy = body.velocity
    if k.distance_type == "euclidean":
        straight = math.hypot(spot.x - body.x, spot.y - body.y)
        far = to_box(spot.x, spot.y, body) if k.freespace else straight
        towards = vx * (spot.x - body.x) + vy * (spot.y - body.y)
        return far, towards / straight if straight > 0.0 else 0.0
    if k.coordinate_system in ("entity", "world"):
        turn = body.heading if k.coordinate_system == "entity" else 0.0
        axis = turn if k.distance_type == "longitudinal" else turn + 0.5 * math.pi
        cos, sin = math.cos(axis), math.sin(axis)
        away = (spot.x - body.x) * cos + (spot.y - body.y) * sin
        far = abs(away)
        if k.freespace:
            low, high = extent(body, body.x, body.y, cos, sin)
            far = apart(low, high, away, away)
        return far, math.copysign(1.0, away) * (vx * cos + vy * sin)
    curve = _curve(ground, k, body, None)
    if curve is None:
        return FAR, 0.0
    mine, its = curve.project(body.x, body.y), curve.project(spot.x, spot.y)
    axis = curve.pose(mine[0])[2] + (0.0 if k.distance_type == "longitudinal" else 0.5 * math.pi)
    which = 0 if k.distance_type == "longitudinal" else 1
    away = its[which] - mine[which]
    far, speed = abs(away), vx * math.cos(axis) + vy * math.sin(axis)
    if k.freespace:
        cx, cy = body.center
        middle = (cx - body.x) * math.cos(axis) + (cy - body.y) * math.sin(axis)
        far = max(abs(away - middle) - half_extent(body, axis), 0.0)
    return far, math.copysign(1.0, away) * speed


def _points(a: Body, b: Body) -> tuple[tuple[float, float], tuple[float, float]]:
    return (a.x, a.y), (b.x, b.y)


def _approach(body: Body, other: Body) -> float:
    """How fast the line between two boxes' middles shrinks."""
    (ax, ay), (bx, by) = body.center, other.center
    far = math.hypot(bx - ax, by - ay)
    if far < 1e-9:
        return 0.0
    (avx, avy), (bvx, bvy) = body.center_velocity, other.center_velocity
    return ((avx - bvx) * (bx - ax) + (avy - bvy) * (by - ay)) / far


def _on_axis(freespace: bool, axis: float, body: Body, other: Body) -> tuple[float, float]:
    cos, sin = math.cos(axis), math.sin(axis)
    away = (other.x - body.x) * cos + (other.y - body.y) * sin
    far = abs(away)
    if freespace:
        far = apart(*extent(body, body.x, body.y, cos, sin),
                    *extent(other, body.x, body.y, cos, sin))  # fmt: skip
    (avx, avy), (bvx, bvy) = body.velocity, other.velocity
    closing = (avx - bvx) * cos + (avy - bvy) * sin
    return far, math.copysign(1.0, away) * closing


def _curve(ground: Ground, k: Asked, body: Body, other: Body | None) -> Curve | None:
    if k.coordinate_system == "trajectory" and not body.external:
        return body.curve
    if k.coordinate_system == "road":
        return ground.road_curve(body, other)
    found = ground.lane_of(body)
    if found is None and other is not None:
        found = ground.lane_of(other)
    return None if found is None else ground.curves[found.lane]


def _on_curve(k: Asked, curve: Curve, body: Body, other: Body) -> tuple[float, float]:
    """Along a curve (or beside it): boxes reach half their extent along it from their middles."""
    sideways = k.distance_type == "lateral"
    which, places, speeds, halves = int(sideways), [], [], []
    for one in (body, other):
        x, y = one.center if k.freespace else (one.x, one.y)
        place = curve.project(x, y)
        axis = curve.pose(place[0])[2] + (0.5 * math.pi if sideways else 0.0)
        places.append(place[which])
        vx, vy = one.velocity
        speeds.append(vx * math.cos(axis) + vy * math.sin(axis))
        halves.append(half_extent(one, axis) if k.freespace else 0.0)
    away = places[1] - places[0]
    far = max(abs(away) - sum(halves), 0.0)
    return far, math.copysign(1.0, away) * (speeds[0] - speeds[1])
