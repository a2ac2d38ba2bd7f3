"""Where across the route to drive: around what stands in the way. Shapes: R knots, G offsets.

Dynamic programming over offsets from the route, from knot to knot. O obstacles.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from drivewm.planners.careful_setup import OFFSETS_M, Setup

KNOTS = 22
LEAST_STEP_M, MOST_STEP_M, STEP_S = 4.0, 8.0, 0.35
CELL_M = float(OFFSETS_M[1] - OFFSETS_M[0])
LATERAL_MPS = (1.2, 2.6)  # sideways: as planned, and where that does not get through
STEEPEST = 0.38  # per metre
MARGIN_M = 0.4  # kept from what stands
ROOM_M, ROOM_COST = 1.7, 3.0  # more is nicer
TURN_COST = 1.2
TOUCH_M = 0.1  # a path that comes so near is taken to touch
PASS_M = 1.0  # before and behind what is passed ...
EARLY_S = 0.6  # ... and this much earlier: the car follows its plan with a lag


class Obstacles(NamedTuple):
    """Stretches of the route where a band across it cannot be driven; each [O]."""

    from_m: np.ndarray
    to_m: np.ndarray
    right_m: np.ndarray
    left_m: np.ndarray
    margin_m: np.ndarray
    stands: np.ndarray  # bool

    def __len__(self) -> int:  # type: ignore[override]
        return len(self.from_m)


@dataclass(frozen=True, kw_only=True)
class Way:
    """Offset from the route by arc length, and where it ends because nothing gets through."""

    s: np.ndarray  # [R]
    left: np.ndarray  # [R]
    blocked_m: float  # the rear axle cannot get there; infinite: nothing is in the way

    def at(self, s: np.ndarray) -> np.ndarray:
        return np.interp(s, self.s, self.left)


def first_touched(
    setup: Setup, at_m: float, s: np.ndarray, left: np.ndarray, obstacles: Obstacles
) -> float:
    """Where the first standing obstacle begins that a car on this path would touch.

    Args:
        at_m: where the ego is.
        s, left: [Q] places of the rear axle and offsets there.
    """
    turned = np.gradient(left, s)
    ahead = np.linspace(-setup.rear_m, setup.front_m, 5)[:, None]  # along the car's sides
    x, y = s + ahead, left + turned * ahead
    over = (x >= obstacles.from_m[:, None, None]) & (x <= obstacles.to_m[:, None, None])
    gap = np.maximum(
        obstacles.right_m[:, None, None] - y, y - obstacles.left_m[:, None, None]
    ) - setup.half_m  # fmt: skip
    hit = (over & (gap < TOUCH_M)).any((1, 2))
    hit &= obstacles.stands & (obstacles.from_m > at_m + setup.front_m)
    return float(obstacles.from_m[hit].min()) if hit.any() else np.inf


def knots(at_m: float, speed_mps: float) -> np.ndarray:
    """Arc lengths [R] from here on; wider apart at speed."""
    step = float(np.clip(STEP_S * speed_mps, LEAST_STEP_M, MOST_STEP_M))
    return at_m + step * np.arange(KNOTS)


def straight_way(at_m: float, speed_mps: float) -> Way:
    """On the route."""
    return Way(s=knots(at_m, speed_mps), left=np.zeros(KNOTS), blocked_m=np.inf)


def find_way(
    setup: Setup, at_m: float, left_m: float, speed_mps: float, obstacles: Obstacles
) -> Way:
    """The cheapest offsets from here on."""
    s = knots(at_m, speed_mps)
    cost = _cost(setup, s, speed_mps, obstacles)
    for lateral_mps in LATERAL_MPS:
        slope = min(lateral_mps / max(speed_mps, 3.0), STEEPEST)
        way = _cheapest(s, cost, left_m, slope)
        if not np.isfinite(way.blocked_m):
            break
    return way


def _cheapest(s: np.ndarray, cost: np.ndarray, left_m: float, slope: float) -> Way:
    step = s[1] - s[0]
    reach = max(int(slope * step / CELL_M + 1e-6), 1)
    index = np.arange(len(OFFSETS_M))
    apart = np.abs(index[:, None] - index)
    change = np.where(apart <= reach, TURN_COST * (apart * CELL_M) ** 2, np.inf)
    best = np.full(len(OFFSETS_M), np.inf)
    best[int(np.abs(OFFSETS_M - left_m).argmin())] = 0.0
    came = np.zeros((KNOTS, len(OFFSETS_M)), int)
    last, blocked = KNOTS - 1, np.inf
    for row in range(1, KNOTS):
        total = best[:, None] + change
        came[row] = total.argmin(0)
        following = total[came[row], index] + cost[row]
        if not np.isfinite(following).any():
            last, blocked = row - 1, float(s[row - 1])
            break
        best = following
    chosen = np.zeros(KNOTS, int)
    chosen[last:] = int(best.argmin())
    for row in range(last, 0, -1):
        chosen[row - 1] = came[row, chosen[row]]
    left = OFFSETS_M[chosen]
    left[0] = left_m
    return Way(s=s, left=left, blocked_m=blocked)


def _cost(setup: Setup, s: np.ndarray, speed_mps: float, obstacles: Obstacles) -> np.ndarray:
    """[R, G]; infinite where it cannot be driven."""
    rows = np.clip(s.astype(int), 0, len(setup.area) - 1)
    cost = setup.area[rows].copy()
    if not len(obstacles):
        return cost
    early = setup.front_m + PASS_M + EARLY_S * speed_mps
    hit = s > obstacles.from_m[:, None] - early  # [O, R]
    hit &= s < obstacles.to_m[:, None] + setup.rear_m + PASS_M
    gap = np.maximum(obstacles.right_m[:, None] - OFFSETS_M, OFFSETS_M - obstacles.left_m[:, None])
    gap -= setup.half_m  # [O, G]
    extra = ROOM_COST * np.maximum(1.0 - gap / ROOM_M, 0.0) ** 2
    extra[gap < obstacles.margin_m[:, None]] = np.inf
    return cost + np.where(hit[:, :, None], extra[:, None], 0.0).max(0)
