"""A one-lane roundabout with three or four arms; entries yield to the ring."""

from __future__ import annotations

import numpy as np
from shapely.geometry import LineString, Point

from drivewm.worlds.layouts.network import HALF_EXTENT_M, Network, curve
from drivewm.worlds.layouts.roads import (
    Road,
    Section,
    close_end,
    draw_crossing,
    draw_road,
    draw_stop_line,
)  # fmt: skip


def draw_roundabout(network: Network, rng: np.random.Generator) -> None:
    """The ring runs counter-clockwise; each arm leaves it before, and joins it after, its axis."""
    count = int(rng.integers(3, 5))
    angles = rng.uniform(0, 2 * np.pi) + np.arange(count) * 2 * np.pi / count
    angles = angles + rng.uniform(-0.12, 0.12, count)
    radius, lane_m = rng.uniform(15.0, 21.0), rng.uniform(3.4, 3.7)
    ring_m = lane_m + 0.8
    section = Section(
        forward=1, backward=1, lane_m=lane_m, median_m=rng.uniform(0.5, 1.5),
        parking_m=rng.choice([0.0, 2.3]),
    )  # fmt: skip
    spread, inner = rng.uniform(0.5, 0.62), radius + rng.uniform(13.0, 17.0)
    roads = [draw_arm(network, angle, inner, section) for angle in angles]
    ring_road = network.new_road()

    def arc(start: float, end: float) -> int:
        steps = start + np.linspace(0, 1, 40) * ((end - start) % (2 * np.pi))
        line = radius * np.stack([np.cos(steps), np.sin(steps)], -1)
        return network.lane(line, ring_m, ring_road, is_connector=True)

    fronts = [arc(angle - spread, angle + spread) for angle in angles]
    betweens = [arc(angles[k] + spread, angles[(k + 1) % count] - spread) for k in range(count)]
    for k, (road, angle) in enumerate(zip(roads, angles)):
        link_arm(network, road, (fronts[k], betweens[k], betweens[k - 1]), radius, angle, spread)
    draw_ring_area(network, roads, radius, ring_m)


def draw_arm(network: Network, angle: float, inner: float, section: Section) -> Road:
    away = np.array([np.cos(angle), np.sin(angle)])
    reach = min((HALF_EXTENT_M - section.left_m) / np.abs(away).max(), HALF_EXTENT_M)
    road = draw_road(network, np.outer([inner, reach], away), section)
    close_end(network, road, at_start=False)
    draw_crossing(network, road, 6.0)
    draw_stop_line(network, road.backward[0])
    network.starts += road.backward
    return road


def link_arm(network: Network, road: Road, ring, radius: float, angle: float, spread: float):
    """Entry and exit connectors of one arm; the entry yields to the ring before it."""
    front, between, between_before = ring
    into, out = road.backward[0], road.forward[0]
    width = network.lanes[into].width_m

    def on_ring(at: float) -> tuple[np.ndarray, float]:
        return radius * np.array([np.cos(at), np.sin(at)]), at + np.pi / 2

    point, heading = on_ring(angle + spread)
    start = network.lanes[into].line[-1]
    line = curve(start, angle + np.pi, point, heading, 0.42)
    entry = network.lane(line, width, network.new_road(), is_connector=True)
    point, heading = on_ring(angle - spread)
    line = curve(point, heading, network.lanes[out].line[0], angle, 0.42)
    leave = network.lane(line, width, network.new_road(), is_connector=True)
    network.link(into, entry)
    network.link(entry, between)
    network.link(front, between)
    network.link(between_before, front)
    network.link(between_before, leave)
    network.link(leave, out)
    network.yields.append((entry, front, False))


def draw_ring_area(network: Network, roads: list[Road], radius: float, ring_m: float) -> None:
    """Pavement: the ring and the flared mouths of the arms; the island stays unpaved."""
    outer = Point(0, 0).buffer(radius + ring_m / 2 + 0.5, quad_segs=24)
    island = Point(0, 0).buffer(radius - ring_m / 2 - 0.5, quad_segs=24)
    area = outer
    for road in roads:
        normal = road.line[1] - road.line[0]
        normal = np.array([-normal[1], normal[0]]) / np.hypot(*normal)
        mouth = [road.line[0] + normal * road.section.left_m,
                 road.line[0] - normal * road.section.right_m]  # fmt: skip
        area = area.union(LineString(mouth).buffer(0.1).union(outer_side(road, radius)).convex_hull)
    for draft in network.lanes:
        if draft.is_connector:
            area = area.union(LineString(draft.line).buffer(draft.width_m / 2 + 0.4))
    network.junctions.append(area)
    network.drivable.append(area.difference(island).buffer(0))


def outer_side(road: Road, radius: float) -> Point:
    """The part of the ring in front of an arm, as a disc that the mouth is joined with."""
    away = road.line[0] / np.hypot(*road.line[0])
    return Point(*(away * radius)).buffer(radius * 0.45)
