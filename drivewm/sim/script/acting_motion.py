"""Starts actions along and across the path: each gives what must end before the action has."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Protocol

from drivewm.sim.script import actions as a
from drivewm.sim.script.body import Body, Drive, Side
from drivewm.sim.script.curve import Curve, straight
from drivewm.sim.script.drives import (
    KeepDistance,
    MatchSpeed,
    Ramps,
    limited,
    relative_speed,
)
from drivewm.sim.script.ground import Ground, NoPlace, Spot
from drivewm.sim.script.meeting import Meet
from drivewm.sim.script.places import Position
from drivewm.sim.script.ramps import Ramp, seconds_for_offset, span_of, speed_ramp
from drivewm.sim.script.sides import Beside, Shift, side_of

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


def take_drive(body: Body, drive: Any) -> list[Part]:
    """The body is driven by this from now on."""
    body.drive_by(drive)
    return [drive]


def take_side(body: Body, side: Any) -> list[Part]:
    """The body is steered by this from now on."""
    body.steer_by(side)
    return [side]


def start_speed(stage: Stage, action: a.Speed, body: Body) -> list[Part]:
    wanted = action.speed_mps
    if action.relative_to is not None:
        other = stage.bodies[action.relative_to]
        if action.continuous:
            return take_drive(body, MatchSpeed(action, body, other, stage.time_s))
        wanted = relative_speed(action, other)
    return _ramps(stage, body, [speed_ramp(body.speed, wanted, action.dynamics)])


def _ramps(stage: Stage, body: Body, ramps: list[Ramp]) -> list[Part]:
    drive = Ramps(stage.time_s, ramps)
    if drive.end_s <= stage.time_s:
        body.speed, drive.ended = ramps[-1].high, True
    return take_drive(body, drive)


def start_profile(stage: Stage, action: a.SpeedProfile, body: Body) -> list[Part]:
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


def start_brake(stage: Stage, action: a.Brake, body: Body) -> list[Part]:
    if body.speed <= action.speed_mps:
        return []
    dynamics = a.Dynamics(shape="linear", dimension="rate", value=action.decel_mps2)
    return _ramps(stage, body, [speed_ramp(body.speed, action.speed_mps, dynamics)])


def start_distance(stage: Stage, action: a.LongitudinalDistance, body: Body) -> list[Part]:
    keeper = KeepDistance(action, body, stage.bodies[action.entity])
    if action.limits is None:
        body.shift(keeper.error_m(body, body.stamp))
        if not action.continuous:
            return []
    return take_drive(body, keeper)


def start_meeting(stage: Stage, action: a.Synchronize, body: Body) -> list[Part]:
    master = stage.bodies[action.master]
    left = _way_left(body, stage.spot(action.target))
    gone = _way_left(master, stage.spot(action.master_target), external=True)
    return take_drive(
        body, Meet(action, master, left, gone, lambda text: stage.tell("failed", text))
    )


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


def start_lane_change(stage: Stage, action: a.LaneChange, body: Body) -> list[Part]:
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
    return take_side(body, side)


def start_lane_offset(stage: Stage, action: a.LaneOffset, body: Body) -> list[Part]:
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
            return take_side(body, Beside(_beside(ground, other, goal), True, None,
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


def start_lateral_distance(stage: Stage, action: a.LateralDistance, body: Body) -> list[Part]:
    target = side_of(action, body, stage.bodies[action.entity])
    most = (action.max_lateral_speed_mps, action.max_lateral_accel_mps2)
    return take_side(body, Beside(target, action.continuous, *most))
