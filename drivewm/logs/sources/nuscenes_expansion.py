"""The nuScenes map expansion (v1.3 JSON): lanes, connectors, their graph, polygon layers."""

from __future__ import annotations

import dataclasses
import json
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from nuscenes.map_expansion.arcline_path_utils import discretize_lane
from shapely.geometry import LineString, Polygon
from shapely.geometry.base import BaseGeometry

from drivewm.errors import InputError
from drivewm.geometry.polylines import without_repeats
from drivewm.logs.map_crop import polygons_of
from drivewm.scene import Lane, RoadMap

RESOLUTION_M = 1.0
_FIX = "unpack the map expansion again"
LAYERS = (
    "polygon",
    "line",
    "node",
    "drivable_area",
    "road_segment",
    "lane",
    "lane_connector",
    "ped_crossing",
    "walkway",
    "stop_line",
    "carpark_area",
    "road_divider",
    "lane_divider",
    "arcline_path_3",
    "connectivity",
    "canvas_edge",
)


class Expansion:
    """One city's expansion."""

    def __init__(self, path: Path, location: str) -> None:
        self.path, self.location = path, location
        try:
            self._json: dict[str, Any] = json.loads(path.read_bytes())
        except ValueError as error:
            raise InputError(f"not valid JSON ({error})", file=path, fix=_FIX) from error
        for layer in LAYERS:
            if layer not in self._json:
                raise InputError(
                    "layer is missing", file=path, field=layer, fix="use map expansion v1.3"
                )
        try:
            self._node = {n["token"]: (float(n["x"]), float(n["y"])) for n in self._json["node"]}
            self._line = {r["token"]: r["node_tokens"] for r in self._json["line"]}
            self._polygon = {r["token"]: r for r in self._json["polygon"]}
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(
                f"a node, line or polygon is broken ({error})", file=path, field="node", fix=_FIX
            ) from error
        if not np.isfinite(list(self._node.values())).all():
            raise InputError("a node is not finite", file=path, field="node", fix=_FIX)

    def crop(self, area: BaseGeometry) -> RoadMap:
        """The map within ``area``: lanes that touch it whole, other layers cut to it.

        Raises:
            InputError: a record refers to a token that is not there.
        """
        try:
            return self._crop(area)
        except KeyError as error:
            raise InputError(
                f"a record refers to {error.args[0]!r}, which is not there",
                file=self.path,
                fix=_FIX,
            ) from error

    def _crop(self, area: BaseGeometry) -> RoadMap:
        shapely.prepare(area)
        near = [lane for lane in self._lanes if area.intersects(LineString(lane.centerline))]
        return RoadMap(
            origin="map_expansion",
            lanes=tuple(_linked(near)),
            drivable=self._layer("drivable_area", area),
            intersections=self._layer(
                "road_segment", area, lambda r: bool(r.get("is_intersection"))
            ),
            crossings=self._layer("ped_crossing", area),
            walkways=self._layer("walkway", area),
            stop_lines=self._layer("stop_line", area),
            carparks=self._layer("carpark_area", area),
            dividers=self._dividers(area),
        )

    @cached_property
    def _lanes(self) -> list[Lane]:
        """Every lane and connector of the city, built once."""
        lanes = [self._lane(record, False) for record in self._json["lane"]]
        lanes += [self._lane(record, True) for record in self._json["lane_connector"]]
        return [lane for lane in lanes if lane is not None]

    def _lane(self, record: dict[str, Any], is_connector: bool) -> Lane | None:
        """None where there is no arc-line path, and so no centreline."""
        token = record["token"]
        arcs = self._json["arcline_path_3"].get(token)
        if not arcs:
            return None
        centerline = without_repeats(np.array(discretize_lane(arcs, RESOLUTION_M))[:, :2], 1e-3)
        if len(centerline) < 2:
            return None
        links = self._json["connectivity"].get(token, {})
        polygon = self._shape(record["polygon_token"]) if record.get("polygon_token") else None
        return Lane(
            id=token,
            centerline=centerline,
            polygon=polygon,
            is_connector=is_connector,
            is_bike=record.get("lane_type") == "BIKE",
            left_boundary=self._boundary(record.get("left_lane_divider_segments")),
            right_boundary=self._boundary(record.get("right_lane_divider_segments")),
            successors=tuple(links.get("outgoing", ())),
            predecessors=tuple(links.get("incoming", ())),
        )

    def _boundary(self, segments: list[dict[str, str]] | None) -> np.ndarray | None:
        if not segments:
            return None
        points = np.array([self._node[segment["node_token"]] for segment in segments])
        return points if len(points) >= 2 else None

    def _shape(self, token: str) -> Polygon:
        record = self._polygon[token]
        holes = [[self._node[n] for n in hole["node_tokens"]] for hole in record.get("holes", ())]
        outer = [self._node[n] for n in record["exterior_node_tokens"]]
        return Polygon(outer, [hole for hole in holes if len(hole) >= 3])

    def _layer(self, layer: str, area: BaseGeometry, keep=lambda record: True) -> tuple:
        out: list[Polygon] = []
        for record in self._json[layer]:
            if not keep(record):
                continue
            for token in record.get("polygon_tokens") or [record["polygon_token"]]:
                shape = self._shape(token)
                if area.intersects(shape):
                    out += polygons_of(shapely.make_valid(shape).intersection(area))
        return tuple(out)

    def _dividers(self, area: BaseGeometry) -> tuple[np.ndarray, ...]:
        out = []
        for record in [*self._json["road_divider"], *self._json["lane_divider"]]:
            points = np.array([self._node[n] for n in self._line[record["line_token"]]])
            if len(points) >= 2 and area.intersects(LineString(points)):
                out.append(points)
        return tuple(out)


def _linked(lanes: list[Lane]) -> list[Lane]:
    """Links to lanes outside the crop are dropped."""
    known = {lane.id: None for lane in lanes}
    return [
        dataclasses.replace(
            lane,
            successors=tuple(i for i in lane.successors if i in known),
            predecessors=tuple(i for i in lane.predecessors if i in known),
        )
        for lane in lanes
    ]
