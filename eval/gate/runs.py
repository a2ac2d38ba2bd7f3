"""Reads one side of the comparison: a results folder, of one planner."""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from drivewm.errors import InputError
from drivewm.eval.gate.facts import Drive, Info, drive_of
from drivewm.eval.recovery import check_tables
from drivewm.eval.results import AGAIN, RECORD, read_manifest, read_table, table_batches
from drivewm.eval.schema import Cell, Row, cell_of

MEANS = {"overspeed_mps": "overspeed_mps", "lane_offset_m": "lane_offset_m"}  # measure -> series
Key = tuple[str, int]  # scenario, seed


@dataclass(frozen=True, kw_only=True)
class Run:
    """One planner's results."""

    folder: Path
    planner: str
    manifest: dict[str, Any]
    drives: dict[Key, Drive]
    infos: dict[str, Info]
    missing: tuple[Key, ...]  # drives that the manifest promises and the tables lack

    @property
    def scenarios(self) -> list[str]:
        return sorted(self.infos)

    @cached_property
    def by_scenario(self) -> dict[str, dict[int, Drive]]:
        """scenario -> seed -> drive, both in order."""
        found: dict[str, dict[int, Drive]] = {}
        for (name, seed), drive in sorted(self.drives.items(), key=lambda item: item[0]):
            found.setdefault(name, {})[seed] = drive
        return found

    def of_scenario(self, scenario: str) -> dict[int, Drive]:
        """seed -> drive, by seed."""
        return self.by_scenario.get(scenario, {})


def read_run(folder: str | Path, planner: str | None = None) -> Run:
    """Reads and checks a results folder.

    Args:
        folder: written by ``drivewm score`` or ``drivewm baseline accept``.
        planner: its label; may be left out where the results hold one.

    Raises:
        InputError: no results, unfinished, damaged, a row twice, or several planners and none
            named.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError("no such results folder", file=folder, fix="run `drivewm score`")
    manifest = read_manifest(folder)
    if manifest.get("status", "complete") != "complete":
        raise InputError("the run is not finished", file=folder, field="status", fix=AGAIN)
    check_tables(folder)
    check_record(folder)
    rows = read_table(folder, "scores").to_pylist()
    _refuse_twice(rows, folder / "scores.parquet")
    label = _choose(folder, rows, planner)
    rows = [row for row in rows if row["planner"] == label]
    if not rows:
        raise InputError("holds no row", file=folder / "scores.parquet", fix=AGAIN)
    safety = _by_cell(read_table(folder, "safety").to_pylist())
    scenario = _by_cell(_scenario_rows(folder, manifest))
    means = _series_means(folder)
    drives: dict[Key, Drive] = {}
    infos: dict[str, Info] = {}
    for row in rows:
        cell = cell_of(row)
        drive = drive_of(row, safety.get(cell, {}), scenario.get(cell, {}), means.get(cell, {}))
        drives[drive.scenario, drive.seed] = drive
        infos.setdefault(drive.scenario, _info(row, scenario.get(cell, {}), manifest))
    return Run(
        folder=folder, planner=label, manifest=manifest, drives=drives, infos=infos,
        missing=tuple(_missing(manifest, rows)),
    )  # fmt: skip


def digest_of(path: Path) -> str:
    """Of a file's bytes."""
    return hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest()


def check_record(folder: Path) -> None:
    """Are the tables of a baseline those that were accepted? Other folders are not asked.

    Raises:
        InputError: a table was changed or is gone, or the record is damaged.
    """
    path = folder / RECORD
    if not path.exists():
        return
    try:
        tables = dict(json.loads(path.read_text(encoding="utf-8"))["tables"])
    except (ValueError, KeyError, TypeError) as error:
        raise InputError("damaged record of a baseline", file=path,
                         fix="accept the baseline again") from error  # fmt: skip
    for name, digest in tables.items():
        if not (folder / name).is_file() or digest_of(folder / name) != digest:
            fix = "take the baseline from version control, or accept one again"
            raise InputError("not the table that was accepted", file=folder / name, fix=fix)


def _choose(folder: Path, rows: list[Row], planner: str | None) -> str:
    known = list(dict.fromkeys(row["planner"] for row in rows))
    if planner is not None and planner not in known:
        near = difflib.get_close_matches(planner, known, n=1)
        fix = f"did you mean '{near[0]}'?" if near else f"it holds {', '.join(known) or 'none'}"
        raise InputError(f"no planner '{planner}' in these results", file=folder, fix=fix)
    if planner is None and len(known) > 1:
        raise InputError(f"holds {len(known)} planners", file=folder, field="--planner",
                         fix=f"choose one of {', '.join(known)}")  # fmt: skip
    return planner or (known[0] if known else "")


def _refuse_twice(rows: Iterable[Row], file: Path) -> None:
    seen: set[Cell] = set()
    for row in rows:
        cell = cell_of(row)
        if cell in seen:
            text = f"planner '{cell.planner}' has two rows for '{cell.scene_id}'"
            raise InputError(f"{text} and seed {cell.seed}", file=file, fix=AGAIN)
        seen.add(cell)


def _by_cell(rows: Iterable[Row]) -> dict[Cell, Row]:
    return {cell_of(row): row for row in rows}


def _scenario_rows(folder: Path, manifest: dict[str, Any]) -> list[Row]:
    """Of the table that only suites have."""
    if not manifest.get("suite"):
        return []
    return read_table(folder, "scenario").to_pylist()


def _series_means(folder: Path) -> dict[Cell, dict[str, float | None]]:
    """Mean size of each series that is a measure, over the steps that know it."""
    found = {}
    for batch in table_batches(folder, "series", [*Cell._fields, *MEANS.values()]):
        keys = zip(*[batch.column(name).to_pylist() for name in Cell._fields])
        lists = {name: batch.column(series) for name, series in MEANS.items()}
        for n, key in enumerate(keys):
            found[Cell(*key)] = {name: _mean(column[n]) for name, column in lists.items()}
    return found


def _mean(cell: Any) -> float | None:
    if not cell.is_valid:
        return None
    values = np.abs(cell.values.to_numpy(zero_copy_only=False).astype(np.float64))
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else None


def _info(row: Row, scenario: Row, manifest: dict[str, Any]) -> Info:
    name = row["recording"] or row["scene_id"]
    if scenario:
        return Info(
            id=row["scene_id"], recording=name, is_fleet=False,
            family=scenario.get("family") or "", group=scenario.get("group") or "",
            content_hash=scenario.get("scenario_hash"), file=scenario.get("file"),
            line=scenario.get("line"),
        )  # fmt: skip
    hashes = manifest.get("scene_hashes") or {}
    return Info(
        id=row["scene_id"], recording=name, family=row["location"] or "", group=row["split"] or "",
        content_hash=hashes.get(name),
    )  # fmt: skip


def _missing(manifest: dict[str, Any], rows: list[Row]) -> list[Key]:
    """Scenes and seeds that were asked for and have no row. Moments are not known beforehand."""
    config = manifest.get("config") or {}
    scenes = (manifest.get("fleet") or {}).get("scenes")
    first, count = (config.get("sim") or {}).get("seed"), config.get("seeds")
    if not isinstance(scenes, list) or first is None or count is None:
        return []
    if any(row["start_s"] is not None for row in rows):
        return []
    there = {(row["recording"], row["seed"]) for row in rows}
    seeds = range(first, first + count)
    return [(name, seed) for name in scenes for seed in seeds if (name, seed) not in there]
