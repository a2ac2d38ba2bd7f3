"""``frames.parquet``: what was read off every frame, from which all tables are made.

One line a checkpoint, row, window and step (0 = now). Row ``log`` is what was recorded, as far as
it reaches; row ``pool`` holds every frame of the judged scenes once (keyframe -1). Lines of no
checkpoint have run -1.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from drivewm.errors import InputError
from drivewm.eval.horizon.reading import Reading
from drivewm.storage import atomic_file

FRAMES = "frames.parquet"
POOL_ROW = "pool"
NOBODY = -1  # the run of what no checkpoint has part in
_LISTS = ("shares", "speeds_mps", "boxes_mps")
SCHEMA = pa.schema(
    [("run", pa.int32()), ("row", pa.string()), ("scene", pa.string()), ("keyframe", pa.int32()),
     ("step", pa.int32()), ("mass", pa.float64())]
    + [(name, pa.list_(pa.float64())) for name in _LISTS]
)  # fmt: skip
AGAIN = "run `drivewm horizon` again"


def lines_of(
    run: int, row: str, scene: str, keyframe: int, readings: Sequence[Reading]
) -> list[dict[str, Any]]:
    """The lines of one row of a window."""
    return [
        {"run": run, "row": row, "scene": scene, "keyframe": keyframe, "step": step,
         "mass": reading.mass,
         **{name: _listed(getattr(reading, name)) for name in _LISTS}}
        for step, reading in enumerate(readings)
    ]  # fmt: skip


def _listed(values: np.ndarray | None) -> list[float] | None:
    return None if values is None else values.tolist()


def write(path: Path, lines: Sequence[Mapping[str, Any]], about: Mapping[str, Any]) -> None:
    """Writes the file atomically; ``about`` goes into its metadata, as JSON."""
    table = pa.Table.from_pylist(list(lines), SCHEMA.with_metadata({"about": json.dumps(about)}))
    with atomic_file(path) as partial:
        pq.write_table(table, partial, compression="zstd")


def read(folder: Path) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The lines of a folder and what they are of.

    Raises:
        InputError: no such file, or it is damaged.
    """
    path = folder / FRAMES
    try:
        table = pq.read_table(path, schema=SCHEMA)
        about = json.loads((pq.read_schema(path).metadata or {})[b"about"])
        return table.to_pylist(), about
    except FileNotFoundError as error:
        raise InputError("no long forecasts here", file=path, field="--tables",
                         fix="name a folder that `drivewm horizon` wrote") from error  # fmt: skip
    except (pa.ArrowInvalid, OSError, KeyError, ValueError) as error:
        text = " ".join(str(error).split())
        raise InputError(f"not readable ({text})", file=path, fix=AGAIN) from error
