"""The tables of a forecast folder, made from its counts and nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from drivewm.errors import InputError
from drivewm.eval.forecast import outcomes, store
from drivewm.eval.forecast.metrics import METRICS
from drivewm.eval.forecast.tables import (
    MEAN,
    Figures,
    absent_classes,
    comparisons,
    rare_classes,
    rows,
)
from drivewm.eval.forecast.text import markdown
from drivewm.storage import atomic_file, write_text

_OF_GRID = ("row", "input", "mask", "ego_mode", "compared_in")


def write_tables(folder: str | Path) -> dict[str, Any]:
    """Makes every table of the folder again: ``forecast.json``, ``table.md``, ``rows.parquet``,
    ``comparisons.parquet``.

    Returns:
        the content of ``forecast.json``.

    Raises:
        InputError: the folder has no counts, or they are damaged or empty.
    """
    folder = Path(folder)
    sums = store.read_sums(folder)
    if not sums.scenes:
        raise InputError("holds no window", file=folder / store.COUNTS, fix=store.AGAIN)
    figures = Figures(sums)
    table, differences = rows(figures), comparisons(figures)
    content = {
        "rows": [r for r in table if r["horizon_s"] != MEAN],
        "headline": [r for r in table if r["horizon_s"] == MEAN],
        "comparisons": [c for c in differences if c["horizon_s"] != MEAN],
        "headline_comparisons": [c for c in differences if c["horizon_s"] == MEAN],
        "absent_classes": absent_classes(table),
        "rare_classes": rare_classes(table), "outcomes": outcomes.read(folder),
        "windows": sums.about["windows"], "scenes": len(sums.scenes),
        "windows_hash": sums.about["windows_hash"], "about": sums.about,
        "provenance": _facts(sums.about),
    }  # fmt: skip
    _write(folder / "rows.parquet", [line for row in table for line in _long(row)])
    _write(folder / "comparisons.parquet", [_plain(c) for c in differences])
    write_text(folder / "table.md", markdown(content))
    write_text(folder / "forecast.json", json.dumps(content, indent=1) + "\n")
    return content


def _facts(about: dict[str, Any]) -> dict[str, Any]:
    """What a report prints."""
    shown = ("drivewm", "fleet", "windows_name", "encoder", "dynamics", "parameters",
             "trained_on_scenes", "compared_in", "interval", "baselines", "rays",
             "labels")  # fmt: skip
    overlap = about["judged_scenes_trained_on"]
    return {
        "model": ", ".join(about["models"]),
        **{name: about[name] for name in shown},
        "judged scenes trained on": len(overlap),
        "grid": about["grid"],
    }


def _long(row: dict[str, Any]) -> list[dict[str, Any]]:
    """One line a figure."""
    out = []
    for name in METRICS:
        low, high = row["intervals"].get(name, (None, None))
        out.append(
            {**{key: row[key] for key in _OF_GRID}, "horizon_s": _seconds(row["horizon_s"]),
             "metric": name, "value": row[name], "low": low, "high": high,
             "spread": row["spread"].get(name), "runs": row["runs"], "windows": row["windows"]}
        )  # fmt: skip
    return out


def _plain(item: dict[str, Any]) -> dict[str, Any]:
    return {**item, "horizon_s": _seconds(item["horizon_s"])}


def _seconds(horizon: float | str) -> float:
    """The mean of the whole seconds is stored as -1."""
    return -1.0 if horizon == MEAN else float(horizon)


_KINDS = {"horizon_s": pa.float64(), "value": pa.float64(), "difference": pa.float64(),
          "low": pa.float64(), "high": pa.float64(), "spread": pa.float64(), "runs": pa.int32(),
          "windows": pa.int32(), "higher_is_better": pa.bool_()}  # fmt: skip


def _write(path: Path, lines: list[dict[str, Any]]) -> None:
    names = list(lines[0]) if lines else ["row"]
    schema = pa.schema([(name, _KINDS.get(name, pa.string())) for name in names])
    with atomic_file(path) as partial:
        pq.write_table(pa.Table.from_pylist(lines, schema), partial)
