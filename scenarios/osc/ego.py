"""The ego: which entity it is, its car, where it starts, where it shall go and how fast."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from drivewm.errors import InputError
from drivewm.scenarios.osc.document import Document
from drivewm.scenarios.osc.entities import Entities, Entity
from drivewm.scenarios.osc.spot import Spot
from drivewm.scene import VehicleParams
from drivewm.sim.script import model as m
from drivewm.sim.script.curve import Curve

USUAL_WHEELBASE = 0.62  # of the length, where the file tells no axles
AHEAD_M = 20_000.0  # of a route that no action bounds
STEP_M = 1.0  # of a route's vertices


@dataclass(frozen=True, kw_only=True)
class Ego:
    """What the planner takes over."""

    name: str
    vehicle: VehicleParams
    start: m.Position
    pose: tuple[float, float, float]  # rear axle
    speed_mps: float  # at the start, along the heading (negative: it reverses)
    target_mps: float
    route: np.ndarray  # [P, 2]
    replaced: tuple[str, ...]  # what the script makes the ego do, which a planner does not


def find_ego(entities: Entities, name: str | None, document_file) -> Entity:
    """The entity that the planner drives.

    ``name`` if given; else the one called Ego (in any case), else the first whose name starts with
    "ego", else the first called Hero, VUT or SUT, else the first vehicle.

    Raises:
        InputError: there is none.
    """
    every = entities.all
    if name is not None:
        if name not in every:
            raise InputError(f"has no entity '{name}'", file=document_file,
                             fix=f"entities: {', '.join(every)}")  # fmt: skip
        return every[name]
    rules = (
        lambda n: n.lower() == "ego",
        lambda n: n.lower().startswith("ego"),
        lambda n: n.lower() in ("hero", "vut", "sut"),
        lambda n: every[n].element == "Vehicle",
    )
    for rule in rules:
        for candidate in every:
            if rule(candidate):
                return every[candidate]
    raise InputError("has no vehicle that a planner could drive", file=document_file)


def read_ego(document: Document, name: str | None = None) -> Ego:
    """The ego of a scenario; ``name`` overrides the rule of :func:`find_ego`.

    Raises:
        InputError: no vehicle, or nothing says where the ego starts.
    """
    entity = find_ego(document.entities, name, document.file)
    places, read = document.places, document.read
    own = [item.action for item in read.init if item.actor == entity.name]
    follow = next((a for a in own if isinstance(a, m.FollowTrajectory)), None)
    start = start_position(document, entity)
    if start is None:
        raise InputError(f"does not say where '{entity.name}' starts", file=entity.where,
                         field=entity.name, fix="give it a TeleportAction in Init")  # fmt: skip
    pose = _pose(document, start)
    speed = _initial_mps(own, document, entity)
    target = abs(speed) or max(_later_speeds(document, entity.name), default=0.0)
    path = follow.path if follow is not None else _route_path(own, document, entity.name)
    route = _route(places.curve, start, pose, path, speed < 0)
    return Ego(
        name=entity.name, vehicle=_vehicle(entity), start=start, pose=pose, speed_mps=speed,
        target_mps=target, route=route, replaced=tuple(_replaced(document, entity.name)),
    )  # fmt: skip


def start_position(document: Document, entity: Entity) -> m.Position | None:
    """Where an entity starts: its teleport, else the start of the trajectory it follows."""
    places = document.places
    spot = places._starts.get(entity.name)
    if isinstance(spot, Spot):
        return places.position_of(spot)
    for item in document.read.init:
        action = item.action
        if item.actor == entity.name and isinstance(action, m.FollowTrajectory):
            return m.PathPosition(path=action.path, s_m=action.initial_offset_m)
    return None


def _pose(document: Document, start: m.Position) -> tuple[float, float, float]:
    if isinstance(start, m.WorldPosition):
        return start.x_m, start.y_m, start.heading_rad or 0.0
    assert isinstance(start, m.PathPosition)
    x, y, along = document.places.curve(start.path).pose(start.s_m, start.lateral_m)
    path = document.places.paths[start.path]
    if path.heading_rad is not None:  # a trajectory that tells its own headings
        own = Curve(path.xy, path.heading_rad).orientation(start.s_m)
        return x, y, own
    return x, y, along + start.heading_rad


def _initial_mps(own: list, document: Document, entity: Entity) -> float:
    """Speed after the init actions that act at once."""
    speed = 0.0
    for action in own:
        if isinstance(action, m.Speed) and action.dynamics.shape == "step":
            if action.relative_to is None:
                speed = action.speed_mps
                continue
            others = [i.action for i in document.read.init if i.actor == action.relative_to]
            base = _initial_mps(others, document, document.entities.all[action.relative_to])
            speed = base * action.speed_mps if action.relation == "factor" else (
                base + action.speed_mps)  # fmt: skip
    return speed


def _events(document: Document, name: str) -> Iterator[tuple[m.Event, m.AnyAction]]:
    for story in document.read.stories:
        for act in story.acts:
            for group in act.groups:
                if name not in group.actors:
                    continue
                for maneuver in group.maneuvers:
                    for event in maneuver.events:
                        yield from ((event, a) for a in event.actions if is_private(a))


def is_private(action: m.AnyAction) -> bool:
    """Is it done by an actor (else it is global)?"""
    return isinstance(action, m.PrivateAction)


def _later_speeds(document: Document, name: str) -> list[float]:
    own = [item.action for item in document.read.init if item.actor == name]
    own += [action for _, action in _events(document, name)]
    found = [a.speed_mps for a in own if isinstance(a, m.Speed) and a.relative_to is None]
    for action in own:
        if isinstance(action, m.SpeedProfile) and action.relative_to is None:
            found += [speed for _, speed in action.entries]
    return found


def _route_path(own: list, document: Document, name: str) -> int | None:
    actions = [*own, *(action for _, action in _events(document, name))]
    for action in actions:
        if isinstance(action, m.AssignRoute | m.FollowTrajectory):
            return action.path
        if isinstance(action, m.AcquirePosition) and action.path is not None:
            return action.path
    return None


def _route(curve_of, start: m.Position, pose, path: int | None, reverses: bool) -> np.ndarray:
    """From the start along the path that the script tells, else along the lane it stands in."""
    if path is None or reverses:
        path = start.path if isinstance(start, m.PathPosition) else None
    x, y, heading = pose
    if path is None:
        reach = np.array([0.0, AHEAD_M])
        return np.stack([x + reach * np.cos(heading), y + reach * np.sin(heading)], -1)
    curve = curve_of(path)
    near = start.s_m if isinstance(start, m.PathPosition) and start.path == path else None
    s, lateral = curve.project(x, y, near)
    turn = heading - curve.pose(s)[2]
    end = curve.length_m if np.cos(turn) >= 0 else 0.0  # it may drive against its lane
    length = min(abs(end - s), AHEAD_M)
    if length < 5.0:
        reach = np.array([0.0, 50.0])
        return np.stack([x + reach * np.cos(heading), y + reach * np.sin(heading)], -1)
    side = np.sign(end - s)
    steps = s + side * np.linspace(0.0, length, int(np.ceil(length / STEP_M)) + 1)
    return np.array([curve.pose(float(at), lateral)[:2] for at in steps])


def _vehicle(entity: Entity) -> VehicleParams:
    length, width, height = entity.size_m
    return VehicleParams(
        length_m=length, width_m=width, height_m=height, rear_axle_to_center_m=entity.center_m[0],
        wheelbase_m=entity.wheelbase_m or USUAL_WHEELBASE * length,
    )  # fmt: skip


def _replaced(document: Document, name: str) -> Iterator[str]:
    """Init actions that go on and events, as the report lists them."""
    for item in document.read.init:
        at_once = isinstance(item.action, m.Speed) and item.action.dynamics.shape == "step"
        if item.actor == name and not at_once:
            yield f"{item.action.where}: {type(item.action).__name__} at the start"
    for event, action in _events(document, name):
        kind = type(action).__name__
        yield f"{action.where}: {kind} '{action.name}' of event '{event.name}'"
