"""The windows of a forecast table: a list with a hash, so that two tables can be compared.

A window file is JSON, ``{"name": ..., "windows": [{"scene", "keyframe", "history", "horizon"}],
"hash": ...}`` or the bare list, or a Parquet table of the four columns.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from drivewm.errors import InputError
from drivewm.logs.fleet import Fleet
from drivewm.storage import atomic_file, write_text

STEP_S = 0.5
GAP_S = 0.2  # frames further than this from 0.5 s apart break a window
FIELDS = ("scene", "keyframe", "history", "horizon")
WRITE_ONE = "write one with `drivewm forecast ... --save-windows`"


@dataclass(frozen=True, order=True, kw_only=True)
class Window:
    """One forecast. Frames are 0.5 s apart."""

    scene: str
    keyframe: int  # index of the last observed frame: now
    history: int  # frames observed, the one of now included
    horizon: int  # frames forecast

    @property
    def first(self) -> int:
        return self.keyframe - self.history + 1

    @property
    def last(self) -> int:
        return self.keyframe + self.horizon


@dataclass(frozen=True, kw_only=True)
class WindowList:
    """Windows in order of scene and time, with the name a table may give them."""

    name: str
    windows: tuple[Window, ...]
    published: bool = False  # the name is that of a published list, and the list is whole

    @property
    def hash(self) -> str:
        """blake2b of the windows, whatever the order they were given in."""
        rows = [[getattr(w, name) for name in FIELDS] for w in sorted(self.windows)]
        content = json.dumps(rows, separators=(",", ":"))
        return hashlib.blake2b(content.encode(), digest_size=16).hexdigest()

    def by_scene(self) -> dict[str, list[Window]]:
        out: dict[str, list[Window]] = {}
        for window in sorted(self.windows):
            out.setdefault(window.scene, []).append(window)
        return out


def frame_times(fleet: Fleet, scene_id: str, encoder: str) -> np.ndarray:
    """Instants of a scene's frames, int64 [K] us: its keyframes, or for ``privileged`` every fifth
    step of the 10 Hz scene."""
    if encoder == "privileged":
        return fleet.scene(scene_id).times_us[::5]
    return np.asarray(fleet.keyframes(scene_id).times_us)


def regular(times_us: np.ndarray) -> np.ndarray:
    """Whether each frame follows the one before by about 0.5 s; bool [K - 1]."""
    return np.abs(np.diff(times_us) / 1e6 - STEP_S) <= GAP_S


def every_window(
    scene_id: str, times_us: np.ndarray, history: int, horizon: int, stride: int = 1
) -> list[Window]:
    """Every window of the scene without a gap, ``stride`` frames apart."""
    steps, length = regular(times_us), history + horizon
    fits = [k for k in range(len(times_us) + 1 - length) if steps[k : k + length - 1].all()]
    return [
        Window(scene=scene_id, keyframe=k + history - 1, history=history, horizon=horizon)
        for k in fits[::stride]
    ]


def save(path: str | Path, windows: WindowList) -> None:
    """Writes the list atomically; Parquet when the name ends so, else JSON."""
    rows = [asdict(w) for w in sorted(windows.windows)]
    if Path(path).suffix == ".parquet":
        table = pa.Table.from_pylist(rows, pa.schema(_COLUMNS))
        table = table.replace_schema_metadata({"name": windows.name, "hash": windows.hash})
        with atomic_file(path) as partial:
            pq.write_table(table, partial)
        return
    lines = ",\n".join(json.dumps(row) for row in rows)
    head = json.dumps(windows.name)
    write_text(path, f'{{"name": {head}, "hash": "{windows.hash}", "windows": [\n{lines}\n]}}\n')


_COLUMNS = [("scene", pa.string())] + [(name, pa.int64()) for name in FIELDS[1:]]


def read(path: str | Path) -> WindowList:
    """A window file.

    Raises:
        InputError: absent, not such a file, empty, a window twice, a value that is none, or the
            windows are not those of the file's own hash.
    """
    path = Path(path)
    content = _parquet(path) if path.suffix == ".parquet" else _json(path)
    rows = content.get("windows")
    if not isinstance(rows, Sequence) or isinstance(rows, str):
        raise InputError("is not a list", file=path, field="windows", fix=WRITE_ONE)
    if not rows:
        raise InputError("the list is empty", file=path, field="windows", fix=WRITE_ONE)
    windows = tuple(_window(row, n, path) for n, row in enumerate(rows))
    if len(set(windows)) < len(windows):
        twice = next(w for n, w in enumerate(windows) if w in windows[:n])
        raise InputError(
            f"{twice.scene}, keyframe {twice.keyframe} is there twice", file=path,
            field="windows", fix="keep it once",
        )  # fmt: skip
    found = WindowList(name=str(content.get("name") or path.stem), windows=windows)
    stated = content.get("hash")
    if stated is not None and stated != found.hash:
        raise InputError(
            f"says {stated}, the windows have {found.hash}", file=path, field="hash",
            fix="the list was edited: remove the hash, or restore the file",
        )  # fmt: skip
    return found


def _json(path: Path) -> Mapping[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError("no such window file or preset", file=path, field="--windows",
                         fix="use all, occworld-4219, dome-150 or a file") from error  # fmt: skip
    except ValueError as error:
        raise InputError(f"not JSON ({error})", file=path, fix=WRITE_ONE) from error
    if isinstance(content, list):
        return {"windows": content}
    if not isinstance(content, dict):
        raise InputError("is neither a list nor an object", file=path, fix=WRITE_ONE)
    return content


def _parquet(path: Path) -> Mapping[str, Any]:
    try:
        table = pq.read_table(path)
    except FileNotFoundError as error:
        raise InputError("no such window file", file=path, field="--windows") from error
    except (pa.ArrowInvalid, OSError) as error:
        raise InputError(f"not a Parquet file ({error})", file=path, fix=WRITE_ONE) from error
    stated = table.schema.metadata or {}
    name, digest = (stated[k].decode() if k in stated else None for k in (b"name", b"hash"))
    return {"windows": table.to_pylist(), "name": name, "hash": digest}


def _window(row: Any, n: int, path: Path) -> Window:
    for name, least in zip(FIELDS, (None, 0, 1, 1)):
        value = row.get(name) if isinstance(row, Mapping) else None
        if least is None:
            if isinstance(value, str) and value:
                continue
            raise InputError("is not a scene id", file=path, field=f"windows[{n}].{name}",
                             fix=WRITE_ONE)  # fmt: skip
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise InputError(
                f"is {value!r}, not a whole number from {least} up", file=path,
                field=f"windows[{n}].{name}", fix=WRITE_ONE,
            )  # fmt: skip
    return Window(**{name: row[name] for name in FIELDS})


def check_fit(
    windows: Iterable[Window],
    times_us: Mapping[str, np.ndarray],
    fleet: Fleet,
    file: str | Path,
    gaps: bool = False,
) -> None:
    """Every window lies in its scene, without a gap.

    Args:
        times_us: scene id -> int64 [K] of its frames.
        gaps: a gap is allowed (the published lists do not look at the time).

    Raises:
        InputError: one does not; the first is named.
    """
    for w in windows:
        where = f"{w.scene}, keyframe {w.keyframe}"
        if w.scene not in times_us:
            raise InputError(
                f"no scene '{w.scene}' in {fleet.path}", file=file, field="windows.scene",
                fix=f"the fleet holds {', '.join(info.id for info in fleet.scenes[:4])}, ...",
            )  # fmt: skip
        frames = times_us[w.scene]
        if w.first < 0 or w.last >= len(frames):
            raise InputError(
                f"{where}: frames {w.first} to {w.last} are not in 0 to {len(frames) - 1}",
                file=file, field="windows.keyframe", fix="correct the list",
            )  # fmt: skip
        if not gaps and not regular(frames[w.first : w.last + 1]).all():
            raise InputError(
                f"{where}: its frames are not 0.5 s apart", file=file, field="windows.keyframe",
                fix="leave it out",
            )  # fmt: skip
