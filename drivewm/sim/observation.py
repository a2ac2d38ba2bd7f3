"""What a planner is shown, by mode. Shapes: one scene (S = 1), N tracks, L lights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Protocol

import numpy as np

from drivewm.geometry.boxes import centre_poses
from drivewm.geometry.polygons import first_containing
from drivewm.measures.lanes import LaneLayout
from drivewm.scene import (
    NO_MAP,
    CameraFrame,
    Lights,
    LightStatus,
    Observation,
    Scene,
    Tracks,
    TrackSnapshot,
)
from drivewm.sim.config import SimConfig
from drivewm.sim.traffic import Traffic
from drivewm.sim.visible import Perception

DEFAULT = SimConfig()
HIDDEN = -1  # status of a light that is not seen


class CameraSource(Protocol):
    """Cameras that can picture the scene from wherever the ego is."""

    def capture(self, ego: np.ndarray, traffic: Traffic) -> Mapping[str, CameraFrame]:
        """Frames by channel for the ego state [11] and the traffic now."""


NO_TRACKS = Tracks(
    ids=(),
    categories=(),
    score_type=np.zeros(0, np.int8),
    occ_class=np.zeros(0, np.int8),
    size_m=np.zeros((0, 3)),
    state=np.zeros((0, 1, 6)),
    valid=np.zeros((0, 1), bool),
)


def known_at_start(scene: Scene, mode: str) -> Scene:
    """The scene without its future (and the script of a scenario); in mode ``visible`` also without
    tracks and lights (what there is to see comes with each observation), in mode ``sensor`` without
    tracks, map and lights."""
    start = replace(
        scene,
        times_us=scene.times_us[:1],
        ego=scene.ego[:1],
        tracks=replace(
            scene.tracks, state=scene.tracks.state[:, :1], valid=scene.tracks.valid[:, :1]
        ),
        lights=replace(
            scene.lights,
            status=None if scene.lights.status is None else scene.lights.status[:, :1],
        ),
        scenario=None,
    )
    if mode == "privileged":
        return start
    shown = NO_MAP if mode == "sensor" else scene.map
    return replace(start, tracks=NO_TRACKS, map=shown, lights=Lights(), world_spec=None)


class Observer:
    """Makes the observations of one scene."""

    def __init__(
        self, scene: Scene, mode: str, cameras: CameraSource | None, config: SimConfig = DEFAULT
    ) -> None:
        self._scene, self._mode, self._cameras = scene, mode, cameras
        self._perception: Perception | None = None
        if mode == "visible":
            self._perception = Perception(config.visible, config.seed, scene.id)
        self._limit_lanes = [x for x in scene.map.lanes if x.polygon is not None and not x.is_bike]
        self._layout = LaneLayout.of_map(scene.map)
        self._speed_limit_mps = np.nan  # of the lane last seen

    def watch(self, ego: np.ndarray, traffic: Traffic) -> None:
        """Takes in the world at this step, whether or not it is asked for; ``ego`` [11]."""
        if self._perception is not None:
            self._perception.watch(ego, traffic)

    def observe(self, step: int, time_s: float, ego: np.ndarray, traffic: Traffic) -> Observation:
        """What is shown now; ``ego`` [11]. Comes after the step's ``watch``."""
        scene = self._scene
        tracks, lights = self._surroundings(traffic)
        self._update_speed_limit(ego)
        cameras = None if self._cameras is None else (self._cameras.capture(ego, traffic),)
        return Observation(
            mode=self._mode,
            step=step,
            time_s=time_s,
            ego=ego[None].copy(),
            vehicles=(scene.vehicle,),
            routes=(scene.route,),
            speed_limits_mps=np.array([self._speed_limit_mps]),
            tracks=tracks,
            maps=None if self._mode == "sensor" else (scene.map,),
            red_stop_points=None if lights is None else (_red_stops(traffic, lights),),
            lights=None if lights is None else (_by_lane(traffic, lights),),
            cameras=cameras,
        )

    def _surroundings(self, traffic: Traffic) -> tuple[TrackSnapshot | None, np.ndarray | None]:
        """Tracks, and the status of each light [L] (HIDDEN where it is not seen)."""
        if self._mode == "privileged":
            return _snapshot(traffic), traffic.light_status
        if self._perception is None:
            return None, None
        sight = self._perception.look(traffic)
        return sight.tracks, np.where(sight.light_near, sight.light_status, HIDDEN)

    def _update_speed_limit(self, ego: np.ndarray) -> None:
        if self._layout is None:
            return
        x, y, _ = centre_poses(ego, self._scene.vehicle.rear_axle_to_center_m)
        lane = first_containing(self._layout.lanes, x, y)
        limit = self._limit_lanes[lane].speed_limit_mps if lane >= 0 else None
        if limit is not None:
            self._speed_limit_mps = limit


def _snapshot(traffic: Traffic) -> TrackSnapshot:
    return TrackSnapshot(
        state=traffic.state[None].copy(),
        size_m=traffic.size_m[None],
        score_type=traffic.score_type[None],
        occ_class=traffic.occ_class[None],
        valid=traffic.valid[None].copy(),
    )


def _red_stops(traffic: Traffic, status: np.ndarray) -> np.ndarray:
    points = traffic.light_stop_points[status == LightStatus.RED]
    return points[np.isfinite(points).all(-1)].reshape(-1, 2)


def _by_lane(traffic: Traffic, status: np.ndarray) -> dict[str, int]:
    return {
        lane: int(value) for lane, value in zip(traffic.light_lane_ids, status) if value != HIDDEN
    }
