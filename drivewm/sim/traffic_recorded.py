"""Agents of recorded scenes: replayed, or on their own recorded path by IDM.

Shapes: N tracks, T steps, L lights, Q vertices of a path.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drivewm.scene import Scene, ScoreType
from drivewm.scene.road_graph import RoadGraph, road_graph
from drivewm.sim.idm import IdmParams
from drivewm.sim.traffic_lanes import lanes_ahead
from drivewm.sim.traffic_paths import Path, arc_lengths, pack
from drivewm.sim.traffic_state import Agents, Events, Mode, Paths, empty_agents, pack_events

MOVED_M = 2.0  # shorter recorded ways are parked cars with noisy boxes
SLOWEST_TARGET_MPS = 3.0
EXTENSION_M = 150.0
HARDEST_MPS2 = 6.0
STANDING_MPS = 0.5
STOOD_M = 0.5  # who is still this near to its first box has not set off
STOP_NEAR_M = 2.0
STOP_ANGLE_RAD = 0.6


@dataclass(frozen=True, kw_only=True)
class Parts:
    agents: Agents
    paths: Paths
    events: Events
    stop_points: np.ndarray  # [L, 2]


def stop_points(scene: Scene) -> np.ndarray:
    """Where each light's lane begins; [L, 2], NaN where the map lacks the lane."""
    known = {lane.id: lane.centerline[0] for lane in scene.map.lanes}
    rows = [known.get(lane, np.full(2, np.nan)) for lane in scene.lights.lane_ids]
    return np.array(rows, float).reshape(-1, 2)


def replay_parts(scene: Scene) -> Parts:
    count = len(scene.tracks)
    agents = empty_agents(count + 1)
    agents.mode[:count] = Mode.REPLAY
    agents.size[:count] = scene.tracks.size_m[:, :2]
    return Parts(
        agents=agents, paths=pack([]), events=pack_events([]), stop_points=stop_points(scene)
    )


def reactive_parts(scene: Scene) -> Parts:
    """Vehicles and bicycles that moved get a path of their own; everything else is replayed.

    Who stands at first waits until its recorded moment of setting off.
    """
    parts, params = replay_parts(scene), IdmParams()
    agents = parts.agents
    graph = road_graph(scene.map) if scene.map.has_lane_graph else None
    paths: list[Path] = []
    for i in range(len(scene.tracks)):
        steps = np.flatnonzero(scene.tracks.valid[i])
        rides = scene.tracks.score_type[i] in (ScoreType.VEHICLE, ScoreType.BICYCLE)
        if not rides or len(steps) < 2:
            continue
        state = scene.tracks.state[i, steps]
        path = recorded_path(state, graph)
        if path is None:
            hold_still(agents, i, state[0], steps[0])
            continue
        speeds = np.hypot(state[:, 4], state[:, 5])
        agents.mode[i], agents.path[i] = Mode.DRIVE, len(paths)
        agents.target[i] = max(float(speeds.max()), SLOWEST_TARGET_MPS)
        agents.speed[i] = float(speeds[0])
        agents.appear[i], agents.clear[i] = steps[0] * 0.1, 0.1
        agents.brake_until[i] = steps[set_off(state)] * 0.1
        agents.idm[i] = (
            params.min_gap_m, params.headway_s, params.accel_max_mps2, params.decel_mps2,
            HARDEST_MPS2,
        )  # fmt: skip
        agents.margin[i] = 0.0
        agents.pose[i] = state[0, [0, 1, 3, 2]]
        agents.active[i] = steps[0] == 0
        path.stops.extend(stops_on(path.xy, scene, parts.stop_points))
        paths.append(path)
    return Parts(
        agents=agents, paths=pack(paths), events=parts.events, stop_points=parts.stop_points
    )


def set_off(state: np.ndarray) -> int:
    """Row of [T, 6] at which a standing track sets off; 0 for one that is on its way.

    Why it waited (a light, a gap in traffic, a passenger) is not in the record, so that nobody
    leaves a place earlier than it did.
    """
    still = np.hypot(*(state[:, :2] - state[0, :2]).T) < STOOD_M
    first = int(np.argmin(still))  # somewhere it moved, or it would have no path
    slow = np.hypot(state[0, 4], state[0, 5]) < STANDING_MPS
    return max(first - 1, 0) if slow else 0


def hold_still(agents: Agents, i: int, state: np.ndarray, first_step: int) -> None:
    """A parked car stands on its first box; it is there from the start of its record on."""
    agents.mode[i] = Mode.STATIC if first_step == 0 else Mode.REPLAY
    agents.pose[i] = state[[0, 1, 3, 2]]
    agents.active[i] = first_step == 0


def recorded_path(state: np.ndarray, graph: RoadGraph | None = None) -> Path | None:
    """The track's way [T, 6] as a path with its recorded headings; None when it hardly moved.

    At its end it goes on along the lanes, or straight where there are none.
    """
    keep = [0]
    for k in range(1, len(state)):
        if np.hypot(*(state[k, :2] - state[keep[-1], :2])) > 0.5:
            keep.append(k)
    xy = state[keep, :2]
    if len(keep) < 3 or np.hypot(*(xy - xy[0]).T).max() < MOVED_M:
        return None
    heading = np.unwrap(state[keep, 3])
    end = np.array([*xy[-1], heading[-1]])
    after = np.zeros((0, 2)) if graph is None else lanes_ahead(graph, end, EXTENSION_M)
    if len(after) == 0:
        after = xy[-1:] + EXTENSION_M * np.array([[np.cos(end[2]), np.sin(end[2])]])
    turn = np.unwrap([end[2], *np.arctan2(*np.diff(np.vstack([xy[-1:], after]), axis=0).T[::-1])])
    return Path(
        xy=np.vstack([xy, after]),
        heading=np.concatenate([heading, turn[1:]]),
        z=np.concatenate([state[keep, 2], np.full(len(after), state[keep[-1], 2])]),
    )


def stops_on(xy: np.ndarray, scene: Scene, points: np.ndarray) -> list[tuple[float, int]]:
    """(arc length, light) of the lights whose connector the path follows."""
    lanes = {lane.id: lane for lane in scene.map.lanes}
    s, fine = arc_lengths(xy), 1.0
    even = np.arange(0.0, s[-1], fine)
    line = np.stack([np.interp(even, s, xy[:, k]) for k in (0, 1)], -1)
    found: dict[tuple[float, float], tuple[float, float, int]] = {}
    for light, point in enumerate(points):
        away = np.hypot(*(line - point).T)
        nearest = int(np.argmin(away)) if np.isfinite(point).all() else -1
        if nearest < 0 or away[nearest] > STOP_NEAR_M:
            continue
        centre = lanes[scene.lights.lane_ids[light]].centerline
        probes = centre[:: max(len(centre) // 8, 1)]
        misfit = np.mean([np.hypot(*(line - probe).T).min() for probe in probes])
        key = (round(float(point[0])), round(float(point[1])))
        if misfit < STOP_NEAR_M and misfit < found.get(key, (np.inf, 0.0, 0))[0]:
            found[key] = (float(misfit), float(even[nearest]), light)
    return [(stop, light) for _, stop, light in found.values()]
