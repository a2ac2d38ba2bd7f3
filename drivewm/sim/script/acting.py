"""Starts private actions: each gives the things that must end before the action has.

An action takes a body over (its longitudinal or sideways motion, or both); what ran there before is
stopped. What cannot be done is recorded with its reason and ends at once.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from drivewm.sim.script import actions as a
from drivewm.sim.script.acting_motion import (
    Part,
    Stage,
    start_brake,
    start_distance,
    start_lane_change,
    start_lane_offset,
    start_lateral_distance,
    start_meeting,
    start_profile,
    start_speed,
    take_drive,
    take_side,
)
from drivewm.sim.script.body import Body
from drivewm.sim.script.curve import Curve, wrap
from drivewm.sim.script.drives import TimedPath
from drivewm.sim.script.ground import Ground, Spot
from drivewm.sim.script.sides import Until

JOIN_M = 5.0


def start_private(stage: Stage, action: a.PrivateAction, body: Body) -> list[Part]:
    """Starts an action of a body.

    Raises:
        NoPlace: it cannot be done now; the text says why.
    """
    return STARTS[type(action)](stage, action, body)


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
    parts = take_side(body, side)
    if not action.timed:
        return parts
    assert curve.times_s is not None, "checked before the start"
    base = stage.time_s if action.time_domain == "relative" else 0.0
    times = [base + t * action.time_scale + action.time_offset_s for t in curve.times_s]
    return [*parts, *take_drive(body, TimedPath(times, curve.arc_m))]


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
        return take_side(body, Until(goal, body, JOIN_M))
    away = math.hypot(spot.x - body.x, spot.y - body.y)
    if away < 1e-6:
        return []
    body.put_free(body.x, body.y, math.atan2(spot.y - body.y, spot.x - body.x))
    return take_side(body, Until(away, body, JOIN_M))


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
    a.Speed: start_speed, a.SpeedProfile: start_profile, a.Brake: start_brake,
    a.LongitudinalDistance: start_distance, a.Synchronize: start_meeting,
    a.LaneChange: start_lane_change, a.LaneOffset: start_lane_offset,
    a.LateralDistance: start_lateral_distance,
    a.FollowTrajectory: _trajectory, a.AssignRoute: _route, a.AcquirePosition: _acquire,
    a.Teleport: _teleport, a.ActivateController: _controller, a.Visibility: _visibility,
    a.Grow: _grow, a.Appearance: _appearance,
}  # fmt: skip
MOTION = (
    a.Speed, a.SpeedProfile, a.Brake, a.LongitudinalDistance, a.Synchronize, a.LaneChange,
    a.LaneOffset, a.LateralDistance, a.FollowTrajectory, a.AssignRoute, a.AcquirePosition,
    a.Teleport,
)  # fmt: skip
