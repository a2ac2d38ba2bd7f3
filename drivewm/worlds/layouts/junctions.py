"""Layouts around one junction: four arms with lights, three arms with a side road that yields.

An arm's reference line runs outwards, so its ``backward`` lanes drive into the junction.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from shapely.geometry import LineString, MultiPoint

from drivewm.geometry.se2 import wrap_angle
from drivewm.worlds.layouts.network import HALF_EXTENT_M, Network, curve
from drivewm.worlds.layouts.roads import (
    Road,
    Section,
    close_end,
    draw_crossing,
    draw_road,
    draw_stop_line,
)  # fmt: skip

CROSSING_ROOM_M = 5.0  # between the junction and the stop line


@dataclass(frozen=True, kw_only=True)
class Turn:
    """A connector: from which arm, to which arm, its kind."""

    lane: int
    source: int
    target: int
    kind: str  # left, straight, right


def draw_four_way(network: Network, rng: np.random.Generator) -> None:
    """Four arms, two light groups (opposite arms together), permissive left turns."""
    base = rng.uniform(-0.2, 0.2)
    angles = base + np.arange(4) * np.pi / 2 + rng.uniform(-0.12, 0.12, 4)
    lanes = [int(rng.integers(1, 3)), int(rng.integers(1, 3))]
    if max(lanes) == 1:
        lanes[int(rng.integers(2))] = 2
    roads = draw_arms(network, rng, angles, [lanes[k % 2] for k in range(4)])
    turns = draw_turns(network, roads, angles)
    for turn in turns:
        network.lanes[turn.lane].light_group = turn.source % 2
    network.greens = (rng.uniform(8, 13), rng.uniform(8, 13))
    rank = {"straight": 0, "right": 1, "left": 2}
    for a in turns:
        for b in turns:
            same_group = a.source % 2 == b.source % 2
            if a.source != b.source and clash(network, a, b):
                gives_way = same_group and rank[a.kind] > rank[b.kind]
                network.yields.append((a.lane, b.lane, not gives_way))
    finish_arms(network, roads)


def draw_t_junction(network: Network, rng: np.random.Generator) -> None:
    """A through road and a side road; the side road yields, left turns yield to oncoming."""
    base = rng.uniform(0, 2 * np.pi)
    angles = base + np.array([0.0, np.pi, 1.5 * np.pi]) + rng.uniform(-0.15, 0.15, 3)
    main = int(rng.integers(1, 3))
    roads = draw_arms(network, rng, angles, [main, main, 1])
    turns = draw_turns(network, roads, angles)

    def rank(turn: Turn) -> int:
        side = 3 if turn.source == 2 else 0
        return side + {"straight": 0, "right": 1, "left": 2}[turn.kind]

    for a in turns:
        for b in turns:
            if a.source != b.source and clash(network, a, b):
                network.yields.append((a.lane, b.lane, not rank(a) > rank(b)))
    finish_arms(network, roads)


def draw_arms(network: Network, rng, angles: np.ndarray, lanes: list[int]) -> list[Road]:
    """One two-way road per arm; the pavement starts at the junction, lanes at the stop lines."""
    lane_m, parking = rng.uniform(3.2, 3.7), rng.choice([0.0, 2.3], p=[0.4, 0.6])
    sections = [Section(forward=k, backward=k, lane_m=lane_m, parking_m=parking) for k in lanes]
    widest = max(section.left_m for section in sections)
    inner = widest + rng.uniform(5.0, 8.0)
    roads = []
    for angle, section in zip(angles, sections):
        away = np.array([np.cos(angle), np.sin(angle)])
        reach = (HALF_EXTENT_M - section.left_m) / np.abs(away).max()
        line = np.outer([inner, min(reach, HALF_EXTENT_M)], away)
        roads.append(draw_road(network, line, section, lanes_from_m=CROSSING_ROOM_M))
    corners = [
        point
        for road in roads
        for point in (
            road.line[0] + side * np.array([-(road.line[1] - road.line[0])[1],
                                            (road.line[1] - road.line[0])[0]])
            / np.hypot(*(road.line[1] - road.line[0]))
            for side in (road.section.left_m, -road.section.right_m)
        )
    ]  # fmt: skip
    junction = MultiPoint(corners).convex_hull
    network.junctions.append(junction)
    network.drivable.append(junction.buffer(0.02))
    return roads


def draw_turns(network: Network, roads: list[Road], angles: np.ndarray) -> list[Turn]:
    """Connectors: straight from every lane, right from the outermost, left from the innermost."""
    turns = []
    for a, source in enumerate(roads):
        for b, target in enumerate(roads):
            if a == b:
                continue
            turned = wrap_angle(angles[b] - (angles[a] + np.pi))
            kind = "straight" if abs(turned) < 0.7 else "left" if turned > 0 else "right"
            entering, leaving = source.backward, target.forward
            if kind == "straight":
                pairs = list(zip(entering[::-1], leaving[::-1]))
            else:
                k = 0 if kind == "left" else -1
                pairs = [(entering[k], leaving[k])]
            for before, after in pairs:
                turns.append(draw_turn(network, before, after, (a, b, kind)))
    return turns


def draw_turn(network: Network, before: int, after: int, how: tuple[int, int, str]) -> Turn:
    start, end = network.lanes[before].line, network.lanes[after].line
    h0 = np.arctan2(*(start[-1] - start[-2])[::-1])
    h1 = np.arctan2(*(end[1] - end[0])[::-1])
    lead_in = start[-1] + CROSSING_ROOM_M * 0.8 * np.array([np.cos(h0), np.sin(h0)])
    lead_out = end[0] - CROSSING_ROOM_M * 0.8 * np.array([np.cos(h1), np.sin(h1)])
    middle = curve(lead_in, h0, lead_out, h1)
    line = np.vstack([start[-1], middle, end[0]])
    width = network.lanes[before].width_m
    lane = network.lane(line, width, network.new_road(), is_connector=True)
    network.link(before, lane)
    network.link(lane, after)
    return Turn(lane=lane, source=how[0], target=how[1], kind=how[2])


def clash(network: Network, a: Turn, b: Turn) -> bool:
    """Whether two connectors come closer than cars are wide."""
    lines = (LineString(network.lanes[turn.lane].line) for turn in (a, b))
    first, second = lines
    return first.distance(second) < 2.4


def finish_arms(network: Network, roads: list[Road]) -> None:
    for road in roads:
        close_end(network, road, at_start=False)
        draw_crossing(network, road, CROSSING_ROOM_M - 2.6)
        for lane in road.backward:
            draw_stop_line(network, lane)
        network.starts += road.backward
