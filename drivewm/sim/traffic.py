"""The one agent engine: what moves around the ego, at 10 Hz. Shapes: N agents, L lights."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from drivewm.errors import InputError
from drivewm.scene import NO_MAP, EgoColumn, Lights, Scene, VehicleParams
from drivewm.sim.lights import LightProgram
from drivewm.sim.nuplan_agents import NuplanAgents, empty_nuplan_agents, nuplan_agents
from drivewm.sim.traffic_look import on_path, path_length, project
from drivewm.sim.traffic_recorded import Parts, reactive_parts, replay_parts
from drivewm.sim.traffic_state import Agents, Events, Mode, Paths
from drivewm.sim.traffic_step import drive_accel, enter
from drivewm.sim.traffic_world import DT_S, DT_US, World, publish, set_ego, step_world

__all__ = [
    "DT_S",
    "LightProgram",
    "Traffic",
    "nuplan_traffic",
    "reactive_traffic",
    "replay_traffic",
]


class Traffic:
    """The agents and lights of one scene, now. Mutable; one step is 0.1 s.

    ``state`` [N, 6] (TrackColumn: box centre, map frame), ``valid`` bool [N],
    ``light_status`` int8 [L] and ``time_s`` change with every step; the rest is fixed. ``world``
    is what the kernels see; the compiled loop drives it without this object.
    """

    is_scripted = False  # a storyboard moves agents: only the Python loop can drive it

    def __init__(
        self,
        *,
        ids: tuple[str, ...],
        categories: tuple[str, ...],
        score_type: np.ndarray,  # int8 [N]
        occ_class: np.ndarray,  # int8 [N]
        size_m: np.ndarray,  # [N, 3]
        agents: Agents,  # N + 1 slots
        paths: Paths,
        events: Events,
        light_lane_ids: tuple[str, ...],
        light_stop_points: np.ndarray,  # [L, 2]
        lights_at: Callable[[float], np.ndarray],  # time s -> int8 [L]
        recorded: np.ndarray | None = None,  # [N, T, 6] for replayed slots
        recorded_valid: np.ndarray | None = None,  # bool [N, T]
        ego_path: int = -1,  # path that the ego is expected to follow; -1: not known
        lift_m: np.ndarray | None = None,  # [N] box centres above the paths' z (None: at it)
        nuplan: NuplanAgents | None = None,  # instead of ``agents``
        start_us: int = 0,
    ) -> None:
        self.ids, self.categories = ids, categories
        self.score_type, self.occ_class, self.size_m = score_type, occ_class, size_m
        self.light_lane_ids, self.light_stop_points = light_lane_ids, light_stop_points
        self.agents, self._paths, self._ego_path = agents, paths, ego_path
        self._lights_at, self._start_us = lights_at, start_us
        count = len(ids)
        self.world = World(
            agents=agents, paths=paths, events=events, nuplan=nuplan or _no_nuplan_agents(),
            is_nuplan=nuplan is not None, recorded=_own(recorded, (count, 0, 6), float),
            recorded_valid=_own(recorded_valid, (count, 0), bool),
            lift_m=np.zeros(count) if lift_m is None else np.array(lift_m, float),
            ego_path=int(ego_path), score_type=np.array(score_type, np.int8),
            size_m=np.array(size_m, float).reshape(count, 3), state=np.zeros((count, 6)),
            valid=np.zeros(count, bool),
        )  # fmt: skip
        self._steps = 0
        self.light_status = lights_at(0.0)
        self._publish()

    @property
    def time_s(self) -> float:
        return self._steps * DT_S

    def step(self, ego: np.ndarray, vehicle: VehicleParams) -> None:
        """Advances 0.1 s. ``ego`` [11] is the ego's state before the step (EgoColumn)."""
        before = np.ascontiguousarray(self.light_status, np.int8)
        self.light_status = self._lights_at((self._steps + 1) * DT_S)
        after = np.ascontiguousarray(self.light_status, np.int8)
        now_us = self._start_us + self._steps * DT_US
        ego = np.ascontiguousarray(ego, float)
        step_world(self.world, self._steps, now_us, ego, car_of(vehicle), before, after)
        self._steps += 1
        self._copy_out()

    def step_to(self, ego: np.ndarray, following: np.ndarray, vehicle: VehicleParams) -> None:
        """``step``, for who also needs to know the ego's next state ``following`` [11]."""
        del following
        self.step(ego, vehicle)

    @property
    def is_over(self) -> bool:
        """Whether a storyboard ends the run."""
        return False

    def ego_tracker(self, vehicle: VehicleParams) -> Any:
        """Moves the ego as a storyboard says (a ``Tracker`` with its ``start`` [11]).

        Raises:
            InputError: there is none.
        """
        raise InputError("the scene has no script for the ego", field="planner",
                         fix="scripted drives scenarios only")  # fmt: skip

    def moved(self, steps: int) -> None:
        """Says that kernels have moved ``world`` by so many steps."""
        self._steps += steps
        self.light_status = self._lights_at(self.time_s)
        self._copy_out()

    def light_table(self, steps: int) -> np.ndarray:
        """Status of the lights now and at the next ``steps`` steps; int8 [steps + 1, L]."""
        times = (np.arange(steps + 1) + self._steps) * DT_S
        rows = [self._lights_at(float(time_s)) for time_s in times]
        return np.ascontiguousarray(np.stack(rows), np.int8)

    def set_ego(self, ego: np.ndarray, vehicle: VehicleParams) -> None:
        """Writes the ego's slot: box centre, speed, place along the path it is expected on."""
        set_ego(self.world, np.ascontiguousarray(ego, float), car_of(vehicle))

    def admit(self, ego: np.ndarray, vehicle: VehicleParams) -> None:
        """Brings in, at time 0, everybody whose place is free; who finds none never comes."""
        self.set_ego(ego, vehicle)
        enter(self.agents, self._paths, 0.0)
        moving = (self.agents.mode == Mode.DRIVE) | (self.agents.mode == Mode.WALK)
        self.agents.gone[moving & ~self.agents.active & (self.agents.appear <= 0.0)] = True
        self._publish()

    @property
    def ego_room_m(self) -> float:
        """Length of the ego's expected path that is left before it."""
        return path_length(self._paths, self._ego_path) - float(self.agents.s[len(self.ids)])

    def ego_advice(self, target_mps: float, heed_lights: bool = True) -> float:
        """Acceleration [m/s2] a careful driver would choose on the ego's expected path now.

        Call after ``set_ego``; the world's own ego drivers use it.
        """
        slot = len(self.ids)
        if self.agents.path[slot] < 0:
            return -1.0
        self.agents.target[slot] = target_mps
        lights = self.light_status if heed_lights else np.zeros_like(self.light_status)
        return float(drive_accel(self.agents, self._paths, lights, slot, self.time_s))

    def steer_to_path(self, ego: np.ndarray, vehicle: VehicleParams, offset_m: float) -> float:
        """Steering angle [rad] that leads the rear axle to ``offset_m`` left of the expected path
        (pure pursuit, look-ahead grows with speed)."""
        x, y, heading = ego[EgoColumn.X], ego[EgoColumn.Y], ego[EgoColumn.HEADING]
        s, _ = project(self._paths, self._ego_path, x, y, 0.0, 1e6)
        reach = max(4.0, 0.7 * float(ego[EgoColumn.VX]))
        px, py, turn, _, _ = on_path(self._paths, self._ego_path, s + reach)
        dx = px - offset_m * np.sin(turn) - x
        dy = py + offset_m * np.cos(turn) - y
        bearing = np.arctan2(dy, dx) - heading
        bearing = np.arctan2(np.sin(bearing), np.cos(bearing))
        return float(np.arctan2(2.0 * vehicle.wheelbase_m * np.sin(bearing), np.hypot(dx, dy)))

    def _publish(self) -> None:
        publish(self.world, self._steps)
        self._copy_out()

    def _copy_out(self) -> None:
        self.state, self.valid = self.world.state.copy(), self.world.valid.copy()


def car_of(vehicle: VehicleParams) -> np.ndarray:
    """Length, width, rear axle to centre; [3]."""
    return np.array([vehicle.length_m, vehicle.width_m, vehicle.rear_axle_to_center_m])


def _own(values: np.ndarray | None, shape: tuple[int, ...], kind: type) -> np.ndarray:
    """A writable array in C order (kernels are compiled for one kind of array)."""
    return np.zeros(shape, kind) if values is None else np.array(values, kind, order="C")


@lru_cache(maxsize=1)
def _no_nuplan_agents() -> NuplanAgents:
    return empty_nuplan_agents(NO_MAP, Lights())


def replay_traffic(scene: Scene) -> Traffic:
    """Plays the scene's tracks and lights back; after the last step everything stands still."""
    return _of_scene(scene, replay_parts(scene))


def reactive_traffic(scene: Scene) -> Traffic:
    """Vehicles and bicycles follow their own recorded path by IDM; the rest is replayed."""
    return _of_scene(scene, reactive_parts(scene))


def nuplan_traffic(scene: Scene) -> Traffic:
    """nuPlan's IDM agents with their quirks (see ``sim.nuplan_agents``)."""
    return _of_scene(scene, replay_parts(scene), nuplan_agents(scene))


def _of_scene(scene: Scene, parts: Parts, nuplan: NuplanAgents | None = None) -> Traffic:
    tracks, status = scene.tracks, scene.lights.status
    last = scene.steps - 1

    def lights_at(time_s: float) -> np.ndarray:
        if status is None:
            return np.zeros(0, np.int8)
        return np.ascontiguousarray(status[:, min(round(time_s / DT_S), last)], np.int8)

    lane_ids = scene.lights.lane_ids if status is not None else ()
    return Traffic(
        ids=tracks.ids, categories=tracks.categories, score_type=tracks.score_type,
        occ_class=tracks.occ_class, size_m=tracks.size_m, agents=parts.agents, paths=parts.paths,
        events=parts.events, light_lane_ids=lane_ids, light_stop_points=parts.stop_points,
        lights_at=lights_at, recorded=tracks.state, recorded_valid=tracks.valid, nuplan=nuplan,
        start_us=int(scene.times_us[0]),
    )  # fmt: skip
