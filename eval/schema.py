"""The tables of a results folder, column by column (docs/results.md explains them).

Every table holds one row per drive, whose key is (planner, scene_id, seed), in the same order;
``worst`` alone holds one row per drive and metric. ``scenario`` is there where a suite was driven.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

import pyarrow as pa

from drivewm.eval.scores.safety import COLUMNS as SAFETY_COLUMNS
from drivewm.eval.scores.safety import SERIES as SAFETY_SERIES
from drivewm.eval.scores.safety import TEXT_COLUMNS

SCHEMA_VERSION = 3
MULTIPLIERS = (
    "no_at_fault_collision",
    "drivable_area",
    "driving_direction",
    "traffic_light",
    "making_progress",
)
WEIGHTED = ("progress", "ttc", "speed_limit", "lane_keeping", "comfort", "extended_comfort")
TERMS = MULTIPLIERS + WEIGHTED  # of all scores; a score that lacks a term leaves it null
SERIES = (
    "time_s",
    "x",
    "y",
    "heading",
    "speed_mps",
    "lon_acc_mps2",
    "lat_acc_mps2",
    "jerk_mps3",
    "lon_jerk_mps3",
    "yaw_rate_radps",
    "yaw_acc_radps2",
    "ttc_s",
    "drivable_margin_m",
    "driving_direction_m",
    "overspeed_mps",
    "lane_offset_m",
    "progress_m",
    *SAFETY_SERIES,
)
KEY = ("planner", "scene_id", "seed")
_TEXT, _REAL, _INT, _YES = pa.string(), pa.float64(), pa.int32(), pa.bool_()
_CELL = [("planner", _TEXT), ("scene_id", _TEXT), ("seed", pa.int64())]
SCORES_SCHEMA = pa.schema([
    *_CELL, ("recording", _TEXT), ("start_s", _REAL), ("stage", _INT), ("source", _TEXT),
    ("split", _TEXT), ("location", _TEXT), ("agents", _TEXT), ("mode", _TEXT),
    ("tracker", _TEXT), ("replan_interval_s", _REAL), ("status", _TEXT), ("reason", _TEXT),
    ("not_reproducible", _YES), ("score_name", _TEXT), ("score_version", _TEXT),
    ("score", _REAL), *[(name, _REAL) for name in TERMS], ("weights_used", _TEXT),
    ("collisions", _INT), ("fault_unknown", _INT), ("collision_time_s", _REAL),
    ("duration_s", _REAL),
])  # fmt: skip
SERIES_SCHEMA = pa.schema([*_CELL, *[(name, pa.list_(_REAL)) for name in SERIES]])
SAFETY_SCHEMA = pa.schema(
    [*_CELL, *[(name, _TEXT if name in TEXT_COLUMNS else _REAL) for name in SAFETY_COLUMNS]]
)
WORST_SCHEMA = pa.schema([
    *_CELL, ("metric", _TEXT), ("step", _INT), ("time_s", _REAL), ("track_id", _TEXT),
    ("category", _TEXT), ("value", _REAL),
])  # fmt: skip
TIMINGS_SCHEMA = pa.schema(
    [*_CELL, ("plan_ms_mean", _REAL), ("plan_ms_max", _REAL), ("wall_s", _REAL)]
)
SCENARIO_SCHEMA = pa.schema([
    *_CELL, ("family", _TEXT), ("group", _TEXT), ("tags", _TEXT), ("scenario_hash", _TEXT),
    ("file", _TEXT), ("line", _INT), ("passed", _YES), ("reason", _TEXT), ("goal_reached", _YES),
    ("progress_m", _REAL), ("required_progress_m", _REAL), ("triggers_fired", _TEXT),
    ("never_fired", _TEXT), ("impact_speed_mps", _REAL), ("unavoidable", _YES),
    ("min_ttc_s", _REAL), ("at_fault_collision", _YES), ("any_collision", _YES),
    ("road_departure", _YES), ("red_light", _YES),
])  # fmt: skip
TABLES = {
    "scores": SCORES_SCHEMA, "series": SERIES_SCHEMA, "safety": SAFETY_SCHEMA,
    "worst": WORST_SCHEMA, "timings": TIMINGS_SCHEMA,
}  # fmt: skip
SUITE_TABLES = {"scenario": SCENARIO_SCHEMA}  # beside those of every run
ALL_TABLES = TABLES | SUITE_TABLES

Row = dict[str, Any]
Part = dict[str, Any]  # one judged drive: table name -> row; of "worst" a list of rows


class Cell(NamedTuple):
    """The key of a drive."""

    planner: str
    scene_id: str
    seed: int


def cell_of(row: Row) -> Cell:
    """The key of a row or of what holds one."""
    return Cell(row["planner"], row["scene_id"], int(row["seed"]))


def tables_of(manifest: dict[str, Any] | None) -> dict[str, pa.Schema]:
    """The tables that a run writes, by its manifest."""
    return ALL_TABLES if manifest is not None and manifest.get("suite") else TABLES


def rows_of(part: Part, table: str) -> list[Row]:
    """The rows that a drive has in a table."""
    return part[table] if table == "worst" else [part[table]]


def finite_list(values: Iterable[float]) -> list[float | None]:
    """Floats with None for NaN and infinities (what a series cannot say is null)."""
    return [float(v) if math.isfinite(v) else None for v in values]
