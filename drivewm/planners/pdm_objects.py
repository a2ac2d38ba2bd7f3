"""What PDM-Closed sees and forecasts. Shapes: N tracks, M rows, O observed steps, L lights.

Definition: tuplan_garage ``pdm_observation.py`` and ``pdm_object_manager.py``: the nearest 50
static objects, 50 vehicles, 25 pedestrians and 10 bicycles within the map radius go straight on at
constant velocity; what once overlapped the ego is forgotten for good.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from drivewm.measures.proposals_contact import STOPPED_SPEED_MPS, Boxes, boxes_meet

DT_S = 0.1
STRIDE = 2  # steps of 0.1 s between forecasts
# Rows are in this order, each kind by distance: static objects, vehicles, pedestrians, bicycles.
STATIC = -1
KINDS = np.array([[STATIC, 50], [0, 50], [1, 25], [2, 10]])
ROWS = int(KINDS[:, 1].sum())
LAST_AGENT = 2  # ScoreType up to here moves


class Objects(NamedTuple):
    """M rows of which the first ``rows[0]`` are in use."""

    rows: np.ndarray  # int64 [1]
    track: np.ndarray  # int64 [M]
    heading: np.ndarray  # [M] rad
    speed: np.ndarray  # [M] m/s
    velocity: np.ndarray  # [M, 2] of the forecast, m/s; along the heading or against it
    corners: np.ndarray  # [M, 4, 2] now
    bounds: np.ndarray  # [M, 4] now
    radius: np.ndarray  # [M] half diagonal
    pose: np.ndarray  # [M, O, 4] forecast box centre x, y, cos and sin of the heading
    half: np.ndarray  # [M, 2] half length, half width
    ignored: np.ndarray  # bool [M] overlaps the ego now
    boxes: Boxes  # the same three arrays and what else scoring asks for


class Memory(NamedTuple):
    """What has overlapped the ego in this drive."""

    track: np.ndarray  # bool [N]
    light: np.ndarray  # bool [L], the ego was wholly within the red connector


def empty_objects(observed: int) -> Objects:
    """Room for the rows, forecast ``observed`` times."""
    boxes = Boxes(
        pose=np.zeros((ROWS, observed, 4)), valid=np.ones((ROWS, observed), bool),
        half=np.zeros((ROWS, 2)), is_agent=np.zeros(ROWS, bool), is_stopped=np.zeros(ROWS, bool),
        ignored=np.zeros(ROWS, bool),
    )  # fmt: skip
    return Objects(
        rows=np.zeros(1, np.int64), track=np.zeros(ROWS, np.int64), heading=np.zeros(ROWS),
        speed=np.zeros(ROWS), velocity=np.zeros((ROWS, 2)), corners=np.zeros((ROWS, 4, 2)),
        bounds=np.zeros((ROWS, 4)), radius=np.zeros(ROWS), pose=boxes.pose, half=boxes.half,
        ignored=boxes.ignored, boxes=boxes,
    )  # fmt: skip


@njit(cache=True)
def boxes_in_use(objects: Objects) -> Boxes:
    """The forecast boxes without the empty rows."""
    n, b = objects.rows[0], objects.boxes
    return Boxes(
        b.pose[:n], b.valid[:n], b.half[:n], b.is_agent[:n], b.is_stopped[:n], b.ignored[:n]
    )


@njit(cache=True)
def observe(
    centre: np.ndarray,  # [4] ego box centre x, y, cos, sin
    half_m: np.ndarray,  # [2] ego half length, half width
    radius_m: float,
    state: np.ndarray,  # [N, 6], TrackColumn
    valid: np.ndarray,  # bool [N]
    size: np.ndarray,  # [N, 3]
    score_type: np.ndarray,  # int8 [N]
    memory: Memory,
    objects: Objects,  # written
) -> None:
    """Fills the rows and remembers the tracks that overlap the ego now."""
    objects.rows[0] = 0
    gaps, rows = np.empty(len(state)), np.empty(len(state), np.int64)
    for kind, most in KINDS:
        found = 0
        for n in range(len(state)):
            moves = score_type[n] <= LAST_AGENT
            wanted = score_type[n] == kind if kind != STATIC else not moves
            if not wanted or not valid[n] or memory.track[n]:
                continue
            gap = math.hypot(state[n, 0] - centre[0], state[n, 1] - centre[1])
            if gap <= radius_m:
                gaps[found], rows[found] = gap, n
                found += 1
        order = np.argsort(gaps[:found], kind="mergesort")
        for i in range(min(found, most)):
            n = rows[order[i]]
            _fill_row(objects, n, state[n], size[n], kind != STATIC)
    _meet_ego(centre, half_m, memory, objects)


@njit(cache=True)
def _fill_row(
    objects: Objects, n: int, state: np.ndarray, size: np.ndarray, is_agent: bool
) -> None:
    row, boxes = objects.rows[0], objects.boxes
    objects.rows[0] = row + 1
    x, y, heading = state[0], state[1], state[3]
    speed = math.hypot(state[4], state[5]) if is_agent else 0.0
    cos, sin = math.cos(heading), math.sin(heading)
    turned = heading - math.atan2(state[5], state[4])
    turned = abs(math.atan2(math.sin(turned), math.cos(turned)))
    along = speed if turned < math.pi / 2 else -speed
    objects.track[row], objects.heading[row], objects.speed[row] = n, heading, speed
    objects.velocity[row, 0], objects.velocity[row, 1] = along * cos, along * sin
    long_m, wide_m = size[0] / 2, size[1] / 2
    objects.radius[row] = math.hypot(long_m, wide_m)
    boxes.half[row, 0], boxes.half[row, 1] = long_m, wide_m
    boxes.is_agent[row] = is_agent
    boxes.is_stopped[row] = not is_agent or speed <= STOPPED_SPEED_MPS
    bounds = objects.bounds[row]
    bounds[0] = bounds[1] = np.inf
    bounds[2] = bounds[3] = -np.inf
    for c in range(4):
        ahead = long_m if c == 0 or c == 3 else -long_m
        left = wide_m if c < 2 else -wide_m
        cx, cy = x + ahead * cos - left * sin, y + ahead * sin + left * cos
        objects.corners[row, c, 0], objects.corners[row, c, 1] = cx, cy
        bounds[0], bounds[1] = min(bounds[0], cx), min(bounds[1], cy)
        bounds[2], bounds[3] = max(bounds[2], cx), max(bounds[3], cy)
    for o in range(boxes.pose.shape[1]):
        time_s = o * STRIDE * DT_S
        pose = boxes.pose[row, o]
        pose[0], pose[1] = x + time_s * along * cos, y + time_s * along * sin
        pose[2], pose[3] = cos, sin


@njit(cache=True)
def _meet_ego(centre: np.ndarray, half_m: np.ndarray, memory: Memory, objects: Objects) -> None:
    boxes = objects.boxes
    for row in range(objects.rows[0]):
        pose, half = boxes.pose[row, 0], boxes.half[row]
        boxes.ignored[row] = boxes_meet(
            pose[0] - centre[0], pose[1] - centre[1], centre[2], centre[3], half_m[0], half_m[1],
            pose[2], pose[3], half[0], half[1],
        )  # fmt: skip
        if boxes.ignored[row]:
            memory.track[objects.track[row]] = True
