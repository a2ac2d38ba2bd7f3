"""The HD map of an Argoverse 2 log: lane segments with boundaries, drivable areas, crossings."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely.geometry import Polygon

from drivewm.errors import InputError
from drivewm.logs.map_crop import MARGIN_M, check_city, path_area, polygons_of
from drivewm.scene import Lane, RoadMap
from drivewm.scene.roadblocks import same_direction

_LAYERS = ("lane_segments", "drivable_areas", "pedestrian_crossings")
_SPACING_M = 1.0


def find(log: Path) -> tuple[Path, str]:
    """The map archive of a log, and its city code (``..._PIT_city_...``).

    Raises:
        InputError: there is none.
    """
    path = next(iter(sorted((log / "map").glob("log_map_archive_*.json"))), None)
    if path is None:
        raise InputError(
            "map is missing", file=log / "map" / "log_map_archive_*.json", fix="fetch the whole log"
        )
    parts = path.stem.split("____")
    return path, parts[1].split("_")[0] if len(parts) > 1 else "unknown"


def read(path: Path, path_xy: np.ndarray) -> RoadMap:
    """The map near a driven path ([E, 2]).

    Raises:
        InputError: the file is broken, or the drive is off its road.
    """
    try:
        layers = json.loads(path.read_bytes())
    except ValueError as error:
        raise InputError(
            f"not valid JSON ({error})", file=path, fix="fetch the file again"
        ) from error
    for name in _LAYERS:
        if name not in layers:
            raise InputError("layer is missing", file=path, field=name)
    try:
        road_map = _road_map(layers, path_xy)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"a record is incomplete ({error})", file=path, fix="fetch the file again"
        ) from error
    check_city(path, "this log", road_map, path_xy)
    return road_map


def _road_map(layers: dict[str, Any], path_xy: np.ndarray) -> RoadMap:
    area = path_area(path_xy, MARGIN_M)
    shapely.prepare(area)
    segments = layers["lane_segments"]
    lanes = {
        key: lane
        for key, lane in ((str(s["id"]), _lane(s)) for s in segments.values())
        if _near(lane, area)
    }
    drivable = [Polygon(_points(a["area_boundary"])) for a in layers["drivable_areas"].values()]
    crossings = [
        Polygon(np.concatenate([_points(c["edge1"]), _points(c["edge2"])[::-1]])).convex_hull
        for c in layers["pedestrian_crossings"].values()
    ]
    junctions = [
        lanes[str(s["id"])].polygon
        for s in segments.values()
        if s["is_intersection"] and str(s["id"]) in lanes
    ]
    return RoadMap(
        origin="av2",
        lanes=tuple(_linked(lane, lanes) for lane in lanes.values()),
        drivable=_cut(drivable, area),
        crossings=_cut(crossings, area),
        intersections=_cut([shapely.union_all([j for j in junctions if j is not None])], area),
        dividers=tuple(
            _points(s[f"{side}_lane_boundary"])
            for s in segments.values()
            for side in ("left", "right")
            if str(s["id"]) in lanes and s[f"{side}_lane_mark_type"] not in ("NONE", "UNKNOWN")
        ),
    )


def _near(lane: Lane, area: Any) -> bool:
    return bool(area.intersects(shapely.LineString(lane.centerline)))


def _points(records: list[dict[str, float]]) -> np.ndarray:
    return np.array([(p["x"], p["y"]) for p in records], float)


def _lane(segment: dict[str, Any]) -> Lane:
    left, right = _points(segment["left_lane_boundary"]), _points(segment["right_lane_boundary"])
    ring = shapely.make_valid(Polygon(np.concatenate([left, right[::-1]])))
    polygon = max(polygons_of(ring), key=lambda part: part.area, default=None)
    neighbors = {
        side: None
        if segment.get(f"{side}_neighbor_id") is None
        else str(segment[f"{side}_neighbor_id"])
        for side in ("left", "right")
    }
    return Lane(
        id=str(segment["id"]),
        centerline=centerline(left, right),
        polygon=polygon,
        left_boundary=left,
        right_boundary=right,
        is_connector=bool(segment["is_intersection"]),
        is_bike=segment["lane_type"] == "BIKE",
        successors=tuple(str(i) for i in segment["successors"]),
        predecessors=tuple(str(i) for i in segment["predecessors"]),
        left_neighbor=neighbors["left"],
        right_neighbor=neighbors["right"],
    )


def centerline(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """[P, 2] middle of two boundaries ([Q, 2]) that run the same way, about 1 m apart."""
    lines = [shapely.LineString(side) for side in (left, right)]
    count = max(int(np.ceil(max(line.length for line in lines) / _SPACING_M)) + 1, 2)
    share = np.linspace(0.0, 1.0, count)
    sides = [shapely.line_interpolate_point(line, share, normalized=True) for line in lines]
    return np.mean([shapely.get_coordinates(side) for side in sides], axis=0)


def _linked(lane: Lane, lanes: dict[str, Lane]) -> Lane:
    """Links to segments outside the crop are dropped, and neighbours that come the other way:
    Argoverse 2 names whatever lane is beside one."""

    def known(name: str | None) -> str | None:
        return name if name in lanes and same_direction(lane, lanes[name]) else None

    return dataclasses.replace(
        lane,
        successors=tuple(i for i in lane.successors if i in lanes),
        predecessors=tuple(i for i in lane.predecessors if i in lanes),
        left_neighbor=known(lane.left_neighbor),
        right_neighbor=known(lane.right_neighbor),
    )


def _cut(shapes: list[Any], area: Any) -> tuple[Polygon, ...]:
    return tuple(
        part
        for shape in shapes
        if area.intersects(shape)
        for part in polygons_of(shapely.make_valid(shape).intersection(area))
    )
