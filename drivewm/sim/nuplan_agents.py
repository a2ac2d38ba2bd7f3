"""nuPlan's IDM agents: the vehicles of a scene's first step, put on lanes.

Source: nuplan-devkit ``simulation/observation/idm`` (builder, agent, manager). Its quirks are kept:
only vehicles of the first step drive, parked ones drive off, bicycles vanish, an agent whose lane
has no limit wishes the limit of the agent built before it. Shapes: A agents, C vertices of a path,
R points of a ring, N tracks, L lights, K lanes, P vertices of all lanes.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from drivewm.geometry.boxes import centre_poses
from drivewm.geometry.overlap import boxes_overlap, fill_corners
from drivewm.geometry.paths import (
    arc_at,
    build_path,
    clamp_progress,
    fill_discrete,
    nearest_pose,
    pose_at,
    start_curvature,
)
from drivewm.geometry.polygons import PolygonSet, contains
from drivewm.scene import EgoColumn, Lights, RoadMap, Scene, ScoreType
from drivewm.scene.road_graph import RoadGraph, graph_lanes, road_graph

TARGET_MPS = 10.0  # wished where no limit has been seen
MIN_GAP_M, HEADWAY_S, ACCEL_MPS2, DECEL_MPS2 = 1.0, 1.5, 1.0, 2.0
MIN_PATH_M = 20.0  # that shall lie ahead, beyond the headway
RADIUS_M = 100.0  # agents farther from the ego leave for good
ROUTE_LANES = 5  # an agent remembers so many lanes
REPLAYED = (
    ScoreType.PEDESTRIAN, ScoreType.CONE, ScoreType.BARRIER, ScoreType.CZONE_SIGN,
    ScoreType.GENERIC,
)  # fmt: skip
LONGEST_PATH = 4096  # vertices


class NuplanAgents(NamedTuple):
    """The agents' state and scratch, written in place by the step kernel."""

    track: np.ndarray  # int64 [A] rows of the scene's tracks
    replayed: np.ndarray  # bool [N] tracks that are played back
    alive: np.ndarray  # bool [A]
    pose: np.ndarray  # [A, 3] box centre
    size: np.ndarray  # [A, 2] length, width
    progress: np.ndarray  # [A] along the path
    speed: np.ndarray  # [A]
    target: np.ndarray  # [A]
    path: np.ndarray  # [A, C, 5]
    vertices: np.ndarray  # int64 [A], of the path
    route: np.ndarray  # int64 [A, 5] lanes, oldest first
    route_count: np.ndarray  # int64 [A]
    box: np.ndarray  # [A, 4, 2] what the others see: the box …
    foot: np.ndarray  # [A, R, 2] … and the stretch it will drive over
    foot_count: np.ndarray  # int64 [A], 0: none yet
    bounds: np.ndarray  # [A, 3, 4] of the box, the stretch, and both
    light_lane: np.ndarray  # int64 [L], -1: not on the map
    lane_light: np.ndarray  # int8 [K], -1: no light (scratch)
    heading: np.ndarray  # [P] of the lanes' vertices
    curvature: np.ndarray  # [K] at the lanes' starts
    poses: np.ndarray  # [C, 3] scratch
    line: np.ndarray  # [C, 2] scratch
    arc: np.ndarray  # [C] scratch
    ring: np.ndarray  # [R, 2] scratch
    ring_bounds: np.ndarray  # [4] scratch
    others: np.ndarray  # [1 + N, 4, 2] scratch: boxes of the ego and of replayed tracks
    other_bounds: np.ndarray  # [1 + N, 4] scratch
    next_first: np.ndarray  # of the road graph, from here on
    next_lane: np.ndarray
    has_light: np.ndarray
    speed_limit_mps: np.ndarray
    line_first: np.ndarray
    line_xy: np.ndarray
    stop_first: np.ndarray
    stop_line: np.ndarray
    stop_lines: PolygonSet


def lane_headings(graph: RoadGraph) -> np.ndarray:
    """Heading [P] of every vertex of the lanes' centrelines, to the next one (the last repeats)."""
    out = np.zeros((len(graph.line_xy), 3))
    for i in range(len(graph.line_first) - 1):
        first, last = graph.line_first[i], graph.line_first[i + 1]
        if last - first >= 2:
            fill_discrete(graph.line_xy[first:last], out, first)
    return out[:, 2].copy()


def lights_of(road_map: RoadMap, lights: Lights) -> np.ndarray:
    """Row in the road graph of every light's lane, -1 where there is none; int64 [L]."""
    row = {lane.id: i for i, lane in enumerate(graph_lanes(road_map))}
    return np.array([row.get(name, -1) for name in lights.lane_ids], np.int64)


def nuplan_agents(scene: Scene) -> NuplanAgents:
    """Builds the agents of a scene; none where its map has no lanes."""
    graph = road_graph(scene.map)
    tracks, count = scene.tracks, len(scene.tracks)
    replayed = np.isin(tracks.score_type, [int(kind) for kind in REPLAYED])
    starts = _Starts(scene, graph, replayed)
    rows = [i for i in range(count) if starts.try_place(i)]
    lights = lights_of(scene.map, scene.lights)
    size_m = tracks.size_m[rows, :2]
    agents = _room(graph, np.array(rows, np.int64), size_m, replayed, lights)
    target = TARGET_MPS
    ego_mps = float(np.hypot(scene.ego[0, EgoColumn.VX], scene.ego[0, EgoColumn.VY]))
    for a, i in enumerate(rows):
        lane, progress = starts.found[i]
        limit = graph.speed_limit_mps[lane]
        target = float(limit) if limit > 0.0 else target
        line = graph.line_xy[graph.line_first[lane] : graph.line_first[lane + 1]]
        size = fill_discrete(line, agents.poses, 0)
        agents.vertices[a] = build_path(agents.poses, size, agents.path[a])
        agents.progress[a], agents.target[a] = progress, target
        speed = float(np.hypot(tracks.state[i, 0, 4], tracks.state[i, 0, 5]))
        agents.speed[a] = speed if np.isfinite(speed) else ego_mps
        agents.route[a, 0], agents.route_count[a] = lane, 1
        corners = starts.corners[i]
        agents.box[a] = corners
        agents.bounds[a, :] = np.concatenate([corners.min(0), corners.max(0)])
        at = clamp_progress(agents.path[a], agents.vertices[a], progress)
        agents.pose[a] = pose_at(agents.path[a], agents.vertices[a], at)
    return agents


class _Starts:
    """Where vehicles begin: snapped to a lane, unless they would touch what is there already."""

    def __init__(self, scene: Scene, graph: RoadGraph, replayed: np.ndarray) -> None:
        self._scene, self._graph = scene, graph
        self.found: dict[int, tuple[int, float]] = {}
        self.corners: dict[int, np.ndarray] = {}
        car, ego = scene.vehicle, scene.ego[0]
        centre = centre_poses(ego[: EgoColumn.HEADING + 1], car.rear_axle_to_center_m)
        self._taken = [_box(centre, car.length_m, car.width_m)]
        for i in np.flatnonzero(replayed & scene.tracks.valid[:, 0]):
            state, size = scene.tracks.state[i, 0], scene.tracks.size_m[i]
            self._taken.append(_box(state[[0, 1, 3]], size[0], size[1]))

    def try_place(self, i: int) -> bool:
        """Whether track ``i`` becomes an agent; its start is kept."""
        tracks, graph = self._scene.tracks, self._graph
        if tracks.score_type[i] != ScoreType.VEHICLE or not tracks.valid[i, 0]:
            return False
        x, y, heading = tracks.state[i, 0, [0, 1, 3]]
        lane = starting_lane(graph, x, y, heading)
        if lane < 0:
            return False
        line = graph.line_xy[graph.line_first[lane] : graph.line_first[lane + 1]]
        pose = np.array(nearest_pose(line, x, y))
        corners = _box(pose, tracks.size_m[i, 0], tracks.size_m[i, 1])
        if any(boxes_overlap(corners, other) for other in self._taken):
            return False
        self._taken.append(corners)
        self.found[i], self.corners[i] = (lane, arc_at(line, x, y)), corners
        return True


def starting_lane(graph: RoadGraph, x: float, y: float, heading: float) -> int:
    """The lane (on intersections the connector) around the place whose direction fits best; -1.

    Directions are compared without wrapping, as in the reference.
    """
    inside = [k for k in range(len(graph.is_connector)) if contains(graph.lanes, k, x, y)]
    lanes = [k for k in inside if not graph.is_connector[k]]
    if not lanes:
        crossing = range(len(graph.intersections.bounds))
        if any(contains(graph.intersections, k, x, y) for k in crossing):
            lanes = [k for k in inside if graph.is_connector[k]]
    best, found = np.inf, -1
    for k in lanes:
        line = graph.line_xy[graph.line_first[k] : graph.line_first[k + 1]]
        if len(line) < 2:
            continue
        misfit = abs(nearest_pose(line, x, y)[2] - heading)
        if misfit < best:
            best, found = misfit, k
    return found


def _box(pose: np.ndarray, length_m: float, width_m: float) -> np.ndarray:
    out = np.empty((4, 2))
    fill_corners(pose[0], pose[1], pose[2], length_m, width_m, out)
    return out


def _capacity(graph: RoadGraph) -> int:
    """Vertices that a path ahead can have: a whole lane behind what headway and margin ask for."""
    counts = np.diff(graph.line_first)
    ends = np.maximum(graph.line_first[1:] - 1, 0)
    if len(counts) == 0:
        return 4
    lengths = graph.line_arc_m[ends]
    limits = graph.speed_limit_mps[np.isfinite(graph.speed_limit_mps)]
    ahead_m = MIN_PATH_M + HEADWAY_S * max(TARGET_MPS, float(limits.max(initial=0.0)))
    per_m = float((counts / np.maximum(lengths, 0.5)).max())
    return int(min(2 * counts.max() + ahead_m * per_m + 8, LONGEST_PATH))


def empty_nuplan_agents(road_map: RoadMap, lights: Lights) -> NuplanAgents:
    """Nobody, on a map."""
    graph, nobody = road_graph(road_map), np.zeros(0, np.int64)
    return _room(graph, nobody, np.zeros((0, 2)), np.zeros(0, bool), lights_of(road_map, lights))


def _room(
    graph: RoadGraph, rows: np.ndarray, size: np.ndarray, replayed: np.ndarray, lights: np.ndarray
) -> NuplanAgents:
    """Unset agents for the tracks ``rows`` [A] of ``size`` [A, 2]."""
    a, n, c, lanes = len(rows), len(replayed), _capacity(graph), len(graph.is_connector)
    r = 4 * c + 64
    lines = [graph.line_xy[graph.line_first[k] : graph.line_first[k + 1]] for k in range(lanes)]
    curvature = [start_curvature(line) if len(line) >= 2 else 0.0 for line in lines]
    return NuplanAgents(
        track=rows, replayed=replayed, alive=np.ones(a, bool), pose=np.zeros((a, 3)),
        size=np.array(size, float).reshape(a, 2),
        progress=np.zeros(a), speed=np.zeros(a), target=np.zeros(a), path=np.empty((a, c, 5)),
        vertices=np.zeros(a, np.int64), route=np.zeros((a, ROUTE_LANES), np.int64),
        route_count=np.zeros(a, np.int64), box=np.zeros((a, 4, 2)), foot=np.empty((a, r, 2)),
        foot_count=np.zeros(a, np.int64), bounds=np.zeros((a, 3, 4)),
        light_lane=lights, lane_light=np.full(lanes, -1, np.int8),
        heading=lane_headings(graph), curvature=np.array(curvature, float), poses=np.empty((c, 3)),
        line=np.empty((c, 2)), arc=np.empty(c), ring=np.empty((r, 2)), ring_bounds=np.empty(4),
        others=np.empty((1 + n, 4, 2)), other_bounds=np.empty((1 + n, 4)),
        next_first=graph.next_first, next_lane=graph.next_lane, has_light=graph.has_light,
        speed_limit_mps=graph.speed_limit_mps, line_first=graph.line_first,
        line_xy=graph.line_xy, stop_first=graph.stop_first, stop_line=graph.stop_line,
        stop_lines=graph.stop_lines,
    )  # fmt: skip
