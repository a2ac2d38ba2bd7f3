"""Contacts of proposals with tracks and red lights. Shapes: T steps, N tracks, O observed steps.

Definitions: NAVSIM ``pdm_scorer.py`` (``_calculate_no_at_fault_collision``, ``_calculate_ttc``,
``_calculate_traffic_light_compliance``). A track's first contact decides about that track: at
fault it counts, else the track is out of the game. References: Shapely (in the tests).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from drivewm.measures.proposals_areas import Areas, contains, in_kind

STOPPED_SPEED_MPS = 0.05
STOPPED_IN_TTC_MPS = 5e-3
AHEAD_RAD = math.radians(30.0)
BEHIND_RAD = math.radians(150.0)
LOOK_AHEAD_STEPS, LOOK_AHEAD_STRIDE = 10, 3  # 0, 0.3, 0.6, 0.9 s
INTERSECTION = 8  # Ground.INTERSECTION
NEVER = -1


class Boxes(NamedTuple):
    """Tracks as they are, or are forecast to be, at the observed steps."""

    pose: np.ndarray  # [N, O, 4] box centre x, y, cos and sin of the heading
    valid: np.ndarray  # bool [N, O]
    half: np.ndarray  # [N, 2] half length, half width
    is_agent: np.ndarray  # bool [N]: vehicle, pedestrian, bicycle; others cost half
    is_stopped: np.ndarray  # bool [N]: where first seen, or not an agent
    ignored: np.ndarray  # bool [N]: collided before


class RedLights(NamedTuple):
    """Connector polygons and when their light is red."""

    polygons: Areas
    red: np.ndarray  # bool [L, O]


@njit(cache=True)
def boxes_meet(
    dx: float, dy: float,  # from box a's centre to box b's
    cos_a: float, sin_a: float, long_a: float, wide_a: float,  # halves; 0 makes a segment
    cos_b: float, sin_b: float, long_b: float, wide_b: float,
) -> bool:  # fmt: skip
    """Separating-axis test of two oriented boxes; touching counts."""
    cos, sin = abs(cos_a * cos_b + sin_a * sin_b), abs(cos_a * sin_b - sin_a * cos_b)
    if abs(dx * cos_a + dy * sin_a) > long_a + long_b * cos + wide_b * sin:
        return False
    if abs(dy * cos_a - dx * sin_a) > wide_a + long_b * sin + wide_b * cos:
        return False
    if abs(dx * cos_b + dy * sin_b) > long_b + long_a * cos + wide_a * sin:
        return False
    return abs(dy * cos_b - dx * sin_b) <= wide_b + long_a * sin + wide_a * cos


@njit(cache=True)
def _angle(dx: float, dy: float, cos: float, sin: float) -> float:
    """Unsigned angle between a heading and a direction, rad."""
    norm = math.hypot(dx, dy)
    if norm == 0.0:
        return 0.0
    return math.acos(min(1.0, max(-1.0, (cos * dx + sin * dy) / norm)))


@njit(cache=True)
def fill_reach(tracks: Boxes, bounds: np.ndarray) -> None:
    """Bounds [N, 4] (min x, min y, max x, max y) of all that a track ever covers; inf if never."""
    for n in range(len(tracks.valid)):
        box = bounds[n]
        box[0] = box[1] = np.inf
        box[2] = box[3] = -np.inf
        radius = math.hypot(tracks.half[n, 0], tracks.half[n, 1])
        for t in range(tracks.valid.shape[1]):
            if tracks.valid[n, t]:
                x, y = tracks.pose[n, t, 0], tracks.pose[n, t, 1]
                box[0], box[1] = min(box[0], x - radius), min(box[1], y - radius)
                box[2], box[3] = max(box[2], x + radius), max(box[3], y + radius)


@njit(cache=True)
def first_contact(
    states: np.ndarray,  # [T, 11], EgoColumn
    centre: np.ndarray,  # [T, 4] box centre x, y, cos, sin
    where: np.ndarray,  # uint8 [T], Where
    long_m: float,  # half length
    wide_m: float,  # half width
    tracks: Boxes,
    n: int,
    stride: int,
) -> tuple[int, bool]:
    """(step of the ego's first contact with track ``n`` or NEVER, is the ego at fault?)"""
    half_long, half_wide = tracks.half[n, 0], tracks.half[n, 1]
    reach2 = (math.hypot(long_m, wide_m) + math.hypot(half_long, half_wide)) ** 2
    pose, valid = tracks.pose, tracks.valid
    for t in range(len(states)):
        o = t // stride
        dx, dy = pose[n, o, 0] - centre[t, 0], pose[n, o, 1] - centre[t, 1]
        if dx * dx + dy * dy > reach2 or not valid[n, o]:
            continue
        cos, sin, track_cos, track_sin = centre[t, 2], centre[t, 3], pose[n, o, 2], pose[n, o, 3]
        if not boxes_meet(
            dx, dy, cos, sin, long_m, wide_m, track_cos, track_sin, half_long, half_wide
        ):
            continue
        if math.hypot(states[t, 3], states[t, 4]) <= STOPPED_SPEED_MPS:
            return t, False
        if tracks.is_stopped[n]:
            return t, True
        if (
            _angle(pose[n, o, 0] - states[t, 0], pose[n, o, 1] - states[t, 1], cos, sin)
            > BEHIND_RAD
        ):
            return t, False
        front_x, front_y = dx - long_m * cos, dy - long_m * sin  # from the bumper
        if boxes_meet(
            front_x, front_y, cos, sin, 0.0, wide_m, track_cos, track_sin, half_long, half_wide
        ):
            return t, True
        return t, (where[t] & 3) != 0
    return NEVER, False


@njit(cache=True)
def first_ttc_infraction(
    states: np.ndarray,
    centre: np.ndarray,
    where: np.ndarray,
    long_m: float,
    wide_m: float,
    tracks: Boxes,
    n: int,
    stride: int,
    steps: int,  # judged
    dt_s: float,
    ground: Areas,
) -> int:
    """First step at which the ego, going straight on for up to 0.9 s, would meet track ``n``
    ahead of it (or beside it, out of a single lane or in an intersection), or NEVER.

    The track is where it will be, not projected.
    """
    half_long, half_wide = tracks.half[n, 0], tracks.half[n, 1]
    reach2 = (math.hypot(long_m, wide_m) + math.hypot(half_long, half_wide)) ** 2
    pose, valid = tracks.pose, tracks.valid
    for t in range(steps):
        speed = math.hypot(states[t, 3], states[t, 4])
        if speed < STOPPED_IN_TTC_MPS:
            continue
        x, y, cos, sin = centre[t, 0], centre[t, 1], centre[t, 2], centre[t, 3]
        for ahead in range(0, LOOK_AHEAD_STEPS, LOOK_AHEAD_STRIDE):
            o = (t + ahead) // stride
            gone_m = speed * (ahead * dt_s)
            dx, dy = pose[n, o, 0] - x - gone_m * cos, pose[n, o, 1] - y - gone_m * sin
            if dx * dx + dy * dy > reach2 or not valid[n, o]:
                continue
            if not boxes_meet(
                dx, dy, cos, sin, long_m, wide_m, pose[n, o, 2], pose[n, o, 3], half_long, half_wide
            ):
                continue
            angle = _angle(pose[n, o, 0] - states[t, 0], pose[n, o, 1] - states[t, 1], cos, sin)
            if angle < AHEAD_RAD:
                return t
            if angle > BEHIND_RAD:
                return NEVER
            if (where[t] & 3) != 0 or in_kind(ground, INTERSECTION, states[t, 0], states[t, 1]):
                return t
            return NEVER
    return NEVER


@njit(cache=True)
def meets_red_light(
    corners: np.ndarray,  # [T, 5, 2]
    centre: np.ndarray,  # [T, 4]
    long_m: float,
    wide_m: float,
    lights: RedLights,
    stride: int,
) -> bool:
    """Does the ego ever meet the connector of a light that is red then? (touching counts)"""
    for light in range(len(lights.red)):
        bounds = lights.polygons.bounds[light]
        for t in range(len(corners)):
            if not lights.red[light, t // stride]:
                continue
            box = corners[t]
            if (
                max(max(box[0, 0], box[1, 0]), max(box[2, 0], box[3, 0])) < bounds[0]
                or max(max(box[0, 1], box[1, 1]), max(box[2, 1], box[3, 1])) < bounds[1]
                or min(min(box[0, 0], box[1, 0]), min(box[2, 0], box[3, 0])) > bounds[2]
                or min(min(box[0, 1], box[1, 1]), min(box[2, 1], box[3, 1])) > bounds[3]
            ):
                continue
            if box_meets_polygon(box, centre[t], long_m, wide_m, lights.polygons, light):
                return True
    return False


@njit(cache=True)
def box_meets_polygon(
    corners: np.ndarray,  # [5, 2]
    centre: np.ndarray,  # [4] x, y, cos, sin
    long_m: float,
    wide_m: float,
    polygons: Areas,
    p: int,
) -> bool:
    """Does the box meet polygon ``p``: one of its edges, or its inside?"""
    first, last = polygons.slab_first[p], polygons.slab_first[p + 1]
    for i in range(polygons.edge_first[first], polygons.edge_first[last]):
        ax, ay, bx, by = polygons.edges[i]
        if polygons.turned[p]:
            ax, ay, bx, by = ay, ax, by, bx
        ux, uy = (bx - ax) / 2, (by - ay) / 2
        half = math.hypot(ux, uy)
        if half == 0.0:
            continue
        dx, dy = ax + ux - centre[0], ay + uy - centre[1]
        if boxes_meet(
            dx, dy, centre[2], centre[3], long_m, wide_m, ux / half, uy / half, half, 0.0
        ):
            return True
    return contains(polygons, p, corners[0, 0], corners[0, 1])
