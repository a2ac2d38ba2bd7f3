"""How fast: the least of what curves, lights, others and what may hide allow. Shapes: A candidate
accelerations, H hypotheses, K times."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drivewm.planners.careful_path import Way
from drivewm.planners.careful_predict import NEAR, STILL_MPS, TIMES_S, Others
from drivewm.planners.careful_setup import Setup

ACCELS_MPS2 = np.array([1.5, 0.8, 0.0, -0.7, -1.4, -2.2, -3.2, -4.5, -6.0, -8.0])  # [A]
HARDEST_MPS2 = 8.0
LAG_S = 0.25  # until a command is felt
WALL_M, VRU_M, STAND_M = 0.3, 0.6, 0.1  # kept to the side of others
GROWTH_MPS, MOST_GROWTH_M = 0.08, 0.15  # less certain the later
AHEAD_M, BEHIND_M = 1.5, 0.5
CROSSING_STEPS = 2  # a crossing way is kept free this long before and after
STRAIGHT_STEPS = 7  # who drives in a lane goes straight on for so long at most
HEADWAY_S, GAP_M, GENTLE_MPS2, BRAKE_MPS2 = 1.3, 2.5, 2.5, 2.5


@dataclass(frozen=True, kw_only=True)
class Ego:
    """The ego in the route's frame: rear axle."""

    s: float
    left: float
    speed: float


def in_the_way(setup: Setup, ego: Ego, way: Way, others: Others) -> np.ndarray:
    """Whether each hypothesis is on the ego's way at each time; bool [H, K]."""
    growth = np.minimum(GROWTH_MPS * TIMES_S, MOST_GROWTH_M)
    side = np.where(others.is_vru, VRU_M, WALL_M)[:, None] + growth
    still = others.is_thing | (others.speed_mps < STILL_MPS)
    side = np.where((still & ~others.is_vru)[:, None], STAND_M, side)
    apart = np.abs(others.left - way.at(others.s)) - others.half_left - setup.half_m
    on = apart < side
    straight = ~others.by_lane & has_lane(others)
    on[straight, STRAIGHT_STEPS:] = False
    behind = others.s + others.half_s < (ego.s + 0.5 * setup.front_m)
    follows = behind[:, 0] & (others.along_mps > 0.0)
    swings = np.abs(way.left[:8] - ego.left).max() > 1.0
    near_lane = np.abs(others.left[:, 0] - ego.left) > 1.6
    beside = others.is_vru & (np.abs(others.left[:, 0] - ego.left) > 1.0)  # of a turn, say
    merges = others.by_lane & near_lane  # the route comes into a lane that another is in
    on[follows & ~(swings & near_lane) & ~beside & ~merges] = False
    return on


def has_lane(others: Others) -> np.ndarray:
    """Hypotheses of tracks that have one along a lane; bool [H]."""
    return np.isin(others.track, others.track[others.by_lane])


def moves(speed_mps: float, most_mps: float) -> np.ndarray:
    """Way [A, K] covered under each candidate, which begins after a lag."""
    times = TIMES_S[:NEAR]
    t = np.maximum(times - LAG_S, 0.0)[None]
    a = ACCELS_MPS2[:, None]
    bound = np.where(a < 0, 0.0, max(most_mps, speed_mps))
    until = np.where(a == 0, np.inf, (bound - speed_mps) / np.where(a == 0, 1.0, a))
    inside = np.minimum(t, until)
    after = np.maximum(t - until, 0.0)
    way = speed_mps * inside + 0.5 * a * inside**2 + bound * np.where(np.isfinite(after), after, 0)
    return way + speed_mps * np.minimum(times, LAG_S)[None]


def free_accel(
    setup: Setup, ego: Ego, others: Others, on: np.ndarray, most_mps: float
) -> tuple[float, int]:
    """The greatest candidate that meets nobody, and who forbids the next one (-1: nobody).

    Where all meet somebody, the hardest braking.
    """
    crossing = np.abs(others.along_mps) < 0.7 * others.speed_mps
    on = on[:, :NEAR]
    wide = on.copy()
    for k in range(1, CROSSING_STEPS + 1):
        wide[crossing, k:] |= on[crossing, :-k]
        wide[crossing, :-k] |= on[crossing, k:]
    s = ego.s + moves(ego.speed, most_mps)  # [A, K]
    front = s[:, None] + setup.front_m + AHEAD_M > (others.s - others.half_s)[None, :, :NEAR]
    rear = s[:, None] - setup.rear_m - BEHIND_M < (others.s + others.half_s)[None, :, :NEAR]
    met = (wide[None] & front & rear).any(-1)  # [A, H]
    free = np.flatnonzero(~met.any(-1))
    if not len(free):
        return -HARDEST_MPS2, int(met[-1].argmax())
    first = int(free[0])
    return float(ACCELS_MPS2[first]), int(met[first - 1].argmax()) if first else -1


def lead_accel(setup: Setup, ego: Ego, others: Others, on: np.ndarray, wanted_mps: float) -> float:
    """IDM behind whoever is on the way within a second, ahead and not crossing."""
    soon = on[:, :4].any(-1) & (others.s[:, 0] > ego.s + 0.5 * setup.front_m)
    soon &= (np.abs(others.along_mps) >= 0.6 * others.speed_mps) & (others.along_mps > -0.5)
    if not soon.any():
        return np.inf
    gap = (others.s - others.half_s)[soon, 0] - ego.s - setup.front_m
    speed = np.maximum(others.along_mps[soon], 0.0)
    gap = np.maximum(gap, 0.2)
    closing = ego.speed - speed
    wish = GAP_M + np.maximum(
        ego.speed * HEADWAY_S + ego.speed * closing / (2 * np.sqrt(1.5 * BRAKE_MPS2)), 0.0
    )
    accel = 1.5 * (1 - (ego.speed / max(wanted_mps, 0.5)) ** 4 - (wish / gap) ** 2)
    needed = np.maximum(closing, 0.0) ** 2 / (2 * np.maximum(gap - 1.0, 0.3))
    return float(np.maximum(accel, -np.maximum(GENTLE_MPS2, 1.3 * needed)).min())


def bound_accel(
    speed_mps: float, ahead_m: np.ndarray, bound_mps: np.ndarray, gentle_mps2: float
) -> tuple[float, float]:
    """Acceleration that keeps the bounds ahead, and the speed that they allow now.

    Args:
        ahead_m: [B] how far each bound lies ahead; below 0: it holds already.
        bound_mps: [B] the speed there.
        gentle_mps2: braking that is planned with.
    """
    if not len(ahead_m):
        return np.inf, np.inf
    room = np.maximum(ahead_m - speed_mps * LAG_S, 0.0)
    allowed = float(np.sqrt(bound_mps**2 + 2 * gentle_mps2 * room).min())
    over = speed_mps > bound_mps
    needed = np.where(over, (speed_mps**2 - bound_mps**2) / (2 * np.maximum(room, 0.2)), 0.0)
    most = float(needed.max())
    if most > 0.8 * gentle_mps2:
        return -min(1.1 * most, HARDEST_MPS2), allowed
    return np.inf, allowed
