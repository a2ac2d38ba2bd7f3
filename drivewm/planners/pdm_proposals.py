"""Proposals of PDM-Closed: IDM drives along parallel paths. Shapes: K paths, F targets, B = K F.

Definition: tuplan_garage ``pdm_generator.py`` and ``batch_idm_policy.py``. The lead is looked for
every second step, in the corridor of the path; of several, the nearest to the proposal's own box.
Shapes also: H steps, M object rows, L lights.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from drivewm.geometry.overlap import fill_corners
from drivewm.geometry.polygons import PolygonSet
from drivewm.planners.pdm_corridor import (
    Corridors,
    build_corridor,
    corridor_clearance,
    corridor_meets_polygon,
)
from drivewm.planners.pdm_objects import DT_S, ROWS, STRIDE, Memory, Objects
from drivewm.planners.pdm_path import Paths, pose_at, project
from drivewm.planners.pdm_shapes import box_polygon_distance, boxes_gap
from drivewm.planners.pdm_tree import tree_ranks

EXPONENT = 10


class Law(NamedTuple):
    """IDM parameters of every proposal."""

    min_gap_m: float
    headway_s: float
    accel_mps2: float
    decel_mps2: float


class Car(NamedTuple):
    """The ego's size."""

    length_m: float
    width_m: float
    rear_axle_to_center_m: float
    wheelbase_m: float


class Signals(NamedTuple):
    """Lights by the lane they control; only those of the route's lanes count."""

    lanes: PolygonSet  # the map's lanes
    lane_bounds: np.ndarray  # those of ``lanes``
    lane: np.ndarray  # int64 [L], row of ``lanes``; -1: not of the route
    centroid: np.ndarray  # [L, 2]
    red: np.ndarray  # bool [L] now and on the route


class Proposals(NamedTuple):
    """What is unrolled; rewritten at every plan."""

    poses: np.ndarray  # [B, H + 1, 3] rear axle
    arc_m: np.ndarray  # [B, H + 1] along the path
    speed_mps: np.ndarray  # [B, H + 1]
    lead: np.ndarray  # [B, H + 1, 3] arc length, speed, length behind its reference point
    segment: np.ndarray  # int64 [B] of the path at the last step
    target_mps: np.ndarray  # [F]
    standing: np.ndarray  # bool [M] stands in the corridor
    standing_m: np.ndarray  # [M] and where along the path
    clear_until: np.ndarray  # [M] step before which the row cannot meet the corridor
    light_m: np.ndarray  # [L] arc length of red lights in the corridor, NaN: not in it
    found: np.ndarray  # int64 [M + L] rows in the corridor; lights after the objects
    found_m: np.ndarray  # [M + L]
    ranks: np.ndarray  # int64 [H + 1, M + L] order of a tree query at a step
    ranked: np.ndarray  # bool [H + 1] is it known?


def empty_proposals(paths: int, targets: int, steps: int, lights: int) -> Proposals:
    """Room for the drives of ``steps`` steps."""
    count, rows = paths * targets, ROWS + lights
    return Proposals(
        poses=np.zeros((count, steps + 1, 3)), arc_m=np.zeros((count, steps + 1)),
        speed_mps=np.zeros((count, steps + 1)), lead=np.zeros((count, steps + 1, 3)),
        segment=np.zeros(count, np.int64), target_mps=np.zeros(targets),
        standing=np.zeros(ROWS, bool), standing_m=np.zeros(ROWS), clear_until=np.zeros(ROWS),
        light_m=np.zeros(lights), found=np.zeros(rows, np.int64), found_m=np.zeros(rows),
        ranks=np.zeros((steps + 1, rows), np.int64), ranked=np.zeros(steps + 1, bool),
    )  # fmt: skip


@njit(cache=True)
def begin(proposals: Proposals, paths: Paths, corridors: Corridors, k: int, ego: np.ndarray,
          width_m: float, steps: int) -> None:  # fmt: skip
    """Puts the proposals of path ``k`` at the ego and draws the path's corridor."""
    targets = len(proposals.target_mps)
    at_m = project(paths, k, ego[0], ego[1])
    for b in range(k * targets, (k + 1) * targets):
        proposals.arc_m[b, 0], proposals.speed_mps[b, 0] = at_m, ego[3]
        proposals.lead[b, 0] = 0.0
        proposals.segment[b] = pose_at(paths, k, at_m, 0, proposals.poses[b, 0])
    reach_m = abs(np.max(proposals.target_mps)) * steps * DT_S
    build_corridor(corridors, paths, k, at_m, at_m + reach_m, width_m / 2)


@njit(cache=True)
def look_up(
    proposals: Proposals,
    paths: Paths,
    corridors: Corridors,
    k: int,
    signals: Signals,
    memory: Memory,
) -> None:
    """Forgets what was found in another corridor and finds the red lights of this one."""
    proposals.standing[:] = False
    proposals.clear_until[:] = 0.0
    for light in range(len(signals.red)):
        proposals.light_m[light] = np.nan
        if not signals.red[light] or memory.light[light]:
            continue
        if corridor_meets_polygon(corridors, k, signals.lanes, signals.lane[light]):
            x, y = signals.centroid[light]
            proposals.light_m[light] = project(paths, k, x, y)


@njit(cache=True)
def unroll(
    proposals: Proposals,
    paths: Paths,
    corridors: Corridors,
    first: int,
    last: int,
    begin_step: int | np.int64,  # a literal number would be compiled apart
    end_step: int,
    objects: Objects,
    signals: Signals,
    law: Law,
    car: Car,
) -> None:
    """Drives proposals [first, last) of one path through steps [begin_step, end_step)."""
    targets = len(proposals.target_mps)
    k = first // targets
    box = np.empty((4, 2))
    for t in range(begin_step, end_step):
        if t % STRIDE == 0:
            found = _rows_in_corridor(proposals, paths, corridors, k, t, objects, box)
            _choose_leads(proposals, paths, k, first, last, t, found, objects, signals, car, box)
        else:
            for b in range(first, last):
                for c in range(3):
                    proposals.lead[b, t, c] = proposals.lead[b, t - 1, c]
        for b in range(first, last):
            _drive(proposals, b, t, proposals.target_mps[b % targets], law)
            proposals.segment[b] = pose_at(
                paths, k, proposals.arc_m[b, t], proposals.segment[b], proposals.poses[b, t]
            )


@njit(cache=True)
def _drive(proposals: Proposals, b: int, t: int, target_mps: float, law: Law) -> None:
    """One forward-Euler step; the speed may pass below zero, as in the reference."""
    at_m, speed = proposals.arc_m[b, t - 1], proposals.speed_mps[b, t - 1]
    lead_m, lead_mps, behind_m = (
        proposals.lead[b, t, 0], proposals.lead[b, t, 1], proposals.lead[b, t, 2]
    )  # fmt: skip
    closing = speed * (speed - lead_mps) / (2 * math.sqrt(law.accel_mps2 * law.decel_mps2))
    wished = law.min_gap_m + speed * law.headway_s + closing
    gap = max(lead_m - at_m - behind_m, law.min_gap_m)
    free = (speed / max(target_mps, 1e-9)) ** EXPONENT
    accel = law.accel_mps2 * (1 - free - (wished / gap) ** 2)
    accel = min(max(accel, -law.decel_mps2), law.accel_mps2)
    proposals.arc_m[b, t] = at_m + DT_S * speed
    proposals.speed_mps[b, t] = speed + DT_S * accel


@njit(cache=True)
def _rows_in_corridor(
    proposals: Proposals,
    paths: Paths,
    corridors: Corridors,
    k: int,
    t: int,
    objects: Objects,
    box: np.ndarray,  # [4, 2] scratch
) -> int:
    """Fills ``found`` with the objects and lights of the corridor at step t; their number."""
    count, bounds = 0, np.empty(4)
    for row in range(objects.rows[0]):
        if objects.ignored[row] or t < proposals.clear_until[row]:
            continue
        stands = objects.speed[row] == 0.0
        if stands and proposals.standing[row]:
            meets, at_m = True, proposals.standing_m[row]
        else:
            _moved(objects, row, t * DT_S, box, bounds)
            clear_m = corridor_clearance(corridors, k, box, bounds)
            meets, at_m = clear_m < 0.0, 0.0
            if meets:
                x = objects.pose[row, 0, 0] + t * DT_S * objects.velocity[row, 0]
                y = objects.pose[row, 0, 1] + t * DT_S * objects.velocity[row, 1]
                at_m = project(paths, k, x, y)
                proposals.standing[row], proposals.standing_m[row] = stands, at_m
            elif stands:
                proposals.clear_until[row] = np.inf
            else:
                proposals.clear_until[row] = t + clear_m / (objects.speed[row] * DT_S)
        if meets:
            proposals.found[count], proposals.found_m[count] = row, at_m
            count += 1
    for light in range(len(proposals.light_m)):
        if not math.isnan(proposals.light_m[light]):
            proposals.found[count] = ROWS + light
            proposals.found_m[count] = proposals.light_m[light]
            count += 1
    return count


@njit(cache=True)
def _moved(objects: Objects, row: int, time_s: float, box: np.ndarray, bounds: np.ndarray) -> None:
    """The forecast box [4, 2] of a row and its bounds [4]."""
    dx, dy = time_s * objects.velocity[row, 0], time_s * objects.velocity[row, 1]
    for c in range(4):
        box[c, 0], box[c, 1] = objects.corners[row, c, 0] + dx, objects.corners[row, c, 1] + dy
    for c in range(2):
        bounds[2 * c] = objects.bounds[row, 2 * c] + dx
        bounds[2 * c + 1] = objects.bounds[row, 2 * c + 1] + dy


@njit(cache=True)
def _choose_leads(
    proposals: Proposals,
    paths: Paths,
    k: int,
    first: int,
    last: int,
    t: int,
    found: int,
    objects: Objects,
    signals: Signals,
    car: Car,
    box: np.ndarray,  # [4, 2] scratch
) -> None:
    """The lead of every proposal at step t.

    As in the reference, what one case does not set stays as the proposal before left it: behind a
    red light the speed of the lead, behind anything the length of free road.
    """
    lead_m = lead_mps = behind_m = 0.0
    for b in range(first, last):
        at_m = proposals.arc_m[b, t - 1]
        row, gap = -1, np.inf
        for i in range(found):
            if proposals.found_m[i] > at_m:
                row, gap = _nearest(proposals, b, t, found, objects, signals, car, box)
                break
        if row < 0:
            lead_m, behind_m = paths.arc_m[k, -1], car.length_m / 2
        else:
            lead_m = at_m + gap
            if row < ROWS:
                turned = objects.heading[row] - proposals.poses[b, t - 1, 2]
                lead_mps = objects.speed[row] * math.cos(turned)
        proposals.lead[b, t, 0] = lead_m
        proposals.lead[b, t, 1] = lead_mps
        proposals.lead[b, t, 2] = behind_m


@njit(cache=True)
def _nearest(
    proposals: Proposals,
    b: int,
    t: int,
    found: int,
    objects: Objects,
    signals: Signals,
    car: Car,
    box: np.ndarray,  # [4, 2] scratch
) -> tuple[int, float]:
    """(row, distance) of the nearest of what is found ahead of proposal ``b`` at step t.

    Of several that overlap the box, the one that a query of the reference's tree names first.
    """
    at_m, time_s, turn = proposals.arc_m[b, t - 1], t * DT_S, proposals.poses[b, t - 1, 2]
    cos, sin = math.cos(turn), math.sin(turn)
    x = proposals.poses[b, t - 1, 0] + car.rear_axle_to_center_m * cos
    y = proposals.poses[b, t - 1, 1] + car.rear_axle_to_center_m * sin
    long_m, wide_m, drawn = car.length_m / 2, car.width_m / 2, False
    radius = math.hypot(long_m, wide_m)
    best, gap = -1, np.inf
    for i in range(found):
        row = proposals.found[i]
        if not proposals.found_m[i] > at_m:
            continue
        if row < ROWS:
            dx = objects.pose[row, 0, 0] + time_s * objects.velocity[row, 0] - x
            dy = objects.pose[row, 0, 1] + time_s * objects.velocity[row, 1] - y
            reach = gap + radius + objects.radius[row]
            if dx * dx + dy * dy > reach * reach:
                continue
            distance = boxes_gap(
                dx, dy, cos, sin, long_m, wide_m, objects.pose[row, 0, 2], objects.pose[row, 0, 3],
                objects.half[row, 0], objects.half[row, 1],
            )  # fmt: skip
        else:
            lane, reach = signals.lane[row - ROWS], gap + radius
            if _far_from(signals.lane_bounds, lane, x, y, reach):
                continue
            if not drawn:
                fill_corners(x, y, turn, car.length_m, car.width_m, box)
                drawn = True
            distance = box_polygon_distance(box, signals.lanes, lane)
        if distance < gap:
            best, gap = row, distance
        elif distance == 0.0 and gap == 0.0:
            if not proposals.ranked[t]:
                _rank(proposals, t, objects, signals)
            if proposals.ranks[t, row] < proposals.ranks[t, best]:
                best = row
    return best, gap


@njit(cache=True)
def _far_from(bounds: np.ndarray, p: int, x: float, y: float, reach_m: float) -> bool:
    """Is (x, y) farther than ``reach_m`` from bounds ``p`` of [P, 4]?"""
    dx = max(max(bounds[p, 0] - x, 0.0), x - bounds[p, 2])
    dy = max(max(bounds[p, 1] - y, 0.0), y - bounds[p, 3])
    return dx * dx + dy * dy > reach_m * reach_m


@njit(cache=True)
def _rank(proposals: Proposals, t: int, objects: Objects, signals: Signals) -> None:
    """Fills the order in which a tree of everything at step t names it."""
    count, lights = objects.rows[0], len(signals.red)
    bounds, place = np.empty((count + lights, 4)), np.empty(count + lights, np.int64)
    box = np.empty((4, 2))
    for row in range(count):
        _moved(objects, row, t * DT_S, box, bounds[row])
        place[row] = row
    for light in range(lights):
        if signals.red[light]:
            bounds[count] = signals.lanes.bounds[signals.lane[light]]
            place[count] = ROWS + light
            count += 1
    ranks = tree_ranks(bounds[:count])
    for i in range(count):
        proposals.ranks[t, place[i]] = ranks[i]
    proposals.ranked[t] = True
