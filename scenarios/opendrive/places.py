"""From (road, lane, s, t) to the map frame. Shapes: N places.

Lane edges and centres are t coordinates; headings follow increasing s.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from drivewm.scenarios.opendrive.model import LaneSection, Road

STEP_M = 0.5  # of centrelines and edges, along s


class Pose(NamedTuple):
    """A place in the map frame; the heading follows increasing s, whichever way one drives."""

    x_m: float
    y_m: float
    heading_rad: float  # -pi to pi


def offset_points(road: Road, s_m: np.ndarray, t_m: np.ndarray) -> np.ndarray:
    """The points [N, 2] at s and t ([N] each)."""
    line = road.plan.at(s_m)
    return np.stack(
        [line.x_m - t_m * np.sin(line.heading_rad), line.y_m + t_m * np.cos(line.heading_rad)], -1
    )


def pose(road: Road, s_m: float, t_m: float, slope: float = 0.0) -> Pose:
    """One place; ``slope`` is dt/ds of the line whose heading is wanted (0: parallel)."""
    line = road.plan.at(np.array([s_m]))
    (x, y), hdg = offset_points(road, np.array([s_m]), np.array([t_m]))[0], line.heading_rad[0]
    heading = hdg + np.arctan2(slope, 1.0 - line.curvature_per_m[0] * t_m)
    return Pose(float(x), float(y), float(np.arctan2(np.sin(heading), np.cos(heading))))


def lane_edges(
    road: Road, section: LaneSection, lane_id: int, s_m: np.ndarray, order: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """t of the inner and the outer edge of a lane at s ([N]); of order 1 their slopes dt/ds.

    Lane 0 is the centre line: both edges are the lane offset. A negative width counts as 0.
    """
    end = section.end_m
    offset = road.lane_offset
    outer = offset.at(s_m, end) if order == 0 else offset.slope(s_m, end)
    inner = outer
    sign = 1.0 if lane_id > 0 else -1.0
    for lane in section.side(lane_id):
        inner = outer
        if lane.borders is not None:
            edge = lane.borders.at(s_m) if order == 0 else lane.borders.slope(s_m)
            outer = sign * edge
            continue
        width = lane.widths.at(s_m)
        change = np.maximum(width, 0.0) if order == 0 else lane.widths.slope(s_m)
        outer = inner + sign * np.where(width > 0, change, 0.0)
    return inner, outer


def lane_centre(
    road: Road, section: LaneSection, lane_id: int, s_m: np.ndarray, order: int = 0
) -> np.ndarray:
    """t of the middle of a lane at s ([N]); of order 1 its slope."""
    inner, outer = lane_edges(road, section, lane_id, s_m, order)
    return 0.5 * (inner + outer)


def lane_width(road: Road, section: LaneSection, lane_id: int, s_m: np.ndarray) -> np.ndarray:
    """Width at s ([N]), never negative."""
    inner, outer = lane_edges(road, section, lane_id, s_m)
    return np.maximum((outer - inner) * (1.0 if lane_id > 0 else -1.0), 0.0)


def lane_at(road: Road, section: LaneSection, s_m: float, t_m: float) -> int | None:
    """The id of the lane that (s, t) lies in; None beyond the outermost."""
    s = np.array([s_m])
    side = 1 if t_m >= float(road.lane_offset.at(s, section.end_m)[0]) else -1
    ids = sorted((i for i in section.lanes if i * side > 0), key=abs)
    for lane_id in ids:
        inner, outer = (float(edge[0]) for edge in lane_edges(road, section, lane_id, s))
        if min(inner, outer) - 1e-9 <= t_m <= max(inner, outer) + 1e-9 and inner != outer:
            return lane_id
    return None


def steps(low_m: float, high_m: float, step_m: float = STEP_M) -> np.ndarray:
    """Distances from low to high, both kept, at even spacing of at most ``step_m``."""
    return np.linspace(low_m, high_m, max(int(np.ceil((high_m - low_m) / step_m)), 1) + 1)


def lane_line(
    road: Road,
    section: LaneSection,
    lane_id: int,
    low_m: float | None = None,
    high_m: float | None = None,
    step_m: float = STEP_M,
) -> np.ndarray:
    """The middle of a lane as points [P, 2] along s, over the section or a part of it."""
    low = section.start_m if low_m is None else low_m
    s = steps(low, section.end_m if high_m is None else high_m, step_m)
    return offset_points(road, s, lane_centre(road, section, lane_id, s))
