"""The storyboard engine's actions as OpenSCENARIO, through scenariogeneration."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scenariogeneration import xosc
from shapely import LineString

from drivewm.errors import InputError
from drivewm.scenarios.osc.export_lanes import Lanes
from drivewm.scene import RoadMap
from drivewm.sim.script import model as m
from drivewm.sim.script.ramps import BENT

FLAT_M = 1e-3  # polylines keep to the paths within this


class ActionWriter:
    """Writes actions; ``notes`` collects what OpenSCENARIO cannot say."""

    def __init__(self, storyboard: m.Storyboard, road: RoadMap) -> None:
        self.paths = storyboard.roads.paths
        self.lanes = Lanes(storyboard, road)
        self._curves = self.lanes.curves
        self.notes: list[str] = []

    # Places.

    def pose(self, position: m.Position) -> tuple[float, float, float]:
        """x, y, heading of a position that depends on nobody.

        Raises:
            InputError: it is relative to an entity.
        """
        if isinstance(position, m.WorldPosition):
            return position.x_m, position.y_m, position.heading_rad or 0.0
        if isinstance(position, m.PathPosition):
            x, y, along = self._curves[position.path].pose(position.s_m, position.lateral_m)
            return x, y, along + position.heading_rad
        raise InputError("a relative position cannot be exported here", field=position.entity)

    def place(self, position: m.Position) -> Any:
        """A position as scenariogeneration's."""
        if isinstance(position, m.RelativePosition) and position.frame == "object":
            turn = xosc.Orientation(h=position.heading_rad or 0.0,
                                    reference=xosc.ReferenceContext.relative)  # fmt: skip
            return xosc.RelativeObjectPosition(position.entity, position.dx_m, position.dy_m,
                                               orientation=turn)  # fmt: skip
        if isinstance(position, m.RelativeLanePosition) and not position.keep_lateral:
            turn = xosc.Orientation(
                h=position.heading_rad, reference=xosc.ReferenceContext.relative
            )
            return xosc.RelativeLanePosition(position.lanes, position.entity, position.lateral_m,
                                             ds=position.ds_m, orientation=turn)  # fmt: skip
        x, y, heading = self.pose(position)
        return xosc.WorldPosition(x=x, y=y, z=0.0, h=heading, p=0.0, r=0.0)

    def trajectory(self, name: str, xy: np.ndarray, times: np.ndarray | None = None) -> Any:
        """A polyline [P, 2] in the world."""
        if times is None:
            xy = np.array(LineString(xy).simplify(FLAT_M).coords)
        spots = [xosc.WorldPosition(x=float(x), y=float(y), z=0.0, p=0.0, r=0.0) for x, y in xy]
        shape = xosc.Polyline([] if times is None else [float(t) for t in times], spots)
        found = xosc.Trajectory(name, False)
        found.add_shape(shape)
        return found

    def along(self, path: int, lateral_m: float) -> np.ndarray:
        """A path [P, 2], to the side of it."""
        curve = self._curves[path]
        s = curve.arc_m if abs(lateral_m) < 1e-9 else np.arange(0.0, curve.length_m, 1.0)
        return np.array([curve.pose(float(at), lateral_m)[:2] for at in s])

    def follow(self, name: str, start: m.PathPosition) -> Any:
        """Along a path from a place on it."""
        xy = self.along(start.path, start.lateral_m)
        line = LineString(np.array(LineString(xy).simplify(FLAT_M).coords))
        x, y, _ = self.pose(start)
        from shapely import Point

        return xosc.FollowTrajectoryAction(
            self.trajectory(name, xy), xosc.FollowingMode.position,
            initialDistanceOffset=float(line.project(Point(x, y))),
        )  # fmt: skip

    # Actions.

    def write(self, action: m.AnyAction, actor: str) -> Any | None:
        """An action of an actor; None (and a note) where OpenSCENARIO has no word for it.

        Raises:
            InputError: it cannot be exported.
        """
        kind = type(action)
        if kind in UNSAID:
            self.notes.append(f"{actor}: {UNSAID[kind]}")
            return None
        writer = ACTIONS.get(kind)
        if writer is None:
            raise InputError(f"an action {kind.__name__} cannot be exported", file=action.where,
                             field=action.name)  # fmt: skip
        return writer(self, action, actor)


UNSAID = {
    m.Grow: "its box grows (a door); OpenSCENARIO has no such action, it is left out",
    m.ActivateController: "its own driver takes over; the simulator's own, it is left out",
    m.Appearance: "lights and animations are left out",
    m.UserDefined: "a user-defined action is left out",
}


def dynamics(told: m.Dynamics) -> Any:
    return xosc.TransitionDynamics(
        getattr(xosc.DynamicsShapes, told.shape), getattr(xosc.DynamicsDimension, told.dimension),
        told.value,
    )  # fmt: skip


def _speed(w: ActionWriter, a: m.Speed, actor: str) -> Any:
    if a.relative_to is None:
        return xosc.AbsoluteSpeedAction(a.speed_mps, dynamics(a.dynamics))
    kind = getattr(xosc.SpeedTargetValueType, a.relation)
    return xosc.RelativeSpeedAction(
        a.speed_mps, a.relative_to, dynamics(a.dynamics), kind, a.continuous
    )


def _brake(w: ActionWriter, a: m.Brake, actor: str) -> Any:
    told = m.Dynamics(shape="linear", dimension="rate", value=a.decel_mps2)
    return xosc.AbsoluteSpeedAction(a.speed_mps, dynamics(told))


def _profile(w: ActionWriter, a: m.SpeedProfile, actor: str) -> Any:
    times = [time for time, _ in a.entries if time is not None]
    limits = xosc.DynamicsConstraints(
        a.limits.max_accel_mps2, a.limits.max_decel_mps2, a.limits.max_speed_mps
    )
    has_limits = a.limits != m.Limits()
    return xosc.SpeedProfileAction(
        [speed for _, speed in a.entries], xosc.FollowingMode.position,
        times if len(times) == len(a.entries) else None, limits if has_limits else None,
        a.relative_to,
    )  # fmt: skip


def _lane_change(w: ActionWriter, a: m.LaneChange, actor: str) -> Any:
    if a.lanes is None:
        raise InputError("a lane change to a path cannot be exported", file=a.where, field=a.name)
    aside = None
    if a.relative_to in (None, actor):
        aside = w.lanes.change(actor, a.lanes, a.offset_m)
    if aside is not None:  # into an oncoming lane, which is another road
        told = m.LaneOffset(offset_m=a.offset_m, dynamics=a.dynamics, name=a.name, where=a.where)
        return _offset_out(told, aside)
    return xosc.RelativeLaneChangeAction(a.lanes, a.relative_to or actor, dynamics(a.dynamics),
                                         a.offset_m or None)  # fmt: skip


def _lane_offset(w: ActionWriter, a: m.LaneOffset, actor: str) -> Any:
    if a.relative_to is None:
        return _offset_out(a, w.lanes.offset(actor, a.offset_m))
    if a.dynamics is not None:
        raise InputError("a relative lane offset with dynamics cannot be exported", file=a.where,
                         field=a.name)  # fmt: skip
    form = getattr(xosc.DynamicsShapes, a.shape)
    most = a.max_lateral_accel_mps2
    return xosc.RelativeLaneOffsetAction(a.offset_m, a.relative_to, form, most, a.continuous)


def _offset_out(a: m.LaneOffset, aside: tuple[float, float]) -> Any:
    """An absolute offset; a duration becomes the acceleration that takes it."""
    offset_m, change_m = aside
    most, shape = a.max_lateral_accel_mps2, a.shape
    if a.dynamics is not None:
        shape, most = a.dynamics.shape, None
        if a.dynamics.dimension != "time" and shape != "step":
            raise InputError("a lane offset over a distance or at a rate cannot be exported",
                             file=a.where, field=a.name)  # fmt: skip
        if shape != "step" and a.dynamics.value > 0:
            most = BENT[shape] * change_m / a.dynamics.value**2
    form = getattr(xosc.DynamicsShapes, shape)
    return xosc.AbsoluteLaneOffsetAction(offset_m, form, most, a.continuous)


def _follow(w: ActionWriter, a: m.FollowTrajectory, actor: str) -> Any:
    path = w.paths[a.path]
    if a.from_actor:
        raise InputError("a trajectory that starts where its actor is cannot be exported",
                         file=a.where, field=a.name)  # fmt: skip
    mode = getattr(xosc.FollowingMode, a.mode)
    offset = a.initial_offset_m or None
    if not a.timed:
        shape = w.trajectory(path.name, path.xy)
        return xosc.FollowTrajectoryAction(shape, mode, initialDistanceOffset=offset)
    domain = getattr(xosc.ReferenceContext, a.time_domain)
    shape = w.trajectory(path.name, path.xy, path.times_s)
    return xosc.FollowTrajectoryAction(shape, mode, domain, a.time_scale, a.time_offset_s, offset)


def _distance(w: ActionWriter, a: m.LongitudinalDistance, actor: str) -> Any:
    side = {"any": "any", "leading": "leadingReferencedEntity",
            "trailing": "trailingReferencedEntity"}[a.displacement]  # fmt: skip
    limits = a.limits or m.Limits()
    return xosc.LongitudinalDistanceAction(
        a.entity, a.freespace, a.continuous, limits.max_accel_mps2, limits.max_decel_mps2,
        limits.max_speed_mps, a.distance_m, a.time_gap_s,
        getattr(xosc.CoordinateSystem, a.coordinate_system),
        getattr(xosc.LongitudinalDisplacement, side),
    )  # fmt: skip


ACTIONS: dict[type, Callable[[ActionWriter, Any, str], Any]] = {
    m.Speed: _speed, m.SpeedProfile: _profile, m.Brake: _brake, m.LaneChange: _lane_change,
    m.LaneOffset: _lane_offset, m.FollowTrajectory: _follow, m.LongitudinalDistance: _distance,
    m.Teleport: lambda w, a, n: xosc.TeleportAction(w.place(a.position)),
    m.AcquirePosition: lambda w, a, n: xosc.AcquirePositionAction(w.place(a.position)),
    m.Visibility: lambda w, a, n: xosc.VisibilityAction(a.graphics, a.traffic, a.sensors),
    m.DeleteEntity: lambda w, a, n: xosc.DeleteEntityAction(a.entity),
    m.AddEntity: lambda w, a, n: xosc.AddEntityAction(a.entity, w.place(a.position)),
    m.SetVariable: lambda w, a, n: xosc.VariableSetAction(a.variable, a.value),
    m.SetParameter: lambda w, a, n: xosc.ParameterSetAction(a.parameter, a.value),
}  # fmt: skip
