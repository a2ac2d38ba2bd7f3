"""Where compiled kernels are kept, and when they are stale. Numba loads this module by name.

Numba's own stamp of a cached kernel is a hash of the kernel's file: an edit of a kernel or constant
of another file, compiled into it, goes unnoticed. The stamp here is a hash of that file and of all
files of drivewm that it imports, directly or not. Imports are those at the start of a line; a name
that a package hands on counts as the module that it comes from.
"""

from __future__ import annotations

import hashlib
import re
import sys
from functools import cache
from pathlib import Path
from typing import Any

from numba.core import caching

_FROM = re.compile(r"^from (drivewm[\w.]*) import (?:\(([^)]*)\)|([^\n#]*))", re.MULTILINE)
_PLAIN = re.compile(r"^import (drivewm[\w.]+)", re.MULTILINE)
Names = tuple[str, tuple[str, ...]]  # module, what is taken from it


def stamp(path: str, own: Any) -> Any:
    """Of the kernels in a file; ``own``, Numba's, where the file imports nothing of drivewm."""
    files = sorted(_reached(path) - {path})
    if not files:
        return own
    return hashlib.sha256(repr(own).encode() + b"".join(map(_hash, files))).digest()


@cache
def _reached(path: str) -> frozenset[str]:
    """The file and all that it imports, directly or not."""
    found, waiting = {path}, [path]
    while waiting:
        new = [file for file in _needed(waiting.pop()) if file not in found]
        found.update(new)
        waiting += new
    return frozenset(found)


@cache
def _needed(path: str) -> tuple[str, ...]:
    """The files of drivewm that a file imports, each once."""
    files: dict[str, None] = {}
    for module, names in _imports(path):
        file = _file(module)
        if file is not None and not file.endswith("__init__.py"):
            files[file] = None
            continue
        for name in names:
            origin = _file(f"{module}.{name}") or (file and _handed_on(file).get(name, file))
            if origin:
                files[origin] = None
    return tuple(files)


@cache
def _handed_on(package: str) -> dict[str, str]:
    """Name -> file for what a package's ``__init__.py`` imports for others."""
    origins = [(names, _file(module)) for module, names in _imports(package)]
    return {name: file for names, file in origins if file for name in names}


@cache
def _imports(path: str) -> tuple[Names, ...]:
    text = Path(path).read_text(encoding="utf-8")
    found = [(match[1], _names(match[2] or match[3])) for match in _FROM.finditer(text)]
    return (*found, *((match[1], ()) for match in _PLAIN.finditer(text)))


def _names(listed: str) -> tuple[str, ...]:
    words = re.sub(r"#[^\n]*", "", listed).split(",")
    return tuple(word.split()[0] for word in words if word.strip())


@cache
def _file(module: str) -> str | None:
    """The source of a module; found by its name, so that the order of imports does not matter."""
    parts, home = module.split("."), "drivewm"
    if len(parts) > 1 and hasattr(sys.modules.get(f"drivewm.{parts[1]}"), "__path__"):
        home = f"drivewm.{parts[1]}"  # some folders lie elsewhere
    for folder in sys.modules[home].__path__:
        base = Path(folder, *parts[home.count(".") + 1 :])
        for file in (base.with_suffix(".py"), base / "__init__.py"):
            if file.is_file():
                return str(file)
    return None


@cache
def _hash(path: str) -> bytes:
    return hashlib.sha256(Path(path).read_bytes()).digest()


def _numba(name: str) -> Any:
    """A locator class of Numba's; older versions put an underscore before its name."""
    return getattr(caching, name, None) or getattr(caching, f"_{name}")


class _Stamped:
    """Numba's place for a kernel, our stamp."""

    _py_file: str

    def get_source_stamp(self) -> Any:
        """What must be equal for a cached kernel to be used."""
        return stamp(self._py_file, super().get_source_stamp())  # type: ignore[misc]


class Chosen(_Stamped, _numba("UserProvidedCacheLocator")):  # type: ignore[misc]
    """The folder ``NUMBA_CACHE_DIR``."""


class BesideSource(_Stamped, _numba("InTreeCacheLocator")):  # type: ignore[misc]
    """The ``__pycache__`` beside the source, where it can be written."""


class OfUser(_Stamped, _numba("UserWideCacheLocator")):  # type: ignore[misc]
    """The user's own cache folder."""


Notebook = _numba("IPythonCacheLocator")
Archive = _numba("ZipCacheLocator")
