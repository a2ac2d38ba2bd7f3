"""Where across the route to drive: around what stands in the way. Shapes: R knots, G offsets.

Dynamic programming over offsets from the route at knots ``STEP_M`` apart.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drivewm.planners.careful_setup import OFFSETS_M, Setup

STEP_M, KNOTS = 4, 22
CELL_M = float(OFFSETS_M[1] - OFFSETS_M[0])
LATERAL_MPS = 1.8  # sideways, as a speed ...
STEEPEST = 0.3  # ... and per metre
MARGIN_M = 0.25  # kept from what stands
ROOM_M, ROOM_COST = 1.7, 3.0  # more is nicer
TURN_COST = 1.2
PASS_M = 1.0  # before and behind what is passed


@dataclass(frozen=True, kw_only=True)
class Obstacle:
    """A stretch of the route where a band across it cannot be driven."""

    from_m: float
    to_m: float
    right_m: float
    left_m: float
    margin_m: float = MARGIN_M


@dataclass(frozen=True, kw_only=True)
class Way:
    """Offset from the route by arc length, and where it ends because nothing gets through."""

    s: np.ndarray  # [R]
    left: np.ndarray  # [R]
    blocked_m: float  # the rear axle cannot get there; infinite: nothing is in the way

    def at(self, s: np.ndarray) -> np.ndarray:
        return np.interp(s, self.s, self.left)


def straight_way(at_m: float) -> Way:
    """On the route."""
    s = at_m + STEP_M * np.arange(KNOTS)
    return Way(s=s, left=np.zeros(KNOTS), blocked_m=np.inf)


def find_way(
    setup: Setup, at_m: float, left_m: float, speed_mps: float, obstacles: list[Obstacle]
) -> Way:
    """The cheapest offsets from here on."""
    s = at_m + STEP_M * np.arange(KNOTS)
    cost = _cost(setup, s, obstacles)
    slope = min(LATERAL_MPS / max(speed_mps, 3.0), STEEPEST)
    reach = max(int(slope * STEP_M / CELL_M + 1e-6), 1)
    index = np.arange(len(OFFSETS_M))
    apart = np.abs(index[:, None] - index)
    change = np.where(apart <= reach, TURN_COST * (apart * CELL_M) ** 2, np.inf)
    best = np.full(len(OFFSETS_M), np.inf)
    best[int(np.abs(OFFSETS_M - left_m).argmin())] = 0.0
    came = np.zeros((KNOTS, len(OFFSETS_M)), int)
    last = KNOTS - 1
    blocked = np.inf
    for row in range(1, KNOTS):
        total = best[:, None] + change
        came[row] = total.argmin(0)
        following = total[came[row], index] + cost[row]
        if not np.isfinite(following).any():
            last, blocked = row - 1, float(s[row]) - STEP_M
            break
        best = following
    chosen = np.zeros(KNOTS, int)
    chosen[last:] = int(best.argmin())
    for row in range(last, 0, -1):
        chosen[row - 1] = came[row, chosen[row]]
    left = OFFSETS_M[chosen]
    left[0] = left_m
    return Way(s=s, left=left, blocked_m=blocked)


def _cost(setup: Setup, s: np.ndarray, obstacles: list[Obstacle]) -> np.ndarray:
    """[R, G]; infinite where it cannot be driven."""
    rows = np.clip(s.astype(int), 0, len(setup.area) - 1)
    cost = setup.area[rows].copy()
    for one in obstacles:
        hit = (s > one.from_m - setup.front_m - PASS_M) & (s < one.to_m + setup.rear_m + PASS_M)
        if not hit.any():
            continue
        gap = np.maximum(one.right_m - OFFSETS_M, OFFSETS_M - one.left_m) - setup.half_m
        extra = ROOM_COST * np.maximum(1.0 - gap / ROOM_M, 0.0) ** 2
        extra = np.where(gap < one.margin_m, np.inf, extra)
        cost[hit] += extra
    return cost
