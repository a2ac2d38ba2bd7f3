"""The Parquet files of a fleet, opened and read with every kind of damage named in one line."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import fsspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from drivewm.errors import InputError
from drivewm.logs import schema

_FIX = "ingest the logs again"


@dataclass(frozen=True)
class TableFile:
    """An open table and its address, for messages."""

    file: str
    parquet: pq.ParquetFile


def open_table(path: str, name: str) -> TableFile:
    """Opens the table ``name`` of the fleet at ``path``: reads its footer only.

    Raises:
        InputError: unreadable, of another schema version, or without a column.
    """
    filesystem, root = fsspec.core.url_to_fs(path)
    file = posixpath.join(root, f"{name}.parquet")
    strings = [f.name for f in schema.TABLES[name] if f.type == pa.string()]
    try:
        if "file" in np.atleast_1d(filesystem.protocol):
            table = pq.ParquetFile(file, memory_map=True, read_dictionary=strings)
        else:
            table = pq.ParquetFile(filesystem.open(file, "rb"), read_dictionary=strings)
    except (pa.ArrowInvalid, OSError) as error:
        raise _unreadable(file, error) from error
    except KeyError as error:  # a text column
        raise _lacking(file, error.args[0].decode()) from error
    found = (table.schema_arrow.metadata or {}).get(schema.VERSION_KEY, b"none").decode()
    if found != str(schema.SCHEMA_VERSION):
        raise InputError(
            f"fleet schema version {found}, this drivewm reads {schema.SCHEMA_VERSION}",
            file=file,
            field="drivewm_fleet_schema",
            fix=_FIX,
        )
    for column in schema.TABLES[name].names:
        if column not in table.schema_arrow.names:
            raise _lacking(file, column)
    return TableFile(file, table)


def read_all(table: TableFile) -> pa.Table:
    """Every row.

    Raises:
        InputError: damaged.
    """
    return _read(table, table.parquet.read)


def read_rows(table: TableFile, row_group: int, columns: Sequence[str], scene_id: str) -> pa.Table:
    """One row group: a scene's rows.

    Raises:
        InputError: damaged, or the scene is not there (every scene has at least an ego).
    """
    parquet = table.parquet
    absent = row_group >= parquet.num_row_groups
    if absent or ("qw" in columns and parquet.metadata.row_group(row_group).num_rows == 0):
        raise InputError(f"has no rows of scene {scene_id}", file=table.file, fix=_FIX)
    return _read(table, lambda: parquet.read_row_group(row_group, columns=list(columns)))


def _read(table: TableFile, read: Callable[[], pa.Table]) -> pa.Table:
    try:
        return read()
    except (pa.ArrowInvalid, OSError) as error:
        raise _unreadable(table.file, error) from error


def _unreadable(file: str, error: Exception) -> InputError:
    return InputError(f"not readable ({error})", file=file, fix=_FIX)


def _lacking(file: str, column: str) -> InputError:
    return InputError("column is missing", file=file, field=column, fix=_FIX)
