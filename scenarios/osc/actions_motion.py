"""Actions on speed and lane."""

from __future__ import annotations

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


def speed(item: Element, common: dict, context: Context) -> m.Speed:
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


def profile(item: Element, common: dict, context: Context) -> m.SpeedProfile:
    item.text("followingMode", "position")
    entries = tuple((e.maybe("time"), e.number("speed")) for e in item.all("SpeedProfileEntry"))
    if not entries:
        raise item.error("has no entry")
    relative = context.entities.name(item) if item.has("entityRef") else None
    limits = _limits(item, context) or m.Limits()
    return m.SpeedProfile(entries=entries, relative_to=relative, limits=limits, **common)


def distance(item: Element, common: dict, context: Context) -> m.LongitudinalDistance:
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


def synchronize(item: Element, common: dict, context: Context) -> m.Synchronize:
    final, more = item.first("FinalSpeed"), dict[str, Any]()
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


def lane_change(item: Element, common: dict, context: Context) -> m.LaneChange:
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


def lane_offset(item: Element, common: dict, context: Context) -> m.LaneOffset:
    dynamics = item.one("LaneOffsetActionDynamics")
    shape: Any = dynamics.choice("dynamicsShape", SHAPES)
    target = item.one("LaneOffsetTarget").only()
    if target.tag not in ("AbsoluteTargetLaneOffset", "RelativeTargetLaneOffset"):
        raise target.error("is no target of a lane offset")
    relative = context.entities.name(target) if target.tag.startswith("Relative") else None
    side = context.places.side_of(context.actor, target)
    return m.LaneOffset(
        offset_m=side * target.number("value"), relative_to=relative, shape=shape,
        max_lateral_accel_mps2=dynamics.maybe("maxLateralAcc"),
        continuous=item.flag("continuous"), **common,
    )  # fmt: skip


def lateral_distance(item: Element, common: dict, context: Context) -> m.LateralDistance:
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
