"""Checks a storyboard before it runs: every name exists, every figure makes sense."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from drivewm.errors import InputError
from drivewm.sim.script import model as m

if TYPE_CHECKING:
    from drivewm.sim.script.tree import Tree

ENTITY_FIELDS = ("entity", "relative_to", "master")
STEP_S = 0.1
LONGEST = 1e7


def check(storyboard: m.Storyboard, tree: Tree) -> None:
    """Raises:
    InputError: names the element, what is wrong with it and, where known, the nearest name.
    """
    _check_names(storyboard)
    count = STEP_S / storyboard.substep_s
    if not 0.0 < storyboard.substep_s <= STEP_S or abs(count - round(count)) > 1e-6:
        raise InputError(f"{storyboard.substep_s} is no whole fraction of 0.1 s", field="substep_s")
    checker = _Checker(storyboard)
    for item in storyboard.init:
        if item.actor is not None:
            checker.entity(item.actor, "init", item.action.where)
        checker.part(item.action, f"init {item.action.name}".strip(), item.action.where)
    for element in tree.events():
        for name in element.group.actors:
            checker.entity(name, element.path, element.group.where)
        for action in element.event.actions:
            checker.part(action, f"{element.path}/{action.name}", action.where or element.where)
    for owner, trigger, where in _triggers(storyboard, tree):
        for condition in (one for group in trigger.groups for one in group):
            name = f"{owner}/{condition.name}"
            checker.part(condition, name, condition.where or where)
            if isinstance(condition, m.StoryboardElementState) and not tree.find(condition):
                known = [one.name for act in tree.stories for one in act.walk()]
                raise _unknown("storyboard element", condition.element, known, name,
                               condition.where or where)  # fmt: skip
    for actor in storyboard.actors:
        checker.part(actor, f"actor {actor.id}", actor.where)
    if storyboard.ego_start is not None:
        checker.part(storyboard.ego_start, "ego_start", None)


def _check_names(storyboard: m.Storyboard) -> None:
    seen = {storyboard.ego_id}
    for actor in storyboard.actors:
        if actor.id in seen:
            raise InputError("two entities have this name", file=actor.where, field=actor.id)
        seen.add(actor.id)


def _triggers(storyboard: m.Storyboard, tree: Tree) -> Iterator[tuple[str, m.Trigger, str | None]]:
    if storyboard.stop is not None:
        yield "storyboard stop", storyboard.stop, None
    for story in storyboard.stories:
        for act in story.acts:
            for trigger in (act.start, act.stop):
                if trigger is not None:
                    yield f"{story.name}::{act.name}", trigger, act.where
    for element in tree.events():
        if element.event.trigger is not None:
            yield element.path, element.event.trigger, element.where


class _Checker:
    def __init__(self, board: m.Storyboard) -> None:
        self._paths = board.roads.paths
        self._known: dict[str, tuple[str, Iterable[str]]] = {
            "entity": ("entity", [board.ego_id, *(actor.id for actor in board.actors)]),
            "parameter": ("parameter", board.parameters),
            "variable": ("variable", board.variables),
            "controller": ("signal controller", [one.name for one in board.roads.controllers]),
        }
        self._phases = {one.name: [p.name for p in one.phases] for one in board.roads.controllers}

    def entity(self, name: str, element: str, where: str | None) -> None:
        self._name("entity", name, element, where)

    def _name(self, kind: str, name: str, element: str, where: str | None) -> None:
        words, known = self._known[kind]
        if name not in known:
            raise _unknown(words, name, known, element, where)

    def part(self, part: Any, element: str, where: str | None) -> None:
        """Everything in a dataclass, and in those within it."""
        for entry in fields(part):
            value = getattr(part, entry.name)
            if value is None:
                continue
            self._field(entry.name, value, element, where)
            if is_dataclass(value):
                self.part(value, element, where)
        problem = _problem(part, self._paths)
        if problem is not None:
            raise InputError(problem, file=where, field=element)
        if isinstance(part, m.SetSignalPhase | m.SignalPhaseIs):
            phases = self._phases[part.controller]
            if part.phase not in phases:
                raise _unknown("phase", part.phase, phases, element, where)

    def _field(self, name: str, value: Any, element: str, where: str | None) -> None:
        if name in ENTITY_FIELDS:
            self.entity(value, element, where)
        elif name in ("by", "entities"):
            for one in value:
                self.entity(one, element, where)
        elif name in self._known:
            self._name(name, value, element, where)
        elif name == "path" and not 0 <= value < len(self._paths):
            raise InputError(f"path {value} does not exist; there are {len(self._paths)}",
                             file=where, field=element)  # fmt: skip
        elif isinstance(value, float) and not -LONGEST < value < LONGEST:
            raise InputError(f"{name} is {value}", file=where, field=element)


def _problem(part: Any, paths: tuple[m.Path, ...]) -> str | None:
    """What is wrong with the figures of a part, in words."""
    if isinstance(part, m.Dynamics) and part.shape != "step":
        useless = part.dimension == "rate" and part.value == 0.0
        return (
            f"dynamics over a {part.dimension} of {part.value:g}"
            if useless or part.value < 0.0
            else None
        )
    if isinstance(part, m.Brake) and part.decel_mps2 <= 0.0:
        return f"a deceleration of {part.decel_mps2:g} m/s2 (it is positive)"
    if isinstance(part, m.LaneChange) and (part.lanes is None) == (part.path is None):
        return "a lane change needs either lanes or a path"
    if isinstance(part, m.LongitudinalDistance):
        both = (part.distance_m is None) == (part.time_gap_s is None)
        return "a distance action needs either a distance or a time gap" if both else None
    if isinstance(part, m.TimeToCollision) and (part.entity is None) == (part.position is None):
        return "a time to collision needs either an entity or a position"
    if isinstance(part, m.FollowTrajectory):
        if part.timed and paths[part.path].times_s is None:
            return f"path {paths[part.path].name} tells no times"
        if part.timed and part.time_scale <= 0.0:
            return f"a time scale of {part.time_scale:g}"
    if isinstance(part, m.SpeedProfile) and not part.entries:
        return "a speed profile without entries"
    if isinstance(part, m.Condition) and part.delay_s < 0.0:
        return f"a delay of {part.delay_s:g} s"
    if isinstance(part, m.EntityCondition) and not part.by:
        return "no triggering entity"
    return None


def _unknown(
    kind: str, name: str, known: Iterable[str], element: str, where: str | None
) -> InputError:
    near = get_close_matches(name, list(known), 1, 0.5)
    fix = f"did you mean {near[0]!r}?" if near else "known: " + (", ".join(known) or "none")
    return InputError(f"there is no {kind} {name!r}", file=where, field=element, fix=fix)
