"""From the map frame back to (road, s, t, lane)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

import numpy as np

from drivewm.scenarios.opendrive.model import DRIVING, Road
from drivewm.scenarios.opendrive.places import lane_at, lane_centre, lane_edges

BEYOND_M = 0.01  # further than this past the end of a road is not on it
TURN_WEIGHT_M = 5.0  # metres from the lane's middle that one radian of wrong heading is worth


class Projection(NamedTuple):
    """A point in the coordinates of a road."""

    road: str
    s_m: float
    t_m: float
    lane: int | None  # None: beside all lanes
    beyond_m: float  # how far past an end of the road; 0 beside it


class _Line(NamedTuple):
    """A reference line, sampled. Shapes: P points."""

    s_m: np.ndarray  # [P]
    xy: np.ndarray  # [P, 2]
    half_m: float  # how far its lanes reach


class Projector:
    """Finds the nearest places on the roads of a network."""

    def __init__(self, roads: Mapping[str, Road]) -> None:
        self._roads = roads
        self._lines = {name: _sampled(road) for name, road in roads.items()}
        self._names = list(roads)
        boxes = [
            (*(line.xy.min(0) - line.half_m), *(line.xy.max(0) + line.half_m))
            for line in self._lines.values()
        ]
        self._boxes = np.array(boxes).reshape(-1, 4)

    def nearest(
        self,
        x_m: float,
        y_m: float,
        heading_rad: float | None = None,
        roads: Collection[str] | None = None,
    ) -> Projection | None:
        """The best place for a point; None without roads (or none of those named).

        On a driving lane before another lane before off the road; among several the one whose
        middle is nearest, and whose driving direction fits the heading if there is one.
        """
        point = np.array([x_m, y_m])
        low, high = self._boxes[:, :2], self._boxes[:, 2:]
        away = np.hypot(*np.maximum(np.maximum(low - point, point - high), 0.0).T)
        order = np.argsort(away, kind="stable")
        best, best_cost = None, (3, np.inf)
        for k in order:
            name = self._names[k]
            if roads is not None and name not in roads:
                continue
            if best is not None and away[k] > (0.0 if best_cost[0] < 2 else best_cost[1]):
                break
            found = self.on(name, x_m, y_m)
            cost = self._cost(found, heading_rad)
            if cost < best_cost:
                best, best_cost = found, cost
        return best

    def on(self, road_id: str, x_m: float, y_m: float) -> Projection:
        """The nearest place on one road."""
        road, line = self._roads[road_id], self._lines[road_id]
        point = np.array([x_m, y_m])
        s, low, high = _start(line, point)
        for _ in range(20):
            at = road.plan.at(np.array([s]))
            ahead, left = _in_frame(point, at)
            step = ahead / max(1.0 - at.curvature_per_m[0] * left, 0.2)
            moved = float(np.clip(s + step, low, high))
            if abs(moved - s) < 1e-10:
                break
            s = moved
        ahead, left = _in_frame(point, road.plan.at(np.array([s])))
        is_end = s <= 1e-9 or s >= road.length_m - 1e-9
        beyond = abs(ahead) if is_end and abs(ahead) > BEYOND_M else 0.0
        lane = None
        if not beyond:
            lane = lane_at(road, road.sections[road.section_index(s)], s, left)
        return Projection(road_id, s, left, lane, beyond)

    def _cost(self, found: Projection, heading_rad: float | None) -> tuple[int, float]:
        road = self._roads[found.road]
        if found.lane is None:
            reach = _reach(road, found.s_m, found.t_m)
            return 2, float(np.hypot(found.beyond_m, reach))
        section = road.sections[road.section_index(found.s_m)]
        lane, s = section.lanes[found.lane], np.array([found.s_m])
        cost = abs(found.t_m - float(lane_centre(road, section, lane.id, s)[0]))
        if heading_rad is not None:
            along = float(road.plan.at(s).heading_rad[0])
            along += 0.0 if road.drives_forward(lane) else np.pi
            turn = np.arctan2(np.sin(heading_rad - along), np.cos(heading_rad - along))
            cost += TURN_WEIGHT_M * abs(float(turn))
        return (0 if lane.type in DRIVING else 1), cost


def _sampled(road: Road) -> _Line:
    s = road.plan.sample_m(road.length_m)
    at = road.plan.at(s)
    half = max(
        float(np.abs(edge).max())
        for section in road.sections
        for lane_id in (max(section.lanes, default=0), min(section.lanes, default=0))
        for edge in lane_edges(
            road, section, lane_id, np.linspace(section.start_m, section.end_m, 9)
        )
    )
    return _Line(s, np.stack([at.x_m, at.y_m], -1), half + 1.0)


def _start(line: _Line, point: np.ndarray) -> tuple[float, float, float]:
    """s of the nearest point of the sampled line, and the bounds that a search may walk in."""
    chord = np.diff(line.xy, axis=0)
    share = ((point - line.xy[:-1]) * chord).sum(1) / np.maximum((chord**2).sum(1), 1e-18)
    share = np.clip(share, 0.0, 1.0)
    gap = point - (line.xy[:-1] + share[:, None] * chord)
    k = int(np.argmin((gap**2).sum(1)))
    s = line.s_m[k] + share[k] * (line.s_m[k + 1] - line.s_m[k])
    return float(s), float(line.s_m[max(k - 1, 0)]), float(line.s_m[min(k + 2, len(line.s_m) - 1)])


def _in_frame(point: np.ndarray, at) -> tuple[float, float]:
    """Distance ahead of and to the left of a pose of the reference line."""
    dx, dy = point[0] - at.x_m[0], point[1] - at.y_m[0]
    c, s = np.cos(at.heading_rad[0]), np.sin(at.heading_rad[0])
    return float(c * dx + s * dy), float(c * dy - s * dx)


def _reach(road: Road, s_m: float, t_m: float) -> float:
    """How far t lies beside the lanes."""
    section = road.sections[road.section_index(s_m)]
    ids = (max(section.lanes, default=0), min(section.lanes, default=0))
    left, right = (float(lane_edges(road, section, i, np.array([s_m]))[1][0]) for i in ids)
    return max(t_m - left, right - t_m, 0.0)
