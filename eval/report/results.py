"""Reads a results folder as the page needs it (docs/results.md has the tables)."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from drivewm.errors import InputError
from drivewm.eval import archive
from drivewm.eval.recovery import check_tables
from drivewm.eval.results import AGAIN, read_manifest, read_table, table_batches
from drivewm.eval.schema import SERIES, Cell, Row, cell_of


class SeriesTable:
    """The series of every drive, taken out of the Arrow table one drive at a time."""

    def __init__(self, table: pa.Table) -> None:
        keys = zip(*[table.column(name).to_pylist() for name in Cell._fields])
        self._places = {Cell(*key): n for n, key in enumerate(keys)}
        self._lists = {name: table.column(name).combine_chunks() for name in SERIES}

    def get(self, cell: Cell) -> dict[str, np.ndarray] | None:
        """[T] by name, NaN where the table says null; None where the drive left no series."""
        place = self._places.get(cell)
        if place is None:
            return None
        found = {name: _floats(lists[place]) for name, lists in self._lists.items()}
        return found if len(found["time_s"]) else None


def _floats(value: pa.ListScalar) -> np.ndarray:
    if not value.is_valid:
        return np.zeros(0)
    return value.values.to_numpy(zero_copy_only=False).astype(np.float64)


@dataclass(frozen=True)
class Results:
    """Everything the page says about planners. Rows keep the order of the file."""

    folder: Path
    manifest: dict[str, Any]
    rows: list[Row]  # one per planner, scene and seed
    series: SeriesTable
    timings: dict[Cell, Row]
    safety: dict[Cell, Row]
    worst: dict[Cell, list[Row]]  # of the shown drives
    shown: dict[tuple[str, str], Row] = field(default_factory=dict)  # the worst seed of each

    @property
    def planners(self) -> list[str]:
        """Planner names in the order they were scored."""
        return list(dict.fromkeys(row["planner"] for row in self.rows))

    @property
    def scene_ids(self) -> list[str]:
        return list(dict.fromkeys(row["scene_id"] for row in self.rows))

    def of_planner(self, planner: str) -> list[Row]:
        """The rows of one planner."""
        return [row for row in self.rows if row["planner"] == planner]

    def scene_scores(self, planner: str) -> dict[str, float]:
        """Scene -> mean score over its seeds."""
        scores: dict[str, list[float]] = {}
        for row in self.of_planner(planner):
            scores.setdefault(row["scene_id"], []).append(row["score"])
        return {scene_id: sum(seeds) / len(seeds) for scene_id, seeds in scores.items()}

    def rollout_path(self, row: Row) -> Path:
        """Where the drive of a row is archived, if it is."""
        return archive.path_of(self.folder / "rollouts", cell_of(row))


def read(folder: str | Path) -> Results:
    """Reads and checks a results folder.

    Raises:
        InputError: a file is absent, corrupt, of another schema, empty or has a row twice, or the
            run is not finished.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError("no such results folder", file=folder, fix="run `drivewm score`")
    manifest = read_manifest(folder)
    for name in ("command", "config", "created", "fleet", "score"):
        if name not in manifest:
            file = folder / "manifest.json"
            raise InputError("is missing", file=file, field=name, fix=AGAIN)
    if manifest.get("status", "complete") != "complete":
        raise InputError("the run is not finished", file=folder, field="status", fix=AGAIN)
    rows = [_worst_if_failed(row) for row in read_table(folder, "scores").to_pylist()]
    check_tables(folder)
    if not rows:
        raise InputError("holds no row", file=folder / "scores.parquet", fix=AGAIN)
    _refuse_twice(rows, folder / "scores.parquet")
    shown: dict[tuple[str, str], Row] = {}
    for row in rows:
        kept = shown.setdefault((row["planner"], row["scene_id"]), row)
        if row["score"] < kept["score"]:
            shown[row["planner"], row["scene_id"]] = row
    return Results(
        folder=folder, manifest=manifest, rows=rows, shown=shown,
        series=SeriesTable(read_table(folder, "series")),
        timings=_by_cell(read_table(folder, "timings")),
        safety=_by_cell(read_table(folder, "safety")),
        worst=_worst(folder, shown),
    )  # fmt: skip


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


def _by_cell(table: pa.Table) -> dict[Cell, Row]:
    return {cell_of(row): row for row in table.to_pylist()}


def _worst(folder: Path, shown: dict[tuple[str, str], Row]) -> dict[Cell, list[Row]]:
    found: dict[Cell, list[Row]] = {cell_of(row): [] for row in shown.values()}
    for batch in table_batches(folder, "worst"):
        for row in batch.to_pylist():
            if cell_of(row) in found:
                found[cell_of(row)].append(row)
    return found


def _refuse_twice(rows: list[Row], file: Path) -> None:
    seen: set[Cell] = set()
    for row in rows:
        cell = cell_of(row)
        if cell in seen:
            text = f"planner '{cell.planner}' has two rows for scene '{cell.scene_id}'"
            raise InputError(f"{text} and seed {cell.seed}", file=file, fix=AGAIN)
        seen.add(cell)


def _worst_if_failed(row: Row) -> Row:
    """A failed row counts as 0, whatever the file holds for it."""
    failed = row["status"] != "ok" or row["score"] is None
    return {**row, "score": 0.0 if failed else float(row["score"]), "failed": failed}
