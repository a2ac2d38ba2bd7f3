"""What the proposals of PDM-Closed are made of. Shapes: K paths, F targets, B = K F, H steps,
M object rows, L lights."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from drivewm.geometry.polygons import PolygonSet
from drivewm.planners.pdm_objects import ROWS


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
