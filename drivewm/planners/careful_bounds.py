"""Bounds of the speed at places ahead: limit, curves, lights, who may step out, what is hidden.

Every bound is a place of the rear axle and a speed there.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from drivewm.planners.careful_path import Way
from drivewm.planners.careful_predict import STILL_MPS, Others
from drivewm.planners.careful_setup import Setup
from drivewm.planners.careful_speed import Ego
from drivewm.scene import LightStatus

CURVE_AHEAD_M = 140
LINE_M = 1.0  # kept before a stop line
STOPPABLE_MPS2, YELLOW_MPS2 = 6.5, 3.0
STEP_OUT_MPS, STEP_OUT_BRAKE_MPS2, REACT_S = 1.9, 6.0, 0.38
SIDE_M = 4.0  # who is farther from the ego's way is not waited for
PASSAGE_M = 3.0
CREEP_MPS = 2.2
URBAN_MPS = 17.5  # where people are expected beside the road
AWAY_MPS = 0.4

Bounds = list[tuple[float, float]]


def curve_bounds(setup: Setup, ego: Ego, lateral_share: float) -> Bounds:
    """Of the route's curves, every second metre."""
    first = int(np.clip(ego.s, 0, len(setup.line) - 1))
    rows = np.arange(first, min(first + CURVE_AHEAD_M, len(setup.line)), 2)
    speeds = setup.curve_mps[rows] * np.sqrt(lateral_share)
    return [(float(s), float(v)) for s, v in zip(rows, speeds) if v < 45.0]


def light_bounds(setup: Setup, ego: Ego, lights: Mapping[str, int] | None) -> Bounds:
    """Stop lines of lights that are red, or yellow and can still be stopped at."""
    found = []
    for lane, at in setup.lights.items():
        status = (lights or {}).get(lane)
        stop = at - setup.front_m - LINE_M
        if status not in (LightStatus.RED, LightStatus.YELLOW) or stop < ego.s - LINE_M:
            continue
        needed = ego.speed**2 / (2 * max(stop + LINE_M - ego.s, 0.1))
        if needed < (STOPPABLE_MPS2 if status == LightStatus.RED else YELLOW_MPS2):
            found.append((stop, 0.0))
    return found


def step_out_mps(gap_m: np.ndarray) -> np.ndarray:
    """Speed at which the ego stops, or is past, before who walks ``gap_m`` gets in its way."""
    reaction = gap_m / STEP_OUT_MPS - REACT_S
    return np.maximum(2 * STEP_OUT_BRAKE_MPS2 * reaction, CREEP_MPS)


def walker_bounds(setup: Setup, ego: Ego, way: Way, others: Others, on: np.ndarray) -> Bounds:
    """Beside pedestrians near the ego's way, who may step into it."""
    aside = others.left[:, 0] - way.at(others.s[:, 0])
    gap = np.abs(aside) - others.half_left[:, 0] - setup.half_m
    drift = (others.left[:, 1] - others.left[:, 0]) / 0.35 * np.sign(aside)
    near = others.is_vru & (gap > 0) & (gap < SIDE_M) & (drift < AWAY_MPS) & ~on[:, 0]
    near &= np.abs(others.along_mps) < 2.5
    near &= others.s[:, 0] > ego.s
    speeds = step_out_mps(gap[near])
    places = others.s[near, 0] - others.half_s[near, 0] - setup.front_m
    return [(float(s), float(v)) for s, v in zip(places, speeds)]


def oncoming_bounds(setup: Setup, ego: Ego, others: Others, on: np.ndarray) -> Bounds:
    """Before the stretch that who comes towards the ego will need: a narrow passage."""
    found = []
    for h in np.flatnonzero((others.along_mps < -1.0) & others.by_lane & on.any(1)):
        start = float((others.s - others.half_s)[h, on[h]].min()) - setup.front_m - PASSAGE_M
        if start > ego.s - 1.0:
            found.append((start, 0.0))
    return found


def hidden_bounds(setup: Setup, ego: Ego, way: Way, others: Others, limit_mps: float) -> Bounds:
    """Where a standing box hides who may step out behind its far end."""
    if limit_mps > URBAN_MPS:
        return []
    aside = others.left[:, 0] - way.at(others.s[:, 0])
    gap = np.abs(aside) - others.half_left[:, 0] - setup.half_m
    hides = others.tall & ~others.is_vru & (others.speed_mps < STILL_MPS)
    ends = others.s[:, 0] + others.half_s[:, 0]
    hides &= (gap > 0) & (gap < SIDE_M) & (ends > ego.s + setup.front_m)
    speeds = step_out_mps(gap[hides])
    return [(float(s), float(v)) for s, v in zip(ends[hides] - setup.front_m, speeds)]
