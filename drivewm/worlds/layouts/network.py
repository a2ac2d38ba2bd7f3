"""Collects lanes and areas while a layout is drawn, then turns them into a RoadMap.

Layouts draw around (0, 0); ``finish`` moves everything. Shapes: P vertices of a polyline.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

import numpy as np
from shapely import affinity
from shapely.geometry import LineString, MultiPolygon, Polygon
from shapely.ops import unary_union

from drivewm.scene import Lane, RoadMap

HALF_EXTENT_M = 140.0  # networks stay inside a square of this half side
INSIDE = 0.97  # share of a turning lane that a junction holds at least


@dataclass(kw_only=True)
class LaneDraft:
    """A lane before it gets its id; links are indices."""

    line: np.ndarray  # [P, 2] at about 1 m
    width_m: float
    road: int
    is_connector: bool = False
    light_group: int = -1
    successors: list[int] = field(default_factory=list)
    left: int = -1
    right: int = -1


@dataclass(frozen=True, kw_only=True)
class Crossing:
    """A zebra crossing: its area and the way across, kerb to kerb."""

    polygon: Polygon
    kerbs: np.ndarray  # [2, 2]
    along: np.ndarray  # [2] unit vector along the road, along which the sidewalk goes on


@dataclass(kw_only=True)
class Network:
    """A drawn road network in its own frame (or in the map frame once finished)."""

    name: str
    speed_limit_mps: float
    sidewalk_m: float
    lanes: list[LaneDraft] = field(default_factory=list)
    drivable: list[Polygon] = field(default_factory=list)
    junctions: list[Polygon] = field(default_factory=list)
    road_ends: list[Polygon] = field(default_factory=list)  # beyond the ends: no sidewalk there
    crossings: list[Crossing] = field(default_factory=list)
    stop_lines: list[Polygon] = field(default_factory=list)
    dividers: list[np.ndarray] = field(default_factory=list)
    parking: list[np.ndarray] = field(default_factory=list)  # [P, 2] centre lines of kerb strips
    parking_m: float = 0.0
    yields: list[tuple[int, int, bool]] = field(default_factory=list)  # who, to whom, soft
    greens: tuple[float, ...] = ()
    roads: int = 0
    starts: list[int] = field(default_factory=list)  # lanes where the ego may begin

    def lane(self, line: np.ndarray, width_m: float, road: int, **more) -> int:
        """Adds a lane; the line is resampled to about 1 m. Returns its index."""
        draft = LaneDraft(line=resample(line), width_m=width_m, road=road, **more)
        self.lanes.append(draft)
        return len(self.lanes) - 1

    def link(self, before: int, after: int) -> None:
        self.lanes[before].successors.append(after)

    def new_road(self) -> int:
        self.roads += 1
        return self.roads - 1

    def lane_id(self, index: int) -> str:
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"drivewm/{self.name}/lane/{index}"))

    def road_area(self) -> Polygon | MultiPolygon:
        """The whole drivable area as one (multi)polygon, small slivers closed; with it the turning
        lanes that would stick out of a tight junction."""
        road = unary_union(self.drivable)
        bands = [
            LineString(lane.line).buffer(lane.width_m / 2, cap_style="flat")
            for lane in self.lanes if lane.is_connector
        ]  # fmt: skip
        out = [band for band in bands if band.intersection(road).area < INSIDE * band.area]
        if out:
            road = unary_union([road, *out])
        return road.buffer(0.05, join_style="mitre").buffer(-0.05, join_style="mitre")

    def walkways(self, road: Polygon | MultiPolygon) -> list[Polygon]:
        """Sidewalks: a strip around the drivable area, cut where roads leave the network."""
        strip = road.buffer(self.sidewalk_m, join_style="round").difference(road)
        return polygons(strip.difference(unary_union(self.road_ends)).buffer(0), 2.0)

    def road_map(self, origin_m: tuple[float, float]) -> RoadMap:
        """The RoadMap in the map frame."""
        road = self.road_area()

        def moved(parts):
            return tuple(affinity.translate(p, *origin_m) for p in parts)

        before: list[list[str]] = [[] for _ in self.lanes]
        for index, draft in enumerate(self.lanes):
            for after in draft.successors:
                before[after].append(self.lane_id(index))
        lanes = tuple(
            self._finished(index, tuple(before[index]), np.asarray(origin_m))
            for index in range(len(self.lanes))
        )
        return RoadMap(
            origin="map_expansion", lanes=lanes, drivable=moved(polygons(road, 1.0)),
            intersections=moved(self.junctions),
            crossings=moved(c.polygon for c in self.crossings),
            walkways=moved(self.walkways(road)), stop_lines=moved(self.stop_lines),
            dividers=tuple(line + np.asarray(origin_m) for line in self.dividers),
        )  # fmt: skip

    def _finished(self, index: int, before: tuple[str, ...], shift: np.ndarray) -> Lane:
        draft = self.lanes[index]
        line = draft.line + shift
        left, right = (offset(line, side * draft.width_m / 2) for side in (1, -1))
        area = Polygon(np.vstack([left, right[::-1]]))

        def name(other: int) -> str | None:
            return self.lane_id(other) if other >= 0 else None

        road = uuid.uuid5(uuid.NAMESPACE_URL, f"drivewm/{self.name}/road/{draft.road}")
        return Lane(
            id=self.lane_id(index), centerline=line,
            polygon=area if area.is_valid else LineString(line).buffer(
                draft.width_m / 2, cap_style="flat"),
            left_boundary=left, right_boundary=right, is_connector=draft.is_connector,
            speed_limit_mps=self.speed_limit_mps, predecessors=before,
            successors=tuple(self.lane_id(k) for k in draft.successors),
            left_neighbor=name(draft.left), right_neighbor=name(draft.right),
            roadblock_id=str(road), has_light=draft.light_group >= 0,
        )  # fmt: skip


def polygons(shape, least_m2: float) -> list[Polygon]:
    """The polygons of a geometry that are larger than ``least_m2``."""
    parts = getattr(shape, "geoms", [shape])
    return [p for p in parts if isinstance(p, Polygon) and p.area > least_m2]


def resample(line: np.ndarray, spacing_m: float = 1.0) -> np.ndarray:
    """A polyline [P, 2] at even spacing of about ``spacing_m``, end points kept."""
    s = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    even = np.linspace(0.0, s[-1], max(round(s[-1] / spacing_m), 1) + 1)
    return np.stack([np.interp(even, s, line[:, k]) for k in (0, 1)], -1)


def normals(line: np.ndarray) -> np.ndarray:
    """Unit normals to the left of a polyline; [P, 2]."""
    tangent = np.gradient(line, axis=0)
    tangent /= np.hypot(*tangent.T)[:, None]
    return np.stack([-tangent[:, 1], tangent[:, 0]], -1)


def offset(line: np.ndarray, left_m: float) -> np.ndarray:
    """The polyline shifted to its left by ``left_m``; [P, 2]."""
    return line + left_m * normals(line)


def curve(start, start_heading, end, end_heading, bend: float = 0.39) -> np.ndarray:
    """A smooth join (cubic Bezier, handles of ``bend`` x chord) between two poses; [P, 2]."""
    start, end = np.asarray(start, float), np.asarray(end, float)
    chord = np.hypot(*(end - start))
    handle = bend * chord
    a = start + handle * np.array([np.cos(start_heading), np.sin(start_heading)])
    b = end - handle * np.array([np.cos(end_heading), np.sin(end_heading)])
    t = np.linspace(0, 1, max(int(chord * 3), 8))[:, None]
    line = (1 - t) ** 3 * start + 3 * (1 - t) ** 2 * t * a + 3 * (1 - t) * t**2 * b + t**3 * end
    return resample(line)
