"""What is plotted: series beside the animation, and measures as distributions over drives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from drivewm.eval.report.results import Results
from drivewm.eval.schema import TERMS, cell_of
from drivewm.measures.comfort import BOUNDS
from drivewm.measures.ttc import BOUND_S

BINS = 24
Bounds = tuple[float | None, float | None]


@dataclass(frozen=True)
class Chart:
    """A series beside the animation."""

    key: str  # column of ``series``
    title: str
    unit: str
    scale: float  # quantised in steps of 1 / scale
    bounds: Bounds | None = None  # beyond them a term is lost, or a threshold is crossed
    window: tuple[float, float] | None = None  # of the axis; None: what the values need


CHARTS = (
    Chart("speed_mps", "Speed", "m/s", 50),
    Chart("lon_acc_mps2", "Longitudinal acceleration", "m/s²", 50, BOUNDS["lon_acc_mps2"]),
    Chart("lat_acc_mps2", "Lateral acceleration", "m/s²", 50, BOUNDS["lat_acc_mps2"]),
    Chart("ttc_s", "Time to collision", "s", 50, (BOUND_S, None), (0, 4)),
    Chart("ttc_any_s", "Time to collision, any road user", "s", 20, None, (0, 6)),
    Chart("thw_s", "Time headway", "s", 20, None, (0, 5)),
    Chart("drac_mps2", "Deceleration to avoid a crash", "m/s²", 20, None, (0, 8)),
    Chart("rss_longitudinal_margin_m", "RSS margin, longitudinal", "m", 10, (0, None), (-20, 40)),
    Chart("rss_lateral_margin_m", "RSS margin, lateral", "m", 10, (0, None), (-3, 5)),
    Chart("drivable_margin_m", "Margin to the road's edge", "m", 20, (-0.3, None)),
    Chart("driving_direction_m", "Against the driving direction", "m", 20),
    Chart("overspeed_mps", "Above the speed limit", "m/s", 20),
    Chart("lane_offset_m", "Offset from the lane's middle", "m", 20, (-0.5, 0.5)),
    Chart("progress_m", "Progress", "m", 10),
    Chart("jerk_mps3", "Jerk", "m/s³", 20, BOUNDS["jerk_mps3"]),
    Chart("lon_jerk_mps3", "Longitudinal jerk", "m/s³", 20, BOUNDS["lon_jerk_mps3"]),
    Chart("yaw_rate_radps", "Yaw rate", "rad/s", 500, BOUNDS["yaw_rate_radps"]),
    Chart("yaw_acc_radps2", "Yaw acceleration", "rad/s²", 200, BOUNDS["yaw_acc_radps2"]),
    Chart("ride_weighted_mps2", "Acceleration as felt (ISO 2631-1)", "m/s²", 50),
)
SUB_TITLES = {
    "no_at_fault_collision": "No at-fault collision",
    "drivable_area": "Drivable area",
    "driving_direction": "Driving direction",
    "traffic_light": "Traffic lights",
    "making_progress": "Making progress",
    "progress": "Progress",
    "ttc": "TTC",
    "speed_limit": "Speed limit",
    "lane_keeping": "Lane keeping",
    "comfort": "Comfort",
    "extended_comfort": "Extended comfort",
}
SAFETY = {  # column of ``safety`` -> title, unit, end of the axis (None: the greatest value)
    "min_ttc_s": ("Smallest time to collision", "s", 6.0),
    "tet_s": ("Time exposed to a short TTC", "s", None),
    "min_thw_s": ("Smallest time headway", "s", 6.0),
    "max_drac_mps2": ("Greatest DRAC", "m/s²", 10.0),
    "min_pet_s": ("Smallest post-encroachment time", "s", 10.0),
    "rss_longitudinal_violation_s": ("Time within RSS distance, longitudinal", "s", None),
    "rss_lateral_violation_s": ("Time within RSS distance, lateral", "s", None),
    "impact_speed_mps": ("Impact speed", "m/s", None),
    "injury_risk": ("Risk of injury", "", 1.0),
    "ride_rms_mps2": ("Ride: weighted RMS acceleration", "m/s²", None),
    "msdv_mps15": ("Motion sickness dose", "m/s^1.5", None),
}


def terms_of(results: Results) -> list[str]:
    """The terms that any row has."""
    return [term for term in TERMS if any(row[term] is not None for row in results.rows)]


def spreads(results: Results, planners: list[str]) -> list[dict[str, Any]]:
    """Histograms of the score, of its terms and of the safety measures, one per planner each.

    Values beyond the end of the axis are counted in its last bin; unknown ones are counted apart.
    """
    found = [_spread("score", "Score", "", 1.0, _values(results, planners, "score"))]
    for term in terms_of(results):
        values = _values(results, planners, term)
        found.append(_spread(term, SUB_TITLES[term], "", 1.0, values))
    for name, (title, unit, end) in SAFETY.items():
        rows = {
            planner: [
                results.safety.get(cell_of(row), {}).get(name)
                for row in results.of_planner(planner)
            ]
            for planner in planners
        }
        if any(value is not None for values in rows.values() for value in values):
            found.append(_spread(name, title, unit, end, rows))
    return found


def _values(results: Results, planners: list[str], column: str) -> dict[str, list[float | None]]:
    return {name: [row[column] for row in results.of_planner(name)] for name in planners}


def _spread(
    key: str, title: str, unit: str, end: float | None, values: dict[str, list[float | None]]
) -> dict[str, Any]:
    known = {name: np.array([v for v in found if v is not None]) for name, found in values.items()}
    top = end or float(max((v.max() for v in known.values() if len(v)), default=0.0)) or 1.0
    return {
        "key": key, "title": title, "unit": unit, "end": round(top, 3),
        "open": end is not None and end > 1,
        "planners": {
            name: {
                "bins": np.histogram(np.clip(found, 0, top), BINS, (0, top))[0].tolist(),
                "mean": round(float(found.mean()), 4) if len(found) else None,
                "quartiles": np.percentile(found, (25, 50, 75)).round(4).tolist()
                if len(found)
                else [],
                "unknown": len(values[name]) - len(found),
            }
            for name, found in known.items()
        },
    }  # fmt: skip
