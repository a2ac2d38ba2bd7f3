"""Proposals of PDM-Closed: IDM drives along parallel paths. Shapes: K paths, F targets, B = K F.

Definition: tuplan_garage ``pdm_generator.py`` and ``batch_idm_policy.py``. The lead is looked for
every second step.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from drivewm.planners.pdm_corridor import Corridors, build_corridor, corridor_meets_polygon
from drivewm.planners.pdm_leads import choose_leads, rows_in_corridor
from drivewm.planners.pdm_objects import DT_S, STRIDE, Memory, Objects
from drivewm.planners.pdm_path import Paths, pose_at, project
from drivewm.planners.pdm_types import Car, Law, Proposals, Signals

EXPONENT = 10


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
            found = rows_in_corridor(proposals, paths, corridors, k, t, objects, box)
            choose_leads(proposals, paths, k, first, last, t, found, objects, signals, car, box)
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
