"""Surrogate safety: how near a drive came to a collision. Shapes: T steps, N tracks.

Every track counts, behind the ego too, until its first contact; from then on it is out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from pydantic import Field

from drivewm.config import Config
from drivewm.geometry.polylines import arc_lengths
from drivewm.measures.collision import Contacts
from drivewm.measures.history import History
from drivewm.measures.measure import Measure, register
from drivewm.measures.surrogate_corridor import corridor
from drivewm.measures.surrogate_kernels import ttc_all
from drivewm.scene import EgoColumn, ScoreType

MIN_TTC = register(
    Measure(
        name="min_ttc",
        title="Smallest time to collision",
        unit="s",
        better="higher",
        range=(0.0, math.inf),
        threshold=1.5,
        source="Hayward 1972; boxes at constant velocity and heading, exact in time",
        unseen="turning and braking; whose doing it is: a car that closes in from behind counts",
    )
)
TET = register(
    Measure(
        name="time_exposed_ttc",
        title="Time exposed to a small time to collision",
        unit="s",
        better="lower",
        range=(0.0, math.inf),
        threshold=0.0,
        source="Minderhoud & Bovy 2001, doi 10.1016/S0001-4575(00)00019-1",
        unseen="what min_ttc does not see",
    )
)
TIT = register(
    Measure(
        name="time_integrated_ttc",
        title="Time-integrated shortfall of the time to collision",
        unit="s2",
        better="lower",
        range=(0.0, math.inf),
        threshold=0.0,
        source="Minderhoud & Bovy 2001",
        unseen="what min_ttc does not see",
    )
)
THW = register(
    Measure(
        name="time_headway",
        title="Smallest time headway to the lead",
        unit="s",
        better="higher",
        range=(0.0, math.inf),
        threshold=1.0,
        source="Vogel 2003, doi 10.1016/S0001-4575(02)00022-2; net gap along the path over speed",
        unseen="pedestrians and objects; crossing and oncoming traffic; leads beyond the corridor",
    )
)
DRAC = register(
    Measure(
        name="drac",
        title="Largest deceleration needed to avoid a crash",
        unit="m/s2",
        better="lower",
        range=(0.0, math.inf),
        threshold=3.35,
        source="Cooper & Ferguson 1976; threshold Archer 2005",
        unseen="crossing and oncoming vehicles; reaction time; steering away",
    )
)
PET = register(
    Measure(
        name="post_encroachment_time",
        title="Smallest post-encroachment time",
        unit="s",
        better="higher",
        range=(0.0, math.inf),
        threshold=1.0,
        source="Allen, Shin & Cooper 1978; over shared places of the swept boxes",
        unseen="less than a step; near misses with other places; behind a lead it is the time gap",
    )
)
SPACING_M = 1.0  # between the poses that extend the path
MAX_CURVATURE_PER_M = 0.2


class SurrogateConfig(Config):
    """Horizons and thresholds."""

    ttc_horizon_s: float = Field(default=5.0, gt=0)
    ttc_threshold_s: float = Field(default=1.5, gt=0)  # of the time exposed
    corridor_m: float = Field(default=80.0, gt=0)  # length of the swept corridor ahead
    headway_from_mps: float = Field(default=1.0, gt=0)  # slower, headway and DRAC mean nothing
    drac_cap_mps2: float = Field(default=9.81, gt=0)  # more than tyres hold: no longer avoidable
    pet_horizon_s: float = Field(default=5.0, gt=0)


class Extreme(NamedTuple):
    """The worst value of a series, when and with which track."""

    value: float
    step: int
    track: int


@dataclass(frozen=True, kw_only=True)
class Surrogates:
    """Series [T] (+inf or 0 where there is nothing) and the track of each value [T] (-1 none)."""

    ttc_s: np.ndarray
    ttc_track: np.ndarray
    thw_s: np.ndarray
    thw_track: np.ndarray
    drac_mps2: np.ndarray
    drac_track: np.ndarray
    pet_s: np.ndarray  # at the step at which the ego is in the shared place
    pet_track: np.ndarray
    tet_s: float
    tit_s2: float


def path_ahead(history: History, length_m: float) -> np.ndarray:
    """The drive's box centres and their extension on the last arc; [E, 3].

    A step at the end of the drive has no driven path before it: the last curvature goes on.
    """
    poses = history.centres
    speed = float(history.speed_mps[-1])
    rate = float(history.ego[-1, EgoColumn.YAW_RATE])
    curvature = rate / speed if speed > 1.0 else 0.0
    curvature = min(MAX_CURVATURE_PER_M, max(-MAX_CURVATURE_PER_M, curvature))
    at_m = SPACING_M * np.arange(1, math.ceil(length_m / SPACING_M) + 1)
    x, y, heading = poses[-1]
    headings = heading + curvature * at_m
    middle = headings - curvature * SPACING_M / 2
    more = np.stack(
        [
            x + np.cumsum(SPACING_M * np.cos(middle)),
            y + np.cumsum(SPACING_M * np.sin(middle)),
            headings,
        ],
        -1,
    )
    return np.concatenate([poses, more])


def surrogates(history: History, contacts: Contacts, config: SurrogateConfig) -> Surrogates:
    """Surrogate safety series of a drive.

    Args:
        history: the drive.
        contacts: its collisions; a track is looked at up to its first one.
        config: horizons and thresholds.
    """
    tracks, steps, count = history.tracks, len(history.ego), len(history.tracks)
    step_s = float(np.mean(np.diff(history.times_us))) / 1e6 if steps > 1 else 0.1
    ego = np.ascontiguousarray(history.ego, float)
    boxes = (
        np.ascontiguousarray(tracks.state, float),
        np.ascontiguousarray(tracks.valid, bool),
        np.ascontiguousarray(tracks.size_m, float),
    )
    length, width = history.vehicle.length_m, history.vehicle.width_m
    ttc, ttc_track = np.empty(steps), np.empty(steps, np.int64)
    moves = tracks.score_type <= ScoreType.BICYCLE
    ttc_all(
        history.centres, map_velocity(ego), length, width, *boxes, moves,
        contacts.first_step, config.ttc_horizon_s, ttc, ttc_track,
    )  # fmt: skip
    path = path_ahead(history, config.corridor_m)
    kind = np.full(count, 2, np.int64)
    kind[moves] = np.where(tracks.score_type[moves] == ScoreType.PEDESTRIAN, 1, 0)
    near, who = np.empty((3, steps)), np.empty((3, steps), np.int64)
    speed = history.speed_mps
    corridor(
        path, arc_lengths(path[:, :2]), speed, length, width, *boxes, kind, contacts.first_step,
        config.corridor_m, round(config.pet_horizon_s / step_s), near, who,
    )  # fmt: skip
    driving = speed >= config.headway_from_mps
    short = np.maximum(config.ttc_threshold_s - ttc, 0.0)
    return Surrogates(
        ttc_s=ttc, ttc_track=ttc_track,
        thw_s=np.where(driving, near[0] / np.maximum(speed, 1e-9), np.inf),
        thw_track=np.where(driving, who[0], -1),
        drac_mps2=np.where(driving, np.minimum(near[1], config.drac_cap_mps2), 0.0),
        drac_track=np.where(driving, who[1], -1),
        pet_s=near[2] * step_s, pet_track=who[2],
        tet_s=float(np.count_nonzero(short) * step_s), tit_s2=float(short.sum() * step_s),
    )  # fmt: skip


def map_velocity(ego: np.ndarray) -> np.ndarray:
    """[T, 11] ego states -> [T, 2] velocity of the rear axle in the map frame, m/s."""
    cos, sin = np.cos(ego[:, EgoColumn.HEADING]), np.sin(ego[:, EgoColumn.HEADING])
    vx, vy = ego[:, EgoColumn.VX], ego[:, EgoColumn.VY]
    return np.stack([cos * vx - sin * vy, sin * vx + cos * vy], -1)


def smallest(series: np.ndarray, track: np.ndarray) -> Extreme | None:
    """First smallest finite value of a series, None where there is none."""
    step = int(np.argmin(series))
    if not math.isfinite(series[step]):
        return None
    return Extreme(float(series[step]), step, int(track[step]))


def largest(series: np.ndarray, track: np.ndarray) -> Extreme | None:
    """First largest value of a series, None where no track stands behind it."""
    step = int(np.argmax(series))
    return None if track[step] < 0 else Extreme(float(series[step]), step, int(track[step]))
