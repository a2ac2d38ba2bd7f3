"""Conditions by value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, get_args

from drivewm.scenarios.osc.context import Context
from drivewm.scenarios.osc.element import Element
from drivewm.sim.script import model as m

RULES = get_args(m.Rule)
DAY_S, LONG_S = 86_400.0, 1e6
STATES = get_args(m.ElementState)
ELEMENT_KINDS = (*get_args(m.ElementKind), "storyboard")


def rule_of(item: Element) -> Any:
    """How a value is compared."""
    return item.choice("rule", RULES)


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
    return m.Parameter(parameter=name, value=item.text("value"), rule=rule_of(item), **common)


def _variable(item: Element, common: dict, context: Context) -> m.Variable:
    name = item.text("variableRef").removeprefix("$")
    context.need_variable(item, name)
    return m.Variable(variable=name, value=item.text("value"), rule=rule_of(item), **common)


def _user_value(item: Element, common: dict, context: Context) -> m.UserDefinedValue:
    name = item.text("name")
    context.use_value(item, name)
    return m.UserDefinedValue(
        value_name=name, value=item.text("value"), rule=rule_of(item), **common
    )


def _time_of_day(item: Element, common: dict, context: Context) -> m.TimeOfDay:
    told = clock_s(item, "dateTime")
    if context.clock_s is None:
        context.note(item, "Init tells no time of day: it is midnight of that day")
        context.clock_s = told - told % DAY_S
    since_s = min(max(told - context.clock_s, -LONG_S), LONG_S)  # beyond, it is all the same
    return m.TimeOfDay(value_s=since_s, rule=rule_of(item), **common)


def clock_s(item: Element, field: str) -> float:
    """A date and time as seconds since 1970; UTC where it tells no zone."""
    text = item.text(field)
    try:
        told = datetime.fromisoformat(text)
    except ValueError:
        raise item.error(f'has {field}="{text}", which is no date and time', field=field) from None
    return (told if told.tzinfo else told.replace(tzinfo=UTC)).timestamp()


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
        value_s=i.number("value"), rule=rule_of(i), **k
    ),
    "StoryboardElementStateCondition": _element_state,
    "UserDefinedValueCondition": _user_value,
    "TrafficSignalCondition": _signal,
    "TrafficSignalControllerCondition": _phase,
}
