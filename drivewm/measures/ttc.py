"""Time to collision under constant speed and heading. Shapes: T steps, N tracks, O offsets.

Definition: nuplan-devkit ``time_to_collision_within_bound.py``.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from drivewm.measures.collision import BEHIND_RAD, Contacts, Fault
from drivewm.measures.history import History
from drivewm.measures.measure import Measure, register
from drivewm.scene import ScoreType

TTC = register(
    Measure(
        name="ttc",
        title="Time to collision within bound",
        unit="s",
        better="higher",
        range=(0.0, 3.0),
        threshold=0.95,
        source="nuPlan time_to_collision_within_bound",
        unseen="turning and braking; road users beside the ego unless it is between lanes or in an "
        "intersection, which takes a lane graph to know",
    )
)
BOUND_S = 0.95
OFFSETS_S = np.arange(0.1, 3.0, 0.1)
STEP_S = 0.1
AHEAD_RAD = math.radians(30.0)
SLOW_MPS = 0.005
_AHEAD, _BEHIND = math.cos(AHEAD_RAD), math.cos(BEHIND_RAD)


@njit(cache=True)
def _overlap_steps(
    gap: float, speed: float, reach: float, low: float, high: float
) -> tuple[float, float]:
    """Part of [low, high] in which abs(gap + k * speed) <= reach; empty if its end is first."""
    if speed == 0.0:
        return (low, high) if abs(gap) <= reach else (1.0, 0.0)
    a, b = (-reach - gap) / speed, (reach - gap) / speed
    return max(low, min(a, b)), min(high, max(a, b))


@njit(cache=True)
def first_overlap(
    dx: float,
    dy: float,
    wx: float,
    wy: float,
    ego_heading: float,
    ego_half: tuple[float, float],
    heading: float,
    half: tuple[float, float],
    last: int,
) -> int:
    """First step 1..last at which two boxes overlap that keep their headings; 0 if none.

    The other box is (dx, dy) away now and moves (wx, wy) per step against the ego's. Neither box
    turns, so each separating axis gives an interval of steps; they overlap where all intervals do.
    ``ego_half``, ``half``: half lengths and half widths.
    """
    cos, sin = math.cos(ego_heading), math.sin(ego_heading)
    cos_o, sin_o = math.cos(heading), math.sin(heading)
    along = abs(cos * cos_o + sin * sin_o)
    across = abs(cos * sin_o - sin * cos_o)
    low, high = 1.0, float(last)
    for axis in range(4):
        if axis < 2:
            ux, uy = (cos, sin) if axis == 0 else (-sin, cos)
            own, other = ego_half, half
        else:
            ux, uy = (cos_o, sin_o) if axis == 2 else (-sin_o, cos_o)
            own, other = half, ego_half
        if axis % 2 == 0:
            reach = own[0] + other[0] * along + other[1] * across
        else:
            reach = own[1] + other[0] * across + other[1] * along
        gap, speed = dx * ux + dy * uy, wx * ux + wy * uy
        low, high = _overlap_steps(gap, speed, reach, low, high)
        if low > high:
            return 0
    first = math.ceil(low)
    return first if first <= high else 0


@njit(cache=True)
def fill_ttc(
    ego: np.ndarray,  # [T, 11]
    centres: np.ndarray,  # [T, 3]
    speed: np.ndarray,  # [T]
    length_m: float,
    width_m: float,
    state: np.ndarray,  # [N, T, 6]
    valid: np.ndarray,  # [N, T]
    size: np.ndarray,  # [N, 3]
    moves: np.ndarray,  # bool [N]
    first_contact: np.ndarray,  # int64 [N]
    wide_view: np.ndarray,  # bool [T]
    offsets_s: np.ndarray,  # [O]
    out: np.ndarray,  # [T], filled
    who: np.ndarray,  # int64 [T], filled: the track that is met first, -1: none
) -> None:
    """Time to collision at every step; who is too far to be met in time is passed over first."""
    who[:] = -1
    tracks, steps = valid.shape
    best = np.full(steps, len(offsets_s) + 1)
    ego_half = (length_m / 2, width_m / 2)
    radius, horizon_s = math.hypot(length_m, width_m) / 2, offsets_s[-1]
    for n in range(tracks):
        half = (size[n, 0] / 2, size[n, 1] / 2)
        reach = radius + math.hypot(half[0], half[1]) + 1e-6
        for t in range(min(steps, first_contact[n])):
            if not valid[n, t] or speed[t] <= SLOW_MPS:
                continue
            track_speed = math.sqrt(state[n, t, 4] ** 2 + state[n, t, 5] ** 2) if moves[n] else 0.0
            far = reach + horizon_s * (speed[t] + track_speed)
            dx, dy = state[n, t, 0] - centres[t, 0], state[n, t, 1] - centres[t, 1]
            if dx * dx + dy * dy > far * far or not _in_view(ego[t], state[n, t], wide_view[t]):
                continue
            heading, ego_heading = state[n, t, 3], centres[t, 2]
            wx = STEP_S * (track_speed * math.cos(heading) - speed[t] * math.cos(ego_heading))
            wy = STEP_S * (track_speed * math.sin(heading) - speed[t] * math.sin(ego_heading))
            found = first_overlap(dx, dy, wx, wy, ego_heading, ego_half, heading, half, best[t] - 1)
            if found > 0:
                best[t], who[t] = found, n
    for t in range(steps):
        out[t] = offsets_s[best[t] - 1] if best[t] <= len(offsets_s) else np.inf


@njit(cache=True)
def _in_view(ego: np.ndarray, track: np.ndarray, wide: bool) -> bool:
    """Is the track ahead of the rear axle (or, in the wide view, at least not behind)?"""
    x, y = track[0] - ego[0], track[1] - ego[1]
    along = math.cos(ego[2]) * x + math.sin(ego[2]) * y
    away = math.sqrt(x * x + y * y)
    return along > _AHEAD * away or (wide and along >= _BEHIND * away) or away == 0.0


def ttc_series(history: History, contacts: Contacts, wide_view: np.ndarray) -> np.ndarray:
    """Time to collision at every step [T], seconds; infinite = none, 0 at an at-fault collision.

    Args:
        history: the drive.
        contacts: its collisions; a track that has collided is no longer looked at.
        wide_view: bool [T], True where road users beside the ego count too (the ego is not in one
            lane, or its rear axle is in an intersection).
    """
    tracks = history.tracks
    out = np.empty(len(history.ego))
    fill_ttc(
        np.ascontiguousarray(history.ego, float),
        history.centres,
        history.speed_mps,
        history.vehicle.length_m,
        history.vehicle.width_m,
        np.ascontiguousarray(tracks.state, float),
        np.ascontiguousarray(tracks.valid, bool),
        np.ascontiguousarray(tracks.size_m, float),
        tracks.score_type <= ScoreType.BICYCLE,
        contacts.first_step,
        wide_view,
        OFFSETS_S,
        out,
        np.empty(len(out), np.int64),
    )
    out[contacts.step[contacts.fault == Fault.EGO]] = 0.0
    return out


def ttc_score(series_s: np.ndarray) -> float:
    """1 if every step's time to collision exceeds 0.95 s, else 0."""
    return float(bool(np.all(series_s > BOUND_S)))
