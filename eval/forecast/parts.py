"""Finished windows of a run that is not: one file each, so that an interrupted run goes on.

The files of a run lie under a key of everything that decides a window's numbers. The folder's
tables are made from them whether the run was interrupted or not, so that both are equal byte for
byte; then they are deleted. Shapes: H + 1 frames, X, Y, Z cells.
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from drivewm.eval.forecast.windows import Window
from drivewm.storage import write_npz

FOLDER = ".parts"
VERSION = 1  # of what is measured; parts of another one are made again
_LEVEL = 1  # of compression: they do not live long


@dataclass(frozen=True, kw_only=True)
class Part:
    """All that is kept of one window."""

    counts: pa.Table  # lines of ``counts.parquet``
    said: list[dict[str, Any]]  # lines of ``outcomes.parquet``
    pictures: Mapping[str, np.ndarray]  # what ``Pictures`` shows of it


class Parts:
    """The finished windows of one run."""

    def __init__(self, output: Path, about: Mapping[str, Any]) -> None:
        """``about``: everything that decides the numbers."""
        content = json.dumps([about, VERSION], sort_keys=True)
        name = hashlib.blake2b(content.encode(), digest_size=10).hexdigest()
        self._whole, self._place = output / FOLDER, output / FOLDER / name

    def path(self, window: Window) -> Path:
        """Where a window's part lies."""
        number = f"{window.keyframe}-{window.history}-{window.horizon}"
        return self._place / f"{window.scene}@{number}.npz"

    def __contains__(self, window: Window) -> bool:
        """Whether the window is finished, and its file whole."""
        try:
            with zipfile.ZipFile(self.path(window)) as archive:
                return archive.testzip() is None
        except (OSError, zipfile.BadZipFile):
            return False

    def write(self, window: Window, part: Part) -> None:
        """Keeps a window; the file appears whole, or not at all."""
        buffer = io.BytesIO()
        with pa.ipc.new_stream(buffer, part.counts.schema) as stream:
            stream.write_table(part.counts)
        arrays = {
            "counts": np.frombuffer(buffer.getvalue(), np.uint8),
            "said": np.frombuffer(json.dumps(part.said).encode(), np.uint8),
            **{f"pictures|{name}": values for name, values in part.pictures.items()},
        }
        write_npz(self.path(window), arrays, level=_LEVEL)

    def read(self, window: Window) -> Part:
        """One finished window."""
        with np.load(self.path(window)) as arrays:
            content = {name: arrays[name] for name in arrays.files}
        with pa.ipc.open_stream(content.pop("counts").tobytes()) as stream:
            counts = stream.read_all()
        return Part(
            counts=counts, said=json.loads(content.pop("said").tobytes()),
            pictures={n.removeprefix("pictures|"): v for n, v in content.items()},
        )  # fmt: skip

    def delete(self) -> None:
        """Every part in the folder, of other runs that were never finished too."""
        shutil.rmtree(self._whole, ignore_errors=True)
