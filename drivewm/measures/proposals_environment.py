"""Builds what proposals are scored against from a map, tracks and lights.

Shapes: N tracks, L lights, O observed steps. Definition: NAVSIM ``PDMDrivableMap`` and
``PDMObservation``.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from shapely.geometry import MultiPolygon, Polygon, box

from drivewm.geometry.boxes import centre_poses
from drivewm.geometry.polygons import pack
from drivewm.measures.proposals_areas import Areas, Ground, areas
from drivewm.measures.proposals_contact import STOPPED_SPEED_MPS, Boxes, RedLights, boxes_meet
from drivewm.scene import LightStatus, RoadMap, ScoreType, TrackColumn, VehicleParams

AGENT_TYPES = (ScoreType.VEHICLE, ScoreType.PEDESTRIAN, ScoreType.BICYCLE)
MAP_RADIUS_M = 100.0
ROAD = Ground.DRIVABLE
INTERSECTION = Ground.DRIVABLE | Ground.INTERSECTION


@dataclass(frozen=True, kw_only=True)
class Layers:
    """Polygons around a place with what they stand for, in the reference's order."""

    shapes: tuple[Polygon | MultiPolygon, ...]
    kinds: tuple[Ground, ...]
    names: tuple[str, ...]  # ids of roadblocks and lanes, '' for the others

    def areas(self) -> Areas:
        """The layers for kernels; a multi-polygon becomes its parts."""
        kinds = [
            kind
            for shape, kind in zip(self.shapes, self.kinds)
            for part in getattr(shape, "geoms", (shape,))
            if not part.is_empty
        ]
        return areas(pack(self.shapes), np.array(kinds, np.uint8))


def layers_near(
    road_map: RoadMap,
    x: float,
    y: float,
    route_lane_ids: Collection[str],
    radius_m: float = MAP_RADIUS_M,
) -> Layers:
    """What NAVSIM's drivable map holds: roadblocks, their lanes, the connectors, intersections,
    car parks; each layer's polygons that meet the square of half-width ``radius_m``.

    Args:
        road_map: with roadblocks (``scene.roadblocks.with_roadblocks`` derives them).
        x: of the ego's box centre, m.
        y: likewise.
        route_lane_ids: lanes and connectors of the route.
        radius_m: half width of the square.
    """
    square = box(x - radius_m, y - radius_m, x + radius_m, y + radius_m)
    found: list[tuple[Polygon | MultiPolygon, Ground, str]] = []
    blocks = [
        b for b in road_map.roadblocks if b.polygon is not None and b.polygon.intersects(square)
    ]
    for block in blocks:
        if not block.is_connector and block.polygon is not None:
            found.append((block.polygon, ROAD, block.id))
    for connectors in (False, True):
        for block in blocks:
            if block.is_connector == connectors:
                for name in block.lane_ids:
                    lane = road_map.lane(name)
                    kind = Ground.LANE | (Ground.ROUTE if name in route_lane_ids else Ground(0))
                    if lane.polygon is not None:
                        found.append((lane.polygon, kind, name))
    for shapes, kind in ((road_map.intersections, INTERSECTION), (road_map.carparks, ROAD)):
        found += [(shape, kind, "") for shape in shapes if shape.intersects(square)]
    return Layers(
        shapes=tuple(f[0] for f in found),
        kinds=tuple(f[1] for f in found),
        names=tuple(f[2] for f in found),
    )


def track_boxes(
    state: np.ndarray,  # [N, O, 6], TrackColumn
    valid: np.ndarray,  # bool [N, O]
    size_m: np.ndarray,  # [N, 2 or 3]
    score_type: np.ndarray,  # [N]
) -> Boxes:
    """Tracks at the observed steps; whether one is stopped is decided where it is first seen."""
    heading = state[..., TrackColumn.HEADING]
    pose = np.stack(
        [state[..., TrackColumn.X], state[..., TrackColumn.Y], np.cos(heading), np.sin(heading)], -1
    )
    is_agent = np.isin(score_type, AGENT_TYPES)
    first = np.argmax(valid, axis=1)
    rows = np.arange(len(state))
    speed = np.hypot(
        state[rows, first, TrackColumn.VX], state[rows, first, TrackColumn.VY]
    )  # of a track that is never valid it is not read
    return Boxes(
        pose=np.ascontiguousarray(pose),
        valid=np.ascontiguousarray(valid),
        half=np.ascontiguousarray(size_m[:, :2] / 2),
        is_agent=is_agent,
        is_stopped=~is_agent | (speed <= STOPPED_SPEED_MPS),
        ignored=np.zeros(len(state), bool),
    )


def without_overlaps(tracks: Boxes, ego: np.ndarray, vehicle: VehicleParams) -> Boxes:
    """The tracks, those that meet the ego's box at the first step being ignored."""
    x, y, heading = centre_poses(ego[None, :3], vehicle.rear_axle_to_center_m)[0]
    ignored = tracks.ignored.copy()
    for n in range(len(ignored)):
        if tracks.valid[n, 0]:
            px, py, cos, sin = tracks.pose[n, 0]
            ignored[n] |= boxes_meet(
                px - x, py - y, np.cos(heading), np.sin(heading), vehicle.length_m / 2,
                vehicle.width_m / 2, cos, sin, tracks.half[n, 0], tracks.half[n, 1],
            )  # fmt: skip
    return tracks._replace(ignored=ignored)


def red_lights(
    road_map: RoadMap,
    lane_ids: Sequence[str],  # L
    status: np.ndarray | None,  # [L, O], LightStatus
    route_lane_ids: Collection[str],
    observed: int,
) -> RedLights:
    """The red connectors of the route; lights off the route do not count."""
    rows = [i for i, name in enumerate(lane_ids) if name in route_lane_ids]
    shapes: list[Polygon] = []
    red: list[np.ndarray] = []
    for i in rows:
        shape = road_map.lane(lane_ids[i]).polygon
        parts = [] if shape is None else getattr(shape, "geoms", [shape])
        shapes += parts
        red += [status[i, :observed] == LightStatus.RED] * len(parts) if status is not None else []
    polygons = areas(pack(shapes), np.zeros(len(shapes), np.uint8))
    return RedLights(polygons, np.array(red, bool).reshape(-1, observed))
