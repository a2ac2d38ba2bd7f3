"""Writes a results folder that survives being killed at any moment.

While a run lasts, judged drives are appended to ``journal.bin``; at the end they stream into the
Parquet tables, in the order of the run's cells, and the journal goes away. Memory does not grow
with the number of drives.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from drivewm.errors import InputError
from drivewm.eval import recovery
from drivewm.eval.journal import Journal
from drivewm.eval.results import RECORD, read_manifest
from drivewm.eval.schema import ALL_TABLES, SERIES, Cell, Part, rows_of, tables_of
from drivewm.storage import atomic_file, write_text

JOURNAL = "journal.bin"
DRIVES_PER_GROUP = 64  # of every table: a damaged row group costs these drives and no others


class ResultsWriter:
    """One results folder being written; use it in a ``with`` statement.

    Args:
        folder: of the results.
        manifest: everything that decides the results, under ``config`` and ``fleet``.
        overwrite: throw away the results that are there.

    Raises:
        InputError: the folder holds other results, foreign files or a baseline, or another process
            writes it.
    """

    def __init__(self, folder: Path, manifest: dict[str, Any], *, overwrite: bool = False) -> None:
        self.folder, self._manifest = folder, manifest
        if (folder / RECORD).exists():
            raise InputError("holds an accepted baseline", file=folder,
                             fix="choose another folder with -o")  # fmt: skip
        if overwrite and folder.exists():
            _remove_results(folder)  # what else lies there stays
        known = not overwrite and self._check()
        self._journal = Journal(folder / JOURNAL)
        _lock(self._journal)
        if self._journal.damaged:
            print(f"{self._journal.path}: {self._journal.damaged} damaged records; those drives "
                  "are judged again", file=sys.stderr)  # fmt: skip
        if known and not len(self._journal):
            for part in recovery.whole_parts(folder):
                self._journal.add(part)
        self._write_manifest("running")

    def __enter__(self) -> ResultsWriter:
        return self

    def __exit__(self, *error: object) -> None:
        self._journal.close()

    def _check(self) -> bool:
        """Does the folder hold results of this run already?"""
        if not self.folder.exists() or not any(self.folder.iterdir()):
            return False
        found = recovery.manifest_of(self.folder)
        if found is None:
            raise InputError("folder is not empty and holds no results", file=self.folder,
                             fix="choose another folder with -o")  # fmt: skip
        if found.get("fingerprint") != self._manifest["fingerprint"]:
            raise InputError("holds results of another run", file=self.folder,
                             fix="add --overwrite, or choose another folder with -o")  # fmt: skip
        return True

    def _write_manifest(self, status: str) -> None:
        text = json.dumps({**self._manifest, "status": status}, indent=2)
        recovery.keep_manifest(self.folder, text + "\n")
        write_text(self.folder / "manifest.json", text + "\n")

    def has(self, cell: Cell) -> bool:
        """Was this drive judged before?"""
        return cell in self._journal

    def add(self, part: Part) -> None:
        """Keeps one judged drive."""
        self._journal.add(part)

    def finish(self, cells: Sequence[Cell]) -> list[dict[str, Any]]:
        """Writes the tables, in the order of ``cells``; returns the score rows."""
        rows: list[dict[str, Any]] = []
        tables = tables_of(self._manifest)
        with contextlib.ExitStack() as stack:
            files = {}
            for name, schema in tables.items():
                partial = stack.enter_context(atomic_file(self.folder / f"{name}.parquet"))
                files[name] = stack.enter_context(
                    pq.ParquetWriter(partial, schema, compression="zstd", write_page_checksum=True)
                )
            for parts in self._groups(cells):
                rows += [part["scores"] for part in parts]
                for name in tables:
                    files[name].write_table(_table(name, parts))
        recovery.keep_footers(self.folder, tables)
        self._write_manifest("complete")
        self._journal.close()
        self._journal.path.unlink()
        return rows

    def _groups(self, cells: Sequence[Cell]) -> Iterator[list[Part]]:
        for first in range(0, len(cells), DRIVES_PER_GROUP):
            yield [self._journal.read(cell) for cell in cells[first : first + DRIVES_PER_GROUP]]


def _table(name: str, parts: Sequence[Part]) -> pa.Table:
    schema = ALL_TABLES[name]
    if name != "series":
        rows = [row for part in parts for row in rows_of(part, name)]
        return pa.Table.from_pylist(rows, schema)
    keys = [field for field in schema if field.name not in SERIES]
    columns = [pa.array([part[name][k.name] for part in parts], k.type) for k in keys]
    columns += [_lists([part[name][column] for part in parts]) for column in SERIES]
    return pa.Table.from_arrays(columns, schema=schema)


def _lists(values: Sequence[np.ndarray]) -> pa.Array:
    """A list per drive; NaN and infinities become null."""
    flat = np.concatenate(values)
    offsets = np.cumsum([0, *map(len, values)], dtype=np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(flat, mask=~np.isfinite(flat)))


def _lock(journal: Journal) -> None:
    """One writer at a time; the system lets go when the process ends, however it ends."""
    try:
        journal.lock(fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        journal.close()
        fix = "wait for it, or choose another folder with -o"
        raise InputError("another process writes here", file=journal.path, fix=fix) from error


def _remove_results(folder: Path) -> None:
    """Removes what a run writes, and nothing else."""
    ours = (folder / "manifest.json").exists() or (folder / recovery.FOLDER).exists()
    if any(folder.iterdir()) and not ours:
        raise InputError("holds no results to overwrite", file=folder,
                         fix="choose another folder with -o")  # fmt: skip
    for name in ("rollouts", "explain", recovery.FOLDER):
        shutil.rmtree(folder / name, ignore_errors=True)
    for name in (JOURNAL, "manifest.json", *(f"{table}.parquet" for table in ALL_TABLES)):
        (folder / name).unlink(missing_ok=True)


def finished_rows(folder: Path, fingerprint: str) -> list[dict[str, Any]] | None:
    """The score rows of a folder that holds this very run, complete and whole; else None."""
    try:
        found = read_manifest(folder)
    except InputError as error:
        if error.field == "schema_version":
            raise
        return None  # absent or damaged: the writer says so
    if found.get("fingerprint") != fingerprint or found.get("status") != "complete":
        return None
    if not recovery.is_whole(folder):
        return None
    (folder / JOURNAL).unlink(missing_ok=True)  # killed after the tables were complete
    return recovery.score_rows(folder)
