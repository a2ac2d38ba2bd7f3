"""nuPlan's IDM planner. Shapes: S scenes, N tracks, L lights, H = 17 poses.

Source: nuplan-devkit ``planner/idm_planner.py`` with the parameters of its configuration.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from drivewm.geometry.overlap import fill_corners
from drivewm.geometry.paths import build_path
from drivewm.geometry.polygons import PolygonSet
from drivewm.planners.nuplan_idm_kernels import STEP_S, drive, plan
from drivewm.planners.nuplan_route import (
    lane_line,
    lanes_of_block,
    plan_lanes,
    route_blocks,
    starting_lane,
)
from drivewm.planners.options import check_numbers
from drivewm.planners.seen import light_statuses
from drivewm.scene import EgoColumn, Observation, Scene, Trajectory
from drivewm.scene.road_graph import RoadGraph, road_graph
from drivewm.sim.compiled import Compiled
from drivewm.sim.nuplan_agents import lane_headings, lights_of

NEAR = 4  # stretches kept per object; where there are more, the corridor is drawn each time
STRAIGHT_M = 300.0  # of path where there is no lane to follow


class NuplanIdmSetup(NamedTuple):
    """What the kernel reads, and its scratch."""

    offsets_us: np.ndarray  # int64 [H]
    path: np.ndarray  # [C, 5]
    route: np.ndarray  # [P, 2] the path with repeated vertices and the last one
    target_mps: float
    law: tuple[float, float, float, float]  # min gap, headway, accel max, decel
    horizon_s: float
    radius_m: float
    car: np.ndarray  # [3] length, width, rear axle to centre
    lanes: PolygonSet
    lane_near: np.ndarray  # [K, 4, 3] stretches of the path near red connectors
    lane_near_count: np.ndarray  # int64 [K], -1: not looked at yet
    light_lane: np.ndarray  # int64 [L]
    on_route: np.ndarray  # bool [K]
    ego_box: np.ndarray  # [4, 2]
    ego_bounds: np.ndarray  # [4]
    who: np.ndarray  # int64 [N + L]
    corners: np.ndarray  # [N + L, 4, 2]
    bounds: np.ndarray  # [N + L, 4]
    near: np.ndarray  # [N + L, 4, 3] stretches of the path near objects: from, to, meets
    near_count: np.ndarray  # int64 [N + L]
    whole: np.ndarray  # [C, 2] the path's points
    progress: np.ndarray  # [C]
    line: np.ndarray  # [C + 2, 2]
    arc: np.ndarray  # [C + 2]
    ring: np.ndarray  # [R, 2]
    ring_bounds: np.ndarray  # [4]


def setup(
    scene: Scene,
    target_mps: float = 10.0,
    min_gap_m: float = 1.0,
    headway_s: float = 1.5,
    accel_mps2: float = 1.0,
    decel_mps2: float = 3.0,
    samples: int = 16,
    radius_m: float = 40.0,
) -> NuplanIdmSetup:
    """Plans the lanes from the scene's first step and lays the path along them."""
    graph, ego, car = road_graph(scene.map), scene.ego[0], scene.vehicle
    x = ego[EgoColumn.X] + car.rear_axle_to_center_m * np.cos(ego[EgoColumn.HEADING])
    y = ego[EgoColumn.Y] + car.rear_axle_to_center_m * np.sin(ego[EgoColumn.HEADING])
    box = np.empty((4, 2))
    fill_corners(x, y, ego[EgoColumn.HEADING], car.length_m, car.width_m, box)
    blocks = route_blocks(scene, graph)
    start = starting_lane(graph, blocks, box, x, y)
    lanes = plan_lanes(graph, blocks, start) if start >= 0 else []
    lanes = [lane for lane in lanes if len(lane_line(graph, lane)) >= 2]
    poses = _poses(graph, lanes, np.array([x, y, ego[EgoColumn.HEADING]]))
    path = np.empty((len(poses) + 1, 5))
    path = path[: build_path(poses, len(poses), path)].copy()
    limit = graph.speed_limit_mps[lanes[0]] if lanes else np.nan
    wished = float(limit) if limit > 0.0 else float(target_mps)
    speed = float(np.hypot(ego[EgoColumn.VX], ego[EgoColumn.VY]))
    on_route = np.zeros(len(graph.is_connector), bool)
    for block in blocks:
        on_route[lanes_of_block(graph, block)] = True
    most = len(scene.tracks) + len(scene.lights.lane_ids)
    return NuplanIdmSetup(
        offsets_us=np.arange(int(samples) + 1) * int(STEP_S * 1e6), path=path,
        route=np.ascontiguousarray(poses[:, :2]), target_mps=max(wished, speed),
        law=(float(min_gap_m), float(headway_s), float(accel_mps2), float(decel_mps2)),
        horizon_s=int(samples) * STEP_S, radius_m=float(radius_m),
        car=np.array([car.length_m, car.width_m, car.rear_axle_to_center_m]),
        lanes=graph.lanes, lane_near=np.zeros((len(graph.is_connector), NEAR, 3)),
        lane_near_count=np.full(len(graph.is_connector), -1),
        light_lane=lights_of(scene.map, scene.lights), on_route=on_route,
        ego_box=np.empty((4, 2)), ego_bounds=np.empty(4),
        who=np.empty(most, np.int64), corners=np.empty((most, 4, 2)), bounds=np.empty((most, 4)),
        near=np.empty((most, NEAR, 3)), near_count=np.zeros(most, np.int64),
        whole=np.ascontiguousarray(path[:, 1:3]), progress=path[:, 0].copy(),
        line=np.empty((len(path) + 2, 2)), arc=np.empty(len(path) + 2),
        ring=np.empty((6 * len(path) + 128, 2)), ring_bounds=np.empty(4),
    )  # fmt: skip


def _with_room(known: NuplanIdmSetup, tracks: int) -> NuplanIdmSetup:
    """With scratch for so many tracks: in mode visible more come into view than the scene began
    with."""
    most = tracks + len(known.light_lane)
    if len(known.who) >= most:
        return known
    return known._replace(
        who=np.empty(most, np.int64), corners=np.empty((most, 4, 2)), bounds=np.empty((most, 4)),
        near=np.empty((most, NEAR, 3)), near_count=np.zeros(most, np.int64),
    )  # fmt: skip


def _poses(graph: RoadGraph, lanes: list[int], centre: np.ndarray) -> np.ndarray:
    """Vertices [P, 3] of the lanes one after the other; straight on where there is none."""
    if not lanes:
        ahead = np.linspace(0.0, STRAIGHT_M, 4)
        turn = centre[2]
        x, y = centre[0] + ahead * np.cos(turn), centre[1] + ahead * np.sin(turn)
        return np.stack([x, y, np.full(4, turn)], -1)
    headings = lane_headings(graph)
    rows = [slice(graph.line_first[lane], graph.line_first[lane + 1]) for lane in lanes]
    return np.concatenate([np.column_stack([graph.line_xy[r], headings[r]]) for r in rows])


class NuplanIdm:
    """nuPlan's ``IDMPlanner``: a path through the route's roadblocks, driven by IDM.

    Args:
        options: of :func:`setup`.
    """

    name = "nuplan_idm"
    needs_lane_graph = True
    modes = ("privileged", "visible")
    compiled = Compiled(setup, drive)

    def __init__(
        self,
        target_mps: float = 10.0,
        min_gap_m: float = 1.0,
        headway_s: float = 1.5,
        accel_mps2: float = 1.0,
        decel_mps2: float = 3.0,
        samples: int = 16,
        radius_m: float = 40.0,
    ) -> None:
        self.options: dict[str, Any] = {
            "target_mps": target_mps, "min_gap_m": min_gap_m, "headway_s": headway_s,
            "accel_mps2": accel_mps2, "decel_mps2": decel_mps2, "samples": samples,
            "radius_m": radius_m,
        }  # fmt: skip
        check_numbers(self.name, self.options, whole=("samples",))
        self._scenes: Sequence[Scene] = ()
        self._setups: list[NuplanIdmSetup] = []

    def reset(self, scenes: Sequence[Scene]) -> None:
        self._scenes = scenes
        self._setups = [setup(scene, **self.options) for scene in scenes]

    def plan(self, observation: Observation) -> Trajectory:
        """Poses of the next 8 s, the first now, for every scene."""
        offsets = self._setups[0].offsets_us
        poses = np.empty((len(self._setups), len(offsets), 3))
        tracks = observation.tracks
        assert tracks is not None, "mode sensor is not offered"
        rows = tracks.valid.shape[1]
        self._setups = [_with_room(known, rows) for known in self._setups]
        for i, (scene, known) in enumerate(zip(self._scenes, self._setups)):
            status = light_statuses(observation, i, scene.lights.lane_ids)
            plan(known, observation.step, 0, observation.ego[i], tracks.state[i], tracks.valid[i],
                 tracks.size_m[i], tracks.score_type[i], status, poses[i])  # fmt: skip
        return Trajectory(times_s=offsets / 1e6, poses=poses)
