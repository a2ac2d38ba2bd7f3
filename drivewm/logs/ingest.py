"""From a source to a fleet folder. The folder appears complete or not at all."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from drivewm.errors import InputError
from drivewm.logs import map_tables, schema, tables
from drivewm.logs.records import Source
from drivewm.progress import track
from drivewm.storage import atomic_folder

SOURCES = ("nuscenes", "scenarionet", "av2")
_source: Source | None = None  # inherited by forked workers


def open_source(name: str, src: str | Path, **options: Any) -> Source:
    """The reader of one format; late import, so that only nuScenes needs its devkit."""
    src = Path(src)
    if not src.is_dir():
        raise InputError("no such folder", file=src, fix="name the folder that holds the logs")
    if name == "nuscenes":
        from drivewm.logs.sources.nuscenes import NuScenesSource

        return NuScenesSource(src, **options)
    if name == "scenarionet":
        from drivewm.logs.sources.scenarionet import ScenarioNetSource

        return ScenarioNetSource(src, **options)
    if name == "av2":
        from drivewm.logs.sources.av2 import AV2Source

        return AV2Source(src, **options)
    raise InputError(f"unknown source '{name}'", fix=f"use one of {', '.join(SOURCES)}")


def ingest(
    source: str | Source, src: str | Path, dst: str | Path, *, workers: int = 1, **options: Any
) -> Path:
    """Writes the fleet ``dst`` from the logs in ``src``.

    Args:
        source: ``nuscenes``, ``scenarionet``, ``av2``, or an opened reader.
        workers: processes that read scenes; the result does not depend on it.
        options: of that source, e.g. ``version=`` and ``split_file=`` of nuScenes.

    Raises:
        InputError: something in ``src`` is missing or wrong; ``dst`` is then untouched.
    """
    reader = open_source(source, src, **options) if isinstance(source, str) else source
    dst = Path(dst)
    if dst.exists() and not (dst / "scenes.parquet").exists():
        raise InputError(
            "exists and is not a fleet", file=dst, fix="choose a new folder for the fleet"
        )
    scene_ids = reader.scene_ids()
    if not scene_ids:
        raise InputError("holds no scene", file=src, fix="name the folder of the logs")
    with atomic_folder(dst) as partial:
        built = _built(reader, scene_ids, workers)
        _write(partial, dst, track(built, "ingest", total=len(scene_ids)))
    return dst


def _built(reader: Source, scene_ids: list[str], workers: int) -> Iterator[dict[str, pa.Table]]:
    if workers <= 1 or "fork" not in multiprocessing.get_all_start_methods():
        for scene_id in scene_ids:
            yield tables.build(reader.read(scene_id))
        return
    global _source
    _source = reader
    try:
        with multiprocessing.get_context("fork").Pool(workers) as pool:
            yield from pool.imap(_build_one, scene_ids)
    finally:
        _source = None


def _build_one(scene_id: str) -> dict[str, pa.Table]:
    assert _source is not None
    return tables.build(_source.read(scene_id))


def _write(folder: Path, dst: Path, built: Iterator[dict[str, pa.Table]]) -> None:
    scenes: list[pa.Table] = []
    with ExitStack() as stack:
        writers = {name: stack.enter_context(_writer(folder, name)) for name in schema.SCENE_TABLES}
        for scene in built:
            for name, writer in writers.items():
                rows = scene[name]
                writer.write_table(rows, row_group_size=max(rows.num_rows, 1))
            scenes.append(_with_relative_root(scene["scenes"], dst))
    index = pa.concat_tables(scenes)
    _check_unique(index, dst)
    with _writer(folder, "scenes") as last:
        last.write_table(index)


@contextmanager
def _writer(folder: Path, name: str) -> Iterator[pq.ParquetWriter]:
    extra = map_tables.geo_metadata() if name == "map" else {}
    target = schema.TABLES[name]
    target = target.with_metadata({**target.metadata, **extra})
    codec = "none" if name == "occupancy" else "zstd"  # occupancy blobs are compressed already
    writer = pq.ParquetWriter(
        folder / f"{name}.parquet", target, compression=codec, write_statistics=False
    )
    try:
        yield writer
    finally:
        try:
            writer.close()
        except OSError:
            writer.is_open = False  # or its destructor tries again, and says so
            raise


def _with_relative_root(scene: pa.Table, dst: Path) -> pa.Table:
    """Notes where the data lies as seen from the fleet, so that both can be moved together."""
    root = scene["data_root"][0].as_py()
    relative = Path(os.path.relpath(Path(root).resolve(), dst.resolve())).as_posix()
    column = scene.schema.get_field_index("data_root_relative")
    return scene.set_column(column, schema.SCENES.field(column), [[relative]])


def _check_unique(index: pa.Table, dst: Path) -> None:
    ids = index["id"].to_pylist()
    twice = sorted({i for i in ids if ids.count(i) > 1})
    if twice:
        raise InputError(f"scene {twice[0]} occurs twice", file=dst, field="id")
