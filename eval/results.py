"""The results folder: its tables, and the writer that survives being killed.

While a run lasts, each judged drive is a small JSON file in ``parts/`` (written atomically); at
the end they become the Parquet tables, in the order planner, scene, and go away.
"""

from __future__ import annotations

import json
import math
import shutil
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from drivewm.errors import InputError
from drivewm.storage import atomic_file, write_text

SCHEMA_VERSION = 1
TERMS = (
    "no_at_fault_collision",
    "drivable_area",
    "making_progress",
    "ttc",
    "comfort",
    "progress",
)
SERIES = (
    "time_s",
    "x",
    "y",
    "heading",
    "speed_mps",
    "lon_acc_mps2",
    "lat_acc_mps2",
    "jerk_mps3",
    "yaw_rate_radps",
    "ttc_s",
    "drivable_margin_m",
    "progress_m",
)
_TEXT, _REAL, _INT = pa.string(), pa.float64(), pa.int32()
SCORES_SCHEMA = pa.schema([
    ("planner", _TEXT), ("scene_id", _TEXT), ("source", _TEXT), ("split", _TEXT),
    ("location", _TEXT), ("agents", _TEXT), ("mode", _TEXT), ("tracker", _TEXT),
    ("replan_interval_s", _REAL), ("seed", pa.int64()), ("status", _TEXT), ("reason", _TEXT),
    ("score", _REAL), *[(name, _REAL) for name in TERMS], ("weights_used", _TEXT),
    ("collisions", _INT), ("fault_unknown", _INT), ("collision_time_s", _REAL),
    ("duration_s", _REAL),
])  # fmt: skip
SERIES_SCHEMA = pa.schema(
    [("planner", _TEXT), ("scene_id", _TEXT), *[(name, pa.list_(_REAL)) for name in SERIES]]
)
TIMINGS_SCHEMA = pa.schema([
    ("planner", _TEXT), ("scene_id", _TEXT), ("plan_ms_mean", _REAL), ("plan_ms_max", _REAL),
    ("wall_s", _REAL),
])  # fmt: skip
TABLES = {"scores": SCORES_SCHEMA, "series": SERIES_SCHEMA, "timings": TIMINGS_SCHEMA}
Part = dict[str, dict[str, Any]]  # table name -> row


def finite_list(values: Iterable[float]) -> list[float | None]:
    """Floats with None for NaN and infinities (what a series cannot say is null)."""
    return [float(v) if math.isfinite(v) else None for v in values]


def is_complete(folder: Path, fingerprint: str) -> bool:
    """Does the folder hold the finished results of this very run?"""
    if not (folder / "manifest.json").exists():
        return False
    found = read_manifest(folder)
    return found.get("fingerprint") == fingerprint and found.get("status") == "complete"


class ResultsWriter:
    """One results folder being written.

    Args:
        folder: of the results.
        manifest: everything that decides the results, under ``config`` and ``fleet``.
        overwrite: throw away what is there.

    Raises:
        InputError: the folder holds other results, or foreign files.
    """

    def __init__(self, folder: Path, manifest: dict[str, Any], *, overwrite: bool = False) -> None:
        self.folder, self._parts = folder, folder / "parts"
        self._manifest = manifest
        if overwrite and folder.exists():
            _remove_results(folder)
        self._check(folder / "manifest.json")
        self._parts.mkdir(parents=True, exist_ok=True)
        self._write_manifest("running")

    def _check(self, path: Path) -> None:
        if not path.exists():
            if self.folder.exists() and any(self.folder.iterdir()):
                raise InputError("folder is not empty and holds no results", file=self.folder,
                                 fix="choose another folder with -o")  # fmt: skip
            return
        found = read_manifest(self.folder)
        fix = "add --overwrite, or choose another folder with -o"
        if found.get("fingerprint") != self._manifest["fingerprint"]:
            raise InputError("holds results of another run", file=self.folder, fix=fix)

    def _write_manifest(self, status: str) -> None:
        text = json.dumps({**self._manifest, "status": status}, indent=2)
        write_text(self.folder / "manifest.json", text + "\n")

    def _part_path(self, planner: str, scene_id: str) -> Path:
        return self._parts / planner / f"{scene_id}.json"

    def has(self, planner: str, scene_id: str) -> bool:
        """Was this drive judged before? A corrupt part is named and done again."""
        path = self._part_path(planner, scene_id)
        if not path.exists():
            return False
        try:
            self._read_part(planner, scene_id)
        except InputError as error:
            print(f"{error}; it is judged again", file=sys.stderr)
            path.unlink()
            return False
        return True

    def _read_part(self, planner: str, scene_id: str) -> Part:
        path = self._part_path(planner, scene_id)
        try:
            part = json.loads(path.read_text(encoding="utf-8"))
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            raise InputError(f"corrupt part ({error})", file=path) from error
        if not isinstance(part, dict) or set(part) != set(TABLES):
            raise InputError("corrupt part (tables are missing)", file=path)
        return part

    def add(self, part: Part) -> None:
        """Keeps one judged drive."""
        row = part["scores"]
        text = json.dumps(part, allow_nan=False)
        write_text(self._part_path(row["planner"], row["scene_id"]), text)

    def finish(self, cells: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
        """Writes the tables, in the order of ``cells`` (planner, scene); returns the score rows."""
        parts = [self._read_part(planner, scene_id) for planner, scene_id in cells]
        for name, schema in TABLES.items():
            table = pa.Table.from_pylist([part[name] for part in parts], schema=schema)
            with atomic_file(self.folder / f"{name}.parquet") as partial:
                pq.write_table(table, partial, compression="zstd")
        self._write_manifest("complete")
        shutil.rmtree(self._parts)
        return [part["scores"] for part in parts]


def _remove_results(folder: Path) -> None:
    """Removes what a run writes, and nothing else."""
    if folder.exists() and any(folder.iterdir()) and not (folder / "manifest.json").exists():
        raise InputError("holds no results to overwrite", file=folder,
                         fix="choose another folder with -o")  # fmt: skip
    for name in ("parts", "rollouts"):
        shutil.rmtree(folder / name, ignore_errors=True)
    for name in ("manifest.json", *(f"{table}.parquet" for table in TABLES)):
        (folder / name).unlink(missing_ok=True)


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a results folder.

    Raises:
        InputError: absent, not JSON, or of another schema version.
    """
    path, fix = folder / "manifest.json", "run `drivewm score` again with --overwrite"
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError("no results here", file=path, fix="run `drivewm score`") from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"not valid JSON ({error})", file=path, fix=fix) from error
    if not isinstance(manifest, dict) or manifest.get("schema_version") != SCHEMA_VERSION:
        raise InputError("not results of this version", file=path, field="schema_version", fix=fix)
    return manifest


def read_table(folder: Path, name: str) -> pa.Table:
    """One table of finished results: ``scores``, ``series`` or ``timings``.

    Raises:
        InputError: the file is absent, corrupt, or lacks a column.
    """
    path, fix = folder / f"{name}.parquet", "run `drivewm score` again with --overwrite"
    try:
        table = pq.read_table(path)
    except FileNotFoundError as error:
        raise InputError("file is missing", file=path, fix=fix) from error
    except (pa.ArrowInvalid, OSError) as error:
        raise InputError(f"not readable ({error})", file=path, fix=fix) from error
    for column in TABLES[name].names:
        if column not in table.column_names:
            raise InputError("column is missing", file=path, field=column, fix=fix)
    try:
        return table.select(TABLES[name].names).cast(TABLES[name])
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise InputError(f"a column has another type ({error})", file=path, fix=fix) from error
