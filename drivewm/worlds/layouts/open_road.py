"""Layouts without a junction: the straight multi-lane road, the curve, the merge."""

from __future__ import annotations

import numpy as np
from shapely.geometry import LineString

from drivewm.worlds.layouts.network import HALF_EXTENT_M, Network, curve, offset, resample
from drivewm.worlds.layouts.roads import Section, close_end, draw_crossing, draw_road


def draw_straight(network: Network, rng: np.random.Generator) -> None:
    """A straight two-way road of two or three lanes each way, slightly turned and bent."""
    turn = rng.uniform(-0.35, 0.35) + rng.choice([0.0, np.pi / 2])
    x = np.arange(-HALF_EXTENT_M, HALF_EXTENT_M + 1)
    y = rng.uniform(-6, 6) * np.sin(x / rng.uniform(60, 90) + rng.uniform(0, 6))
    line = rotated(np.stack([x, y], -1), turn)
    section = Section(
        forward=int(rng.integers(2, 4)), backward=int(rng.integers(1, 4)),
        lane_m=rng.uniform(3.2, 3.7), parking_m=rng.choice([0.0, 2.3], p=[0.3, 0.7]),
    )  # fmt: skip
    road = draw_road(network, fitted(line), section)
    for at_start in (True, False):
        close_end(network, road, at_start)
    draw_crossing(network, road, rng.uniform(90, 190))
    network.starts += road.forward


def draw_curve(network: Network, rng: np.random.Generator) -> None:
    """Straight, arc, straight; left or right; one or two lanes each way."""
    radius, angle = rng.uniform(38, 85), rng.uniform(0.7, 1.6) * rng.choice([-1, 1])
    legs = rng.uniform(90, 110), rng.uniform(100, 130)
    steps = np.linspace(0, 1, 80)
    arc = np.stack([np.sin(steps * abs(angle)), 1 - np.cos(steps * abs(angle))], -1) * radius
    arc[:, 1] *= np.sign(angle)
    out = np.array([np.cos(angle), np.sin(angle)])
    line = np.vstack([[-legs[0], 0.0], arc, arc[-1] + legs[1] * out])
    lanes = int(rng.integers(1, 3))
    section = Section(
        forward=lanes, backward=int(rng.integers(1, 3)), lane_m=rng.uniform(3.2, 3.7),
        parking_m=rng.choice([0.0, 2.3], p=[0.4, 0.6]),
    )  # fmt: skip
    road = draw_road(network, fitted(rotated(line, rng.uniform(0, 2 * np.pi))), section)
    for at_start in (True, False):
        close_end(network, road, at_start)
    draw_crossing(network, road, rng.uniform(30, 60))
    network.starts += road.forward


def draw_merge(network: Network, rng: np.random.Generator) -> None:
    """A carriageway of two or three lanes that a ramp joins from the right, with the opposite
    carriageway behind a median."""
    lane_m, lanes = rng.uniform(3.3, 3.7), int(rng.integers(2, 4))
    join_x, turn = rng.uniform(0, 30), rng.uniform(-0.3, 0.3)
    section = Section(forward=lanes, backward=lanes, lane_m=lane_m, median_m=rng.uniform(1.5, 4.0))
    x = np.array([-HALF_EXTENT_M, join_x, HALF_EXTENT_M])
    ends = rotated(np.stack([x, np.zeros(3)], -1), turn)
    before = draw_road(network, ends[:2], section)
    after = draw_road(network, ends[1:], section)
    for first, second in zip(before.forward, after.forward):
        network.link(first, second)
    for first, second in zip(before.backward, after.backward):
        network.link(second, first)
    close_end(network, before, True)
    close_end(network, after, False)
    away = -(section.median_m / 2 + (lanes - 0.5) * lane_m)
    angle, reach = rng.uniform(0.25, 0.45), rng.uniform(45, 65)
    foot = rotated(np.array([[join_x - reach, away - lane_m - rng.uniform(3, 5)]]), turn)[0]
    back = np.array([np.cos(turn + angle), np.sin(turn + angle)])
    ramp_line = bounded(np.array([foot - back * 110, foot]))
    road = network.new_road()
    ramp = network.lane(ramp_line, lane_m, road)
    target = network.lanes[after.forward[-1]].line
    join = network.lane(
        curve(foot, turn + angle, target[0], turn), lane_m, network.new_road(), is_connector=True
    )
    network.link(ramp, join)
    network.link(join, after.forward[-1])
    network.yields.append((join, before.forward[-1], False))
    draw_ramp_area(network, ramp, join)
    network.starts += [*before.forward, ramp]


def draw_ramp_area(network: Network, ramp: int, join: int) -> None:
    """Pavement under the ramp and the end of its sidewalk."""
    line = np.vstack([network.lanes[ramp].line, network.lanes[join].line[1:]])
    half = network.lanes[ramp].width_m / 2 + 0.6
    network.drivable.append(LineString(line).buffer(half, cap_style="flat"))
    outward = line[0] - line[1]
    outward /= np.hypot(*outward)
    cap = LineString([line[0] - 0.05 * outward, line[0] + outward * (network.sidewalk_m + 3)])
    network.road_ends.append(cap.buffer(half + network.sidewalk_m + 3, cap_style="flat"))


def rotated(line: np.ndarray, turn_rad: float) -> np.ndarray:
    cos, sin = np.cos(turn_rad), np.sin(turn_rad)
    return line @ np.array([[cos, sin], [-sin, cos]])


def fitted(line: np.ndarray) -> np.ndarray:
    """The line centred on the origin and cut to the network's square; [P, 2]."""
    line = resample(line)
    return bounded(line - (line.min(0) + line.max(0)) / 2)


def bounded(line: np.ndarray) -> np.ndarray:
    """The part of a polyline inside the network's square."""
    line = resample(line)
    return line[np.abs(line).max(1) <= HALF_EXTENT_M]


__all__ = ["draw_curve", "draw_merge", "draw_straight", "offset"]
