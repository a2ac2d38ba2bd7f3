"""What no score of the references holds: how near the drive came to harm, and how it rode.

Shapes: T steps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from drivewm.config import Config
from drivewm.measures.collision import LaneFlag, find_contacts
from drivewm.measures.history import History
from drivewm.measures.injury import InjuryConfig, injuries, worst_injury
from drivewm.measures.ride import Ride, RideConfig, ride
from drivewm.measures.rss import Rss, RssConfig, rss
from drivewm.measures.surrogate import (
    Extreme,
    SurrogateConfig,
    Surrogates,
    largest,
    smallest,
    surrogates,
)
from drivewm.scene import Scene
from drivewm.sim.rollout import Rollout

Scalar = float | str | None


class SafetyConfig(Config):
    """Parameters of every safety measure (``conf/safety/<name>.yaml``)."""

    name: str
    surrogate: SurrogateConfig = SurrogateConfig()
    rss: RssConfig = RssConfig()
    injury: InjuryConfig = InjuryConfig()
    ride: RideConfig = RideConfig()


class Moment(NamedTuple):
    """When a measure was worst, against whom."""

    step: int
    track_id: str | None  # None: no other road user is part of it
    value: float  # in the unit of the column of that name; of ``ride_rms_mps2`` the peak


@dataclass(frozen=True, kw_only=True)
class SafetyFacts:
    """Safety of one drive: one row of columns, series per step, and the worst moments.

    ``scalars`` holds every column of ``COLUMNS`` in that order; None where nothing happened that
    could be measured (no lead, no contact). ``series`` may hold +inf (none) and NaN (unknown).
    """

    scalars: dict[str, Scalar]
    series: dict[str, np.ndarray]  # each [T]
    worst: dict[str, Moment]  # by column, only columns that have a moment


COLUMNS: dict[str, str] = {  # column of ``scalars`` -> name of the registered measure
    "min_ttc_s": "min_ttc",
    "min_ttc_track": "min_ttc",
    "tet_s": "time_exposed_ttc",
    "tit_s2": "time_integrated_ttc",
    "min_thw_s": "time_headway",
    "min_thw_track": "time_headway",
    "max_drac_mps2": "drac",
    "max_drac_track": "drac",
    "min_pet_s": "post_encroachment_time",
    "min_pet_track": "post_encroachment_time",
    "rss_longitudinal_violation_s": "rss_longitudinal",
    "rss_longitudinal_margin_m": "rss_longitudinal",
    "rss_lateral_violation_s": "rss_lateral",
    "rss_lateral_margin_m": "rss_lateral",
    "impact_speed_mps": "impact_speed",
    "delta_v_mps": "delta_v",
    "injury_class": "injury_risk",
    "injury_risk": "injury_risk",
    "injury_track": "injury_risk",
    "ride_rms_mps2": "ride_comfort",
    "ride_x_rms_mps2": "ride_comfort",
    "ride_y_rms_mps2": "ride_comfort",
    "ride_class": "ride_comfort",
    "msdv_mps15": "motion_sickness_dose",
}
SERIES = (
    "ttc_any_s",
    "thw_s",
    "drac_mps2",
    "pet_s",
    "rss_longitudinal_margin_m",
    "rss_lateral_margin_m",
    "ride_weighted_mps2",
)
WITH_WHOM = {  # column of a track's id -> the column whose worst moment it belongs to
    "min_ttc_track": "min_ttc_s",
    "min_thw_track": "min_thw_s",
    "max_drac_track": "max_drac_mps2",
    "min_pet_track": "min_pet_s",
    "injury_track": "injury_risk",
}
TEXT_COLUMNS = tuple(c for c in COLUMNS if c.endswith(("_track", "_class")))


def safety(scene: Scene, rollout: Rollout, config: SafetyConfig) -> SafetyFacts:
    """Measures the safety of one finished drive.

    Args:
        scene: what was driven; its route is the line that RSS measures along.
        rollout: the drive, from whose tracks everything is measured.
        config: parameters of the measures.
    """
    history = History(
        times_us=rollout.times_us, ego=rollout.ego, vehicle=rollout.vehicle, tracks=rollout.tracks
    )
    steps = len(history.ego)
    unknown_lanes = np.full(steps, LaneFlag.UNKNOWN, np.int8)
    contacts = find_contacts(history, unknown_lanes)
    near = surrogates(history, contacts, config.surrogate)
    distance = rss(history, scene.route, contacts, config.rss)
    hurt = worst_injury(injuries(history, contacts, config.injury))
    comfort = ride(history.times_us, history.ego, config.ride)
    extremes = _extremes(near, distance)
    if hurt is not None:
        for column in ("impact_speed_mps", "delta_v_mps", "injury_risk"):
            value = hurt.risk if column == "injury_risk" else getattr(hurt, column)
            extremes[column] = Extreme(value, hurt.step, hurt.track)
    ids = history.tracks.ids
    worst = {name: Moment(e.step, ids[e.track], e.value) for name, e in extremes.items()}
    scalars: dict[str, Scalar] = dict.fromkeys(COLUMNS)
    scalars |= {name: moment.value for name, moment in worst.items()}
    for track, column in WITH_WHOM.items():
        scalars[track] = worst[column].track_id if column in worst else None
    scalars["injury_class"] = None if hurt is None else hurt.severity
    scalars["tet_s"], scalars["tit_s2"] = near.tet_s, near.tit_s2
    _add_rss(scalars, distance, history)
    _add_ride(scalars, worst, comfort)
    return SafetyFacts(scalars=scalars, series=_series(steps, near, distance, comfort), worst=worst)


def _extremes(near: Surrogates, distance: Rss | None) -> dict[str, Extreme]:
    found = {
        "min_ttc_s": smallest(near.ttc_s, near.ttc_track),
        "min_thw_s": smallest(near.thw_s, near.thw_track),
        "max_drac_mps2": largest(near.drac_mps2, near.drac_track),
        "min_pet_s": smallest(near.pet_s, near.pet_track),
    }
    if distance is not None:
        along, across = distance.longitudinal_margin_m, distance.lateral_margin_m
        found["rss_longitudinal_margin_m"] = smallest(along, distance.longitudinal_track)
        found["rss_lateral_margin_m"] = smallest(across, distance.lateral_track)
    return {name: extreme for name, extreme in found.items() if extreme is not None}


def _add_rss(scalars: dict[str, Scalar], distance: Rss | None, history: History) -> None:
    if distance is None:
        return
    step_s = float(np.mean(np.diff(history.times_us))) / 1e6 if len(history.ego) > 1 else 0.0
    scalars["rss_longitudinal_violation_s"] = float(distance.longitudinal.sum() * step_s)
    scalars["rss_lateral_violation_s"] = float(distance.lateral.sum() * step_s)


def _add_ride(scalars: dict[str, Scalar], worst: dict[str, Moment], comfort: Ride | None) -> None:
    if comfort is None:
        return
    step = int(np.argmax(comfort.weighted_mps2))
    worst["ride_rms_mps2"] = Moment(step, None, float(comfort.weighted_mps2[step]))
    scalars["ride_rms_mps2"] = comfort.rms_mps2
    scalars["ride_x_rms_mps2"], scalars["ride_y_rms_mps2"] = comfort.rms_x_mps2, comfort.rms_y_mps2
    scalars["ride_class"], scalars["msdv_mps15"] = comfort.comfort_class, comfort.msdv_mps15


def _series(
    steps: int, near: Surrogates, distance: Rss | None, comfort: Ride | None
) -> dict[str, np.ndarray]:
    unknown = np.full(steps, np.nan)
    return {
        "ttc_any_s": near.ttc_s,
        "thw_s": near.thw_s,
        "drac_mps2": near.drac_mps2,
        "pet_s": near.pet_s,
        "rss_longitudinal_margin_m": (
            unknown if distance is None else distance.longitudinal_margin_m
        ),
        "rss_lateral_margin_m": unknown if distance is None else distance.lateral_margin_m,
        "ride_weighted_mps2": unknown if comfort is None else comfort.weighted_mps2,
    }
