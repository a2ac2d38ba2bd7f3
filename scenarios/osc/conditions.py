"""Triggers and conditions of OpenSCENARIO XML as the storyboard engine's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, get_args

from drivewm.scenarios.osc.context import Context
from drivewm.scenarios.osc.element import Element
from drivewm.sim.script import model as m

EDGES = get_args(m.Edge)
RULES = get_args(m.Rule)
DISTANCES = {
    "longitudinal": "longitudinal", "lateral": "lateral", "cartesianDistance": "euclidean",
    "euclidianDistance": "euclidean", "euclideanDistance": "euclidean",
}  # fmt: skip
SYSTEMS = ("entity", "lane", "road", "trajectory", "world")
DAY_S, LONG_S = 86_400.0, 1e6
STATES = get_args(m.ElementState)
ELEMENT_KINDS = (*get_args(m.ElementKind), "storyboard")
KINDS = {"vehicle": "vehicle", "pedestrian": "pedestrian", "miscellaneous": "object"}


def read_trigger(block: Element | None, context: Context) -> m.Trigger | None:
    """``<StartTrigger>`` or ``<StopTrigger>``; None where there is none or a stop trigger is empty.

    Raises:
        InputError: an unknown condition, entity, rule or word, with its line.
    """
    if block is None:
        return None
    groups = tuple(
        tuple(_condition(item, context) for item in group.all("Condition"))
        for group in block.all("ConditionGroup")
    )
    if not groups and block.tag == "StopTrigger":
        return None
    if not groups:
        context.note(block, "a start trigger without conditions never holds")
    for group in groups:
        if not group:
            raise block.error("has a condition group without conditions")
    return m.Trigger(groups=groups)


def _condition(item: Element, context: Context) -> m.AnyCondition:
    common: dict[str, Any] = {
        "name": item.text("name", ""),
        "edge": item.choice("conditionEdge", EDGES, "none"),
        "delay_s": item.number("delay", 0.0),
        "where": item.where,
    }
    if common["delay_s"] < 0:
        raise item.error("has a negative delay", field="delay")
    kind = item.only()
    if kind.tag == "ByValueCondition":
        inner = kind.only()
        readers: Mapping[str, Callable] = BY_VALUE
    elif kind.tag == "ByEntityCondition":
        entities = kind.one("TriggeringEntities")
        common["by_rule"] = entities.choice("triggeringEntitiesRule", ("any", "all"), "any")
        names = [n for ref in entities.all("EntityRef") for n in context.entities.names(ref)]
        if not names:
            raise entities.error("names no entity")
        common["by"] = tuple(dict.fromkeys(names))
        inner, readers = kind.one("EntityCondition").only(), BY_ENTITY
    else:
        raise kind.error("is no kind of condition")
    reader = readers.get(inner.tag)
    if reader is None:
        raise inner.error("is not supported", fix=f"known: {', '.join(readers)}")
    return reader(inner, common, context)


def _rule(item: Element, default: str | None = None) -> Any:
    return item.choice("rule", RULES, default)


def _gap(item: Element, default: str) -> dict[str, Any]:
    """Attributes that all distances share. ``alongRoute`` is how 1.0 asks for the road system."""
    along = item.flag("alongRoute", False)
    item.text("routingAlgorithm", "")  # one way along the paths is known: the shortest
    kind = item.choice("relativeDistanceType", tuple(DISTANCES), "longitudinal" if along else default)
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
    return m.TimeToCollision(value_s=item.number("value"), rule=_rule(item), **aim, **gap, **common)


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


def _element_state(item: Element, common: dict, context: Context) -> m.StoryboardElementState:
    kind: Any = item.choice("storyboardElementType", ELEMENT_KINDS)
    name = item.text("storyboardElementRef")
    context.refer_to_element(item, kind, name)
    state: Any = item.choice("state", STATES)
    return m.StoryboardElementState(
        element=name, state=state, kind=None if kind == "storyboard" else kind, **common
    )


def _parameter(item: Element, common: dict, context: Context) -> m.Parameter:
    name = item.text("parameterRef").removeprefix("$")
    context.need_parameter(item, name)
    return m.Parameter(parameter=name, value=item.text("value"), rule=_rule(item), **common)


def _variable(item: Element, common: dict, context: Context) -> m.Variable:
    name = item.text("variableRef").removeprefix("$")
    context.need_variable(item, name)
    return m.Variable(variable=name, value=item.text("value"), rule=_rule(item), **common)


def _user_value(item: Element, common: dict, context: Context) -> m.UserDefinedValue:
    name = item.text("name")
    context.use_value(item, name)
    return m.UserDefinedValue(
        value_name=name, value=item.text("value"), rule=_rule(item), **common
    )


def _time_of_day(item: Element, common: dict, context: Context) -> m.TimeOfDay:
    told = clock_s(item, "dateTime")
    if context.clock_s is None:
        context.note(item, "Init tells no time of day: it is midnight of that day")
        context.clock_s = told - told % DAY_S
    since_s = min(max(told - context.clock_s, -LONG_S), LONG_S)  # beyond, it is all the same
    return m.TimeOfDay(value_s=since_s, rule=_rule(item), **common)


def clock_s(item: Element, field: str) -> float:
    """A date and time as seconds since 1970, UTC where no zone is given."""
    text = item.text(field)
    try:
        return (datetime.fromisoformat(text).replace(tzinfo=None) - datetime(1970, 1, 1)).total_seconds()
    except ValueError:
        raise item.error(f'has {field}="{text}", which is no date and time', field=field) from None


def _signal(item: Element, common: dict, context: Context) -> m.SignalIs:
    name = item.text("name")
    context.use_signal(item, name)
    return m.SignalIs(signal=name, state=item.text("state"), **common)


def _phase(item: Element, common: dict, context: Context) -> m.SignalPhaseIs:
    name = item.text("trafficSignalControllerRef")
    context.need_controller(item, name)
    return m.SignalPhaseIs(controller=name, phase=item.text("phase"), **common)


BY_VALUE: Mapping[str, Callable] = {
    "ParameterCondition": _parameter,
    "VariableCondition": _variable,
    "TimeOfDayCondition": _time_of_day,
    "SimulationTimeCondition": lambda i, k, c: m.SimulationTime(
        value_s=i.number("value"), rule=_rule(i), **k
    ),
    "StoryboardElementStateCondition": _element_state,
    "UserDefinedValueCondition": _user_value,
    "TrafficSignalCondition": _signal,
    "TrafficSignalControllerCondition": _phase,
}
BY_ENTITY: Mapping[str, Callable] = {
    "EndOfRoadCondition": lambda i, k, c: m.EndOfRoad(duration_s=i.number("duration"), **k),
    "OffroadCondition": lambda i, k, c: m.Offroad(duration_s=i.number("duration"), **k),
    "CollisionCondition": _collision,
    "TimeToCollisionCondition": _time_to_collision,
    "TimeHeadwayCondition": lambda i, k, c: m.TimeHeadway(
        entity=c.entities.name(i), value_s=i.number("value"), rule=_rule(i),
        **_gap(i, "longitudinal"), **k
    ),
    "RelativeDistanceCondition": lambda i, k, c: m.RelativeDistance(
        entity=c.entities.name(i), value_m=i.number("value"), rule=_rule(i),
        **_gap(i, "longitudinal"), **k
    ),
    "DistanceCondition": lambda i, k, c: m.Distance(
        position=c.places.position(i.one("Position")), value_m=i.number("value"), rule=_rule(i),
        **_gap(i, "cartesianDistance"), **k
    ),
    "ReachPositionCondition": lambda i, k, c: m.ReachPosition(
        position=c.places.position(i.one("Position")), tolerance_m=i.number("tolerance"), **k
    ),
    "SpeedCondition": lambda i, k, c: m.SpeedIs(
        value_mps=i.number("value"), rule=_rule(i), direction=_direction(i), **k
    ),
    "RelativeSpeedCondition": lambda i, k, c: m.RelativeSpeed(
        entity=c.entities.name(i), value_mps=i.number("value"), rule=_rule(i),
        direction=_direction(i), **k
    ),
    "AccelerationCondition": lambda i, k, c: m.Acceleration(
        value_mps2=i.number("value"), rule=_rule(i), direction=_direction(i), **k
    ),
    "StandStillCondition": lambda i, k, c: m.StandStill(duration_s=i.number("duration"), **k),
    "TraveledDistanceCondition": lambda i, k, c: m.TraveledDistance(value_m=i.number("value"), **k),
    "RelativeClearanceCondition": _clearance,
    "AngleCondition": _angle,
    "RelativeAngleCondition": _relative_angle,
}  # fmt: skip
