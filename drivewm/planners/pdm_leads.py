"""Whom a proposal follows. Shapes: B proposals, H steps, M object rows, L lights.

Definition: tuplan_garage ``PDMGenerator._update_leading_agents``: of what is in the corridor of the
path and ahead of the proposal, the nearest to the proposal's own box.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from drivewm.geometry.overlap import fill_corners
from drivewm.planners.pdm_corridor import Corridors, corridor_clearance
from drivewm.planners.pdm_objects import DT_S, ROWS, Objects
from drivewm.planners.pdm_path import Paths, project
from drivewm.planners.pdm_shapes import box_polygon_distance, boxes_gap
from drivewm.planners.pdm_tree import tree_ranks
from drivewm.planners.pdm_types import Car, Proposals, Signals


@njit(cache=True)
def rows_in_corridor(
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
def choose_leads(
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
