"""A simulated log at any instant, between its 10 Hz states. Shapes: T steps, N actors, L lights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from drivewm.geometry.se2 import wrap_angle
from drivewm.scene import EgoColumn, TrackColumn
from drivewm.worlds.actors import Actors

if TYPE_CHECKING:
    from drivewm.worlds.simulate import WorldLog

KEYFRAME_STEPS = 5  # 10 Hz states per 2 Hz keyframe


@dataclass(frozen=True, kw_only=True)
class Instant:
    """Everything that moves, at one time."""

    time_us: int
    ego_pose: np.ndarray  # [3] x, y, heading of the rear axle, map frame
    actors: Actors
    light_status: np.ndarray  # int8 [L]


def keyframe_times(log: WorldLog) -> np.ndarray:
    """int64 [K]: every fifth 10 Hz state, from the first."""
    return log.times_us[::KEYFRAME_STEPS]


def between(times_us: np.ndarray, time_us: int) -> tuple[int, int, float]:
    """Indices before and after ``time_us`` and the share of the second; equal on a grid point."""
    after = int(np.searchsorted(times_us, time_us))
    if not times_us[0] <= time_us <= times_us[-1]:
        raise ValueError(f"{time_us} is outside the log {times_us[0]}..{times_us[-1]}")
    if times_us[after] == time_us:
        return after, after, 0.0
    span = times_us[after] - times_us[after - 1]
    return after - 1, after, float((time_us - times_us[after - 1]) / span)


def blend(first: np.ndarray, second: np.ndarray, share: float, heading: int) -> np.ndarray:
    """Linear between two arrays [..., C]; column ``heading`` along the shorter arc."""
    out = first + share * (second - first)
    turn = wrap_angle(second[..., heading] - first[..., heading])
    out[..., heading] = wrap_angle(first[..., heading] + share * turn)
    return out


def at(log: WorldLog, time_us: int) -> Instant:
    """The world at ``time_us``: exact on the 10 Hz grid, interpolated in between.

    An actor is valid in between when it is valid on both sides; a light keeps its last status.
    """
    a, b, share = between(log.times_us, time_us)
    ego, state, valid = log.ego[a], log.state[:, a], log.valid[:, a]
    if a != b:
        ego = blend(log.ego[a], log.ego[b], share, EgoColumn.HEADING)
        state = blend(log.state[:, a], log.state[:, b], share, TrackColumn.HEADING)
        valid = log.valid[:, a] & log.valid[:, b]
    actors = Actors(
        ids=log.ids,
        categories=log.categories,
        occ_class=log.occ_class,
        size_m=log.size_m,
        state=state,
        valid=valid,
    )
    pose = ego[[EgoColumn.X, EgoColumn.Y, EgoColumn.HEADING]]
    return Instant(
        time_us=int(time_us), ego_pose=pose, actors=actors, light_status=log.light_status[:, a]
    )
