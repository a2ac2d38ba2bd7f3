"""When a scenario is worth a picture: the start, its events, the closest approach, the end.

Shapes: T steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry import LineString, Point

from drivewm.geometry.boxes import corners
from drivewm.scenarios.schema_actors import is_of
from drivewm.scene import Scene, TrackColumn
from drivewm.viz.bev import ego_corners

PICTURES = 6
LEAST_GAP_S = 0.3


@dataclass(frozen=True, kw_only=True)
class Closest:
    """When the ego and an actor were nearest, how near, and where."""

    time_s: float
    distance_m: float  # between the bodies; 0: contact
    point_m: np.ndarray  # [2] between them
    track: str  # which of the actor's


def closest_approach(scene: Scene, actor: str | None) -> Closest | None:
    """Least distance of the ego's body and the actor's (any of a row's, or its door) over the
    drive; None: never together."""
    found = [_closest(scene, k) for k in tracks_of(scene, actor) if scene.tracks.valid[k].any()]
    return min(found, key=lambda one: one.distance_m, default=None)


def tracks_of(scene: Scene, actor: str | None) -> list[int]:
    """Indices of an actor's tracks, its own first."""
    return [k for k, name in enumerate(scene.tracks.ids) if actor and is_of(name, actor)]


def _closest(scene: Scene, k: int) -> Closest:
    tracks = scene.tracks
    there = np.flatnonzero(tracks.valid[k])
    pose = tracks.state[k][:, [TrackColumn.X, TrackColumn.Y, TrackColumn.HEADING]]
    size = np.full(len(there), tracks.size_m[k, 0]), np.full(len(there), tracks.size_m[k, 1])
    ego = shapely.polygons(ego_corners(scene.ego[there], scene.vehicle))
    other = shapely.polygons(corners(pose[there], *size))
    distance_m = shapely.distance(ego, other)
    best = int(distance_m.argmin())
    line = shapely.shortest_line(ego[best], other[best])
    point = np.asarray(line.interpolate(0.5, normalized=True).coords[0])
    time_s = float(scene.times_us[there[best]] - scene.times_us[0]) / 1e6
    return Closest(time_s=time_s, distance_m=float(distance_m[best]), point_m=point,
                   track=tracks.ids[k])  # fmt: skip


def path_crossing(scene: Scene, actor: str | None) -> np.ndarray | None:
    """Where the way of the ego and the way of the actor cross first; [2]. None: nowhere."""
    tracks = scene.tracks
    if actor not in tracks.ids:
        return None
    k = tracks.ids.index(actor)
    ways = scene.route, tracks.state[k, tracks.valid[k], :2]
    if min(map(len, ways)) < 2:
        return None
    met = LineString(ways[0]).intersection(LineString(ways[1]))
    points = [part for part in getattr(met, "geoms", [met]) if isinstance(part, Point)]
    if not points or any(part.length > 1.0 for part in getattr(met, "geoms", [met])):
        return None
    return np.asarray(points[0].coords[0])


def moments(end_s: float, wanted_s: Sequence[float], count: int = PICTURES) -> list[float]:
    """``count`` times from 0 to the end, the wanted ones among them as far as they are apart; the
    rest halve the longest gaps."""
    chosen = [0.0]
    for time_s in [*wanted_s, end_s]:
        apart = min(abs(time_s - other) for other in chosen)
        if 0 <= time_s <= end_s and apart >= LEAST_GAP_S and len(chosen) < count:
            chosen.append(time_s)
    while len(chosen) < count:
        chosen.sort()
        gaps = np.diff(chosen)
        widest = int(gaps.argmax()) if len(gaps) else 0
        if not len(gaps) or gaps[widest] < 2 * 0.1:
            break
        chosen.append(round((chosen[widest] + chosen[widest + 1]) / 2, 1))
    return sorted(chosen)
