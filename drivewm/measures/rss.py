"""Responsibility-Sensitive Safety: safe distances along and across the route.

Definition: Shalev-Shwartz, Shammah & Shashua 2017, arXiv:1708.06374, definitions 1-6. Shapes: T
steps, N tracks, P points of the route.
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
from drivewm.measures.rss_kernels import rss_series
from drivewm.measures.surrogate import map_velocity
from drivewm.scene import ScoreType

_SOURCE = "Shalev-Shwartz et al. 2017, arXiv:1708.06374; parameters of ad-rss-lib"
_UNSEEN = (
    "crossing traffic, right of way, occlusion, pedestrians and objects; who came too near whom; "
    "along the route's centreline, not along each car's own lane"
)
LONGITUDINAL = register(
    Measure(
        name="rss_longitudinal",
        title="Time below the RSS safe distance to someone in the way",
        unit="s",
        better="lower",
        range=(0.0, math.inf),
        threshold=0.0,
        source=_SOURCE,
        unseen=_UNSEEN,
    )
)
LATERAL = register(
    Measure(
        name="rss_lateral",
        title="Time below the RSS safe distance to someone beside",
        unit="s",
        better="lower",
        range=(0.0, math.inf),
        threshold=0.0,
        source=_SOURCE,
        unseen=_UNSEEN,
    )
)
ROUTE_SPACING_M = 2.0


class RssConfig(Config):
    """RSS parameters; the defaults are ad-rss-lib's starting values (its parameter discussion)."""

    response_ego_s: float = Field(default=1.0, gt=0)
    response_other_s: float = Field(default=2.0, gt=0)
    accel_max_mps2: float = Field(default=3.5, ge=0)
    brake_min_mps2: float = Field(default=4.0, gt=0)  # what the one behind is sure to brake with
    brake_max_mps2: float = Field(default=8.0, gt=0)  # what the one in front may brake with
    # Of the ego when someone comes head-on.
    brake_min_correct_mps2: float = Field(default=3.0, gt=0)
    lateral_accel_max_mps2: float = Field(default=0.2, ge=0)
    lateral_brake_min_mps2: float = Field(default=0.8, gt=0)
    lateral_margin_m: float = Field(default=0.1, ge=0)  # mu, the paper's fluctuation margin
    range_m: float = Field(default=120.0, gt=0)  # tracks farther away are not looked at


class RssParams(NamedTuple):
    """The parameters as the kernel takes them."""

    response_ego_s: float
    response_other_s: float
    accel: float
    brake_min: float
    brake_max: float
    brake_min_correct: float
    lateral_accel: float
    lateral_brake: float
    lateral_margin_m: float
    range_m: float


class Route(NamedTuple):
    """A centreline at even spacing, for the kernel."""

    points: np.ndarray  # [P, 2]
    heading: np.ndarray  # [P] rad, continuous
    spacing_m: float


@dataclass(frozen=True, kw_only=True)
class Rss:
    """Distance above the safe one at every step [T] (+inf: nobody near), with whom [T] (-1).

    A pair is dangerous where both its distances are below the safe ones. It violates along the
    route if the two are in each other's way (their extents across it overlap), else across it; only
    the margin of that kind is negative.
    """

    longitudinal_margin_m: np.ndarray
    longitudinal_track: np.ndarray
    longitudinal: np.ndarray  # bool [T]
    lateral_margin_m: np.ndarray
    lateral_track: np.ndarray
    lateral: np.ndarray  # bool [T]


def even_route(line: np.ndarray) -> Route | None:
    """The centreline [P, 2] at about 2 m spacing; None where it has no length."""
    arc = arc_lengths(np.asarray(line, float)[:, :2]) if len(line) > 1 else np.zeros(1)
    if arc[-1] < ROUTE_SPACING_M:
        return None
    count = max(2, round(arc[-1] / ROUTE_SPACING_M) + 1)
    at = np.linspace(0.0, arc[-1], count)
    points = np.stack([np.interp(at, arc, line[:, 0]), np.interp(at, arc, line[:, 1])], -1)
    slope = np.gradient(points, axis=0)
    heading = np.unwrap(np.arctan2(slope[:, 1], slope[:, 0]))
    return Route(np.ascontiguousarray(points), heading, float(at[1]))


def rss(history: History, route: np.ndarray, contacts: Contacts, config: RssConfig) -> Rss | None:
    """RSS safe-distance margins of a drive, None where the route has no length.

    Args:
        history: the drive.
        route: [P, 2] centreline, along which "along" and "across" are measured.
        contacts: its collisions; a track is looked at up to its first one.
        config: parameters.
    """
    line = even_route(route)
    if line is None:
        return None
    tracks, steps = history.tracks, len(history.ego)
    ego = np.ascontiguousarray(history.ego, float)
    looked = (tracks.score_type == ScoreType.VEHICLE) | (tracks.score_type == ScoreType.BICYCLE)
    margin = np.full((2, steps), np.inf)
    who = np.full((2, steps), -1, np.int64)
    bad = np.zeros((2, steps), bool)
    rss_series(
        line, history.centres, map_velocity(ego), history.vehicle.length_m,
        history.vehicle.width_m, np.ascontiguousarray(tracks.state, float),
        np.ascontiguousarray(tracks.valid, bool), np.ascontiguousarray(tracks.size_m, float),
        looked, contacts.first_step, params_of(config), margin, who, bad,
    )  # fmt: skip
    return Rss(
        longitudinal_margin_m=margin[0], longitudinal_track=who[0], longitudinal=bad[0],
        lateral_margin_m=margin[1], lateral_track=who[1], lateral=bad[1],
    )  # fmt: skip


def params_of(config: RssConfig) -> RssParams:
    """The kernel's parameters."""
    return RssParams(
        config.response_ego_s, config.response_other_s, config.accel_max_mps2,
        config.brake_min_mps2, config.brake_max_mps2, config.brake_min_correct_mps2,
        config.lateral_accel_max_mps2, config.lateral_brake_min_mps2, config.lateral_margin_m,
        config.range_m,
    )  # fmt: skip
