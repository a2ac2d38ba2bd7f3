"""The one agent engine: what moves around the ego, at 10 Hz. Shapes: N agents, L lights."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from drivewm.scene import EgoColumn, Scene, VehicleParams
from drivewm.sim.lights import LightProgram
from drivewm.sim.traffic_look import on_path, path_length, project
from drivewm.sim.traffic_recorded import Parts, reactive_parts, replay_parts
from drivewm.sim.traffic_state import Agents, Events, Mode, Paths
from drivewm.sim.traffic_step import drive_accel, enter, step_agents

__all__ = ["DT_S", "LightProgram", "Traffic", "reactive_traffic", "replay_traffic"]

DT_S = 0.1
OFF_ROUTE_M = 3.0


class Traffic:
    """The agents and lights of one scene, now. Mutable; one step is 0.1 s.

    ``state`` [N, 6] (TrackColumn: box centre, map frame), ``valid`` bool [N],
    ``light_status`` int8 [L] and ``time_s`` change with every step; the rest is fixed.
    """

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
    ) -> None:
        self.ids, self.categories = ids, categories
        self.score_type, self.occ_class, self.size_m = score_type, occ_class, size_m
        self.light_lane_ids, self.light_stop_points = light_lane_ids, light_stop_points
        self.agents, self._paths, self._events = agents, paths, events
        self._lights_at, self._ego_path = lights_at, ego_path
        self._recorded, self._recorded_valid = recorded, recorded_valid
        self._lift_m = np.zeros(len(ids)) if lift_m is None else lift_m
        self._steps = 0
        self.light_status = lights_at(0.0)
        self._publish()

    @property
    def time_s(self) -> float:
        return self._steps * DT_S

    def step(self, ego: np.ndarray, vehicle: VehicleParams) -> None:
        """Advances 0.1 s. ``ego`` [11] is the ego's state before the step (EgoColumn)."""
        self.set_ego(ego, vehicle)
        step_agents(self.agents, self._paths, self._events, self.light_status, self.time_s, DT_S)
        self._steps += 1
        self.light_status = self._lights_at(self.time_s)
        self._publish()

    def set_ego(self, ego: np.ndarray, vehicle: VehicleParams) -> None:
        """Writes the ego's slot: box centre, speed, place along the path it is expected on."""
        agents, slot = self.agents, len(self.ids)
        x, y, heading = ego[EgoColumn.X], ego[EgoColumn.Y], ego[EgoColumn.HEADING]
        ahead = vehicle.rear_axle_to_center_m
        agents.pose[slot, :3] = x + ahead * np.cos(heading), y + ahead * np.sin(heading), heading
        agents.speed[slot] = max(float(ego[EgoColumn.VX]), 0.0)
        agents.size[slot] = vehicle.length_m, vehicle.width_m
        agents.mode[slot], agents.active[slot] = Mode.EGO, True
        if self._ego_path < 0:
            return
        s, side = project(
            self._paths, self._ego_path, agents.pose[slot, 0], agents.pose[slot, 1], 0.0, 1e6
        )
        agents.s[slot], agents.lateral[slot] = s, side
        agents.path[slot] = self._ego_path if abs(side) < OFF_ROUTE_M else -1
        agents.waited[slot] = agents.waited[slot] + DT_S if agents.speed[slot] < 0.1 else 0.0

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
        n = len(self.ids)
        agents = self.agents
        self.state = np.zeros((n, 6))
        self.state[:, [0, 1, 3, 2]] = agents.pose[:n]
        self.state[:, 2] += self._lift_m
        self.state[:, 4] = agents.speed[:n] * np.cos(agents.pose[:n, 2])
        self.state[:, 5] = agents.speed[:n] * np.sin(agents.pose[:n, 2])
        if self._recorded is not None and self._recorded_valid is not None:
            step = min(self._steps, self._recorded.shape[1] - 1)
            played = agents.mode[:n] == Mode.REPLAY
            self.state[played] = self._recorded[played, step]
            agents.active[:n][played] = self._recorded_valid[played, step]
            agents.pose[:n][played] = self.state[played][:, [0, 1, 3, 2]]
            agents.speed[:n][played] = np.hypot(*self.state[played, 4:].T)
        self.valid = agents.active[:n].copy()


def replay_traffic(scene: Scene) -> Traffic:
    """Plays the scene's tracks and lights back; after the last step everything stands still."""
    return _of_scene(scene, replay_parts(scene))


def reactive_traffic(scene: Scene) -> Traffic:
    """Vehicles and bicycles follow their own recorded path by IDM; the rest is replayed."""
    return _of_scene(scene, reactive_parts(scene))


def _of_scene(scene: Scene, parts: Parts) -> Traffic:
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
        lights_at=lights_at, recorded=tracks.state, recorded_valid=tracks.valid,
    )  # fmt: skip
