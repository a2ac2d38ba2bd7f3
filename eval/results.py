"""Reads a results folder: its manifest and its tables."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from drivewm.errors import InputError
from drivewm.eval.schema import (
    ALL_TABLES,
    KEY,
    SCHEMA_VERSION,
    SERIES,
    TABLES,
    TERMS,
    Cell,
    Part,
    finite_list,
)

__all__ = [
    "ALL_TABLES", "KEY", "SCHEMA_VERSION", "SERIES", "TABLES", "TERMS", "Cell", "Part",
    "finite_list", "is_complete", "read_manifest", "read_rows", "read_table", "table_batches",
]  # fmt: skip

AGAIN = "run the same `drivewm score` again: what is whole is kept, the rest is judged again"

RECORD = "baseline.json"  # what `drivewm baseline accept` adds to results
_MAPPINGS = (("config",), ("config", "sim"), ("config", "score"), ("config", "safety"),
             ("fleet",), ("scene_hashes",))  # fmt: skip


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a results folder.

    Raises:
        InputError: absent, not JSON, of another schema version, or changed by hand.
    """
    path, fix = folder / "manifest.json", "run `drivewm score` again with --overwrite"
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError("no results here", file=path, fix="run `drivewm score`") from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"not valid JSON ({error})", file=path, fix=AGAIN) from error
    if not isinstance(manifest, dict) or manifest.get("schema_version") != SCHEMA_VERSION:
        raise InputError("not results of this version", file=path, field="schema_version", fix=fix)
    for place in _MAPPINGS:
        part: Any = manifest
        for name in place:
            part = part.get(name) or {}
        if not isinstance(part, dict):
            raise InputError("is not a mapping", file=path, field=".".join(place), fix=AGAIN)
    return manifest


def is_complete(folder: Path, fingerprint: str) -> bool:
    """Does the folder hold the finished results of this very run?"""
    if not (folder / "manifest.json").exists():
        return False
    found = read_manifest(folder)
    return found.get("fingerprint") == fingerprint and found.get("status") == "complete"


def read_table(folder: Path, name: str, columns: Sequence[str] | None = None) -> pa.Table:
    """One table of finished results (a key of ``ALL_TABLES``), or some of its columns.

    Raises:
        InputError: the file is absent, corrupt, or lacks a column.
    """
    batches = list(table_batches(folder, name, columns))
    wanted = ALL_TABLES[name] if columns is None else _narrowed(name, columns)
    return pa.Table.from_batches(batches, wanted)


def table_batches(
    folder: Path, name: str, columns: Sequence[str] | None = None
) -> Iterator[pa.RecordBatch]:
    """The same row group by row group, so that a large table needs little memory.

    Raises:
        InputError: the file is absent, corrupt, or lacks a column.
    """
    path = folder / f"{name}.parquet"
    wanted = ALL_TABLES[name] if columns is None else _narrowed(name, columns)
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            for column in wanted.names:
                if column not in file.schema_arrow.names:
                    raise InputError("column is missing", file=path, field=column, fix=AGAIN)
            for group in range(file.num_row_groups):
                table = file.read_row_group(group, columns=wanted.names)
                yield from _cast(table, wanted, path).to_batches()
    except FileNotFoundError as error:
        raise InputError("file is missing", file=path, fix=AGAIN) from error
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"not readable ({error})", file=path, fix=AGAIN) from error


def _cast(table: pa.Table, wanted: pa.Schema, path: Path) -> pa.Table:
    try:
        return table.select(wanted.names).cast(wanted)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise InputError(f"a column has another type ({error})", file=path, fix=AGAIN) from error


def read_rows(folder: Path, name: str, cell: Cell) -> list[dict[str, Any]]:
    """The rows of one drive in a table; empty where there is none.

    Raises:
        InputError: the file is absent, corrupt, or lacks a column.
    """
    path = folder / f"{name}.parquet"
    read_table(folder, name, ["planner"])  # names what is wrong with the file
    filters = [(key, "==", value) for key, value in zip(KEY, cell)]
    try:
        return pq.read_table(path, filters=filters).select(ALL_TABLES[name].names).to_pylist()
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"not readable ({error})", file=path, fix=AGAIN) from error


def _narrowed(name: str, columns: Sequence[str]) -> pa.Schema:
    return pa.schema([ALL_TABLES[name].field(column) for column in columns])
