"""Unpickling that can build arrays and plain containers, and nothing else."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np

from drivewm.errors import InputError

# The globals that NumPy 1 and 2 write for arrays, scalars and dtypes, under both module names.
_CORE: Any = np.core
_NUMPY = {
    (module, name): value
    for package in ("numpy.core", "numpy._core")
    for module, name, value in (
        (f"{package}.multiarray", "_reconstruct", _CORE.multiarray._reconstruct),
        (f"{package}.multiarray", "scalar", _CORE.multiarray.scalar),
        (f"{package}.numeric", "_frombuffer", _CORE.numeric._frombuffer),
    )
}


def _latin1(text: str, encoding: str) -> bytes:
    """How old pickle protocols write bytes; no other codec is let in."""
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"bytes in encoding {encoding}")
    return text.encode("latin1")


_BUILTINS = (set, frozenset, list, dict, tuple, complex)
_ALLOWED: dict[tuple[str, str], Any] = {
    **_NUMPY,
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    ("_codecs", "encode"): _latin1,
    **{(m, kind.__name__): kind for m in ("builtins", "__builtin__") for kind in _BUILTINS},
    ("__builtin__", "bytes"): bytes,
    **{
        ("numpy.dtypes", name): getattr(np.dtypes, name)
        for name in ("Float64DType", "Float32DType", "Int64DType", "Int32DType", "BoolDType")
    },
}


class _RefusedGlobal(Exception):
    """A pickle names a global that is not on the list."""


class _Restricted(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        try:
            return _ALLOWED[module, name]
        except KeyError:
            raise _RefusedGlobal(f"{module}.{name}") from None


def load(path: Path) -> Any:
    """The content of a pickle made of arrays, numbers, text and plain containers.

    Raises:
        InputError: the file asks for any other global (it could run code), or is broken.
    """
    try:
        with path.open("rb") as stream:
            return _Restricted(stream).load()
    except _RefusedGlobal as error:
        raise InputError(
            f"the pickle asks for {error}, which could run code: refused",
            file=path,
            field=str(error),
            fix="do not trust the file; take arrays and plain containers only",
        ) from error
    except (
        pickle.UnpicklingError,
        EOFError,
        ValueError,
        TypeError,
        IndexError,
        KeyError,
        AttributeError,
        MemoryError,
        OverflowError,
    ) as error:
        raise InputError(
            f"not a readable pickle ({error})", file=path, fix="fetch the file again"
        ) from error
