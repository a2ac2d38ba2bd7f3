"""A road map as OpenDRIVE, written through scenariogeneration. Shapes: P points.

Lanes side by side that lead the same way become one road: its reference line is the middle of the
leftmost of them, each other lane is as wide as its distance asks. Connectors become the connecting
roads of junctions. Middles of lanes are kept within a few millimetres; oncoming lanes are roads of
their own.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scenariogeneration import xodr

from drivewm.scene import Lane, RoadMap

STEP_M = 2.0  # of curved geometries
STRAIGHT_RAD = 1e-5
ENDS_APART_M = 3.0  # lanes of one road begin and end beside each other
USUAL_WIDTH_M = 3.5


@dataclass(frozen=True)
class Strip:
    """Lanes of one road, from left to right."""

    number: int
    lanes: tuple[Lane, ...]

    @property
    def is_connector(self) -> bool:
        return self.lanes[0].is_connector


def write_roads(road_map: RoadMap, name: str) -> Any:
    """The map as a scenariogeneration ``OpenDrive``."""
    strips = strips_of(road_map)
    at = {lane.id: (strip, -1 - i) for strip in strips for i, lane in enumerate(strip.lanes)}
    junction_of = _junctions(strips, at)
    out = xodr.OpenDrive(name)
    links = _Links(strips, at, junction_of)
    for strip in strips:
        out.add_road(_road(strip, links, junction_of))
    for number, members in _members(junction_of).items():
        out.add_junction(links.junction(number, members))
    for road in out.roads.values():
        road.planview.adjust_geometries()
    return out


def strips_of(road_map: RoadMap) -> list[Strip]:
    """Lanes grouped into roads."""
    lanes = {lane.id: lane for lane in road_map.lanes if not lane.is_bike and _length(lane) > 0.1}
    used: dict[str, None] = {}
    strips: list[Strip] = []
    for lane in lanes.values():
        if lane.id in used:
            continue
        first = lane
        while (left := lanes.get(first.left_neighbor or "")) and _beside(first, left):
            if left.id in used or left.id == lane.id:
                break
            first = left
        row = [first]
        while (right := lanes.get(row[-1].right_neighbor or "")) and _beside(row[-1], right):
            if right.id in used or right in row:
                break
            row.append(right)
        used.update(dict.fromkeys(one.id for one in row))
        strips.append(Strip(len(strips) + 1, tuple(row)))
    return strips


def _length(lane: Lane) -> float:
    return float(np.hypot(*np.diff(lane.centerline, axis=0).T).sum())


def _beside(lane: Lane, other: Lane) -> bool:
    """Do both begin and end beside each other, and are both or neither connectors?"""
    if lane.is_connector or other.is_connector:
        return False
    for end in (0, -1):
        step = lane.centerline[1] - lane.centerline[0] if end == 0 else (
            lane.centerline[-1] - lane.centerline[-2])  # fmt: skip
        along = step / np.hypot(*step)
        if abs(float((other.centerline[end] - lane.centerline[end]) @ along)) > ENDS_APART_M:
            return False
    return True


class _Links:
    """Which roads and lanes follow each other."""

    def __init__(self, strips: list[Strip], at: Mapping, junction_of: Mapping[int, int]) -> None:
        self.at, self.junction_of = at, junction_of
        self.by_number = {strip.number: strip for strip in strips}

    def neighbours(self, strip: Strip, end: str) -> list[tuple[int, int, int]]:
        """(own lane id, other strip, other lane id) at an end."""
        return [
            (-1 - i, self.at[name][0].number, self.at[name][1])
            for i, lane in enumerate(strip.lanes)
            for name in getattr(lane, end)
            if name in self.at
        ]

    def junction(self, number: int, members: list[int]) -> Any:
        """Connections of a junction: each incoming lane into its connecting road."""
        found = xodr.Junction(f"junction {number}", number)
        for connecting in members:
            rows = self.neighbours(self.by_number[connecting], "predecessors")
            for incoming, group in itertools.groupby(sorted(rows, key=lambda r: r[1]), lambda r: r[1]):
                connection = xodr.Connection(incoming, connecting, xodr.ContactPoint.start)
                for own, _, other in group:
                    connection.add_lanelink(other, own)
                found.add_connection(connection)
        return found


def _junctions(strips: list[Strip], at: Mapping) -> dict[int, int]:
    """Junction of each connecting road: connectors that share a lane before or behind them."""
    owner: dict[int, int] = {}
    by_lane: dict[tuple[str, str], int] = {}
    parent: dict[int, int] = {}

    def root(n: int) -> int:
        while parent[n] != n:
            n = parent[n]
        return n

    for strip in strips:
        if not strip.is_connector:
            continue
        parent[strip.number] = strip.number
        for lane in strip.lanes:
            for end in ("predecessors", "successors"):
                for name in getattr(lane, end):
                    other = by_lane.setdefault((end, name), strip.number)
                    parent[root(strip.number)] = root(other)
    names = {r: 1000 + k for k, r in enumerate(dict.fromkeys(root(n) for n in parent))}
    for number in parent:
        owner[number] = names[root(number)]
    return owner


def _members(junction_of: Mapping[int, int]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for road, junction in junction_of.items():
        found.setdefault(junction, []).append(road)
    return found


def _road(strip: Strip, links: _Links, junction_of: Mapping[int, int]) -> Any:
    line = smooth_line(strip.lanes[0].centerline)
    plan = _plan(line)
    center = xodr.Lane(lane_type=xodr.LaneType.none)
    section = xodr.LaneSection(0, center)
    lanes = xodr.Lanes()
    first_width = _mean_width(strip.lanes[0])
    s = _arc(line)
    tables = [np.full(len(s), first_width)]
    edge = 0.5 * first_width  # of the lanes so far, to the right of the line
    edges = np.full(len(s), edge)
    for lane in strip.lanes[1:]:
        gap = _gaps(line, lane.centerline)
        width = np.maximum(2.0 * (gap - edges), 0.1)
        tables.append(width)
        edges = edges + width
    for number, table in enumerate(tables):
        lane_out = _lane(s, table)
        for end, word in (("predecessors", "predecessor"), ("successors", "successor")):
            rows = [r for r in links.neighbours(strip, end) if r[0] == -1 - number]
            others = [r for r in rows if r[1] not in junction_of or strip.is_connector]
            if others:
                lane_out.add_link(word, others[0][2])
        section.add_right_lane(lane_out)
    lanes.add_lanesection(section)
    lanes.add_laneoffset(xodr.LaneOffset(0, 0.5 * first_width))
    road = xodr.Road(strip.number, plan, lanes, road_type=junction_of.get(strip.number, -1))
    for end, add in (("predecessors", road.add_predecessor), ("successors", road.add_successor)):
        _link(road, add, links.neighbours(strip, end), end, strip, junction_of)
    limits = [lane.speed_limit_mps for lane in strip.lanes if lane.speed_limit_mps]
    if limits:
        road.add_type(xodr.RoadType.town, speed=float(max(limits)))
    return road


def _link(road: Any, add: Any, rows: list, end: str, strip: Strip, junction_of: Mapping) -> None:
    others = list(dict.fromkeys(row[1] for row in rows))
    if not others:
        return
    if not strip.is_connector and others[0] in junction_of:
        add(xodr.ElementType.junction, junction_of[others[0]])
        return
    contact = xodr.ContactPoint.end if end == "predecessors" else xodr.ContactPoint.start
    add(xodr.ElementType.road, others[0], contact)


def _lane(s: np.ndarray, width: np.ndarray) -> Any:
    """A lane whose width goes straight from place to place."""
    lane = xodr.Lane(lane_type=xodr.LaneType.driving, a=float(width[0]))
    if np.ptp(width) < 1e-3:
        return lane
    slopes = np.diff(width) / np.maximum(np.diff(s), 1e-6)
    lane = xodr.Lane(lane_type=xodr.LaneType.driving, a=float(width[0]), b=float(slopes[0]))
    for k in range(1, len(slopes)):
        lane.add_lane_width(a=float(width[k]), b=float(slopes[k]), soffset=float(s[k]))
    return lane


def _mean_width(lane: Lane) -> float:
    if lane.left_boundary is None or lane.right_boundary is None:
        return USUAL_WIDTH_M
    middle = lane.centerline[len(lane.centerline) // 2]
    reach = [np.hypot(*(edge - middle).T).min() for edge in (lane.left_boundary, lane.right_boundary)]
    return float(np.clip(sum(reach), 1.0, 8.0))


def _gaps(line: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Distance to the right of each point of a line to another line."""
    from shapely import LineString, points

    return np.asarray(LineString(other).distance(points(line)), float)


def smooth_line(line: np.ndarray) -> np.ndarray:
    """Vertices at least half the step apart, the ends kept."""
    steps = np.hypot(*np.diff(line, axis=0).T)
    arc = np.concatenate([[0.0], np.cumsum(steps)])
    count = max(int(np.ceil(arc[-1] / STEP_M)), 1)
    keep = np.concatenate([[True], steps > 1e-6])
    arc, line = arc[keep], line[keep]
    at = np.linspace(0.0, arc[-1], count + 1)
    return np.stack([np.interp(at, arc, column) for column in line.T], -1)


def _arc(line: np.ndarray) -> np.ndarray:
    return np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])


def _plan(line: np.ndarray) -> Any:
    """Straight pieces and cubics that meet without a bend."""
    plan = xodr.PlanView()
    edges = np.diff(line, axis=0)
    along = np.unwrap(np.arctan2(edges[:, 1], edges[:, 0]))
    turn = np.concatenate([[along[0]], 0.5 * (along[1:] + along[:-1]), [along[-1]]])
    k = 0
    while k < len(edges):
        end = k
        while end < len(edges) and abs(along[end] - along[k]) < STRAIGHT_RAD and (
            abs(turn[end] - along[k]) < STRAIGHT_RAD and abs(turn[end + 1] - along[k]) < STRAIGHT_RAD
        ):
            end += 1
        if end > k:
            length = float(np.hypot(*(line[end] - line[k])))
            geometry, k_next = xodr.Line(length), end
        else:
            geometry, k_next = _cubic(line[k], line[k + 1], turn[k], turn[k + 1]), k + 1
        plan.add_fixed_geometry(geometry, float(line[k, 0]), float(line[k, 1]), float(turn[k]))
        k = k_next
    return plan


def _cubic(a: np.ndarray, b: np.ndarray, heading_a: float, heading_b: float) -> Any:
    """Hermite's cubic between two poses in the axes of the first."""
    c, s = np.cos(heading_a), np.sin(heading_a)
    delta = b - a
    end = np.array([c * delta[0] + s * delta[1], -s * delta[0] + c * delta[1]])
    chord = float(np.hypot(*delta))
    out = chord * np.array([np.cos(heading_b - heading_a), np.sin(heading_b - heading_a)])
    into = np.array([chord, 0.0])
    cubic = into + out - 2.0 * end
    square = 3.0 * end - 2.0 * into - out
    p = np.linspace(0.0, 1.0, 33)
    u = into[0] * p + square[0] * p**2 + cubic[0] * p**3
    v = into[1] * p + square[1] * p**2 + cubic[1] * p**3
    length = float(np.hypot(np.diff(u), np.diff(v)).sum())
    return xodr.ParamPoly3(0.0, float(into[0]), float(square[0]), float(cubic[0]),
                           0.0, float(into[1]), float(square[1]), float(cubic[1]),
                           prange="normalized", length=length)  # fmt: skip
