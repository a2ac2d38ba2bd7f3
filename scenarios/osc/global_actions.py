"""Global actions of OpenSCENARIO XML as the storyboard engine's."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from drivewm.scenarios.osc.conditions_value import clock_s
from drivewm.scenarios.osc.context import Context
from drivewm.scenarios.osc.element import Element
from drivewm.scenarios.osc.parameters import declare_all
from drivewm.sim.script import model as m

TRAFFIC = (
    "TrafficAction", "TrafficSourceAction", "TrafficSinkAction", "TrafficSwarmAction",
    "TrafficAreaAction", "TrafficStopAction",
)  # fmt: skip


def read_global(item: Element, name: str, context: Context) -> m.AnyAction | None:
    """What a ``<GlobalAction>`` asks for, or None where it changes nothing here (a note tells).

    Raises:
        InputError: an action that is not supported and could change what happens.
    """
    inner = item.only()
    reader = GLOBAL.get(inner.tag)
    if reader is None:
        known = ", ".join(GLOBAL)
        why = "makes traffic of its own, which is not supported" if inner.tag in TRAFFIC else (
            "is not supported")  # fmt: skip
        raise inner.error(why, fix=f"known: {known}")
    return reader(inner, {"name": name, "where": inner.where}, context)


def _environment(item: Element, common: dict, context: Context) -> m.Environment:
    block = item.first("Environment", "CatalogReference")
    if block is None:
        raise item.error("holds no environment")
    if block.tag == "CatalogReference":
        block = context.catalogs.entry(block, "Environment")
    else:
        block = block.inner()
        declare_all(block.node, block.scope)
    friction, words = None, [block.text("name", "")]
    clock = block.first("TimeOfDay")
    if clock is not None:
        clock.flag("animation", False)
        told = clock_s(clock, "dateTime")
        if context.is_init:
            context.clock_s = told
        else:
            context.note(clock, "the clock goes on as it was: only Init sets it")
    weather = block.first("Weather")
    if weather is not None:
        words += _words(weather)
        context.note(weather, "weather is kept as text: it does not change what sensors see")
    road = block.first("RoadCondition")
    if road is not None:
        friction = road.number("frictionScaleFactor")
        road.skip()
        if friction < 0:
            raise road.error("has a negative friction", field="frictionScaleFactor")
    return m.Environment(friction=friction, weather=" ".join(filter(None, words)), **common)


def _words(block: Element) -> list[str]:
    """All attributes below an element as ``Tag.name=value``, expressions evaluated."""
    found, stack = [], [block]
    while stack:
        here = stack.pop(0)
        found += [f"{here.tag}.{key}={here.text(key)}" for key in here.node.attributes]
        stack += list(here.all())
    return found


def _entity(item: Element, common: dict, context: Context) -> m.AddEntity | m.DeleteEntity:
    name, inner = context.entities.name(item), item.only()
    if inner.tag == "DeleteEntityAction":
        return m.DeleteEntity(entity=name, **common)
    if inner.tag != "AddEntityAction":
        raise inner.error("is not supported")
    position = context.places.position(inner.one("Position"))
    return m.AddEntity(entity=name, position=position, **common)


def _parameter(item: Element, common: dict, context: Context):
    name = item.text("parameterRef").removeprefix("$")
    context.need_parameter(item, name)
    inner = item.only()
    if inner.tag in ("SetAction", "ParameterSetAction"):
        return m.SetParameter(parameter=name, value=inner.text("value"), **common)
    add, multiply = _change(inner)
    return m.ModifyParameter(parameter=name, add=add, multiply=multiply, **common)


def _variable(item: Element, common: dict, context: Context):
    name = item.text("variableRef").removeprefix("$")
    context.need_variable(item, name)
    inner = item.only()
    if inner.tag in ("SetAction", "VariableSetAction"):
        return m.SetVariable(variable=name, value=inner.text("value"), **common)
    add, multiply = _change(inner)
    return m.ModifyVariable(variable=name, add=add, multiply=multiply, **common)


def _change(inner: Element) -> tuple[float | None, float | None]:
    if inner.tag not in ("ModifyAction", "ParameterModifyAction", "VariableModifyAction"):
        raise inner.error("neither sets nor modifies")
    rule = inner.one("Rule").only()
    if rule.tag == "AddValue":
        return rule.number("value"), None
    if rule.tag == "MultiplyByValue":
        return None, rule.number("value")
    raise rule.error("is no rule to modify by")


def _infrastructure(item: Element, common: dict, context: Context):
    inner = item.one("TrafficSignalAction").only()
    if inner.tag == "TrafficSignalStateAction":
        name = inner.text("name")
        context.use_signal(inner, name)
        return m.SetSignal(signal=name, state=inner.text("state"), **common)
    if inner.tag != "TrafficSignalControllerAction":
        raise inner.error("is not supported")
    name = inner.text("trafficSignalControllerRef")
    context.need_controller(inner, name)
    for phase in inner.all("Phase"):
        phase.skip()
        context.note(phase, "a phase told in the action is not used: that of the controller is")
    return m.SetSignalPhase(controller=name, phase=inner.text("phase"), **common)


def _monitor(item: Element, common: dict, context: Context) -> None:
    item.skip()
    context.note(item, "monitors are not kept: results have measures of their own")


GLOBAL: Mapping[str, Callable] = {
    "EnvironmentAction": _environment, "EntityAction": _entity, "ParameterAction": _parameter,
    "VariableAction": _variable, "InfrastructureAction": _infrastructure,
    "SetMonitorAction": _monitor,
}  # fmt: skip


def read_user_defined(item: Element, name: str, context: Context) -> m.UserDefined:
    """``<UserDefinedAction>``: recorded in the log."""
    inner = item.only()
    if inner.tag != "CustomCommandAction":
        raise inner.error("is not supported")
    context.note(inner, f"custom command '{inner.text('type')}' is recorded, not done")
    return m.UserDefined(name=name, where=inner.where, kind=inner.text("type"),
                         text=inner.node.text)  # fmt: skip
