"""Kernel of the time to collision over all tracks. Shapes: T steps, N tracks.

Reference: Shapely (in the tests).
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit


@njit(cache=True)
def meeting_time(
    dx: float,
    dy: float,
    wx: float,
    wy: float,
    heading_a: float,
    length_a: float,
    width_a: float,
    heading_b: float,
    length_b: float,
    width_b: float,
) -> float:
    """First time >= 0 at which box b touches box a, both at constant velocity; inf = never.

    Separating axes with moving intervals: exact, no time grid.

    Args:
        dx, dy: centre of b minus centre of a, metres.
        wx, wy: velocity of b minus velocity of a, m/s.
    """
    enter, leave = 0.0, np.inf
    for k in range(4):
        angle = (heading_a if k < 2 else heading_b) + (0.0 if k % 2 == 0 else math.pi / 2)
        ux, uy = math.cos(angle), math.sin(angle)
        at_a, at_b = heading_a - angle, heading_b - angle
        reach = 0.5 * (
            length_a * abs(math.cos(at_a))
            + width_a * abs(math.sin(at_a))
            + length_b * abs(math.cos(at_b))
            + width_b * abs(math.sin(at_b))
        )
        gap, speed = dx * ux + dy * uy, wx * ux + wy * uy
        if abs(speed) < 1e-12:
            if abs(gap) > reach:
                return np.inf
            continue
        first, last = (-reach - gap) / speed, (reach - gap) / speed
        enter, leave = max(enter, min(first, last)), min(leave, max(first, last))
        if enter > leave:
            return np.inf
    return enter


@njit(cache=True)
def ttc_all(
    centres: np.ndarray,  # [T, 3]
    velocity: np.ndarray,  # [T, 2] of the ego, map frame
    length_m: float,
    width_m: float,
    state: np.ndarray,  # [N, T, 6]
    valid: np.ndarray,  # [N, T]
    size: np.ndarray,  # [N, 3]
    moves: np.ndarray,  # bool [N]
    last_step: np.ndarray,  # int64 [N], no later step of the track is looked at
    horizon_s: float,
    out: np.ndarray,  # [T]
    who: np.ndarray,  # int64 [T]
) -> None:
    """Smallest time to collision over all tracks at every step, and the track it is with."""
    tracks, steps = valid.shape
    radius = math.hypot(length_m, width_m) / 2
    for t in range(steps):
        out[t], who[t] = np.inf, -1
        for n in range(tracks):
            if not valid[n, t] or t > last_step[n]:
                continue
            dx, dy = state[n, t, 0] - centres[t, 0], state[n, t, 1] - centres[t, 1]
            wx, wy = -velocity[t, 0], -velocity[t, 1]
            if moves[n]:
                wx, wy = wx + state[n, t, 4], wy + state[n, t, 5]
            limit = min(horizon_s, out[t])
            reach = radius + math.hypot(size[n, 0], size[n, 1]) / 2 + limit * math.hypot(wx, wy)
            if dx * dx + dy * dy > reach * reach:
                continue
            when = meeting_time(
                dx, dy, wx, wy, centres[t, 2], length_m, width_m,
                state[n, t, 3], size[n, 0], size[n, 1],
            )  # fmt: skip
            if when <= horizon_s and when < out[t]:
                out[t], who[t] = when, n
