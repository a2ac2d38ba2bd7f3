"""When every metric of a drive was worst, and against whom: the rows of the table ``worst``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from drivewm.eval.schema import Cell
from drivewm.eval.scores.base import Judgement
from drivewm.eval.scores.safety import SafetyFacts
from drivewm.scene import Tracks
from drivewm.sim.rollout import Rollout

Worse = Literal["low", "high", "far"]  # far: away from zero
OF_SERIES: dict[str, Worse] = {
    "lon_acc_mps2": "far",
    "lat_acc_mps2": "far",
    "jerk_mps3": "far",
    "lon_jerk_mps3": "far",
    "yaw_rate_radps": "far",
    "yaw_acc_radps2": "far",
    "ttc_s": "low",
    "drivable_margin_m": "low",
    "driving_direction_m": "low",
    "overspeed_mps": "high",
    "lane_offset_m": "far",
}


def worst_rows(
    cell: Cell, drive: Rollout, judged: Judgement, safety: SafetyFacts
) -> list[dict[str, Any]]:
    """One row per metric that has a moment: what the score says of its terms and measures, then
    what the safety measures say, then the extremes of the series that nobody spoke of."""
    moments: dict[str, tuple[int, str | None, float]] = dict(judged.worst)
    moments |= {name: tuple(moment) for name, moment in safety.worst.items()}  # type: ignore[misc]
    for name, moment in series_extremes(judged.series).items():
        moments.setdefault(name, moment)
    times_s = (drive.times_us - drive.times_us[0]) / 1e6
    categories = category_of(drive.tracks)
    key = cell._asdict()
    return [
        key
        | {
            "metric": metric,
            "step": int(step),
            "time_s": float(times_s[step]),
            "track_id": track,
            "category": categories.get(track) if track is not None else None,
            "value": float(value) if np.isfinite(value) else None,
        }
        for metric, (step, track, value) in moments.items()
    ]


def series_extremes(series: Mapping[str, np.ndarray]) -> dict[str, tuple[int, str | None, float]]:
    """First step of the worst finite value of each known series."""
    found: dict[str, tuple[int, str | None, float]] = {}
    for name, worse in OF_SERIES.items():
        values = np.asarray(series.get(name, []), float)
        if not np.isfinite(values).any():
            continue
        badness = {"low": -values, "high": values, "far": np.abs(values)}[worse]
        step = int(np.argmax(np.where(np.isfinite(values), badness, -np.inf)))
        found[name] = step, None, float(values[step])
    return found


def category_of(tracks: Tracks) -> dict[str, str]:
    """Track id -> what kind of road user it is."""
    return dict(zip(tracks.ids, tracks.categories))
