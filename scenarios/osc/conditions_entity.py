"""Conditions by entity."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from drivewm.scenarios.osc.conditions_value import rule_of
from drivewm.scenarios.osc.context import Context
from drivewm.scenarios.osc.element import Element
from drivewm.sim.script import model as m

DISTANCES = {
    "longitudinal": "longitudinal", "lateral": "lateral", "cartesianDistance": "euclidean",
    "euclidianDistance": "euclidean", "euclideanDistance": "euclidean",
}  # fmt: skip
SYSTEMS = ("entity", "lane", "road", "trajectory", "world")
KINDS = {"vehicle": "vehicle", "pedestrian": "pedestrian", "miscellaneous": "object"}


def _gap(item: Element, default: str) -> dict[str, Any]:
    """Attributes that all distances share. ``alongRoute`` is how 1.0 asks for the road system."""
    along = item.flag("alongRoute", False)
    item.text("routingAlgorithm", "")  # one way along the paths is known: the shortest
    kind = item.choice(
        "relativeDistanceType", tuple(DISTANCES), "longitudinal" if along else default
    )
    system = item.choice("coordinateSystem", SYSTEMS, "road" if along else "entity")
    return {
        "freespace": item.flag("freespace"),
        "distance_type": DISTANCES[kind],
        "coordinate_system": system,
    }


def _direction(item: Element) -> Any:
    if not item.has("direction"):
        return None
    return item.choice("direction", ("longitudinal", "lateral", "vertical"))


def _time_to_collision(item: Element, common: dict, context: Context) -> m.TimeToCollision:
    target = item.one("TimeToCollisionConditionTarget").only()
    aim: dict[str, Any] = (
        {"entity": context.entities.name(target)}
        if target.tag == "EntityRef"
        else {"position": context.places.position(target)}
    )
    gap = _gap(item, "cartesianDistance")
    return m.TimeToCollision(
        value_s=item.number("value"), rule=rule_of(item), **aim, **gap, **common
    )


def _collision(item: Element, common: dict, context: Context) -> m.Collision:
    target = item.first("EntityRef", "ByType", "ByObjectType")
    if target is None:
        return m.Collision(**common)
    if target.tag == "EntityRef":
        return m.Collision(entity=context.entities.name(target), **common)
    word = target.text("type" if target.has("type") else "objectType")
    if word not in KINDS:
        raise target.error(f"names the unknown type '{word}'", fix=f"known: {', '.join(KINDS)}")
    return m.Collision(kind=KINDS[word], **common)


def _clearance(item: Element, common: dict, context: Context) -> m.RelativeClearance:
    ranges = list(item.all("RelativeLaneRange"))
    if len(ranges) > 1:
        raise ranges[1].error("is a second range of lanes; one is supported")
    lanes = None
    if ranges and (ranges[0].has("from") or ranges[0].has("to")):
        lanes = (ranges[0].whole("from", -99), ranges[0].whole("to", 99))
    names = [n for ref in item.all("EntityRef") for n in context.entities.names(ref)]
    return m.RelativeClearance(
        ahead_m=item.number("distanceForward", 0.0),
        behind_m=item.number("distanceBackward", 0.0),
        lanes=lanes,
        entities=tuple(names),
        freespace=item.flag("freeSpace"),
        opposite_lanes=item.flag("oppositeLanes"),
        **common,
    )


def _angle(item: Element, common: dict, context: Context) -> m.Angle:
    _heading_only(item)
    system = item.choice("coordinateSystem", SYSTEMS, "world")
    return m.Angle(
        angle_rad=item.number("angle"),
        tolerance_rad=item.number("angleTolerance"),
        relative=system in ("lane", "road"),
        **common,
    )


def _relative_angle(item: Element, common: dict, context: Context) -> m.RelativeAngle:
    _heading_only(item)
    item.text("coordinateSystem", "")  # a difference of headings is the same in each
    return m.RelativeAngle(
        entity=context.entities.name(item),
        angle_rad=item.number("angle"),
        tolerance_rad=item.number("angleTolerance"),
        **common,
    )


def _heading_only(item: Element) -> None:
    if item.text("angleType") != "heading":
        raise item.error("asks for pitch or roll; the world is flat", field="angleType")


BY_ENTITY: Mapping[str, Callable] = {
    "EndOfRoadCondition": lambda i, k, c: m.EndOfRoad(duration_s=i.number("duration"), **k),
    "OffroadCondition": lambda i, k, c: m.Offroad(duration_s=i.number("duration"), **k),
    "CollisionCondition": _collision,
    "TimeToCollisionCondition": _time_to_collision,
    "TimeHeadwayCondition": lambda i, k, c: m.TimeHeadway(
        entity=c.entities.name(i), value_s=i.number("value"), rule=rule_of(i),
        **_gap(i, "longitudinal"), **k
    ),
    "RelativeDistanceCondition": lambda i, k, c: m.RelativeDistance(
        entity=c.entities.name(i), value_m=i.number("value"), rule=rule_of(i),
        **_gap(i, "longitudinal"), **k
    ),
    "DistanceCondition": lambda i, k, c: m.Distance(
        position=c.places.position(i.one("Position")), value_m=i.number("value"), rule=rule_of(i),
        **_gap(i, "cartesianDistance"), **k
    ),
    "ReachPositionCondition": lambda i, k, c: m.ReachPosition(
        position=c.places.position(i.one("Position")), tolerance_m=i.number("tolerance"), **k
    ),
    "SpeedCondition": lambda i, k, c: m.SpeedIs(
        value_mps=i.number("value"), rule=rule_of(i), direction=_direction(i), **k
    ),
    "RelativeSpeedCondition": lambda i, k, c: m.RelativeSpeed(
        entity=c.entities.name(i), value_mps=i.number("value"), rule=rule_of(i),
        direction=_direction(i), **k
    ),
    "AccelerationCondition": lambda i, k, c: m.Acceleration(
        value_mps2=i.number("value"), rule=rule_of(i), direction=_direction(i), **k
    ),
    "StandStillCondition": lambda i, k, c: m.StandStill(duration_s=i.number("duration"), **k),
    "TraveledDistanceCondition": lambda i, k, c: m.TraveledDistance(value_m=i.number("value"), **k),
    "RelativeClearanceCondition": _clearance,
    "AngleCondition": _angle,
    "RelativeAngleCondition": _relative_angle,
}  # fmt: skip
