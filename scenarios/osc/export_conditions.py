"""The storyboard engine's triggers as OpenSCENARIO, through scenariogeneration."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scenariogeneration import xosc

from drivewm.errors import InputError
from drivewm.sim.script import model as m

Place = Callable[[m.Position], Any]  # a position as scenariogeneration's
TYPES = {"longitudinal": "longitudinal", "lateral": "lateral", "euclidean": "euclidianDistance"}


def trigger_out(trigger: m.Trigger, place: Place, point: str = "start") -> Any:
    """A trigger with all its groups."""
    found = xosc.Trigger(point)
    for group in trigger.groups:
        inside = xosc.ConditionGroup(point)
        for number, condition in enumerate(group):
            inside.add_condition(_condition(condition, f"condition {number}", place, point))
        found.add_conditiongroup(inside)
    return found


def _condition(condition: m.AnyCondition, usual: str, place: Place, point: str) -> Any:
    made = CONDITIONS.get(type(condition))
    if made is None:
        raise InputError(f"a condition {type(condition).__name__} cannot be exported",
                         file=condition.where, field=condition.name)  # fmt: skip
    name, edge = condition.name or usual, getattr(xosc.ConditionEdge, condition.edge)
    inner = made(condition, place)
    if not isinstance(condition, m.EntityCondition):
        return xosc.ValueTrigger(name, condition.delay_s, edge, inner, point)
    rule = getattr(xosc.TriggeringEntitiesRule, condition.by_rule)
    found = xosc.EntityTrigger(name, condition.delay_s, edge, inner, condition.by[0], rule, point)
    for other in condition.by[1:]:
        found.add_triggering_entity(other)
    return found


def _rule(condition: Any) -> Any:
    return getattr(xosc.Rule, condition.rule)


def _gap(condition: Any) -> dict[str, Any]:
    return {
        "freespace": condition.freespace,
        "distance_type": getattr(xosc.RelativeDistanceType, TYPES[condition.distance_type]),
        "coordinate_system": getattr(xosc.CoordinateSystem, condition.coordinate_system),
    }


def _relative_distance(c: m.RelativeDistance, place: Place) -> Any:
    gap = _gap(c)
    kind = gap.pop("distance_type")
    return xosc.RelativeDistanceCondition(c.value_m, _rule(c), kind, c.entity, **gap)


def _time_to_collision(c: m.TimeToCollision, place: Place) -> Any:
    aim = {"entity": c.entity} if c.position is None else {"position": place(c.position)}
    return xosc.TimeToCollisionCondition(c.value_s, _rule(c), **aim, **_gap(c))


def _element_state(c: m.StoryboardElementState, place: Place) -> Any:
    if c.kind is None:
        raise InputError("a state of an element of unknown kind cannot be exported",
                         file=c.where, field=c.element)  # fmt: skip
    kind = getattr(xosc.StoryboardElementType, c.kind)
    state = getattr(xosc.StoryboardElementState, c.state)
    return xosc.StoryboardElementStateCondition(kind, c.element, state)


def _direction(c: Any) -> Any:
    return None if c.direction is None else getattr(xosc.DirectionalDimension, c.direction)


CONDITIONS: dict[type, Callable[[Any, Place], Any]] = {
    m.SimulationTime: lambda c, p: xosc.SimulationTimeCondition(c.value_s, _rule(c)),
    m.RelativeDistance: _relative_distance,
    m.TimeToCollision: _time_to_collision,
    m.TimeHeadway: lambda c, p: xosc.TimeHeadwayCondition(c.entity, c.value_s, _rule(c), **_gap(c)),
    m.Distance: lambda c, p: xosc.DistanceCondition(c.value_m, _rule(c), p(c.position), **_gap(c)),
    m.ReachPosition: lambda c, p: xosc.ReachPositionCondition(p(c.position), c.tolerance_m),
    m.SpeedIs: lambda c, p: xosc.SpeedCondition(c.value_mps, _rule(c), _direction(c)),
    m.RelativeSpeed: lambda c, p: xosc.RelativeSpeedCondition(
        c.value_mps, _rule(c), c.entity, _direction(c)
    ),
    m.Acceleration: lambda c, p: xosc.AccelerationCondition(c.value_mps2, _rule(c), _direction(c)),
    m.StandStill: lambda c, p: xosc.StandStillCondition(c.duration_s),
    m.TraveledDistance: lambda c, p: xosc.TraveledDistanceCondition(c.value_m),
    m.Collision: lambda c, p: xosc.CollisionCondition(c.entity or xosc.ObjectType.vehicle),
    m.EndOfRoad: lambda c, p: xosc.EndOfRoadCondition(c.duration_s),
    m.Offroad: lambda c, p: xosc.OffroadCondition(c.duration_s),
    m.StoryboardElementState: _element_state,
    m.Parameter: lambda c, p: xosc.ParameterCondition(c.parameter, c.value, _rule(c)),
    m.Variable: lambda c, p: xosc.VariableCondition(c.variable, c.value, _rule(c)),
    m.UserDefinedValue: lambda c, p: xosc.UserDefinedValueCondition(
        c.value_name, c.value, _rule(c)
    ),
}
