"""Stand-ins for nuPlan's map objects (common/maps/abstract_map_objects.py), over ours.

The class names are those of nuPlan's own implementation: planners ask for them.
"""

from __future__ import annotations

import math
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from shapely.geometry import LineString, Point

from drivewm.planners.nuplan_types import StateSE2
from drivewm.scene import Lane
from drivewm.scene.road_map import Roadblock

if TYPE_CHECKING:
    from drivewm.planners.nuplan_map import MapApi

UNKNOWN_TYPE = {"stop_line": 5, "intersection": 0, "turn": 4}  # nuPlan's enums
EMPTY = shapely.Polygon()


class MapObject:
    """Anything with an id and a surface."""

    def __init__(self, object_id: str, polygon: Any) -> None:
        self.id, self.polygon = str(object_id), EMPTY if polygon is None else polygon

    def contains_point(self, point: Any) -> bool:
        return bool(self.polygon.contains(Point(point.x, point.y)))


class Area(MapObject):
    """A crosswalk, walkway, car park or part of the drivable area."""


class StopLine(MapObject):
    """A stop line; of what kind, the sources do not say."""

    stop_line_type = layer_type = UNKNOWN_TYPE["stop_line"]


class Intersection(MapObject):
    """An intersection."""

    intersection_type = UNKNOWN_TYPE["intersection"]

    def __init__(self, object_id: str, polygon: Any, api: MapApi) -> None:
        super().__init__(object_id, polygon)
        self._api = api

    @cached_property
    def interior_edges(self) -> list[NuPlanRoadBlock]:
        inside = (block for block in self._api.blocks.values() if block.is_connector)
        return [x for x in inside if self.polygon.contains(x.polygon.representative_point())]

    @property
    def incoming_edges(self) -> list[NuPlanLane]:
        edges = (lane for block in self.interior_edges for lane in block.interior_edges)
        return list(dict.fromkeys(before for lane in edges for before in lane.incoming_edges))

    @property
    def is_signaled(self) -> bool:
        edges = (lane for block in self.interior_edges for lane in block.interior_edges)
        return any(lane.has_traffic_lights() for lane in edges)


class Polyline:
    """A centreline or boundary."""

    def __init__(self, object_id: str, points: np.ndarray) -> None:
        self.id, self.linestring = object_id, LineString(np.asarray(points, float)[:, :2])

    @property
    def length(self) -> float:
        return float(self.linestring.length)

    @cached_property
    def discrete_path(self) -> list[StateSE2]:
        """Its vertices; the heading is that of the segment ahead."""
        points = np.asarray(self.linestring.coords)
        steps = np.diff(points, axis=0)
        headings = np.arctan2(steps[:, 1], steps[:, 0]).tolist()
        headings.append(headings[-1])
        return [StateSE2(float(x), float(y), h) for (x, y), h in zip(points, headings)]

    def get_nearest_arc_length_from_position(self, point: Any) -> float:
        return float(self.linestring.project(Point(point.x, point.y)))

    def get_nearest_pose_from_position(self, point: Any) -> StateSE2:
        """The nearest place, heading along the next metre."""
        at_m = self.get_nearest_arc_length_from_position(point)
        here = self.linestring.interpolate(at_m)
        a = self.linestring.interpolate(min(at_m, self.length - 1.0) if self.length > 1 else 0.0)
        b = self.linestring.interpolate(min(at_m + 1.0, self.length))
        return StateSE2(here.x, here.y, math.atan2(b.y - a.y, b.x - a.x))

    def get_curvature_at_arc_length(self, arc_length: float) -> float:
        """1/m of the circle through three places a metre apart, left turns positive."""
        middle = min(max(arc_length, 1.0), max(self.length - 1.0, 1.0))
        a, b, c = (
            np.array(self.linestring.interpolate(middle + d).coords[0]) for d in (-1.0, 0.0, 1.0)
        )
        sides = np.linalg.norm(b - a) * np.linalg.norm(c - b) * np.linalg.norm(c - a)
        if sides < 1e-9:
            return 0.0
        u, v = b - a, c - b
        return float(2.0 * (u[0] * v[1] - u[1] * v[0]) / sides)

    def get_nearest_curvature_from_position(self, point: Any) -> float:
        return self.get_curvature_at_arc_length(self.get_nearest_arc_length_from_position(point))


class NuPlanLane(MapObject):
    """A lane, or (as NuPlanLaneConnector) a way through an intersection."""

    def __init__(self, lane: Lane, api: MapApi) -> None:
        super().__init__(lane.id, lane.polygon)
        self._lane, self._api = lane, api
        self.is_connector = lane.is_connector
        self.speed_limit_mps = lane.speed_limit_mps

    @cached_property
    def baseline_path(self) -> Polyline:
        return Polyline(self.id, self._lane.centerline)

    @cached_property
    def left_boundary(self) -> Polyline | None:
        line = self._lane.left_boundary
        return None if line is None else Polyline(f"{self.id}-left", line)

    @cached_property
    def right_boundary(self) -> Polyline | None:
        line = self._lane.right_boundary
        return None if line is None else Polyline(f"{self.id}-right", line)

    @cached_property
    def incoming_edges(self) -> list[NuPlanLane]:
        return self._known(self._lane.predecessors)

    @cached_property
    def outgoing_edges(self) -> list[NuPlanLane]:
        return self._known(self._lane.successors)

    def _known(self, ids: tuple[str, ...]) -> list[NuPlanLane]:
        return [lane for lane in map(self._api.lane_of, ids) if lane is not None]

    @property
    def parallel_edges(self) -> list[NuPlanLane]:
        return self.parent.interior_edges if self.parent is not None else [self]

    @property
    def parent(self) -> NuPlanRoadBlock | None:
        return self._api.blocks.get(self.get_roadblock_id())

    def get_roadblock_id(self) -> str:
        return self._lane.roadblock_id or ""

    def has_traffic_lights(self) -> bool:
        return self._lane.has_light

    @property
    def stop_lines(self) -> list[StopLine]:
        return [self._api.stop_lines[i] for i in self._lane.stop_lines]

    @property
    def adjacent_edges(self) -> tuple[NuPlanLane | None, NuPlanLane | None]:
        """Left, right."""
        left, right = self._lane.left_neighbor, self._lane.right_neighbor
        return self._api.lane_of(left or ""), self._api.lane_of(right or "")

    @property
    def index(self) -> int:
        """Place in the roadblock, from 1 on."""
        return 1 + [lane.id for lane in self.parallel_edges].index(self.id)

    def is_same_roadblock(self, other: NuPlanLane) -> bool:
        return self.get_roadblock_id() == other.get_roadblock_id()

    def is_adjacent_to(self, other: NuPlanLane) -> bool:
        return other in self.adjacent_edges

    def is_left_of(self, other: NuPlanLane) -> bool:
        return other is self.adjacent_edges[1]

    def is_right_of(self, other: NuPlanLane) -> bool:
        return other is self.adjacent_edges[0]

    def oriented_distance(self, point: Any) -> float:
        """Metres from the centreline, positive to its left."""
        pose = self.baseline_path.get_nearest_pose_from_position(point)
        dx, dy = point.x - pose.x, point.y - pose.y
        side = math.cos(pose.heading) * dy - math.sin(pose.heading) * dx
        return math.copysign(math.hypot(dx, dy), side)


class NuPlanLaneConnector(NuPlanLane):
    """A way through an intersection."""

    turn_type = UNKNOWN_TYPE["turn"]

    @property
    def adjacent_edges(self) -> tuple[None, None]:
        return None, None


class NuPlanRoadBlock(MapObject):
    """Parallel lanes of one direction, or connectors that join the same two of them."""

    def __init__(self, block: Roadblock, api: MapApi) -> None:
        super().__init__(block.id, block.polygon)
        self._block, self._api, self.is_connector = block, api, block.is_connector

    @cached_property
    def interior_edges(self) -> list[NuPlanLane]:
        return [lane for lane in map(self._api.lane_of, self._block.lane_ids) if lane is not None]

    @property
    def incoming_edges(self) -> list[NuPlanRoadBlock]:
        return self._known(self._block.predecessors)

    @property
    def outgoing_edges(self) -> list[NuPlanRoadBlock]:
        return self._known(self._block.successors)

    def _known(self, ids: tuple[str, ...]) -> list[NuPlanRoadBlock]:
        return [self._api.blocks[name] for name in ids if name in self._api.blocks]

    @property
    def parallel_edges(self) -> list[NuPlanRoadBlock]:
        return [self]

    @property
    def children_stop_lines(self) -> list[StopLine]:
        lines = (line for lane in self.interior_edges for line in lane.stop_lines)
        return list(dict.fromkeys(lines))


class NuPlanRoadBlockConnector(NuPlanRoadBlock):
    """Connectors of an intersection that join the same two roadblocks."""

    @property
    def intersection(self) -> Intersection | None:
        from drivewm.planners.nuplan_objects import SemanticMapLayer

        middle = self.polygon.representative_point()
        found = self._api.get_all_map_objects(middle, SemanticMapLayer.INTERSECTION)
        return next(iter(found), None)  # type: ignore[return-value]
