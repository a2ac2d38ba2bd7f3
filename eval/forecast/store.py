"""``counts.parquet``: the counts of every window, row, mask and step, from which any table is made.

One row group a scene, written as the scenes are done. The columns: run (which checkpoint, from 0;
-1 = a row that no checkpoint has part in), row, input, mask, scene, keyframe, step, horizon_s and
``confusion`` (int64 [324], the 18 x 18 matrix of true by predicted class, row by row), ``rays``
(int64 [85]: 17 classes x hits at 1, 2, 4 m, predicted, true), ``flow`` (float64 [4]) and
``calibration`` (float64 [47]); see ``drivewm.measures``. What the table is of stands in the
file's metadata. Shapes: M scenes, H steps (0 = now).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from drivewm.errors import InputError
from drivewm.eval.forecast.windows import STEP_S, Window
from drivewm.measures import calibration, flow, rayiou
from drivewm.models.grid import OCC3D_CLASSES
from drivewm.storage import atomic_file

COUNTS = "counts.parquet"
STATS = {  # column -> shape of one entry
    "confusion": (OCC3D_CLASSES, OCC3D_CLASSES),
    "rays": (OCC3D_CLASSES - 1, rayiou.COLUMNS),
    "flow": (flow.COLUMNS,),
    "calibration": (calibration.COLUMNS,),
}
_WHOLE = ("confusion", "rays")
_KIND = {name: pa.int64() if name in _WHOLE else pa.float64() for name in STATS}
SCHEMA = pa.schema(
    [("run", pa.int32()), ("row", pa.string()), ("input", pa.string()), ("mask", pa.string()),
     ("scene", pa.string()), ("keyframe", pa.int32()), ("step", pa.int32()),
     ("horizon_s", pa.float64())]
    + [(name, pa.list_(_KIND[name])) for name in STATS]
)  # fmt: skip
AGAIN = "run `drivewm forecast` again"
Line = tuple[int, str, str, str]  # run, row, input, mask


@dataclass(frozen=True, kw_only=True)
class StepCounts:
    """All that any figure of one row, mask and step is made of; None = not defined there."""

    step: int
    mask: str
    confusion: np.ndarray  # int64 [18, 18], true by predicted
    rays: np.ndarray | None  # int64 [17, 5]; of mask none alone: rays choose their own voxels
    flow: np.ndarray  # float64 [4]
    calibration: np.ndarray | None  # None: the row gives no probabilities


def table_of(
    entries: Sequence[tuple[int, str, str, Sequence[StepCounts]]], window: Window
) -> pa.Table:
    """The lines of one window: (run, row, input, its counts)."""
    rows = [
        {"run": run, "row": row, "input": source, "mask": c.mask, "scene": window.scene,
         "keyframe": window.keyframe, "step": c.step, "horizon_s": c.step * STEP_S,
         **{n: None if (v := getattr(c, n)) is None else v.reshape(-1) for n in STATS}}
        for run, row, source, counts in entries
        for c in counts
    ]  # fmt: skip
    return pa.Table.from_pylist(rows, SCHEMA)


class CountsWriter:
    """Adds scenes to an open file."""

    def __init__(self, writer: pq.ParquetWriter) -> None:
        self._writer = writer
        self._tables: list[pa.Table] = []

    def add(self, window: pa.Table) -> None:
        """One window's lines."""
        self._tables.append(window)

    def end_scene(self) -> None:
        """What was added since the last call becomes a row group."""
        if self._tables:
            self._writer.write_table(pa.concat_tables(self._tables).combine_chunks())
        self._tables = []


@contextmanager
def writing(path: Path, about: Mapping[str, Any]) -> Iterator[CountsWriter]:
    """Opens the file; it appears whole, or not at all. ``about``: the metadata, as JSON."""
    schema = SCHEMA.with_metadata({"about": json.dumps(about)})
    with (
        atomic_file(path) as partial,
        pq.ParquetWriter(partial, schema, compression="zstd") as writer,
    ):
        counts = CountsWriter(writer)
        yield counts
        counts.end_scene()


@dataclass(kw_only=True)
class Sums:
    """Counts summed by scene: all that tables and their intervals need."""

    about: dict[str, Any]
    scenes: list[str] = field(default_factory=list)  # M, sorted
    lines: dict[Line, dict[str, np.ndarray]] = field(default_factory=dict)
    """line -> column of STATS -> [M, H + 1, *shape] (absent: never defined) and ``windows``
    int64 [M, H + 1]"""


def read_sums(folder: Path) -> Sums:
    """The counts of a forecast folder, summed by scene.

    Raises:
        InputError: no such file, or it is damaged or foreign.
    """
    path = folder / COUNTS
    try:
        file = pq.ParquetFile(path)
        missing = [name for name in SCHEMA.names if name not in file.schema_arrow.names]
        if missing:
            raise InputError("column is missing", file=path, field=missing[0], fix=AGAIN)
        about = json.loads((file.schema_arrow.metadata or {})[b"about"])
        parts = [_scene_sums(file.read_row_group(g)) for g in range(file.num_row_groups)]
    except FileNotFoundError as error:
        raise InputError("no counts here", file=path,
                         fix="name a folder that `drivewm forecast` wrote") from error  # fmt: skip
    except (pa.ArrowInvalid, OSError, KeyError, ValueError) as error:
        text = " ".join(str(error).split())
        raise InputError(f"not readable counts ({text})", file=path, fix=AGAIN) from error
    return _joined(parts, about)


Part = dict[tuple[str, Line, int], dict[str, Any]]  # scene, line, step -> sums


def _scene_sums(table: pa.Table) -> Part:
    keys = [table[name].to_pylist() for name in ("scene", "run", "row", "input", "mask", "step")]
    stats, known = {}, {}
    for name, shape in STATS.items():
        column = table[name].combine_chunks()
        known[name] = column.is_valid().to_numpy(zero_copy_only=False)
        values = column.drop_null().flatten().to_numpy(zero_copy_only=False)
        stats[name] = np.zeros((len(column), int(np.prod(shape))), values.dtype)
        stats[name][known[name]] = values.reshape(-1, stats[name].shape[1])
    out: Part = {}
    for i, (scene, run, row, source, mask, step) in enumerate(zip(*keys)):
        sums = out.setdefault((scene, (run, row, source, mask), step), {"windows": 0})
        sums["windows"] += 1
        for name in STATS:
            if known[name][i]:
                sums[name] = sums.get(name, 0) + stats[name][i]
    return out


def _joined(parts: Sequence[Part], about: dict[str, Any]) -> Sums:
    keys = [key for part in parts for key in part]
    scenes = sorted({scene for scene, _, _ in keys})
    steps = 1 + max((step for _, _, step in keys), default=-1)
    place = {scene: m for m, scene in enumerate(scenes)}
    sums = Sums(about=about, scenes=scenes)
    for part in parts:
        for (scene, line, step), values in part.items():
            arrays = sums.lines.setdefault(line, {})
            for name, value in values.items():
                if name not in arrays:
                    shape = STATS.get(name, ())
                    kind = np.int64 if name in (*_WHOLE, "windows") else np.float64
                    arrays[name] = np.zeros((len(scenes), steps, *shape), kind)
                arrays[name][place[scene], step] += np.reshape(value, STATS.get(name, ()))
    return sums
