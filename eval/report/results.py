"""Reads a results folder (see docs: manifest, scores, series, timings, rollouts)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from drivewm.errors import InputError

SCORE_COLUMNS = (
    "planner", "scene_id", "source", "split", "location", "agents", "mode", "replan_interval_s",
    "seed", "status", "reason", "score", "no_at_fault_collision", "drivable_area",
    "making_progress", "ttc", "comfort", "progress", "weights_used", "collisions",
    "collision_time_s", "duration_s",
)
SUB_SCORES = (
    "no_at_fault_collision", "drivable_area", "making_progress", "ttc", "comfort", "progress",
)
SERIES_COLUMNS = ("planner", "scene_id", "time_s", "speed_mps", "lon_acc_mps2", "lat_acc_mps2",
                  "jerk_mps3", "yaw_rate_radps", "ttc_s")
AGAIN = "run `drivewm score` again"


@dataclass(frozen=True)
class Results:
    """Everything the page says about planners. Rows keep the order of the file."""

    folder: Path
    manifest: dict[str, Any]
    rows: list[dict[str, Any]]  # one per planner and scene, SCORE_COLUMNS
    series: dict[tuple[str, str], dict[str, list[float | None]]]  # by (planner, scene)
    timings: dict[tuple[str, str], dict[str, float | None]]

    @property
    def planners(self) -> list[str]:
        """Planner names in the order they were scored."""
        return list(dict.fromkeys(row["planner"] for row in self.rows))

    @property
    def scene_ids(self) -> list[str]:
        return list(dict.fromkeys(row["scene_id"] for row in self.rows))

    def row(self, planner: str, scene_id: str) -> dict[str, Any] | None:
        """The row of one cell, None when that planner was not scored there."""
        for row in self.rows:
            if row["planner"] == planner and row["scene_id"] == scene_id:
                return row
        return None

    def rollout_path(self, planner: str, scene_id: str) -> Path:
        return self.folder / "rollouts" / planner / f"{scene_id}.npz"


def read(folder: str | Path) -> Results:
    """Reads and checks a results folder.

    Raises:
        InputError: a file is absent, corrupt, of another schema, empty or has a row twice.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError("no such results folder", file=folder, fix=AGAIN)
    manifest = read_json(folder / "manifest.json", AGAIN)
    rows = _table(folder / "scores.parquet", SCORE_COLUMNS).to_pylist()
    if not rows:
        raise InputError("holds no row", file=folder / "scores.parquet", fix=AGAIN)
    _refuse_twice(rows, folder / "scores.parquet")
    return Results(
        folder=folder, manifest=manifest, rows=[_worst_if_failed(row) for row in rows],
        series=_by_cell(_table(folder / "series.parquet", SERIES_COLUMNS)),
        timings=_by_cell(_optional(folder / "timings.parquet", ("planner", "scene_id"))),
    )


def read_json(path: Path, fix: str) -> dict[str, Any]:
    """A JSON object from a file.

    Raises:
        InputError: absent, not JSON, or not an object.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError("file is missing", file=path, fix=fix) from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"not valid JSON ({error})", file=path, fix=fix) from error
    if not isinstance(value, dict):
        raise InputError("is not a JSON object", file=path, fix=fix)
    return value


def _table(path: Path, needed: tuple[str, ...]) -> pa.Table:
    try:
        table = pq.read_table(path)
    except FileNotFoundError as error:
        raise InputError("file is missing", file=path, fix=AGAIN) from error
    except (pa.ArrowInvalid, OSError) as error:
        raise InputError(f"not a readable Parquet file ({error})", file=path, fix=AGAIN) from error
    for name in needed:
        if name not in table.column_names:
            raise InputError("column is missing", file=path, field=name, fix=AGAIN)
    return table


def _optional(path: Path, needed: tuple[str, ...]) -> pa.Table:
    return _table(path, needed) if path.exists() else pa.table({name: [] for name in needed})


def _by_cell(table: pa.Table) -> dict[tuple[str, str], dict[str, Any]]:
    return {(row["planner"], row["scene_id"]): row for row in table.to_pylist()}


def _refuse_twice(rows: list[dict[str, Any]], file: Path) -> None:
    seen: set[tuple[str, str]] = set()
    for row in rows:
        cell = (row["planner"], row["scene_id"])
        if cell in seen:
            raise InputError(
                f"planner '{cell[0]}' has two rows for scene '{cell[1]}'", file=file, fix=AGAIN
            )
        seen.add(cell)


def _worst_if_failed(row: dict[str, Any]) -> dict[str, Any]:
    """A failed row counts as 0, whatever the file holds for it."""
    failed = row["status"] != "ok" or row["score"] is None
    return {**row, "score": 0.0 if failed else float(row["score"]), "failed": failed}
