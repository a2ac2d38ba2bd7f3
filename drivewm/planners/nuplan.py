"""Drives a nuPlan-style planner object: planning/simulation/planner/abstract_planner.py.

If nuplan-devkit is installed, the planner is called with its classes, else with stand-ins of the
same names and constructors.
"""

from __future__ import annotations

import importlib
from collections import deque
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from drivewm.errors import InputError
from drivewm.planners import nuplan_objects, nuplan_types
from drivewm.planners.nuplan_map import MapApi
from drivewm.planners.nuplan_route import route_blocks
from drivewm.planners.past import EgoPast
from drivewm.scene import (
    EgoColumn,
    Observation,
    Scene,
    ScoreType,
    TrackColumn,
    TrackSnapshot,
    Trajectory,
    VehicleParams,
)
from drivewm.scene.road_graph import road_graph

STEP_S = 0.1
HISTORY = 21  # instants: two seconds and now
KINDS = {  # ScoreType -> TrackedObjectType
    ScoreType.VEHICLE: "VEHICLE", ScoreType.PEDESTRIAN: "PEDESTRIAN",
    ScoreType.BICYCLE: "BICYCLE", ScoreType.CONE: "TRAFFIC_CONE", ScoreType.BARRIER: "BARRIER",
    ScoreType.CZONE_SIGN: "CZONE_SIGN", ScoreType.GENERIC: "GENERIC_OBJECT",
}  # fmt: skip
_OWN = {  # nuplan-devkit's module -> what is taken from it
    "common.actor_state.state_representation": ("StateSE2", "StateVector2D", "TimePoint"),
    "common.actor_state.vehicle_parameters": ("VehicleParameters",),
    "common.actor_state.oriented_box": ("OrientedBox",),
    "common.actor_state.ego_state": ("EgoState",),
    "common.actor_state.scene_object": ("SceneObjectMetadata",),
    "common.actor_state.agent": ("Agent",),
    "common.actor_state.static_object": ("StaticObject",),
    "common.actor_state.tracked_objects": ("TrackedObjects",),
    "common.actor_state.tracked_objects_types": ("TrackedObjectType",),
    "common.maps.maps_datatypes": ("TrafficLightStatusData", "TrafficLightStatusType"),
    "planning.simulation.observation.observation_type": ("DetectionsTracks",),
    "planning.simulation.history.simulation_history_buffer": ("SimulationHistoryBuffer",),
    "planning.simulation.simulation_time_controller.simulation_iteration": (
        "SimulationIteration",
    ),
    "planning.simulation.planner.abstract_planner": ("PlannerInitialization", "PlannerInput"),
}  # fmt: skip


def vocabulary() -> SimpleNamespace:
    """nuPlan's classes where nuplan-devkit can be imported whole, else the stand-ins."""
    names = [name for group in _OWN.values() for name in group]
    try:
        modules = {part: importlib.import_module(f"nuplan.{part}") for part in _OWN}
    except ImportError:
        stand_ins = vars(nuplan_types) | vars(nuplan_objects)
        return SimpleNamespace(**{name: stand_ins[name] for name in names})
    return SimpleNamespace(
        **{name: getattr(modules[part], name) for part, group in _OWN.items() for name in group}
    )


class NuplanPlanner:
    """A planner out of an object with ``compute_planner_trajectory(planner_input)``.

    Raises:
        InputError: it lacks a method, or requires the scenario with its future.
    """

    modes = ("privileged", "visible")
    replan_interval_s = STEP_S

    def __init__(self, planner: Any) -> None:
        for method in ("initialize", "compute_planner_trajectory"):
            if not callable(getattr(planner, method, None)):
                raise InputError(f"the planner has no method {method}()", field="nuplan:",
                                 fix="see docs/planners.md")  # fmt: skip
        if getattr(planner, "requires_scenario", False):
            raise InputError("the planner requires the scenario with its future", field="nuplan:",
                             fix="use log_replay for the recorded drive")  # fmt: skip
        self._planner, self._words = planner, vocabulary()
        named = getattr(planner, "name", None)
        self.name = str(named()) if callable(named) else type(planner).__name__

    def reset(self, scenes: Sequence[Scene]) -> None:
        """Initializes the planner for one scene: its map, and its route as roadblocks."""
        (scene,) = scenes
        words = self._words
        self._start_us = int(scene.times_us[0])
        self._car = _car(scene.vehicle, words)
        self._past, self._seen = EgoPast(), deque[tuple[float, Any]](maxlen=4 * HISTORY)
        self._states: dict[int, Any] = {}
        goal = scene.route[-1] if len(scene.route) else scene.ego[0, :2]
        heading = 0.0
        if len(scene.route) > 1:
            heading = float(np.arctan2(*(scene.route[-1] - scene.route[-2])[::-1]))
        api = MapApi(scene.map, scene.location)
        blocks = api.road_map.roadblocks
        along = route_blocks(scene, road_graph(api.road_map)) if blocks else np.zeros(0, int)
        self._planner.initialize(
            words.PlannerInitialization(
                route_roadblock_ids=[blocks[int(row)].id for row in along],
                mission_goal=words.StateSE2(float(goal[0]), float(goal[1]), heading),
                map_api=api,
            )
        )

    def plan(self, observation: Observation) -> Trajectory:
        """Asks the planner; its states from now on are the trajectory."""
        words, now_s = self._words, observation.time_s
        now_us = self._start_us + round(now_s * 1e6)
        self._past.add(now_s, observation.ego[0])
        known = "track" if observation.mode == "privileged" else f"{now_us}"
        tracks = _tracked(observation.tracks, now_us, known, words)
        self._seen.append((now_s, words.DetectionsTracks(tracked_objects=tracks)))
        answer = self._planner.compute_planner_trajectory(
            words.PlannerInput(
                iteration=words.SimulationIteration(
                    time_point=words.TimePoint(now_us), index=observation.step
                ),
                history=self._history(now_s),
                traffic_light_data=_lights(observation.lights, now_us, words),
            )
        )
        return sampled(answer, now_us)

    def _history(self, now_s: float) -> Any:
        times = [now_s - STEP_S * k for k in range(HISTORY - 1, -1, -1)]
        kept = {round(time_s * 1e6): time_s for time_s in times}
        self._states = {us: self._states.get(us) or self._ego(t) for us, t in kept.items()}
        return self._words.SimulationHistoryBuffer(
            deque(self._states.values(), maxlen=HISTORY),
            deque((_latest(self._seen, time_s) for time_s in times), maxlen=HISTORY),
            STEP_S,
        )

    def _ego(self, time_s: float) -> Any:
        words, row = self._words, self._past.at(time_s).tolist()
        E = EgoColumn
        return words.EgoState.build_from_rear_axle(
            rear_axle_pose=words.StateSE2(row[E.X], row[E.Y], row[E.HEADING]),
            rear_axle_velocity_2d=words.StateVector2D(row[E.VX], row[E.VY]),
            rear_axle_acceleration_2d=words.StateVector2D(row[E.AX], row[E.AY]),
            tire_steering_angle=row[E.STEER],
            time_point=words.TimePoint(max(self._start_us + round(time_s * 1e6), 0)),
            vehicle_parameters=self._car,
            angular_vel=row[E.YAW_RATE],
            angular_accel=row[E.YAW_ACC],
            tire_steering_rate=row[E.STEER_RATE],
        )


def _car(vehicle: VehicleParams, words: Any) -> Any:
    rear_m = vehicle.length_m / 2 - vehicle.rear_axle_to_center_m
    return words.VehicleParameters(
        width=vehicle.width_m, front_length=vehicle.length_m - rear_m, rear_length=rear_m,
        cog_position_from_rear_axle=vehicle.rear_axle_to_center_m,  # sources do not say
        wheel_base=vehicle.wheelbase_m, vehicle_name="ego", vehicle_type="car",
        height=vehicle.height_m,
    )  # fmt: skip


def _latest(records: Sequence[tuple[float, Any]], time_s: float) -> Any:
    """The last observation up to a time; the first for what lies before."""
    for at_s, value in reversed(records):
        if at_s <= time_s + 1e-6:
            return value
    return records[0][1]


def _tracked(tracks: TrackSnapshot | None, now_us: int, prefix: str, words: Any) -> Any:
    """TrackedObjects. Rows mean the same track at every step in mode privileged only; elsewhere the
    prefix makes the tokens of each step new."""
    if tracks is None:
        return words.TrackedObjects([])
    things = []
    for n in np.flatnonzero(tracks.valid[0]):
        row, size = tracks.state[0, n].tolist(), tracks.size_m[0, n].tolist()
        T = TrackColumn
        kind = words.TrackedObjectType[KINDS[ScoreType(tracks.score_type[0, n])]]
        box = words.OrientedBox(
            words.StateSE2(row[T.X], row[T.Y], row[T.HEADING]), size[0], size[1], size[2]
        )
        known = words.SceneObjectMetadata(
            timestamp_us=now_us, token=f"{now_us}-{n}", track_id=int(n), track_token=f"{prefix}-{n}"
        )
        if tracks.score_type[0, n] <= ScoreType.BICYCLE:
            velocity = words.StateVector2D(row[T.VX], row[T.VY])
            things.append(words.Agent(kind, box, velocity, known))
        else:
            things.append(words.StaticObject(kind, box, known))
    return words.TrackedObjects(things)


def _lights(lights: tuple[Mapping[str, int], ...] | None, now_us: int, words: Any) -> list[Any]:
    if not lights:
        return []
    return [
        words.TrafficLightStatusData(
            status=words.TrafficLightStatusType(status),
            lane_connector_id=int(lane) if lane.isdecimal() else lane,
            timestamp=now_us,
        )
        for lane, status in lights[0].items()
    ]


def sampled(answer: Any, now_us: int) -> Trajectory:
    """The rear-axle poses of a nuPlan trajectory (or list of states) from now on."""
    states = (
        answer.get_sampled_trajectory() if hasattr(answer, "get_sampled_trajectory") else answer
    )
    after = [(state.time_point.time_us - now_us, state.rear_axle) for state in states]
    after = [(us, pose) for us, pose in after if us >= 0]
    return Trajectory(
        times_s=np.array([us * 1e-6 for us, _ in after]),
        poses=np.array([[(pose.x, pose.y, pose.heading) for _, pose in after]], float),
    )
