"""Reads a results folder (see docs: manifest, scores, series, timings, rollouts)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from drivewm.errors import InputError
from drivewm.eval.results import read_manifest, read_table

AGAIN = "run `drivewm score` again"


@dataclass(frozen=True)
class Results:
    """Everything the page says about planners. Rows keep the order of the file."""

    folder: Path
    manifest: dict[str, Any]
    rows: list[dict[str, Any]]  # one per planner and scene
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
        InputError: a file is absent, corrupt, of another schema, empty or has a row twice, or the
            run is not finished.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError("no such results folder", file=folder, fix=AGAIN)
    manifest = read_manifest(folder)
    for name in ("command", "config", "created", "fleet", "score"):
        if name not in manifest:
            file = folder / "manifest.json"
            raise InputError("is missing", file=file, field=name, fix=AGAIN)
    if manifest.get("status", "complete") != "complete":
        raise InputError("the run is not finished", file=folder, field="status", fix=AGAIN)
    rows = read_table(folder, "scores").to_pylist()
    if not rows:
        raise InputError("holds no row", file=folder / "scores.parquet", fix=AGAIN)
    _refuse_twice(rows, folder / "scores.parquet")
    return Results(
        folder=folder,
        manifest=manifest,
        rows=[_worst_if_failed(row) for row in rows],
        series=_by_cell(read_table(folder, "series")),
        timings=_by_cell(read_table(folder, "timings")),
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
