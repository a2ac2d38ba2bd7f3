"""Time to collision under constant speed and heading. Shapes: T steps, N tracks, O offsets.

Definition: nuplan-devkit ``time_to_collision_within_bound.py``.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from drivewm.geometry.overlap import boxes_overlap, fill_corners
from drivewm.measures.collision import BEHIND_RAD, Contacts, Fault, relative_angle
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
SLOW_MPS = 0.005
AHEAD_RAD = math.radians(30.0)


@njit(cache=True)
def _ttc_series(
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
    out: np.ndarray,  # [T]
) -> None:
    tracks, steps = valid.shape
    a, b = np.empty((4, 2)), np.empty((4, 2))
    radius = math.hypot(length_m, width_m) / 2
    for t in range(steps):
        out[t] = np.inf
        if speed[t] <= SLOW_MPS:
            continue
        evx, evy = speed[t] * math.cos(centres[t, 2]), speed[t] * math.sin(centres[t, 2])
        limit = len(offsets_s)
        for n in range(tracks):
            if not valid[n, t] or first_contact[n] <= t:
                continue
            angle = relative_angle(ego[t], state[n, t, 0], state[n, t, 1])
            if not (angle < AHEAD_RAD or (wide_view[t] and angle <= BEHIND_RAD)):
                continue
            track_speed = math.hypot(state[n, t, 4], state[n, t, 5]) if moves[n] else 0.0
            heading = state[n, t, 3]
            vx, vy = track_speed * math.cos(heading), track_speed * math.sin(heading)
            reach = radius + math.hypot(size[n, 0], size[n, 1]) / 2 + 1e-6
            for o in range(limit):
                x, y = centres[t, 0] + evx * offsets_s[o], centres[t, 1] + evy * offsets_s[o]
                ox, oy = state[n, t, 0] + vx * offsets_s[o], state[n, t, 1] + vy * offsets_s[o]
                if (ox - x) ** 2 + (oy - y) ** 2 > reach * reach:
                    continue
                fill_corners(x, y, centres[t, 2], length_m, width_m, a)
                fill_corners(ox, oy, heading, size[n, 0], size[n, 1], b)
                if boxes_overlap(a, b):
                    limit, out[t] = o, offsets_s[o]
                    break


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
    _ttc_series(
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
    )
    out[contacts.step[contacts.fault == Fault.EGO]] = 0.0
    return out


def ttc_score(series_s: np.ndarray) -> float:
    """1 if every step's time to collision exceeds 0.95 s, else 0."""
    return float(bool(np.all(series_s > BOUND_S)))
