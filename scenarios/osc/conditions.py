"""Triggers and conditions of OpenSCENARIO XML as the storyboard engine's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, get_args

from drivewm.scenarios.osc.conditions_entity import BY_ENTITY
from drivewm.scenarios.osc.conditions_value import BY_VALUE
from drivewm.scenarios.osc.context import Context
from drivewm.scenarios.osc.element import Element
from drivewm.sim.script import model as m

EDGES = get_args(m.Edge)


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
