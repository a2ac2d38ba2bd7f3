"""What no score of the references holds: how near the drive came to harm, and how it rode.

Shapes: T steps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from drivewm.config import Config
from drivewm.measures.history import History
from drivewm.scene import Scene
from drivewm.sim.rollout import Rollout

Scalar = float | str | None


class SafetyConfig(Config):
    """Parameters of every safety measure (``conf/safety/<name>.yaml``)."""

    name: str = "default"


class Moment(NamedTuple):
    """When a measure was worst, against whom."""

    step: int
    track_id: str | None  # None: no other road user is part of it
    value: float  # in the unit of the column of that name


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
    empty = np.full(len(history.ego), np.nan)
    return SafetyFacts(
        scalars=dict.fromkeys(COLUMNS), series=dict.fromkeys(SERIES, empty), worst={}
    )
