"""Collisions of the ego and whose fault they are. Shapes: T steps, N tracks, C contacts.

Definition: nuplan-devkit ``no_ego_at_fault_collisions.py``. Each track collides once, at its first
contact, and is out of the game afterwards.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numba import njit

from drivewm.geometry.overlap import boxes_overlap, fill_corners, segment_hits_box
from drivewm.measures.history import History
from drivewm.measures.measure import Measure, register
from drivewm.scene import ScoreType

COLLISION = register(
    Measure(
        name="no_at_fault_collision",
        title="No at-fault collision",
        unit="1",
        better="higher",
        range=(0.0, 1.0),
        threshold=1.0,
        source="nuPlan no_ego_at_fault_collisions",
        unseen="collisions with the static world outside the tracks; height; without a lane graph "
        "nobody's fault is settled for lateral contacts",
    )
)
STOPPED_SPEED_MPS = 0.05
BEHIND_RAD = math.radians(150.0)
LAST_ROAD_USER = int(ScoreType.BICYCLE)  # beyond it are objects, which never move


class ContactType(IntEnum):
    """nuPlan's collision types."""

    STOPPED_EGO = 0
    STOPPED_TRACK = 1
    FRONT = 2
    REAR = 3
    LATERAL = 4


class Fault(IntEnum):
    """Whose fault a contact is; UNKNOWN = lateral contact where lanes are not known."""

    OTHER = 0
    EGO = 1
    UNKNOWN = 2


class LaneFlag(IntEnum):
    """Are all four ego corners in one lane or in lanes that follow each other?"""

    UNKNOWN = -1
    APART = 0
    COMMON = 1


@dataclass(frozen=True, kw_only=True)
class Contacts:
    """First contacts, ordered by step, then by track."""

    step: np.ndarray  # int64 [C]
    track: np.ndarray  # int64 [C]
    type: np.ndarray  # int8 [C], ContactType
    fault: np.ndarray  # int8 [C], Fault
    delta_v_mps: np.ndarray  # [C], change of the ego's velocity (equal masses, plastic)
    score_type: np.ndarray  # int8 [C], ScoreType of the track
    first_step: np.ndarray  # int64 [N], step of the track's contact, T when it has none


@njit(cache=True)
def relative_angle(ego: np.ndarray, x: float, y: float) -> float:
    """Unsigned angle at the ego pose between its heading and the point, rad."""
    dx, dy = x - ego[0], y - ego[1]
    norm = math.hypot(dx, dy)
    if norm == 0.0:
        return 0.0
    cosine = (math.cos(ego[2]) * dx + math.sin(ego[2]) * dy) / norm
    return math.acos(min(1.0, max(-1.0, cosine)))


@njit(cache=True)
def contact_type(
    ego: np.ndarray,
    speed: float,
    ego_box: np.ndarray,
    track: np.ndarray,
    box: np.ndarray,
    moves: bool,
) -> int:
    """ContactType of an ego box and a track's that meet (first rule that holds)."""
    if speed <= STOPPED_SPEED_MPS:
        return 0
    if not moves or math.hypot(track[4], track[5]) <= STOPPED_SPEED_MPS:
        return 1
    if relative_angle(ego, track[0], track[1]) > BEHIND_RAD:
        return 3
    bumper = np.empty((2, 2))
    bumper[0], bumper[1] = ego_box[0], ego_box[3]
    return 2 if segment_hits_box(bumper, box) else 4


@njit(cache=True)
def first_contacts(
    ego: np.ndarray,  # [T, 11]
    centres: np.ndarray,  # [T, 3]
    speed: np.ndarray,  # [T]
    length_m: float,
    width_m: float,
    state: np.ndarray,  # [N, T, 6]
    valid: np.ndarray,  # [N, T]
    size: np.ndarray,  # [N, 3]
    moves: np.ndarray,  # bool [N]
) -> tuple[np.ndarray, np.ndarray]:
    """First contact step [N] (T = never) and its type [N]."""
    tracks, steps = valid.shape
    first = np.full(tracks, steps)
    kind = np.zeros(tracks, np.int8)
    a, b = np.empty((4, 2)), np.empty((4, 2))
    radius = math.hypot(length_m, width_m) / 2
    for n in range(tracks):
        reach = radius + math.hypot(size[n, 0], size[n, 1]) / 2 + 1e-6
        for t in range(steps):
            if not valid[n, t]:
                continue
            dx, dy = state[n, t, 0] - centres[t, 0], state[n, t, 1] - centres[t, 1]
            if dx * dx + dy * dy > reach * reach:
                continue
            fill_corners(centres[t, 0], centres[t, 1], centres[t, 2], length_m, width_m, a)
            fill_corners(state[n, t, 0], state[n, t, 1], state[n, t, 3], size[n, 0], size[n, 1], b)
            if boxes_overlap(a, b):
                first[n] = t
                kind[n] = contact_type(ego[t], speed[t], a, state[n, t], b, moves[n])
                break
    return first, kind


@njit(cache=True)
def list_contacts(
    first: np.ndarray,  # int64 [N], T = never
    kind: np.ndarray,  # int8 [N]
    lane_flag: np.ndarray,  # int8 [T], LaneFlag
    ego: np.ndarray,  # [T, 11]
    speed: np.ndarray,  # [T]
    state: np.ndarray,  # [N, T, 6]
    moves: np.ndarray,  # bool [N]
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Step, track, type, fault and change of velocity [C] of the contacts, by step, then track."""
    count = int((first < len(ego)).sum())
    track = np.argsort(first, kind="mergesort")[:count]
    step, types = np.empty(count, np.int64), np.empty(count, np.int8)
    fault, delta_v = np.zeros(count, np.int8), np.empty(count)
    for i in range(count):
        n = track[i]
        t = step[i] = first[n]
        types[i] = kind[n]
        if kind[n] == 1 or kind[n] == 2:
            fault[i] = 1
        elif kind[n] == 4 and lane_flag[t] != 1:
            fault[i] = 1 if lane_flag[t] == 0 else 2
        other = math.hypot(state[n, t, 4], state[n, t, 5]) if moves[n] else 0.0
        turn = math.cos(ego[t, 2] - state[n, t, 3])
        square = speed[t] ** 2 + other**2 - 2 * speed[t] * other * turn
        delta_v[i] = 0.5 * math.sqrt(max(square, 0.0))
    return step, track, types, fault, delta_v


@njit(cache=True)
def fault_score(fault: np.ndarray, score_type: np.ndarray) -> float:
    """Product over road-user groups of max(0, 1 - n / (allowed + 1)), n at-fault contacts.

    One collision with an object is allowed, none with anybody else. ``fault``, ``score_type``: [C].
    """
    objects = 0
    for i in range(len(fault)):
        if fault[i] == 1:
            if score_type[i] <= LAST_ROAD_USER:
                return 0.0
            objects += 1
    return max(0.0, 1.0 - objects / 2)


def find_contacts(history: History, lane_flag: np.ndarray) -> Contacts:
    """First contact of every track with the ego, its type and fault.

    Args:
        history: the drive.
        lane_flag: int8 [T], LaneFlag.
    """
    tracks, ego = history.tracks, np.ascontiguousarray(history.ego, float)
    speed, state = history.speed_mps, np.ascontiguousarray(tracks.state, float)
    moves = tracks.score_type <= LAST_ROAD_USER
    first, kind = first_contacts(
        ego,
        history.centres,
        speed,
        history.vehicle.length_m,
        history.vehicle.width_m,
        state,
        np.ascontiguousarray(tracks.valid, bool),
        np.ascontiguousarray(tracks.size_m, float),
        moves,
    )
    flags = np.ascontiguousarray(lane_flag, np.int8)
    found = list_contacts(first, kind, flags, ego, speed, state, moves)
    step, track, types, fault, delta_v = found
    return Contacts(
        step=step, track=track, type=types, fault=fault, delta_v_mps=delta_v,
        score_type=tracks.score_type[track], first_step=first,
    )  # fmt: skip


def collision_score(contacts: Contacts) -> float:
    """Score of the contacts at the ego's fault: :func:`fault_score`."""
    return float(fault_score(contacts.fault, contacts.score_type))
