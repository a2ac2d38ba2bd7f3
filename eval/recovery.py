"""What can be saved of damaged results.

A Parquet file that lost its end cannot say what it holds, and its own checksums leave some bytes
out. So a copy of each table's footer (a few kilobytes), hashes of its row groups and a copy of the
manifest lie in ``.recovery/``. All tables hold the same drives in the same row group; a drive is
whole when its row group is whole in every table.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from drivewm.errors import InputError
from drivewm.eval.results import AGAIN, read_manifest
from drivewm.eval.schema import ALL_TABLES, SCHEMA_VERSION, SERIES, Part, cell_of, tables_of
from drivewm.storage import atomic_file, write_text

FOLDER = ".recovery"


def keep_manifest(folder: Path, text: str) -> None:
    """Copies the manifest."""
    write_text(folder / FOLDER / "manifest.json", text)


def keep_footers(folder: Path, tables: Iterable[str]) -> None:
    """Copies the footers of the tables and hashes their row groups."""
    for name in tables:
        path = folder / f"{name}.parquet"
        footer = pq.read_metadata(path)
        with atomic_file(folder / FOLDER / f"{name}.footer") as partial:
            footer.write_metadata_file(partial)
        kept = {"file": _hash(path, 0, path.stat().st_size), "groups": _group_hashes(path, footer)}
        write_text(folder / FOLDER / f"{name}.json", json.dumps(kept) + "\n")


def _group_hashes(path: Path, footer: pq.FileMetaData) -> list[str]:
    hashes = []
    for g in range(footer.num_row_groups):
        group = footer.row_group(g)
        columns = [group.column(c) for c in range(group.num_columns)]
        first = min(c.dictionary_page_offset or c.data_page_offset for c in columns)
        hashes.append(_hash(path, first, sum(c.total_compressed_size for c in columns)))
    return hashes


def _hash(path: Path, first: int, size: int) -> str:
    """Of ``size`` bytes from byte ``first`` on."""
    digest = hashlib.blake2b(digest_size=16)
    with path.open("rb") as file:
        file.seek(first)
        while size > 0 and (block := file.read(min(size, 1 << 20))):
            digest.update(block)
            size -= len(block)
    return digest.hexdigest()


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


def _tables(folder: Path) -> Iterable[str]:
    """Names of the tables that the run of a folder writes."""
    for path in (folder / "manifest.json", folder / FOLDER / "manifest.json"):
        try:
            manifest = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, json.JSONDecodeError):
            continue
        if isinstance(manifest, dict):
            return tables_of(manifest)
    return tables_of(None)


def is_whole(folder: Path) -> bool:
    """Can every row of every table be read?"""
    return all(_damage(folder, name) is None for name in _tables(folder))


def check_tables(folder: Path) -> None:
    """Are the tables those that the run wrote? Folders without ``.recovery`` are not asked.

    Raises:
        InputError: a table was changed, or is another run's.
    """
    for name in _tables(folder):
        path, kept = folder / f"{name}.parquet", _kept_hashes(folder, name)["file"]
        if kept and path.exists() and _hash(path, 0, path.stat().st_size) != kept:
            raise InputError("not the table that this run wrote (damaged, or another run's)",
                             file=path, fix=AGAIN)  # fmt: skip


def score_rows(folder: Path) -> list[dict[str, Any]]:
    """The rows of ``scores`` of whole results."""
    return pq.read_table(folder / "scores.parquet").to_pylist()


def whole_parts(folder: Path) -> Iterator[Part]:
    """The drives that are whole in every table, one row group in memory at a time.

    Says on stderr which file is damaged.
    """
    files: dict[str, pq.ParquetFile] = {}
    for name in _tables(folder):
        path = folder / f"{name}.parquet"
        damage = _damage(folder, name)
        if damage is not None:
            print(f"{path}: {damage}; the drives that are whole are kept, the others are judged "
                  "again", file=sys.stderr)  # fmt: skip
        file = _open(folder, name)
        if file is None:
            return
        files[name] = file
    good = set.intersection(*[_whole_groups(folder, name, f) for name, f in files.items()])
    for group in sorted(good):
        yield from _parts({name: file.read_row_group(group) for name, file in files.items()})


def _whole_groups(folder: Path, name: str, file: pq.ParquetFile) -> set[int]:
    """Row groups whose bytes are those that were written."""
    path = folder / f"{name}.parquet"
    now, kept = _group_hashes(path, file.metadata), _kept_hashes(folder, name)["groups"]
    return {g for g, (one, other) in enumerate(zip(now, kept)) if one == other}


def _kept_hashes(folder: Path, name: str) -> dict[str, Any]:
    """As ``keep_footers`` wrote them; nothing is known to be whole where they are gone."""
    try:
        kept = json.loads((folder / FOLDER / f"{name}.json").read_text(encoding="utf-8"))
        return {"file": str(kept["file"]), "groups": list(kept["groups"])}
    except (OSError, UnicodeDecodeError, ValueError, KeyError, TypeError):
        return {"file": "", "groups": []}


def _parts(tables: dict[str, pa.Table]) -> Iterator[Part]:
    series = tables.pop("series")
    rows = {
        name: table.select(ALL_TABLES[name].names).to_pylist() for name, table in tables.items()
    }
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
    """The table by the copy of its footer, or by its own."""
    path = folder / f"{name}.parquet"
    for kept in (folder / FOLDER / f"{name}.footer", path):
        try:
            return pq.ParquetFile(path, metadata=pq.read_metadata(kept))
        except (pa.ArrowException, OSError):
            continue
    return None


def _damage(folder: Path, name: str) -> str | None:
    """What is wrong with a table, or None."""
    path = folder / f"{name}.parquet"
    if not path.exists():
        return "missing"
    if _hash(path, 0, path.stat().st_size) != _kept_hashes(folder, name)["file"]:
        return "damaged (its bytes are not those that were written)"
    return None
