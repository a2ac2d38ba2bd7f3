"""Starts actions: each gives the things that must end before the action has.

A private action takes a body over (its longitudinal or sideways motion, or both); what ran there
before is stopped. What cannot be done is recorded with its reason and ends at once.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Protocol

from drivewm.sim.script import actions as a
from drivewm.sim.script.body import Body, Drive, Side
from drivewm.sim.script.curve import Curve, straight, wrap
from drivewm.sim.script.drives import (
    KeepDistance,
    MatchSpeed,
    Ramps,
    TimedPath,
    limited,
    relative_speed,
)
from drivewm.sim.script.ground import Ground, NoPlace, Spot
from drivewm.sim.script.meeting import Meet
from drivewm.sim.script.places import Position
from drivewm.sim.script.ramps import Ramp, seconds_for_offset, span_of, speed_ramp
from drivewm.sim.script.sides import Beside, Shift, Until, side_of

JOIN_M = 5.0
Part = Drive | Side


class Stage(Protocol):
    """The engine as actions see it."""

    time_s: float
    ground: Ground
    bodies: dict[str, Body]

    def spot(self, position: Position) -> Spot: ...

    def tell(self, what: str, detail: str) -> None: ...

    def controller(self, body: Body, action: a.ActivateController) -> None: ...

    def door(self, body: Body, action: a.Grow) -> None: ...


def start_private(stage: Stage, action: a.PrivateAction, body: Body) -> list[Part]:
    """Starts an action of a body.

    Raises:
        NoPlace: it cannot be done now; the text says why.
    """
    return STARTS[type(action)](stage, action, body)


def _drive(body: Body, drive: Any) -> list[Part]:
    body.drive_by(drive)
    return [drive]


def _steer(body: Body, side: Any) -> list[Part]:
    body.steer_by(side)
    return [side]


def _speed(stage: Stage, action: a.Speed, body: Body) -> list[Part]:
    wanted = action.speed_mps
    if action.relative_to is not None:
        other = stage.bodies[action.relative_to]
        if action.continuous:
            return _drive(body, MatchSpeed(action, body, other, stage.time_s))
        wanted = relative_speed(action, other)
    return _ramps(stage, body, [speed_ramp(body.speed, wanted, action.dynamics)])


def _ramps(stage: Stage, body: Body, ramps: list[Ramp]) -> list[Part]:
    drive = Ramps(stage.time_s, ramps)
    if drive.end_s <= stage.time_s:
        body.speed, drive.ended = ramps[-1].high, True
    return _drive(body, drive)


def _profile(stage: Stage, action: a.SpeedProfile, body: Body) -> list[Part]:
    base = 0.0 if action.relative_to is None else stage.bodies[action.relative_to].speed
    up, down, top = limited(action.limits, body)
    speed, ramps = body.speed, []
    for time_s, entry in action.entries:
        wanted = min(base + entry, top)
        if time_s is None:
            time_s = abs(wanted - speed) / (up if wanted > speed else down)
        ramps.append(Ramp(speed, wanted, time_s))
        speed = wanted
    return _ramps(stage, body, ramps)


def _brake(stage: Stage, action: a.Brake, body: Body) -> list[Part]:
    if body.speed <= action.speed_mps:
        return []
    dynamics = a.Dynamics(shape="linear", dimension="rate", value=action.decel_mps2)
    return _ramps(stage, body, [speed_ramp(body.speed, action.speed_mps, dynamics)])


def _distance(stage: Stage, action: a.LongitudinalDistance, body: Body) -> list[Part]:
    keeper = KeepDistance(action, body, stage.bodies[action.entity])
    if action.limits is None:
        body.shift(keeper.error_m(body, body.stamp))
        if not action.continuous:
            return []
    return _drive(body, keeper)


def _synchronize(stage: Stage, action: a.Synchronize, body: Body) -> list[Part]:
    master = stage.bodies[action.master]
    left = _way_left(body, stage.spot(action.target))
    gone = _way_left(master, stage.spot(action.master_target), external=True)
    return _drive(body, Meet(action, master, left, gone, lambda text: stage.tell("failed", text)))


def _way_left(body: Body, spot: Spot, external: bool = False) -> Callable[[], float]:
    """How far a body is from a place along its own curve; for one that somebody else may move,
    along the place's (straight ahead where it has none)."""
    if not external or (not body.external and body.curve is spot.curve):
        goal: list[float] = []

        def own() -> float:
            if not goal or own_curve[0] is not body.curve:
                own_curve[0] = body.curve
                same = spot.curve is body.curve
                goal[:] = [spot.s if same else body.curve.project(spot.x, spot.y)[0]]
            return body.sense * (goal[0] - body.s)

        own_curve: list[Curve | None] = [None]
        return own
    curve = spot.curve or straight(spot.x, spot.y, body.course)
    goal_s = spot.s if spot.curve is not None else 0.0
    near: list[float | None] = [None]

    def along() -> float:
        s = curve.project(body.x, body.y, near[0])[0]
        near[0] = s
        against = math.cos(body.course - curve.pose(s)[2]) < 0.0
        return s - goal_s if against else goal_s - s

    return along


def _lane_change(stage: Stage, action: a.LaneChange, body: Body) -> list[Part]:
    ground = stage.ground
    target = action.path
    if target is None:
        base = body if action.relative_to is None else stage.bodies[action.relative_to]
        found = ground.lane_of(base)
        if found is None:
            raise NoPlace(f"{base.name} is in no lane")
        target = ground.neighbour(found.lane, found.s, action.lanes or 0)
    body.move_to(ground.curves[target])
    body.lane = (target, body.s)
    return _offset_by(stage, body, action.offset_m, action.dynamics)


def _offset_by(
    stage: Stage, body: Body, goal_m: float, dynamics: a.Dynamics, lasting: bool = False
) -> list[Part]:
    span, by_way = span_of(goal_m - body.lateral, dynamics)
    return _shift(stage, body, goal_m, dynamics.shape, span, by_way, lasting)


def _shift(
    stage: Stage, body: Body, goal_m: float, shape: a.Shape, span: float, by_way: bool,
    lasting: bool,
) -> list[Part]:  # fmt: skip
    if span <= 0.0:
        body.put(body.curve, body.s, goal_m, 0.0 if body.sense > 0 else math.pi)
        if not lasting:
            body.steer_by(Shift(stage.time_s, goal_m, goal_m, shape, 0.0))
            return []
    side = Shift(stage.time_s, body.lateral, goal_m, shape, span, by_way, lasting)
    return _steer(body, side)


def _lane_offset(stage: Stage, action: a.LaneOffset, body: Body) -> list[Part]:
    ground = stage.ground
    found = ground.lane_of(body)
    if found is None and body.curve.index < 0:
        raise NoPlace(f"{body.name} is in no lane")
    if found is not None and ground.curves[found.lane] is not body.curve:
        body.move_to(ground.curves[found.lane])
    goal = action.offset_m
    if action.relative_to is not None:
        other = stage.bodies[action.relative_to]
        if action.continuous:
            return _steer(body, Beside(_beside(ground, other, goal), True, None,
                                       action.max_lateral_accel_mps2))  # fmt: skip
        goal = _beside(ground, other, goal)()
    if action.dynamics is not None:
        return _offset_by(stage, body, goal, action.dynamics, action.continuous)
    seconds = seconds_for_offset(goal - body.lateral, action.shape, action.max_lateral_accel_mps2)
    return _shift(stage, body, goal, action.shape, seconds, False, action.continuous)


def _beside(ground: Ground, other: Body, offset_m: float) -> Callable[[], float]:
    last = [0.0]

    def goal() -> float:
        found = ground.lane_of(other)
        if found is not None:
            last[0] = found.lateral
        return last[0] + offset_m

    return goal


def _lateral_distance(stage: Stage, action: a.LateralDistance, body: Body) -> list[Part]:
    target = side_of(action, body, stage.bodies[action.entity])
    most = (action.max_lateral_speed_mps, action.max_lateral_accel_mps2)
    return _steer(body, Beside(target, action.continuous, *most))


def _trajectory(stage: Stage, action: a.FollowTrajectory, body: Body) -> list[Part]:
    curve = stage.ground.curves[action.path]
    if action.from_actor:
        curve = moved(stage.ground, action.path, body)
    if action.mode == "position" or not body.placed:
        body.ride(curve, action.initial_offset_m)
    else:
        body.move_to(curve)
        body.sense = 1.0
    side = Until(curve.length_m, body, JOIN_M)
    parts = _steer(body, side)
    if not action.timed:
        return parts
    assert curve.times_s is not None, "checked before the start"
    base = stage.time_s if action.time_domain == "relative" else 0.0
    times = [base + t * action.time_scale + action.time_offset_s for t in curve.times_s]
    return [*parts, *_drive(body, TimedPath(times, curve.arc_m))]


def moved(ground: Ground, path: int, body: Body) -> Curve:
    """A path told in the actor's axes, where the actor is."""
    told = ground.paths[path]
    cos, sin = math.cos(body.heading), math.sin(body.heading)
    xy = told.xy @ [[cos, sin], [-sin, cos]] + [body.x, body.y]
    heading = None if told.heading_rad is None else told.heading_rad + body.heading
    return Curve(xy, heading, told.times_s, -1, told.width_m)


def _route(stage: Stage, action: a.AssignRoute, body: Body) -> list[Part]:
    body.move_to(stage.ground.curves[action.path])
    return []


def _acquire(stage: Stage, action: a.AcquirePosition, body: Body) -> list[Part]:
    spot = stage.spot(action.position)
    if action.path is not None:
        body.move_to(stage.ground.curves[action.path])
        goal = body.curve.project(spot.x, spot.y)[0]
        return _steer(body, Until(goal, body, JOIN_M))
    away = math.hypot(spot.x - body.x, spot.y - body.y)
    if away < 1e-6:
        return []
    body.put_free(body.x, body.y, math.atan2(spot.y - body.y, spot.x - body.x))
    return _steer(body, Until(away, body, JOIN_M))


def place(body: Body, spot: Spot) -> None:
    """Puts a body on a spot; who follows a trajectory goes on on it from there."""
    if isinstance(body.side, Until) and not body.side.ended and body.placed:
        s, lateral = body.curve.project(spot.x, spot.y)
        if abs(lateral) < body.curve.width_m:
            body.ride(body.curve, s)
            return
    body.lane = None
    if spot.curve is None:
        body.put_free(spot.x, spot.y, spot.heading)
    else:
        body.put(spot.curve, spot.s, spot.lateral, wrap(spot.turn))
        if spot.curve.index >= 0:
            body.lane = (spot.curve.index, spot.s)


def _teleport(stage: Stage, action: a.Teleport, body: Body) -> list[Part]:
    place(body, stage.spot(action.position))
    return []


def _controller(stage: Stage, action: a.ActivateController, body: Body) -> list[Part]:
    stage.controller(body, action)
    return []


def _visibility(stage: Stage, action: a.Visibility, body: Body) -> list[Part]:
    body.seen = action.sensors
    if action.sensors != action.graphics:
        stage.tell("done", f"{body.name} is {'' if action.graphics else 'not '}drawn")
    return []


def _grow(stage: Stage, action: a.Grow, body: Body) -> list[Part]:
    stage.door(body, action)
    return []


def _appearance(stage: Stage, action: a.Appearance, body: Body) -> list[Part]:
    stage.tell("done", f"{body.name}: {action.text}")
    return []


STARTS: dict[type, Callable[[Stage, Any, Body], list[Part]]] = {
    a.Speed: _speed, a.SpeedProfile: _profile, a.Brake: _brake,
    a.LongitudinalDistance: _distance, a.Synchronize: _synchronize, a.LaneChange: _lane_change,
    a.LaneOffset: _lane_offset, a.LateralDistance: _lateral_distance,
    a.FollowTrajectory: _trajectory, a.AssignRoute: _route, a.AcquirePosition: _acquire,
    a.Teleport: _teleport, a.ActivateController: _controller, a.Visibility: _visibility,
    a.Grow: _grow, a.Appearance: _appearance,
}  # fmt: skip
MOTION = (
    a.Speed, a.SpeedProfile, a.Brake, a.LongitudinalDistance, a.Synchronize, a.LaneChange,
    a.LaneOffset, a.LateralDistance, a.FollowTrajectory, a.AssignRoute, a.AcquirePosition,
    a.Teleport,
)  # fmt: skip
