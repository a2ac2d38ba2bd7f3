"""nuPlan's closed-loop metrics of given histories, every output column."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np

from drivewm.eval.conform.fixtures import Fixtures, Row, history_of, poses
from drivewm.eval.conform.tally import Tally
from drivewm.eval.scores.base import ScoreConfig, combine
from drivewm.eval.scores.registry import load_config
from drivewm.measures.collision import Fault
from drivewm.measures.comfort import SERIES
from drivewm.measures.nuplan import TERMS, NuplanTerms, nuplan_terms
from drivewm.measures.nuplan_road import road_of_map
from drivewm.scene import ScoreType
from drivewm.scene.road_graph import graph_lanes

CLOSE, COMFORT_CLOSE = 1e-6, 1e-8
SCORES = {
    "NC": "no_at_fault_collision", "DAC": "drivable_area", "MP": "making_progress",
    "DDC": "driving_direction", "EP": "progress", "TTC": "ttc", "SL": "speed_limit", "C": "comfort",
}  # fmt: skip
CONTINUOUS = ("EP", "SL")
COMFORT = {
    "lon_acc": "lon_acc_mps2", "lat_acc": "lat_acc_mps2", "jerk": "jerk_mps3",
    "lon_jerk": "lon_jerk_mps3", "yaw_rate": "yaw_rate_radps", "yaw_acc": "yaw_acc_radps2",
}  # fmt: skip


def check(fixtures: Fixtures, tally: Tally) -> None:
    """Measures every history and compares."""
    maps = fixtures.maps()
    roads = {name: road_of_map(road_map) for name, road_map in maps.items()}
    for row in fixtures.rows("nuplan_cls"):
        history = history_of(row)
        terms = nuplan_terms(history, roads[row["map_id"]], poses(row, "expert"))
        names = [lane.id for lane in graph_lanes(maps[row["map_id"]])]
        compare(tally, row["scene_id"], row, terms, history.tracks.score_type, names)


def compare(
    tally: Tally,
    case: str,
    row: Row,
    terms: NuplanTerms,
    score_type: np.ndarray,
    lane_ids: Sequence[str],
    prefix: str = "out_",
    comfort_close: float = COMFORT_CLOSE,
) -> None:
    """Compares a measured drive with a row's columns that begin with ``prefix``.

    Args:
        tally: counts what differs.
        case: name of the case.
        row: the expected values.
        terms: what was measured.
        score_type: int8 [N], ScoreType of the tracks.
        lane_ids: of the road's lanes, in its order.
        prefix: of the columns.
        comfort_close: tolerance of the comfort series' extremes.
    """
    expected = {name.removeprefix(prefix): row[name] for name in row if name.startswith(prefix)}
    _scores(tally, case, expected, terms)
    _contacts(tally, case, expected, terms, score_type)
    _lanes(tally, case, expected, terms, lane_ids)
    _series(tally, case, expected, terms)
    for short, name in COMFORT.items():
        values = terms.comfort[SERIES.index(name)]
        tally.close(case, f"c_{short}_max", expected[f"c_{short}_max"], values.max(), comfort_close)
        tally.close(case, f"c_{short}_min", expected[f"c_{short}_min"], values.min(), comfort_close)
        ok = terms.comfort_ok[SERIES.index(name)]
        tally.discrete(case, f"c_{short}_ok", expected[f"c_{short}_ok"], int(ok))


@cache
def _config() -> ScoreConfig:
    return load_config("nuplan_cls")


def _scores(tally: Tally, case: str, expected: Row, terms: NuplanTerms) -> None:
    named: dict[str, float | None] = dict(zip(TERMS, terms.scores.tolist()))
    for short, name in SCORES.items():
        if short in CONTINUOUS:
            tally.close(case, short, expected[short], named[name], CLOSE)
        else:
            tally.discrete(case, short, expected[short], named[name])
    score, _ = combine(named, _config())
    tally.close(case, "CLS", expected["CLS"], score, CLOSE)


def _contacts(
    tally: Tally, case: str, expected: Row, terms: NuplanTerms, score_type: np.ndarray
) -> None:
    tally.discrete(case, "col_step", expected["col_step"], terms.contact_step)
    tally.discrete(case, "col_track", expected["col_track"], terms.contact_track)
    tally.discrete(case, "col_type", expected["col_type"], terms.contact_type)
    tally.close(
        case, "col_delta_v", expected["col_delta_v"], terms.contact_delta_v_mps, CLOSE
    )  # fmt: skip
    guilty = terms.contact_fault == Fault.EGO
    kinds = score_type[terms.contact_track[guilty]]
    vulnerable = (kinds == ScoreType.PEDESTRIAN) | (kinds == ScoreType.BICYCLE)
    tally.discrete(case, "at_fault_steps", expected["at_fault_steps"], terms.contact_step[guilty])
    counts = {
        "": len(kinds), "_vru": int(vulnerable.sum()),
        "_vehicle": int((kinds == ScoreType.VEHICLE).sum()),
        "_object": int((kinds > ScoreType.BICYCLE).sum()),
    }  # fmt: skip
    for group, count in counts.items():
        tally.discrete(case, f"n_at_fault{group}", expected[f"n_at_fault{group}"], count)


def _lanes(
    tally: Tally, case: str, expected: Row, terms: NuplanTerms, lane_ids: Sequence[str]
) -> None:
    first = [lane_ids[lane] if lane >= 0 else "" for lane in terms.first_lane]
    tally.discrete(case, "route_n", expected["route_n"], terms.lane_count)
    tally.discrete(case, "route_first_id", expected["route_first_id"], first)
    tally.discrete(case, "in_common", expected["in_common"], terms.lane_flag)
    tally.discrete(case, "n_lane_changes", expected["n_lane_changes"], terms.lane_changes)
    inside = (~terms.outside).astype(int)
    tally.discrete(case, "corners_in_drivable", expected["corners_in_drivable"], inside)


def _series(tally: Tally, case: str, expected: Row, terms: NuplanTerms) -> None:
    has_route = len(terms.expert_progress_m) > 0
    found = {
        "ddc_series": terms.along_lane_m,
        "ddc_min_progress": -abs(terms.along_lane_m.min()),
        "progress_series": terms.progress_m if has_route else [],
        "ego_progress": terms.progress_m.sum() if has_route else None,
        "expert_progress": terms.expert_progress_m.sum(),
        "progress_ratio": terms.scores[TERMS.index("progress")],
        "ttc_series": terms.ttc_s,
        "ttc_min": terms.ttc_s.min(),
        "overspeed_series": terms.over_mps,
    }
    for name, values in found.items():
        wanted = expected[name]
        if name == "progress_series" and wanted is None:
            wanted = []
        tally.close(case, name, wanted, values, CLOSE)
