"""Private actions of OpenSCENARIO XML as the storyboard engine's."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from drivewm.scenarios.osc.context import Context
from drivewm.scenarios.osc.element import Element
from drivewm.sim.script import model as m

SHAPES = ("linear", "cubic", "sinusoidal", "step")
DIMENSIONS = ("time", "distance", "rate")
SYSTEMS = ("entity", "lane", "road", "trajectory", "world")
AHEAD = {
    "any": "any", "leadingReferencedEntity": "leading", "trailingReferencedEntity": "trailing",
}  # fmt: skip
ASIDE = {"any": "any", "leftToReferencedEntity": "left", "rightToReferencedEntity": "right"}
STILL_RATE = 1e-6  # per second: what a rate of 0 stands for
Reader = Callable[[Element, dict, Context], m.AnyAction | None]


def read_private(item: Element, name: str, actor: str | None, context: Context):
    """What a ``<PrivateAction>`` asks for, or None where it changes nothing here (a note tells).

    Args:
        item: the element.
        name: the action's name in the storyboard.
        actor: who does it, where that is known and one (for lanes told by their id).

    Raises:
        InputError: an action that is not supported and could change what happens.
    """
    inner, chain = item.only(), []
    while inner.tag in NESTS:
        chain.append(inner.tag)
        inner = inner.only()
    reader = PRIVATE.get(inner.tag)
    if reader is None:
        raise inner.error("is not supported", fix=f"known: {', '.join(PRIVATE)}")
    common = {"name": name, "where": inner.where}
    context.actor = actor
    return reader(inner, common, context)


def _dynamics(item: Element, context: Context) -> m.Dynamics:
    shape: Any = item.choice("dynamicsShape", SHAPES)
    dimension: Any = item.choice("dynamicsDimension", DIMENSIONS)
    value = item.number("value")
    if item.text("followingMode", "position") == "follow":
        context.note(item, "followingMode 'follow' is done as 'position': exactly, not by a driver")
    if value < 0 and dimension == "rate":
        context.note(item, f"the rate {value:g} is taken without its sign, which the target tells")
        value = -value
    if value < 0:
        raise item.error(f"has the negative value {value:g}", field="value")
    if value == 0 and dimension == "rate" and shape != "step":
        context.note(item, "a rate of 0 changes nothing: unless the target is met already, the "
                     "action never ends")  # fmt: skip
        value = STILL_RATE
    if shape == "step" and value > 0 and dimension == "time":
        context.note(item, f"a step is made at once; its {value:g} s are not waited for")
    return m.Dynamics(shape=shape, dimension=dimension, value=value)


def _speed(item: Element, common: dict, context: Context) -> m.Speed:
    dynamics = _dynamics(item.one("SpeedActionDynamics"), context)
    target = item.one("SpeedActionTarget").only()
    if target.tag == "AbsoluteTargetSpeed":
        return m.Speed(speed_mps=target.number("value"), dynamics=dynamics, **common)
    if target.tag != "RelativeTargetSpeed":
        raise target.error("is no target of a speed")
    relation: Any = target.choice("speedTargetValueType", ("delta", "factor"))
    return m.Speed(
        speed_mps=target.number("value"), dynamics=dynamics, relation=relation,
        relative_to=context.entities.name(target), continuous=target.flag("continuous"), **common,
    )  # fmt: skip


def _limits(item: Element, context: Context) -> m.Limits | None:
    block = item.first("DynamicConstraints")
    if block is None:
        return None
    for word in ("maxAccelerationRate", "maxDecelerationRate"):
        if block.has(word):
            context.note(block, f"{word} is not kept: accelerations change at once")
            block.number(word)
    return m.Limits(
        max_accel_mps2=block.maybe("maxAcceleration"),
        max_decel_mps2=block.maybe("maxDeceleration"),
        max_speed_mps=block.maybe("maxSpeed"),
    )


def _profile(item: Element, common: dict, context: Context) -> m.SpeedProfile:
    item.text("followingMode", "position")
    entries = tuple((e.maybe("time"), e.number("speed")) for e in item.all("SpeedProfileEntry"))
    if not entries:
        raise item.error("has no entry")
    relative = context.entities.name(item) if item.has("entityRef") else None
    limits = _limits(item, context) or m.Limits()
    return m.SpeedProfile(entries=entries, relative_to=relative, limits=limits, **common)


def _distance(item: Element, common: dict, context: Context) -> m.LongitudinalDistance:
    if item.has("distance") == item.has("timeGap"):
        raise item.error("needs either a distance or a timeGap")
    displacement: Any = AHEAD[item.choice("displacement", tuple(AHEAD), "trailingReferencedEntity")]
    system: Any = item.choice("coordinateSystem", SYSTEMS, "entity")
    return m.LongitudinalDistance(
        entity=context.entities.name(item), distance_m=item.maybe("distance"),
        time_gap_s=item.maybe("timeGap"), freespace=item.flag("freespace"),
        continuous=item.flag("continuous"), displacement=displacement, coordinate_system=system,
        limits=_limits(item, context), **common,
    )  # fmt: skip


def _synchronize(item: Element, common: dict, context: Context) -> m.Synchronize:
    final, more = item.first("FinalSpeed"), {}
    if final is not None:
        speed = final.only()
        if speed.tag == "AbsoluteSpeed":
            more["final_speed_mps"] = speed.number("value")
        elif speed.tag == "RelativeSpeedToMaster":
            if speed.choice("speedTargetValueType", ("delta", "factor")) == "factor":
                raise speed.error("as a factor of the master's speed is not supported")
            more |= {"final_speed_mps": speed.number("value"), "final_relative": True}
        else:
            raise speed.error("is no final speed")
        steady = speed.first("SteadyState", "TargetDistanceSteadyState", "TargetTimeSteadyState")
        if steady is not None and steady.tag == "SteadyState":
            steady = steady.only()
        if steady is not None and steady.tag == "TargetDistanceSteadyState":
            more["steady_distance_m"] = steady.number("distance")
        elif steady is not None:
            more["steady_time_s"] = steady.number("time")
    return m.Synchronize(
        master=context.entities.name(item, "masterEntityRef"),
        master_target=context.places.position(item.one("TargetPositionMaster")),
        target=context.places.position(item.one("TargetPosition")),
        tolerance_m=item.number("targetTolerance", 0.0),
        master_tolerance_m=item.number("targetToleranceMaster", 0.0),
        **more, **common,
    )  # fmt: skip


def _lane_change(item: Element, common: dict, context: Context) -> m.LaneChange:
    dynamics = _dynamics(item.one("LaneChangeActionDynamics"), context)
    target = item.one("LaneChangeTarget").only()
    offset = item.number("targetLaneOffset", 0.0)
    more: dict[str, Any]
    if target.tag == "RelativeTargetLane":
        more = {"lanes": target.whole("value"), "relative_to": context.entities.name(target)}
    elif target.tag == "AbsoluteTargetLane":
        more = {"path": context.places.lane_by_id(target, context.actor)}
    else:
        raise target.error("is no target lane")
    return m.LaneChange(dynamics=dynamics, offset_m=offset, **more, **common)


def _lane_offset(item: Element, common: dict, context: Context) -> m.LaneOffset:
    dynamics = item.one("LaneOffsetActionDynamics")
    shape: Any = dynamics.choice("dynamicsShape", SHAPES)
    target = item.one("LaneOffsetTarget").only()
    if target.tag not in ("AbsoluteTargetLaneOffset", "RelativeTargetLaneOffset"):
        raise target.error("is no target of a lane offset")
    relative = context.entities.name(target) if target.tag.startswith("Relative") else None
    return m.LaneOffset(
        offset_m=target.number("value"), relative_to=relative, shape=shape,
        max_lateral_accel_mps2=dynamics.maybe("maxLateralAcc"),
        continuous=item.flag("continuous"), **common,
    )  # fmt: skip


def _lateral_distance(item: Element, common: dict, context: Context) -> m.LateralDistance:
    limits = item.first("DynamicConstraints")
    displacement: Any = ASIDE[item.choice("displacement", tuple(ASIDE), "any")]
    item.text("coordinateSystem", "entity")
    if not item.has("distance"):
        raise item.error("without a distance (keep the present one) is not supported")
    found = m.LateralDistance(
        entity=context.entities.name(item), distance_m=item.number("distance"),
        freespace=item.flag("freespace"), continuous=item.flag("continuous"),
        displacement=displacement,
        max_lateral_accel_mps2=limits.maybe("maxAcceleration") if limits else None,
        max_lateral_speed_mps=limits.maybe("maxSpeed") if limits else None, **common,
    )  # fmt: skip
    if limits:
        limits.skip()
    return found


def _follow(item: Element, common: dict, context: Context) -> m.FollowTrajectory:
    mode_block = item.first("TrajectoryFollowingMode")
    mode: Any = mode_block.choice("followingMode", ("position", "follow")) if mode_block else "position"
    timing = item.first("TimeReference")
    told = timing.first("None", "Timing") if timing else None
    more: dict[str, Any] = {}
    if told is not None and told.tag == "Timing":
        more = {
            "timed": True,
            "time_scale": told.number("scale"),
            "time_offset_s": told.number("offset"),
            "time_domain": told.choice("domainAbsoluteRelative", ("absolute", "relative")),
        }
    path = context.places.trajectory_of(item)
    if more and context.places.paths[path].times_s is None:
        raise item.error("asks for timing, but the trajectory tells no times")
    offset = item.number("initialDistanceOffset", 0.0)
    return m.FollowTrajectory(
        path=path, mode=mode, initial_offset_m=offset,
        from_actor=path in context.places.from_actor, **more, **common,
    )  # fmt: skip


def _route(item: Element, common: dict, context: Context) -> m.AssignRoute:
    return m.AssignRoute(path=context.places.route_of(item, context.actor), **common)


def _acquire(item: Element, common: dict, context: Context) -> m.AcquirePosition:
    position = context.places.position(item.one("Position"))
    path = context.places.way_to(item, context.actor, position)
    return m.AcquirePosition(position=position, path=path, **common)


def _teleport(item: Element, common: dict, context: Context) -> m.Teleport:
    return m.Teleport(position=context.places.position(item.one("Position")), **common)


def _visibility(item: Element, common: dict, context: Context) -> m.Visibility:
    for block in item.all("SensorReferenceSet"):
        context.note(block, "visibility for single sensors is taken for all")
        block.skip()
    flags = {word: item.flag(word) for word in ("graphics", "traffic", "sensors")}
    return m.Visibility(**flags, **common)


def _activate(item: Element, common: dict, context: Context) -> m.ActivateController | None:
    flags = {w: item.flag(w) if item.has(w) else None for w in ("lateral", "longitudinal")}
    rest = [item.flag(w) for w in ("animation", "lighting") if item.has(w)]
    item.text("controllerRef", "")
    if not any(flags.values()):
        if any(rest):
            context.note(item, "activates lights or animations only: nothing here")
        return None
    return m.ActivateController(**flags, **common)


def _assign(item: Element, common: dict, context: Context) -> None:
    item.skip()
    context.note(item, "assigns a controller, which is not run: a planner drives the ego, others "
                 "keep to the script")  # fmt: skip


def _override(item: Element, common: dict, context: Context) -> None:
    for pedal in item.all():
        if pedal.flag("active", False):
            raise pedal.error("overrides a pedal, gear or wheel; entities here are moved, not driven")
        pedal.skip()
    context.note(item, "switches off overrides that were never on")


def _appearance(item: Element, common: dict, context: Context) -> m.Appearance:
    words = []
    for node in [item.node]:
        stack = [node]
        while stack:
            here = stack.pop(0)
            words += [f"{key}={value}" for key, value in here.attributes.items()]
            stack += here.children
    item.skip()
    return m.Appearance(text=f"{item.tag} {' '.join(words)}".strip(), **common)


NESTS = ("LongitudinalAction", "LateralAction", "RoutingAction", "AppearanceAction")
PRIVATE: Mapping[str, Reader] = {
    "SpeedAction": _speed, "SpeedProfileAction": _profile, "LongitudinalDistanceAction": _distance,
    "SynchronizeAction": _synchronize, "LaneChangeAction": _lane_change,
    "LaneOffsetAction": _lane_offset, "LateralDistanceAction": _lateral_distance,
    "FollowTrajectoryAction": _follow, "AssignRouteAction": _route,
    "AcquirePositionAction": _acquire, "TeleportAction": _teleport,
    "VisibilityAction": _visibility, "ActivateControllerAction": _activate,
    "AssignControllerAction": _assign, "OverrideControllerValueAction": _override,
    "LightStateAction": _appearance, "AnimationAction": _appearance,
}  # fmt: skip
CONTROLLERS = ("AssignControllerAction", "OverrideControllerValueAction", "ActivateControllerAction")


def read_controllers(item: Element, name: str, context: Context) -> list[m.AnyAction]:
    """``<ControllerAction>`` may hold several actions."""
    found = []
    for inner in item.all(*CONTROLLERS):
        common = {"name": name, "where": inner.where}
        action = PRIVATE[inner.tag](inner, common, context)
        if action is not None:
            found.append(action)
    return found


def wrap_rad(angle: float) -> float:
    """To (-pi, pi]."""
    return math.remainder(angle, 2 * math.pi)
