"""The whole of a scenario as scenariogeneration's objects."""

from __future__ import annotations

import datetime
from dataclasses import replace
from typing import Any

import numpy as np
from scenariogeneration import xosc

from drivewm.scenarios.osc.export_actions import ActionWriter, dynamics
from drivewm.scenarios.osc.export_conditions import trigger_out
from drivewm.scene import EgoColumn, OccClass, Scene, VehicleParams
from drivewm.sim.config import DT_S
from drivewm.sim.script import model as m

MINOR = 3
AUTHOR = "drivewm"
WRITTEN = datetime.datetime(2000, 1, 1)  # files of the same scenario are equal
AXLE = (0.5, 0.6, 1.5)  # steering rad, wheel m, track m: what a file must tell of an axle
REAR_SHARE = 0.3  # of the length: from the rear axle to the middle, where an actor has none
VEHICLES = {
    OccClass.CAR: "car", OccClass.TRUCK: "truck", OccClass.BUS: "bus", OccClass.TRAILER: "trailer",
    OccClass.MOTORCYCLE: "motorbike", OccClass.BICYCLE: "bicycle",
    OccClass.CONSTRUCTION_VEHICLE: "truck",
}  # fmt: skip


def scenario_out(
    board: m.Storyboard, scene: Scene, road: str, friction: float
) -> tuple[Any, list[str]]:
    """The scenario, and what could not be said."""
    board = _own_names(board)
    writer = ActionWriter(board, scene.map)
    entities = xosc.Entities()
    entities.add_scenario_object(board.ego_id, _ego_car(board.ego_id, scene.vehicle))
    for actor in board.actors:
        entities.add_scenario_object(actor.id, _entity(actor))
        if actor.reactive != "never":
            writer.notes.append(f"{actor.id}: drives on its own when its script is over; in the "
                                "file it keeps its speed")  # fmt: skip
    seconds = (scene.steps - 1) * DT_S
    storyboard = xosc.StoryBoard(
        _init(board, scene, friction, writer), _stop(board, seconds, writer)
    )
    for story in board.stories:
        storyboard.add_story(_story(story, writer))
    variables = xosc.VariableDeclarations()
    for name, value in board.variables.items():
        variables.add_variable(xosc.Variable(name, xosc.ParameterType.string, value))
    scenario = xosc.Scenario(
        scene.id, AUTHOR, xosc.ParameterDeclarations(), entities, storyboard,
        xosc.RoadNetwork(road), xosc.Catalog(), MINOR, creation_date=WRITTEN,
        variable_declaration=variables if board.variables else None,
    )  # fmt: skip
    return scenario, list(dict.fromkeys(writer.notes))


def _own_names(board: m.Storyboard) -> m.Storyboard:
    """Acts, groups and maneuvers get names that no other element has: references in OpenSCENARIO
    must be unique. Events and actions keep theirs."""
    stories = tuple(
        replace(
            story,
            acts=tuple(
                replace(
                    act, name=f"{story.name} act {i}",
                    groups=tuple(_own_group(g, f"{story.name} {i}.{j}")
                                 for j, g in enumerate(act.groups)),
                )
                for i, act in enumerate(story.acts)
            ),
            name=f"{story.name} story",
        )
        for story in board.stories
    )  # fmt: skip
    return replace(board, stories=stories) if _refers_to_events(board) else board


def _own_group(group: m.ManeuverGroup, name: str) -> m.ManeuverGroup:
    maneuvers = tuple(
        replace(maneuver, name=f"{name} maneuver {k}") for k, maneuver in enumerate(group.maneuvers)
    )
    return replace(group, name=f"{name} group", maneuvers=maneuvers)


def _refers_to_events(board: m.Storyboard) -> bool:
    """Do all references to elements name events or actions (whose names stay)?"""
    triggers = [board.stop]
    for story in board.stories:
        for act in story.acts:
            triggers += [act.start, act.stop]
            for group in act.groups:
                triggers += [e.trigger for man in group.maneuvers for e in man.events]
    conditions = [c for t in triggers if t is not None for g in t.groups for c in g]
    return all(
        c.kind in ("event", "action") for c in conditions if isinstance(c, m.StoryboardElementState)
    )


def _ego_car(name: str, car: VehicleParams) -> Any:
    box = xosc.BoundingBox(car.width_m, car.length_m, car.height_m, car.rear_axle_to_center_m, 0.0,
                           0.5 * car.height_m)  # fmt: skip
    front, rear = xosc.Axle(*AXLE, car.wheelbase_m, 0.3), xosc.Axle(0.0, *AXLE[1:], 0.0, 0.3)
    return xosc.Vehicle(name, xosc.VehicleCategory.car, box, front, rear, 70, 10, 10)


def _entity(actor: m.Actor) -> Any:
    length, width, height = actor.size_m
    box = xosc.BoundingBox(width, length, height, actor.center_ahead_m, actor.center_left_m,
                           0.5 * height)  # fmt: skip
    if actor.kind == "pedestrian":
        return xosc.Pedestrian(actor.id, 80, xosc.PedestrianCategory.pedestrian, box)
    if actor.kind == "object" or actor.occ_class not in VEHICLES:
        kind = xosc.MiscObjectCategory.obstacle
        if actor.occ_class == OccClass.BARRIER:
            kind = xosc.MiscObjectCategory.barrier
        return xosc.MiscObject(actor.id, 100, kind, box)
    category = getattr(xosc.VehicleCategory, VEHICLES[OccClass(actor.occ_class)])
    front, rear = xosc.Axle(*AXLE, 0.6 * length, 0.3), xosc.Axle(0.0, *AXLE[1:], 0.0, 0.3)
    return xosc.Vehicle(actor.id, category, box, front, rear, actor.max_speed_mps,
                        actor.max_accel_mps2, actor.max_decel_mps2)  # fmt: skip


def _init(board: m.Storyboard, scene: Scene, friction: float, writer: ActionWriter) -> Any:
    init = xosc.Init()
    if friction != 1.0:
        road = xosc.RoadCondition(friction)
        environment = xosc.Environment("road", _noon(), _clear(), road)
        init.add_global_action(xosc.EnvironmentAction(environment))
    start = scene.ego[0]
    x, y, heading = (float(start[c]) for c in (EgoColumn.X, EgoColumn.Y, EgoColumn.HEADING))
    place = xosc.WorldPosition(x=x, y=y, z=0.0, h=heading, p=0.0, r=0.0)
    init.add_init_action(board.ego_id, xosc.TeleportAction(place))
    init.add_init_action(board.ego_id, _at_once(float(start[EgoColumn.VX])))
    if len(scene.route) > 1:
        route = writer.trajectory("route of the ego", np.asarray(scene.route, float))
        follow = xosc.FollowTrajectoryAction(route, xosc.FollowingMode.follow)
        init.add_init_action(board.ego_id, follow)
    for actor in board.actors:
        _place_actor(init, actor, writer)
    for item in board.init:
        if item.actor is not None and item.actor != board.ego_id:
            action = writer.write(item.action, item.actor)
            if action is not None:
                init.add_init_action(item.actor, action)
    return init


def _noon() -> Any:
    return xosc.TimeOfDay(False, 2000, 6, 21, 12, 0, 0)


def _clear() -> Any:
    return xosc.Weather(xosc.FractionalCloudCover.zeroOktas)


def _place_actor(init: Any, actor: m.Actor, writer: ActionWriter) -> None:
    if actor.start is None:
        return
    init.add_init_action(actor.id, xosc.TeleportAction(writer.place(actor.start)))
    if (
        isinstance(actor.start, m.PathPosition)
        and actor.kind != "object"
        and (abs(np.sin(actor.start.heading_rad)) < 1e-6 and np.cos(actor.start.heading_rad) > 0)
    ):
        init.add_init_action(actor.id, writer.follow(f"way of {actor.id}", actor.start))
    init.add_init_action(actor.id, _at_once(actor.speed_mps))


def _at_once(speed_mps: float) -> Any:
    return xosc.AbsoluteSpeedAction(speed_mps, dynamics(m.Dynamics()))


def _stop(board: m.Storyboard, seconds: float, writer: ActionWriter) -> Any:
    end = (m.SimulationTime(name="end", value_s=seconds),)
    groups = (*board.stop.groups, end) if board.stop is not None else (end,)
    return trigger_out(m.Trigger(groups=groups), writer.place, "stop")


def _story(story: m.Story, writer: ActionWriter) -> Any:
    found = xosc.Story(story.name)
    for act in story.acts:
        start = trigger_out(act.start, writer.place) if act.start else None
        stop = trigger_out(act.stop, writer.place, "stop") if act.stop else None
        inside = xosc.Act(act.name, start, stop)
        for group in act.groups:
            inside.add_maneuver_group(_group(group, writer))
        found.add_act(inside)
    return found


def _group(group: m.ManeuverGroup, writer: ActionWriter) -> Any:
    found = xosc.ManeuverGroup(group.name, group.max_executions, group.select_triggering)
    for actor in group.actors:
        found.add_actor(actor)
    for maneuver in group.maneuvers:
        inside = xosc.Maneuver(maneuver.name)
        for event in maneuver.events:
            written = _event(event, group.actors, writer)
            if written is not None:
                inside.add_event(written)
        found.add_maneuver(inside)
    return found


def _event(event: m.Event, actors: tuple[str, ...], writer: ActionWriter) -> Any | None:
    priority = getattr(xosc.Priority, event.priority)
    found = xosc.Event(event.name, priority, event.max_executions)
    for number, action in enumerate(event.actions):
        written = writer.write(action, actors[0] if actors else "")
        if written is None:  # the event stays: others may wait for it
            text = xosc.CustomCommandAction(f"{AUTHOR}.left_out", type(action).__name__)
            written = xosc.UserDefinedAction(text)
        found.add_action(action.name or f"{event.name} action {number}", written)
    if event.trigger is not None:
        found.add_trigger(trigger_out(event.trigger, writer.place))
    return found
