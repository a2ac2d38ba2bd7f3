"""``<Storyboard>``: init actions, stories, acts, groups, maneuvers, events."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from drivewm.scenarios.osc.actions import read_controllers, read_private
from drivewm.scenarios.osc.conditions import read_trigger
from drivewm.scenarios.osc.context import Context
from drivewm.scenarios.osc.element import Element
from drivewm.scenarios.osc.global_actions import read_global, read_user_defined
from drivewm.scenarios.osc.parameters import declare_all, unknown_name
from drivewm.sim.script import model as m

PRIORITIES = {
    "overwrite": "override", "override": "override", "skip": "skip", "parallel": "parallel",
}  # fmt: skip


@dataclass(frozen=True)
class Read:
    """What a storyboard says, before it is known who drives the ego."""

    init: tuple[m.InitAction, ...]  # without teleports, which are where entities start
    stories: tuple[m.Story, ...]
    stop: m.Trigger | None


def find_starts(storyboard: Element, context: Context) -> None:
    """Notes where the init actions put each entity, before anything refers to it."""
    for private in storyboard.path("Init", "Actions").all("Private"):
        for name in context.entities.names(private):
            for item in private.all("PrivateAction"):
                for teleport in item.all("TeleportAction"):
                    context.places.starts_at(name, teleport.one("Position"))


def read_storyboard(storyboard: Element, context: Context) -> Read:
    """Reads it all.

    Raises:
        InputError: (with file and line) whatever is unknown, missing or not supported.
    """
    context.is_init = True
    init = tuple(_init(storyboard, context))
    context.is_init = False
    stories = tuple(_story(item, context) for item in storyboard.all("Story"))
    stop = read_trigger(storyboard.first("StopTrigger"), context)
    _check_references(stories, context)
    return Read(init, stories, stop)


def _init(storyboard: Element, context: Context) -> Iterator[m.InitAction]:
    actions = storyboard.path("Init", "Actions")
    for item in actions.all("GlobalAction", "UserDefinedAction"):
        found = (read_global if item.tag == "GlobalAction" else read_user_defined)(
            item, "", context
        )
        if found is not None:
            yield m.InitAction(action=found)
    for private in actions.all("Private"):
        for name in context.entities.names(private):
            for item in private.all("PrivateAction"):
                if any(child.tag == "TeleportAction" for child in item.node.children):
                    continue
                for action in _private(item, f"init of {name}", name, context):
                    yield m.InitAction(action=action, actor=name)


def _private(item: Element, name: str, actor: str | None, context: Context) -> list[m.AnyAction]:
    controller = item.first("ControllerAction")
    if controller is not None:
        return read_controllers(controller, name, context)
    found = read_private(item, name, actor, context)
    return [] if found is None else [found]


def _story(item: Element, context: Context) -> m.Story:
    item = item.inner()
    declare_all(item.node, item.scope)
    acts = tuple(_act(act, context) for act in item.all("Act"))
    return m.Story(name=item.text("name", ""), acts=acts, where=item.where)


def _act(item: Element, context: Context) -> m.Act:
    return m.Act(
        name=item.text("name"),
        groups=tuple(_group(group, context) for group in item.all("ManeuverGroup")),
        start=read_trigger(item.first("StartTrigger"), context),
        stop=read_trigger(item.first("StopTrigger"), context),
        where=item.where,
    )


def _group(item: Element, context: Context) -> m.ManeuverGroup:
    block = item.one("Actors")
    names = [name for ref in block.all("EntityRef") for name in context.entities.names(ref)]
    actors = tuple(dict.fromkeys(names))
    selects = block.flag("selectTriggeringEntities", False)
    actor = actors[0] if len(actors) == 1 else None
    maneuvers = []
    for part in item.all("CatalogReference", "Maneuver"):
        if part.tag == "CatalogReference":
            part = context.catalogs.entry(part, "Maneuver")
        else:
            part = part.inner()
            declare_all(part.node, part.scope)
        maneuvers.append(_maneuver(part, actor, bool(actors) or selects, context))
    return m.ManeuverGroup(
        name=item.text("name"), actors=actors, maneuvers=tuple(maneuvers),
        select_triggering=selects, max_executions=_count(item), where=item.where,
    )  # fmt: skip


def _count(item: Element) -> int:
    count = item.whole("maximumExecutionCount", 1)
    if count < 0:
        raise item.error("has a negative count", field="maximumExecutionCount")
    return count


def _maneuver(item: Element, actor: str | None, is_acted: bool, context: Context) -> m.Maneuver:
    events = tuple(_event(event, actor, is_acted, context) for event in item.all("Event"))
    return m.Maneuver(name=item.text("name"), events=events, where=item.where)


def _event(item: Element, actor: str | None, is_acted: bool, context: Context) -> m.Event:
    actions: list[m.AnyAction] = []
    for block in item.all("Action"):
        name, inner = block.text("name"), block.only()
        if inner.tag == "PrivateAction":
            if not is_acted:
                raise inner.error("is done by nobody: its maneuver group has no actors")
            found = _private(inner, name, actor, context)
            actions += found or [_nothing(name, inner)]
        elif inner.tag == "GlobalAction":
            done = read_global(inner, name, context)
            actions.append(_nothing(name, inner) if done is None else done)
        elif inner.tag == "UserDefinedAction":
            actions.append(read_user_defined(inner, name, context))
        else:
            raise inner.error("is no kind of action")
    priority: Any = PRIORITIES[item.choice("priority", tuple(PRIORITIES))]
    return m.Event(
        name=item.text("name"), actions=tuple(actions),
        trigger=read_trigger(item.first("StartTrigger"), context), priority=priority,
        max_executions=_count(item), where=item.where,
    )  # fmt: skip


def _nothing(name: str, item: Element) -> m.UserDefined:
    """Stands for an action that changes nothing here, so that others may still refer to it."""
    return m.UserDefined(name=name, where=item.where, kind="not done", text=item.only().tag)


def named_parts(stories: tuple[m.Story, ...]) -> Iterator[tuple[str, str]]:
    """(kind, name) of every part of a storyboard."""
    for story in stories:
        yield "story", story.name
        for act in story.acts:
            yield "act", act.name
            for group in act.groups:
                yield "maneuverGroup", group.name
                for maneuver in group.maneuvers:
                    yield "maneuver", maneuver.name
                    for event in maneuver.events:
                        yield "event", event.name
                        yield from (("action", action.name) for action in event.actions)


def _check_references(stories: tuple[m.Story, ...], context: Context) -> None:
    parts = dict.fromkeys(named_parts(stories))
    for item, kind, name in context.references:
        if kind == "storyboard":
            raise item.error("refers to the whole storyboard, which is not supported")
        if (kind, name.split("::")[-1]) not in parts:
            known = tuple(other for of, other in parts if of == kind)
            raise unknown_name(item.node, name, known)
