"""What can be saved of damaged results.

A Parquet file that lost its end cannot say what it holds, so a copy of each table's footer (a few
kilobytes) and of the manifest lies in ``.recovery/``. All tables hold the same drives in the same
row group; a drive is whole when its row group is readable in every table.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from drivewm.errors import InputError
from drivewm.eval.results import read_manifest
from drivewm.eval.schema import SCHEMA_VERSION, SERIES, TABLES, Part, cell_of
from drivewm.storage import atomic_file, write_text

FOLDER = ".recovery"
_DAMAGE = (pa.ArrowException, OSError)


def keep_manifest(folder: Path, text: str) -> None:
    """Copies the manifest."""
    write_text(folder / FOLDER / "manifest.json", text)


def keep_footers(folder: Path) -> None:
    """Copies the footer of every table."""
    for name in TABLES:
        with atomic_file(folder / FOLDER / f"{name}.footer") as partial:
            pq.read_metadata(folder / f"{name}.parquet").write_metadata_file(partial)


def manifest_of(folder: Path) -> dict[str, Any] | None:
    """The manifest, from its copy where it is damaged; None where neither is readable.

    Raises:
        InputError: results of another version.
    """
    if (folder / "manifest.json").exists():
        try:
            return read_manifest(folder)
        except InputError as error:
            if error.field == "schema_version":
                raise
            damage = error
    try:
        copy = json.loads((folder / FOLDER / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError):
        if (folder / "manifest.json").exists():
            raise damage from None
        return None
    if not isinstance(copy, dict) or copy.get("schema_version") != SCHEMA_VERSION:
        return None
    print(f"{folder / 'manifest.json'}: missing or damaged; its copy is used", file=sys.stderr)
    return copy


def is_whole(folder: Path) -> bool:
    """Can every row of every table be read?"""
    return all(_damage(folder, name) is None for name in TABLES)


def score_rows(folder: Path) -> list[dict[str, Any]]:
    """The rows of ``scores`` of whole results."""
    return pq.read_table(folder / "scores.parquet").to_pylist()


def whole_parts(folder: Path) -> Iterator[Part]:
    """The drives that are whole in every table, one row group in memory at a time.

    Says on stderr which file is damaged.
    """
    files: dict[str, pq.ParquetFile] = {}
    for name in TABLES:
        path = folder / f"{name}.parquet"
        damage = _damage(folder, name)
        if damage is not None:
            print(f"{path}: {damage}; the drives that are whole are kept, the others are judged "
                  "again", file=sys.stderr)  # fmt: skip
        file = _open(folder, name)
        if file is None:
            return
        files[name] = file
    for group in range(min(file.num_row_groups for file in files.values())):
        try:
            tables = {name: file.read_row_group(group) for name, file in files.items()}
            yield from _parts(tables)
        except _DAMAGE:
            continue


def _parts(tables: dict[str, pa.Table]) -> Iterator[Part]:
    series = tables.pop("series")
    rows = {name: table.select(TABLES[name].names).to_pylist() for name, table in tables.items()}
    worst: dict[tuple, list[dict[str, Any]]] = {}
    for row in rows.pop("worst"):
        worst.setdefault(cell_of(row), []).append(row)
    for n, score in enumerate(rows["scores"]):
        cell = cell_of(score)
        lists: dict[str, Any] = dict(zip(("planner", "scene_id", "seed"), cell))
        for name in SERIES:
            values = series.column(name)[n].values
            lists[name] = values.to_numpy(zero_copy_only=False).astype(np.float64)
        part: Part = {name: table[n] for name, table in rows.items()}
        if any(cell_of(row) != cell for row in part.values()):
            continue  # tables of two runs: such a drive is not to be trusted
        yield part | {"series": lists, "worst": worst.get(cell, [])}


def _open(folder: Path, name: str) -> pq.ParquetFile | None:
    """The table by its own footer, or by the copy of it."""
    path = folder / f"{name}.parquet"
    try:
        return pq.ParquetFile(path, page_checksum_verification=True)
    except _DAMAGE:
        pass
    try:
        footer = pq.read_metadata(folder / FOLDER / f"{name}.footer")
        return pq.ParquetFile(path, metadata=footer, page_checksum_verification=True)
    except _DAMAGE:
        return None


def _damage(folder: Path, name: str) -> str | None:
    """What is wrong with a table, or None."""
    try:
        with pq.ParquetFile(folder / f"{name}.parquet", page_checksum_verification=True) as file:
            for column in TABLES[name].names:
                if column not in file.schema_arrow.names:
                    return f"column {column} is missing"
            for group in range(file.num_row_groups):
                file.read_row_group(group)
    except FileNotFoundError:
        return "missing"
    except _DAMAGE as error:
        return f"not readable ({' '.join(str(error).split())[:120]})"
    return None
