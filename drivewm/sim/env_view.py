"""An observation as fixed-size arrays in the ego's frame. Shapes: K tracks, P route points."""

from __future__ import annotations

import numpy as np

from drivewm.geometry.polylines import arc_lengths, interpolate, project, without_repeats
from drivewm.geometry.se2 import to_local, wrap_angle
from drivewm.scene import EgoColumn, Observation, TrackColumn

FARTHEST = 1000.0  # every number is clipped to this
ROUTE_POINTS, ROUTE_STEP_M = 16, 5.0
STOPS = 4
EGO_COLUMNS = (EgoColumn.VX, EgoColumn.AX, EgoColumn.STEER, EgoColumn.YAW_RATE)


def sizes(max_tracks: int) -> dict[str, tuple[int, ...]]:
    """Shape of every array of :func:`view`; those called ``*_valid`` hold 0 and 1."""
    return {
        "ego": (4,),  # speed, acceleration, steering angle, yaw rate
        "limit": (1,),  # m/s
        "limit_valid": (1,),
        "route": (ROUTE_POINTS, 2),  # the next 80 m of it, every 5 m
        "tracks": (
            max_tracks,
            8,
        ),  # x, y, cos, sin of heading, vx, vy, length, width; nearest first
        "tracks_valid": (max_tracks,),
        "stops": (STOPS, 2),  # points of red stop lines, nearest first
        "stops_valid": (STOPS,),
    }


def view(seen: Observation, max_tracks: int) -> dict[str, np.ndarray]:
    """The first scene of an observation: float32 arrays and int8 masks; masked rows are 0."""
    shape = sizes(max_tracks)
    out = {
        name: np.zeros(size, np.int8 if name.endswith("_valid") else np.float32)
        for name, size in shape.items()
    }
    ego, limit = seen.ego[0], seen.speed_limits_mps[0]
    out["ego"][:] = ego[list(EGO_COLUMNS)]
    if np.isfinite(limit):
        out["limit"][0], out["limit_valid"][0] = limit, 1
    out["route"][:] = _route_ahead(seen.routes[0], ego)
    tracks = _tracks(seen, ego)[:max_tracks]
    out["tracks"][: len(tracks)], out["tracks_valid"][: len(tracks)] = tracks, 1
    stops = _stops(seen, ego)[:STOPS]
    out["stops"][: len(stops)], out["stops_valid"][: len(stops)] = stops, 1
    for name, array in out.items():
        if not name.endswith("_valid"):
            np.clip(array, -FARTHEST, FARTHEST, out=array)
    return out


def _route_ahead(route: np.ndarray, ego: np.ndarray) -> np.ndarray:
    """[P, 2] points of the route from the nearest place on, in the ego's frame."""
    line = without_repeats(route)
    if len(line) < 2:
        return np.zeros((ROUTE_POINTS, 2))
    arc_m = arc_lengths(line)
    at_m, _ = project(line, arc_m, ego[0], ego[1], -np.inf, np.inf)
    ahead = at_m + ROUTE_STEP_M * (1 + np.arange(ROUTE_POINTS))
    points = np.array([interpolate(line, arc_m, place)[:2] for place in ahead])
    return to_local(ego[:3], points)


def _tracks(seen: Observation, ego: np.ndarray) -> np.ndarray:
    """[n, 8] of all that are there, nearest first."""
    if seen.tracks is None:
        return np.zeros((0, 8))
    here = seen.tracks.valid[0]
    state, size = seen.tracks.state[0][here], seen.tracks.size_m[0][here]
    place = to_local(ego[:3], state[:, [TrackColumn.X, TrackColumn.Y]])
    turn = wrap_angle(state[:, TrackColumn.HEADING] - ego[EgoColumn.HEADING])
    origin = np.array([0.0, 0.0, ego[EgoColumn.HEADING]])
    velocity = to_local(origin, state[:, [TrackColumn.VX, TrackColumn.VY]])
    rows = np.column_stack([place, np.cos(turn), np.sin(turn), velocity, size[:, :2]])
    return rows[np.argsort(np.linalg.norm(place, axis=1), kind="stable")]


def _stops(seen: Observation, ego: np.ndarray) -> np.ndarray:
    """[n, 2] points of red stop lines, nearest first."""
    if not seen.red_stop_points:
        return np.zeros((0, 2))
    place = to_local(ego[:3], seen.red_stop_points[0])
    return place[np.argsort(np.linalg.norm(place, axis=1), kind="stable")]
