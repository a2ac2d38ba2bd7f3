"""What the engine's kernels read and write. Shapes: M = N agents + the ego (last), P paths,
S samples of all paths, Z conflict zones, E events, K light stops."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import numpy as np


class Mode(IntEnum):
    """How a slot moves."""

    STATIC = 0
    DRIVE = 1  # IDM along a path
    WALK = 2  # own speed along a path, waits at a kerb
    REPLAY = 3  # recorded states
    EGO = 4  # moved by the caller


class Event(IntEnum):
    """What a scripted event does."""

    LANE_CHANGE = 0
    HARD_BRAKE = 1


class Trigger(IntEnum):
    """What starts an event."""

    TIME = 0  # at ``value`` seconds
    AHEAD_OF_EGO = 1  # when less than ``value`` metres ahead of the ego


class Paths(NamedTuple):
    """Polylines at even spacing, one after the other, and what lies on them."""

    first: np.ndarray  # int64 [P + 1] into samples
    samples: np.ndarray  # [S, 5] x, y, heading, z, speed bound m/s
    spacing_m: np.ndarray  # [P]
    light_first: np.ndarray  # int64 [P + 1] into light_s
    light_s: np.ndarray  # [K] arc length of the stop line
    light_index: np.ndarray  # int64 [K] into the lights
    zone_soft: np.ndarray  # bool [Z]: only traffic that is already inside has priority
    zone_yield: np.ndarray  # [P, Z, 3] stop, in, out arc lengths of who yields; NaN: not there
    zone_prior: np.ndarray  # [P, Z, 3] the same of who has priority; NaN: not there


class Agents(NamedTuple):
    """Slots; the ego is the last one."""

    mode: np.ndarray  # int8 [M]
    pose: np.ndarray  # [M, 4] box centre x, y, heading, z
    speed: np.ndarray  # [M]
    accel: np.ndarray  # [M]
    size: np.ndarray  # [M, 2] length, width
    active: np.ndarray  # bool [M]
    gone: np.ndarray  # bool [M]: left for good
    path: np.ndarray  # int64 [M], -1 = none
    s: np.ndarray  # [M] arc length of the box centre
    lateral: np.ndarray  # [M] own offset to the left of the path
    shift: np.ndarray  # [M] offset left over at the start of a lane change
    shift_start: np.ndarray  # [M] when it started
    shift_time: np.ndarray  # [M] how long it takes
    target: np.ndarray  # [M] desired speed
    idm: np.ndarray  # [M, 5] min gap, headway, accel max, decel, hardest decel
    margin: np.ndarray  # [M] lateral clearance it wants on each side
    appear: np.ndarray  # [M] time it enters
    clear: np.ndarray  # [M] metres that must be free before and behind it when it enters
    kerb_s: np.ndarray  # [M] where a pedestrian waits for a gap (inf: never)
    kerb_end_s: np.ndarray  # [M] the far kerb
    waited: np.ndarray  # [M] seconds standing still
    brake_until: np.ndarray  # [M] scripted braking


class Events(NamedTuple):
    agent: np.ndarray  # int64 [E]
    kind: np.ndarray  # int8 [E], Event
    trigger: np.ndarray  # int8 [E], Trigger
    value: np.ndarray  # [E]
    path: np.ndarray  # int64 [E], the new path of a lane change
    gap: np.ndarray  # [E] clear gap that a lane change wants before and behind
    duration: np.ndarray  # [E] seconds
    done: np.ndarray  # bool [E]


def empty_agents(count: int) -> Agents:
    """``count`` slots (the ego among them), inactive, with usual drivers."""
    z = np.zeros
    return Agents(
        mode=z(count, np.int8), pose=z((count, 4)), speed=z(count), accel=z(count),
        size=np.ones((count, 2)), active=z(count, bool), gone=z(count, bool),
        path=np.full(count, -1, np.int64), s=z(count), lateral=z(count), shift=z(count),
        shift_start=np.full(count, -1e9), shift_time=np.ones(count), target=np.full(count, 10.0),
        idm=np.tile(np.array([1.5, 1.3, 1.3, 2.0, 7.0]), (count, 1)), margin=np.full(count, 0.15),
        appear=z(count), clear=z(count), kerb_s=np.full(count, np.inf),
        kerb_end_s=np.full(count, np.inf), waited=z(count), brake_until=np.full(count, -1.0),
    )  # fmt: skip


def pack_events(rows: list[tuple]) -> Events:
    """Rows of (agent, kind, trigger, value, path, gap, duration)."""
    columns = list(zip(*rows)) if rows else [()] * 7
    kinds = (np.int64, np.int8, np.int8, float, np.int64, float, float)
    arrays = [np.array(column, kind) for column, kind in zip(columns, kinds)]
    return Events(*[*arrays, np.zeros(len(rows), bool)])
