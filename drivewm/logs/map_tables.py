"""A road map as GeoParquet 1.0 rows (WKB, planar frame without a reference system) and back.

``geometry`` is the centreline of a lane and the polygon or line of every other layer. The route of
the scene is one more layer; the lanes it follows are its ``successors``.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pyarrow as pa
import shapely
from shapely.geometry import LineString

from drivewm.logs.route import Route
from drivewm.logs.schema import MAP
from drivewm.scene import Lane, RoadMap

_POLYGON_LAYERS = {
    "drivable": "drivable",
    "intersection": "intersections",
    "crossing": "crossings",
    "walkway": "walkways",
    "stop_line": "stop_lines",
    "carpark": "carparks",
}
_WKB_COLUMNS = {
    "geometry": ["LineString", "Polygon"],
    "polygon": ["Polygon"],
    "left_boundary": ["LineString"],
    "right_boundary": ["LineString"],
}


def geo_metadata() -> dict[bytes, bytes]:
    """The ``geo`` key of a GeoParquet 1.0 file; the frames are local, so ``crs`` is null."""
    columns = {
        name: {"encoding": "WKB", "geometry_types": types, "crs": None, "edges": "planar"}
        for name, types in _WKB_COLUMNS.items()
    }
    geo = {"version": "1.0.0", "primary_column": "geometry", "columns": columns}
    return {b"geo": json.dumps(geo, sort_keys=True).encode()}


def to_table(scene_id: str, road_map: RoadMap, route: Route) -> pa.Table:
    """All rows of one scene's map, and its route."""
    rows = [_lane_row(lane) for lane in road_map.lanes]
    for layer, attribute in _POLYGON_LAYERS.items():
        shapes = getattr(road_map, attribute)
        rows += [_row(layer, str(i), shapely.to_wkb(shape)) for i, shape in enumerate(shapes)]
    rows += [_row("divider", str(i), _line(line)) for i, line in enumerate(road_map.dividers)]
    rows.append(_row("route", "0", _line(route.points), successors=list(route.lane_ids)))
    columns = {name: [row.get(name) for row in rows] for name in MAP.names if name != "scene_id"}
    return pa.table({"scene_id": [scene_id] * len(rows), **columns}, schema=MAP)


def from_table(table: pa.Table, origin: str) -> tuple[RoadMap, Route]:
    """The map and the route of one scene."""
    layers = np.asarray(table["layer"].to_pylist(), dtype=object)
    geometry = shapely.from_wkb(np.asarray(table["geometry"].to_pylist(), dtype=object))

    def of(layer: str) -> Any:
        return tuple(geometry[layers == layer])

    lane_rows = table.filter(pa.array(layers == "lane")).to_pylist()
    lanes = tuple(_lane(row, line) for row, line in zip(lane_rows, of("lane"), strict=True))
    polygons = {attribute: of(layer) for layer, attribute in _POLYGON_LAYERS.items()}
    dividers = tuple(shapely.get_coordinates(line) for line in of("divider"))
    followed = table["successors"].filter(pa.array(layers == "route")).to_pylist()[0] or ()
    route = Route(shapely.get_coordinates(of("route")[0]), tuple(followed))
    return RoadMap(origin=origin, lanes=lanes, dividers=dividers, **polygons), route


def _row(layer: str, id_: str, geometry: bytes | None, **values: Any) -> dict[str, Any]:
    return {"layer": layer, "id": id_, "geometry": geometry, **values}


def _line(points: np.ndarray | None) -> bytes | None:
    return None if points is None else shapely.to_wkb(LineString(points))


def _lane_row(lane: Lane) -> dict[str, Any]:
    return _row(
        "lane",
        lane.id,
        _line(lane.centerline),
        polygon=None if lane.polygon is None else shapely.to_wkb(lane.polygon),
        left_boundary=_line(lane.left_boundary),
        right_boundary=_line(lane.right_boundary),
        is_connector=lane.is_connector,
        is_bike=lane.is_bike,
        speed_limit_mps=lane.speed_limit_mps,
        successors=list(lane.successors),
        predecessors=list(lane.predecessors),
        left_neighbor=lane.left_neighbor,
        right_neighbor=lane.right_neighbor,
        roadblock_id=lane.roadblock_id,
        has_light=lane.has_light,
    )


def _lane(row: dict[str, Any], centerline: LineString) -> Lane:
    return Lane(
        id=row["id"],
        centerline=shapely.get_coordinates(centerline),
        polygon=_shape(row["polygon"]),
        left_boundary=_points(row["left_boundary"]),
        right_boundary=_points(row["right_boundary"]),
        is_connector=row["is_connector"],
        is_bike=row["is_bike"],
        speed_limit_mps=row["speed_limit_mps"],
        successors=tuple(row["successors"]),
        predecessors=tuple(row["predecessors"]),
        left_neighbor=row["left_neighbor"],
        right_neighbor=row["right_neighbor"],
        roadblock_id=row["roadblock_id"],
        has_light=row["has_light"],
    )


def _shape(wkb: bytes | None) -> Any:
    return None if wkb is None else shapely.from_wkb(wkb)


def _points(wkb: bytes | None) -> np.ndarray | None:
    return None if wkb is None else shapely.get_coordinates(shapely.from_wkb(wkb))
