"""Cross-sections along a reference line: lanes of both directions, kerb strips, dividers.

Traffic keeps right. Shapes: P vertices of the reference line.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from shapely.geometry import Polygon

from drivewm.worlds.layouts.network import Crossing, Network, normals, offset, resample

SHOULDER_M = 0.6
STOP_LINE_M = 0.5


@dataclass(frozen=True, kw_only=True)
class Section:
    """Lane counts with and against the reference line, lane width, kerb strip, median."""

    forward: int
    backward: int
    lane_m: float
    parking_m: float = 0.0
    median_m: float = 0.0

    @property
    def left_m(self) -> float:
        """From the reference line to the kerb on the left."""
        return self.median_m / 2 + self.backward * self.lane_m + self.parking_m + SHOULDER_M

    @property
    def right_m(self) -> float:
        return self.median_m / 2 + self.forward * self.lane_m + self.parking_m + SHOULDER_M


@dataclass(frozen=True, kw_only=True)
class Road:
    """What was drawn: lane indices from the inside (next to the divider) outwards."""

    forward: tuple[int, ...]
    backward: tuple[int, ...]
    line: np.ndarray  # [P, 2]
    section: Section


def draw_road(
    network: Network, line: np.ndarray, section: Section, lanes_from_m: float = 0.0
) -> Road:
    """Draws a two-way road along ``line``. Lanes begin ``lanes_from_m`` after its start; the
    pavement begins at the start."""
    line = resample(line)
    lane_line = line[round(lanes_from_m) :]
    ids = []
    for count, side in ((section.forward, -1), (section.backward, 1)):
        road, row = network.new_road(), []
        for k in range(count):
            away = side * (section.median_m / 2 + (k + 0.5) * section.lane_m)
            centre = offset(lane_line, away)
            row.append(network.lane(centre if side < 0 else centre[::-1], section.lane_m, road))
        for inner, outer in pairwise(row):
            network.lanes[inner].right, network.lanes[outer].left = outer, inner
        network.dividers += [
            offset(lane_line, side * (section.median_m / 2 + k * section.lane_m))
            for k in range(1, count)
        ]
        if section.parking_m > 0 and count:
            away = side * (section.median_m / 2 + count * section.lane_m + section.parking_m / 2)
            strip = offset(lane_line, away)
            network.parking.append(strip if side < 0 else strip[::-1])
        ids.append(tuple(row))
    network.dividers.append(lane_line.copy())
    network.parking_m = section.parking_m
    kerbs = np.vstack([offset(line, section.left_m), offset(line, -section.right_m)[::-1]])
    network.drivable.append(Polygon(kerbs).buffer(0))
    return Road(forward=ids[0], backward=ids[1], line=line, section=section)


def close_end(network: Network, road: Road, at_start: bool) -> None:
    """Marks the end of the network on a road, where sidewalks stop too."""
    line, reach = road.line, network.sidewalk_m + 3.0
    point, normal = (line[0], normals(line)[0]) if at_start else (line[-1], normals(line)[-1])
    outward = np.array([-normal[1], normal[0]]) * (1 if at_start else -1)
    left = point + normal * (road.section.left_m + reach)
    right = point - normal * (road.section.right_m + reach)
    inner = -0.05 * outward
    network.road_ends.append(
        Polygon([left + inner, right + inner, right + outward * reach, left + outward * reach])
    )


def draw_crossing(network: Network, road: Road, at_m: float, depth_m: float = 3.2) -> None:
    """A zebra crossing over the road, ``at_m`` along its reference line (centre of the band)."""
    index = min(max(round(at_m), 1), len(road.line) - 2)
    point, normal = road.line[index], normals(road.line)[index]
    along = np.array([normal[1], -normal[0]])
    kerbs = np.stack([point - normal * road.section.right_m, point + normal * road.section.left_m])
    half = along * depth_m / 2
    area = Polygon([kerbs[0] - half, kerbs[1] - half, kerbs[1] + half, kerbs[0] + half])
    network.crossings.append(Crossing(polygon=area, kerbs=kerbs, along=along))


def draw_stop_line(network: Network, lane: int) -> None:
    """A stop line across the end of a lane."""
    draft = network.lanes[lane]
    end, normal = draft.line[-1], normals(draft.line)[-1]
    back = np.array([-normal[1], normal[0]]) * STOP_LINE_M
    side = normal * draft.width_m / 2
    corners = [end - side, end + side, end + side + back, end - side + back]
    network.stop_lines.append(Polygon(corners))
