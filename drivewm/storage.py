"""Atomic writes: a reader sees the whole file or folder, or none of it."""

from __future__ import annotations

import contextlib
import glob
import io
import os
import shutil
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


@contextlib.contextmanager
def atomic_file(path: str | Path) -> Iterator[Path]:
    """Yields a temporary path beside ``path`` and renames it into place on success."""
    path = Path(path)
    with naming(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = _partial(path)
        try:
            yield partial
            os.replace(partial, path)
        finally:
            partial.unlink(missing_ok=True)


@contextlib.contextmanager
def atomic_folder(path: str | Path) -> Iterator[Path]:
    """Yields a temporary folder beside ``path`` and renames it into place on success.

    An existing folder at ``path`` is replaced only after the new one is complete.
    """
    path = Path(path)
    with naming(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = _partial(path)
        partial.mkdir()
        try:
            yield partial
            _swap(partial, path)
        finally:
            shutil.rmtree(partial, ignore_errors=True)


def _swap(new: Path, path: Path) -> None:
    """Puts ``new`` in the place of ``path``; an interrupt in between puts the old one back."""
    if not path.exists():
        os.replace(new, path)
        return
    old = new.with_suffix(".old")
    os.replace(path, old)
    try:
        os.replace(new, path)
    except BaseException:
        if not path.exists():
            os.replace(old, path)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _partial(path: Path) -> Path:
    """The temporary name of this process; what killed processes left under theirs is cleared."""
    for left in sorted(path.parent.glob(f".{glob.escape(path.name)}.*.*")):
        owner, kind = left.name.split(".")[-2:]
        mine = owner == str(os.getpid())
        if kind not in ("partial", "old") or not (mine or (owner.isdigit() and _ended(int(owner)))):
            continue
        if kind == "old" and not path.exists():
            os.replace(left, path)  # killed between the two renames: this is the only copy
        elif left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)
    return path.with_name(f".{path.name}.{os.getpid()}.partial")


def _ended(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    except PermissionError:  # another user's
        return False
    return False


@contextlib.contextmanager
def naming(path: Path) -> Iterator[None]:
    """An error of the system that names no file, or a temporary one, names ``path``."""
    try:
        yield
    except OSError as error:
        named = "" if error.filename is None else os.fspath(error.filename)
        if error.errno is None or (named and f".{path.name}.{os.getpid()}." not in named):
            raise
        raise OSError(error.errno, os.strerror(error.errno), str(path)) from error


def write_text(path: str | Path, text: str) -> None:
    """Writes a text file atomically (UTF-8)."""
    with atomic_file(path) as partial:
        partial.write_text(text, encoding="utf-8")


def write_npz(path: str | Path, arrays: Mapping[str, np.ndarray], level: int = 6) -> None:
    """Writes a compressed archive atomically; built in memory, as a zip cannot be begun again.

    Args:
        path: of the archive.
        arrays: by name.
        level: of compression, 1 (fast) to 9.
    """
    import numpy

    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as entry:
                numpy.lib.format.write_array(entry, numpy.asanyarray(array), allow_pickle=False)
    with atomic_file(path) as partial:
        partial.write_bytes(whole.getbuffer())
