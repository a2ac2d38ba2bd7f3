"""Conditions: what each one says now (its edge and delay are ``watches``'s).

Every function takes the engine's view of the world, the condition and, for conditions by entity,
one triggering body.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Protocol

from drivewm.sim.script import conditions as c
from drivewm.sim.script.body import Body
from drivewm.sim.script.curve import Curve, wrap
from drivewm.sim.script.distances import overlap
from drivewm.sim.script.gaps import gap, gap_to_spot
from drivewm.sim.script.ground import Ground, NoPlace, Spot
from drivewm.sim.script.places import Position

SAME = 1e-9


class View(Protocol):
    """What conditions may ask."""

    time_s: float
    ground: Ground
    bodies: dict[str, Body]
    parameters: dict[str, str]
    variables: dict[str, str]
    user_values: dict[str, str]
    time_of_day_s: float

    @property
    def signal_states(self) -> dict[str, str]: ...

    @property
    def phases(self) -> dict[str, str]: ...

    def spot(self, position: Position) -> Spot: ...


def compare(left: float, rule: c.Rule, right: float) -> bool:
    """Two numbers; equal within a billionth."""
    if rule == "greaterThan":
        return left > right + SAME
    if rule == "lessThan":
        return left < right - SAME
    if rule == "greaterOrEqual":
        return left >= right - SAME
    if rule == "lessOrEqual":
        return left <= right + SAME
    same = left == right or abs(left - right) <= SAME
    return same if rule == "equalTo" else not same


def compare_text(left: str, rule: c.Rule, right: str) -> bool:
    """Two values as numbers where both are, else as text (which knows no order: false)."""
    try:
        return compare(float(left), rule, float(right))
    except ValueError:
        if rule == "equalTo":
            return left.strip() == right.strip()
        return rule == "notEqualTo" and left.strip() != right.strip()


def _time_to_collision(view: View, k: c.TimeToCollision, body: Body) -> bool:
    if k.entity is not None:
        far, closing = gap(view.ground, k, body, view.bodies[k.entity])
    else:
        assert k.position is not None, "checked before the start"
        far, closing = gap_to_spot(view.ground, k, body, view.spot(k.position))
    seconds = 0.0 if far <= 0.0 else (far / closing if closing > SAME else math.inf)
    return compare(seconds, k.rule, k.value_s)


def _time_headway(view: View, k: c.TimeHeadway, body: Body) -> bool:
    far, _ = gap(view.ground, k, body, view.bodies[k.entity])
    return compare(far / body.speed if body.speed > SAME else math.inf, k.rule, k.value_s)


def _relative_distance(view: View, k: c.RelativeDistance, body: Body) -> bool:
    return compare(gap(view.ground, k, body, view.bodies[k.entity])[0], k.rule, k.value_m)


def _distance(view: View, k: c.Distance, body: Body) -> bool:
    far, _ = gap_to_spot(view.ground, k, body, view.spot(k.position))
    return compare(far, k.rule, k.value_m)


def _reach(view: View, k: c.ReachPosition, body: Body) -> bool:
    spot = view.spot(k.position)
    return math.hypot(spot.x - body.x, spot.y - body.y) <= k.tolerance_m


def _along(body: Body, value: float, direction: c.Direction | None) -> float:
    """The part of a value along the motion that is meant; ``value`` itself without a direction."""
    if direction is None:
        return value
    if direction == "vertical":
        return 0.0
    slip = body.course - body.heading
    return value * (math.cos(slip) if direction == "longitudinal" else math.sin(slip))


def _speed(view: View, k: c.SpeedIs, body: Body) -> bool:
    del view
    return compare(_along(body, body.speed, k.direction), k.rule, k.value_mps)


def _relative_speed(view: View, k: c.RelativeSpeed, body: Body) -> bool:
    other = view.bodies[k.entity]
    if k.direction is None:
        return compare(body.speed - other.speed, k.rule, k.value_mps)
    if k.direction == "vertical":
        return compare(0.0, k.rule, k.value_mps)
    dx = body.velocity[0] - other.velocity[0]
    dy = body.velocity[1] - other.velocity[1]
    cos, sin = math.cos(body.heading), math.sin(body.heading)
    part = dx * cos + dy * sin if k.direction == "longitudinal" else dy * cos - dx * sin
    return compare(part, k.rule, k.value_mps)


def _acceleration(view: View, k: c.Acceleration, body: Body) -> bool:
    del view
    if k.direction == "lateral":
        return compare(body.speed * body.yaw_rate, k.rule, k.value_mps2)
    return compare(_along(body, body.accel, k.direction), k.rule, k.value_mps2)


def _stand_still(view: View, k: c.StandStill, body: Body) -> bool:
    del view
    return body.still_s >= k.duration_s - SAME


def _traveled(view: View, k: c.TraveledDistance, body: Body) -> bool:
    del view
    return body.traveled >= k.value_m - SAME


def _collision(view: View, k: c.Collision, body: Body) -> bool:
    for other in view.bodies.values():
        if other is body or not other.present:
            continue
        if k.entity is not None and other.name != k.entity:
            continue
        if k.kind is not None and k.kind not in (other.kind, other.category):
            continue
        if overlap(body, other):
            return True
    return False


def _angle(view: View, k: c.Angle, body: Body) -> bool:
    base = 0.0
    if k.relative:
        found = view.ground.lane_of(body)
        if found is None:
            return False
        base = view.ground.curves[found.lane].pose(found.s)[2]
    return abs(wrap(body.heading - base - k.angle_rad)) <= k.tolerance_rad + SAME


def _relative_angle(view: View, k: c.RelativeAngle, body: Body) -> bool:
    turn = wrap(body.heading - view.bodies[k.entity].heading - k.angle_rad)
    return abs(turn) <= k.tolerance_rad + SAME


def _clearance(view: View, k: c.RelativeClearance, body: Body) -> bool:
    found = view.ground.lane_of(body)
    if found is None:
        return False
    lanes = None if k.lanes is None else _lanes(view.ground, found.lane, found.s, k)
    names = k.entities or tuple(view.bodies)
    for other in (view.bodies[name] for name in names):
        if other is body or not other.present:
            continue
        where = view.ground.lane_of(other)
        if where is None or (lanes is not None and where.lane not in lanes):
            continue
        turn = math.cos(other.heading - body.heading)
        if turn < 0.0 and not k.opposite_lanes:
            continue
        if _within(view.ground.curves[found.lane], k, body, other, found.s, found.sense):
            return False
    return True


def _lanes(ground: Ground, lane: int, s: float, k: c.RelativeClearance) -> list[int]:
    assert k.lanes is not None, "asked for"
    out = []
    for step in range(min(k.lanes), max(k.lanes) + 1):
        try:
            out.append(ground.neighbour(lane, s, step))
        except NoPlace:
            continue  # a lane that is not there is free
    return out


def _within(
    curve: Curve, k: c.RelativeClearance, body: Body, other: Body, s: float, sense: float
) -> bool:
    away = sense * (curve.project(other.x, other.y)[0] - s)
    room = 0.5 * (body.length + other.length) if k.freespace else 0.0
    if k.freespace:
        away += other.ahead - body.ahead
    return -k.behind_m - room < away < k.ahead_m + room


def _end_of_road(view: View, k: c.EndOfRoad, body: Body) -> bool:
    del k
    return view.ground.beyond_end(body)


def _off_road(view: View, k: c.Offroad, body: Body) -> bool:
    del k
    return view.ground.off_road(body)


def _simulation_time(view: View, k: c.SimulationTime) -> bool:
    return compare(view.time_s, k.rule, k.value_s)


def _time_of_day(view: View, k: c.TimeOfDay) -> bool:
    return compare(view.time_of_day_s + view.time_s, k.rule, k.value_s)


def _parameter(view: View, k: c.Parameter) -> bool:
    return compare_text(view.parameters[k.parameter], k.rule, k.value)


def _variable(view: View, k: c.Variable) -> bool:
    return compare_text(view.variables[k.variable], k.rule, k.value)


def _user_value(view: View, k: c.UserDefinedValue) -> bool:
    value = view.user_values.get(k.value_name)
    return value is not None and compare_text(value, k.rule, k.value)


def _signal(view: View, k: c.SignalIs) -> bool:
    return view.signal_states.get(k.signal, "") == k.state


def _phase(view: View, k: c.SignalPhaseIs) -> bool:
    return view.phases.get(k.controller, "") == k.phase


BY_ENTITY: dict[type, Callable[[View, Any, Body], bool]] = {
    c.TimeToCollision: _time_to_collision, c.TimeHeadway: _time_headway,
    c.RelativeDistance: _relative_distance, c.Distance: _distance, c.ReachPosition: _reach,
    c.SpeedIs: _speed, c.RelativeSpeed: _relative_speed, c.Acceleration: _acceleration,
    c.StandStill: _stand_still, c.TraveledDistance: _traveled, c.Collision: _collision,
    c.Angle: _angle, c.RelativeAngle: _relative_angle, c.RelativeClearance: _clearance,
    c.EndOfRoad: _end_of_road, c.Offroad: _off_road,
}  # fmt: skip
BY_VALUE: dict[type, Callable[[View, Any], bool]] = {
    c.SimulationTime: _simulation_time, c.TimeOfDay: _time_of_day, c.Parameter: _parameter,
    c.Variable: _variable, c.UserDefinedValue: _user_value, c.SignalIs: _signal,
    c.SignalPhaseIs: _phase,
}  # fmt: skip
LASTING = (c.EndOfRoad, c.Offroad)  # hold for a duration: their ``duration_s``
