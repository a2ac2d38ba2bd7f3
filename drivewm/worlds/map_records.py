"""Nodes, lines and polygons of a nuScenes map expansion, and the tokens that join them."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

import numpy as np
from shapely.geometry import LineString, MultiPolygon, Polygon
from shapely.geometry.polygon import orient
from shapely.ops import unary_union

from drivewm.worlds.tables import token

SIMPLIFY_M = 0.01  # vertices that change an outline less are left out
LAYERS = (
    "polygon",
    "line",
    "node",
    "drivable_area",
    "road_segment",
    "road_block",
    "lane",
    "ped_crossing",
    "walkway",
    "stop_line",
    "carpark_area",
    "road_divider",
    "lane_divider",
    "traffic_light",
    "lane_connector",
)


def parts(geometry: Polygon | MultiPolygon) -> list[Polygon]:
    """The simple polygons of a geometry, largest first."""
    pieces = [p for p in getattr(geometry, "geoms", [geometry]) if isinstance(p, Polygon)]
    return sorted((p for p in pieces if not p.is_empty), key=lambda p: -p.area)


def joined(polygons: Iterable[Polygon], gap_m: float = 0.05) -> Polygon:
    """One polygon that covers ``polygons``: gaps up to ``gap_m`` closed, else the convex hull."""
    union = unary_union(list(polygons))
    if isinstance(union, Polygon):
        return union
    closed = union.buffer(gap_m).buffer(-gap_m)
    return closed if isinstance(closed, Polygon) else union.convex_hull


def slim(points: np.ndarray) -> np.ndarray:
    """A polyline [P, 2] without the vertices that it does not need."""
    return np.array(LineString(points).simplify(SIMPLIFY_M).coords)


class Records:
    """Collects the layers of one location; tokens are UUIDs derived from its name and a count."""

    def __init__(self, location: str) -> None:
        self.location = location
        self.layers: dict[str, list[dict]] = {layer: [] for layer in LAYERS}
        self.connectivity: dict[str, dict[str, list[str]]] = {}
        self.arclines: dict[str, list[dict]] = {}

    def new_token(self, layer: str) -> str:
        return str(uuid.UUID(token("map", self.location, layer, len(self.layers[layer]))))

    def add(self, layer: str, record: dict, record_token: str | None = None) -> str:
        """Appends a record and returns its token (a new one unless given)."""
        name = record_token or self.new_token(layer)
        self.layers[layer].append({"token": name, **record})
        return name

    def nodes(self, points: np.ndarray) -> list[str]:
        """One node per point [P, 2]."""
        rows = np.asarray(points, float)[:, :2].tolist()
        return [self.add("node", {"x": x, "y": y}) for x, y in rows]

    def line(self, points: np.ndarray) -> str:
        return self.add("line", {"node_tokens": self.nodes(slim(points))})

    def polygon(self, shape: Polygon) -> str:
        """A polygon with its holes; the closing point is not repeated (as in nuScenes)."""
        shape = orient(shape.simplify(SIMPLIFY_M))
        holes = [{"node_tokens": self.nodes(np.array(h.coords)[:-1])} for h in shape.interiors]
        exterior = self.nodes(np.array(shape.exterior.coords)[:-1])
        return self.add("polygon", {"exterior_node_tokens": exterior, "holes": holes})

    def divider_nodes(self, points: np.ndarray, kind: str) -> list[dict]:
        """Nodes with the marking between each and the next; the last one starts nothing."""
        nodes = self.nodes(slim(points))
        kinds = [kind] * (len(nodes) - 1) + ["NIL"]
        return [{"node_token": n, "segment_type": k} for n, k in zip(nodes, kinds)]
