"""A storyboard: who takes part, what happens when. Frozen data; the engine only reads it.

Everything that writes storyboards (the scenario library, OpenSCENARIO import) builds these; the
names are also re-exported here: ``from drivewm.sim.script import model as m``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from drivewm.scene.classes import OccClass, ScoreType
from drivewm.sim.script.actions import *  # noqa: F403
from drivewm.sim.script.actions import PrivateAction
from drivewm.sim.script.actions_global import *  # noqa: F403
from drivewm.sim.script.actions_global import GlobalAction
from drivewm.sim.script.conditions import *  # noqa: F403
from drivewm.sim.script.conditions import AnyCondition, Trigger
from drivewm.sim.script.places import *  # noqa: F403
from drivewm.sim.script.places import Position, Roads

AnyAction = PrivateAction | GlobalAction
Priority = Literal["override", "parallel", "skip"]  # 1.0's "overwrite" is "override"
Reactive = Literal["never", "after", "idle"]


@dataclass(frozen=True, kw_only=True)
class Actor:
    """An entity other than the ego. ``center_ahead_m`` and ``center_left_m`` lead from its
    reference point (the point that positions and paths speak of) to the middle of its box.

    ``reactive``: when its own driver takes over: never; ``after`` no part of the storyboard that
    is not complete can move it any more; ``idle``: also whenever no action is moving it. It needs
    ``path`` or to stand in a lane; else it keeps its speed and lane.
    """

    id: str
    category: str = "car"
    kind: Literal["vehicle", "pedestrian", "object"] = "vehicle"
    score_type: int = ScoreType.VEHICLE
    occ_class: int = OccClass.CAR
    size_m: tuple[float, float, float] = (4.5, 1.9, 1.6)  # length, width, height
    center_ahead_m: float = 0.0
    center_left_m: float = 0.0
    center_up_m: float | None = None  # None: half the height
    start: Position | None = None  # None: a Teleport among the init actions tells
    speed_mps: float = 0.0
    present: bool = True  # False: only AddEntity brings it in
    reactive: Reactive = "after"
    path: int | None = None  # that its own driver follows; None: the lane it is in
    cruise_mps: float | None = None  # its own driver's wanted speed; None: the last scripted one
    max_speed_mps: float = 70.0
    max_accel_mps2: float = 10.0
    max_decel_mps2: float = 10.0
    where: str | None = None


@dataclass(frozen=True, kw_only=True)
class InitAction:
    """``actor`` None: a global action."""

    action: AnyAction
    actor: str | None = None


@dataclass(frozen=True, kw_only=True)
class Event:
    """``trigger`` None: starts with its maneuver."""

    name: str
    actions: tuple[AnyAction, ...]
    trigger: Trigger | None = None
    priority: Priority = "parallel"
    max_executions: int = 1
    where: str | None = None


@dataclass(frozen=True, kw_only=True)
class Maneuver:
    name: str
    events: tuple[Event, ...]
    where: str | None = None


@dataclass(frozen=True, kw_only=True)
class ManeuverGroup:
    name: str
    actors: tuple[str, ...]
    maneuvers: tuple[Maneuver, ...]
    select_triggering: bool = False  # actors are those that made an event's trigger hold
    max_executions: int = 1
    where: str | None = None


@dataclass(frozen=True, kw_only=True)
class Act:
    """``start`` None: at once."""

    name: str
    groups: tuple[ManeuverGroup, ...]
    start: Trigger | None = None
    stop: Trigger | None = None
    where: str | None = None


@dataclass(frozen=True, kw_only=True)
class Story:
    name: str
    acts: tuple[Act, ...]
    where: str | None = None


@dataclass(frozen=True, kw_only=True)
class Storyboard:
    """``ego_id`` is how conditions and actions call the ego; its size and reference point (rear
    axle) are the scene's vehicle. ``ego_start`` and ``ego_speed_mps`` only serve a scripted ego:
    a planner's starts where the scene says."""

    actors: tuple[Actor, ...] = ()
    roads: Roads = field(default_factory=Roads)
    init: tuple[InitAction, ...] = ()
    stories: tuple[Story, ...] = ()
    stop: Trigger | None = None
    ends_run: bool = False  # the stop trigger ends the drive, not only the script
    ego_id: str = "Ego"
    ego_start: Position | None = None
    ego_speed_mps: float = 0.0
    parameters: dict[str, str] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    user_values: dict[str, str] = field(default_factory=dict)
    time_of_day_s: float = 0.0  # at the start
    substep_s: float = 0.01  # a whole fraction of 0.1


def when(*conditions: AnyCondition) -> Trigger:
    """A trigger that holds when all of these hold."""
    return Trigger(groups=(tuple(conditions),))


def story_of(actor: str, *events: Event, name: str | None = None) -> Story:
    """One actor's events in a story, act, group and maneuver of their own, each called ``name``
    (default: the actor's id)."""
    name = name or actor
    maneuver = Maneuver(name=name, events=tuple(events))
    group = ManeuverGroup(name=name, actors=(actor,), maneuvers=(maneuver,))
    return Story(name=name, acts=(Act(name=name, groups=(group,)),))
