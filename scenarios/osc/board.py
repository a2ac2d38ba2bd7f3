"""The storyboard of a document as the engine runs it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from shapely.geometry import Polygon

from drivewm.errors import InputError
from drivewm.scenarios.osc.document import Document
from drivewm.scenarios.osc.ego import Ego, start_position
from drivewm.scenarios.osc.entities import FLAT, Entity
from drivewm.scenarios.osc.supplied import supplied_story
from drivewm.scene import RoadMap
from drivewm.sim.script import model as m

KINDS = {"Vehicle": "vehicle", "Pedestrian": "pedestrian", "MiscObject": "object"}
FASTEST_MPS, HARDEST_MPS2 = 70.0, 10.0  # where the file tells no limits


def board_of(
    document: Document, ego: Ego, road: RoadMap, user_values: Mapping[str, str]
) -> tuple[m.Storyboard, float]:
    """The storyboard, and the friction that holds from the start.

    Raises:
        InputError: an entity that conditions or actions speak of is nowhere.
    """
    paths, init = list(document.places.paths), list(document.read.init)
    _drive_backwards(paths, init)
    friction = 1.0
    for item in init:
        if isinstance(item.action, m.Environment) and item.action.friction is not None:
            friction = item.action.friction
    speed = abs(ego.speed_mps) if _follows(init, ego.name) else ego.speed_mps
    actors = tuple(
        _actor(document, entity)
        for entity in document.entities.all.values()
        if entity.name != ego.name
    )
    stories = document.read.stories
    more = supplied_story(document.variables, stories, ego.name, ego.target_mps)
    signals = dict.fromkeys(document.signals)
    for controller in document.controllers:
        for phase in controller.phases:
            signals |= dict.fromkeys(name for name, _ in phase.states)
    board = m.Storyboard(
        actors=actors,
        roads=m.Roads(
            paths=tuple(paths), drivable=tuple(_rings(road)),
            signals=tuple(m.Signal(name=name) for name in signals),
            controllers=document.controllers,
        ),
        init=tuple(init), stories=(*stories, *more), stop=document.read.stop,
        ends_run=document.read.stop is not None, ego_id=ego.name, ego_start=ego.start,
        ego_speed_mps=speed, parameters=dict(document.parameters),
        variables=dict(document.variables), user_values=dict(user_values),
    )  # fmt: skip
    return board, friction


def _rings(road: RoadMap) -> list[np.ndarray]:
    return [
        np.array(area.exterior.coords)[:-1] for area in road.drivable if isinstance(area, Polygon)
    ]


def _follows(init: list[m.InitAction], name: str) -> bool:
    return any(isinstance(i.action, m.FollowTrajectory) and i.actor == name for i in init)


def _drive_backwards(paths: list[m.Path], init: list[m.InitAction]) -> None:
    """Who follows a trajectory at a negative speed goes along it tail first: the same as a
    positive speed with the headings turned round."""
    for number, item in enumerate(init):
        action = item.action
        if not isinstance(action, m.Speed) or action.speed_mps >= 0 or action.relative_to:
            continue
        follow = next(
            (i.action for i in init if i.actor == item.actor
             and isinstance(i.action, m.FollowTrajectory)), None)  # fmt: skip
        if follow is None:
            continue
        path = paths[follow.path]
        if path.heading_rad is None:
            edges = np.diff(path.xy, axis=0)
            along = np.unwrap(np.arctan2(edges[:, 1], edges[:, 0])) + math.pi
            heading = np.append(along, along[-1])
            paths[follow.path] = replace(path, heading_rad=np.unwrap(heading))
        init[number] = replace(item, action=replace(action, speed_mps=-action.speed_mps))


def _actor(document: Document, entity: Entity) -> m.Actor:
    start = start_position(document, entity)
    added = any(
        isinstance(action, m.AddEntity) and action.entity == entity.name
        for story in document.read.stories
        for act in story.acts
        for group in act.groups
        for maneuver in group.maneuvers
        for event in maneuver.events
        for action in event.actions
    )
    if start is None and not added:
        raise InputError(f"does not say where '{entity.name}' is", file=entity.where,
                         field=entity.name, fix="give it a TeleportAction in Init")  # fmt: skip
    length, width, height = entity.size_m
    kind = KINDS[entity.element]
    return m.Actor(
        id=entity.name, category=entity.kind, kind=kind, score_type=int(entity.score_type),  # type: ignore[arg-type]
        occ_class=int(entity.occ_class), size_m=(length, width, max(height, 0.01)),
        center_ahead_m=entity.center_m[0], center_left_m=entity.center_m[1], start=start,
        present=start is not None and entity.category not in FLAT, reactive="never",
        max_speed_mps=_limit(entity.max_speed_mps, FASTEST_MPS),
        max_accel_mps2=_limit(entity.max_accel_mps2, HARDEST_MPS2),
        max_decel_mps2=_limit(entity.max_decel_mps2, HARDEST_MPS2), where=entity.where,
    )  # fmt: skip


def _limit(told: float | None, usual: float) -> float:
    return usual if told is None or told <= 0 else told
