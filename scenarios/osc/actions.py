"""Private actions of OpenSCENARIO XML as the storyboard engine's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from drivewm.scenarios.osc import actions_motion as motion
from drivewm.scenarios.osc.context import Context
from drivewm.scenarios.osc.element import Element
from drivewm.sim.script import model as m

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


def _follow(item: Element, common: dict, context: Context) -> m.FollowTrajectory:
    mode_block = item.first("TrajectoryFollowingMode")
    mode: Any = (
        mode_block.choice("followingMode", ("position", "follow")) if mode_block else "position"
    )
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
    return m.Visibility(
        graphics=item.flag("graphics"), traffic=item.flag("traffic"), sensors=item.flag("sensors"),
        **common,
    )  # fmt: skip


def _activate(item: Element, common: dict, context: Context) -> m.ActivateController | None:
    flags: dict[str, Any] = {
        word: item.flag(word) if item.has(word) else None for word in ("lateral", "longitudinal")
    }
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
            raise pedal.error("overrides a pedal, gear or wheel; entities are moved, not driven")
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
    "SpeedAction": motion.speed, "SpeedProfileAction": motion.profile,
    "LongitudinalDistanceAction": motion.distance,
    "SynchronizeAction": motion.synchronize, "LaneChangeAction": motion.lane_change,
    "LaneOffsetAction": motion.lane_offset, "LateralDistanceAction": motion.lateral_distance,
    "FollowTrajectoryAction": _follow, "AssignRouteAction": _route,
    "AcquirePositionAction": _acquire, "TeleportAction": _teleport,
    "VisibilityAction": _visibility, "ActivateControllerAction": _activate,
    "AssignControllerAction": _assign, "OverrideControllerValueAction": _override,
    "LightStateAction": _appearance, "AnimationAction": _appearance,
}  # fmt: skip
CONTROLLERS = (
    "AssignControllerAction",
    "OverrideControllerValueAction",
    "ActivateControllerAction",
)


def read_controllers(item: Element, name: str, context: Context) -> list[m.AnyAction]:
    """``<ControllerAction>`` may hold several actions."""
    found = []
    for inner in item.all(*CONTROLLERS):
        common = {"name": name, "where": inner.where}
        action = PRIVATE[inner.tag](inner, common, context)
        if action is not None:
            found.append(action)
    return found
