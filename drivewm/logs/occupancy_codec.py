"""Bit-packed occupancy: five bit planes of classes and one per mask, each compressed (zstd).

A blob is compressed on its own, so that one keyframe is unpacked without its neighbours.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from drivewm.errors import InputError

SHAPE = (200, 200, 16)
CLASS_BITS = 5  # classes 0-17
_VOXELS = int(np.prod(SHAPE))
_PLANE_BYTES = _VOXELS // 8


def pack_semantics(semantics: np.ndarray) -> bytes:
    """uint8 [200, 200, 16] classes below 32 -> blob.

    Raises:
        InputError: another shape, or a class that five bits do not hold.
    """
    flat = _flat(semantics, "semantics")
    if flat.max(initial=0) >= 1 << CLASS_BITS:
        raise InputError(f"occupancy class {flat.max()} is above 31", field="semantics")
    planes = [np.packbits((flat >> bit) & 1) for bit in range(CLASS_BITS)]
    return _compress(np.concatenate(planes).tobytes())


def unpack_semantics(blob: bytes) -> np.ndarray:
    """Inverse of ``pack_semantics``: uint8 [200, 200, 16]."""
    raw = np.frombuffer(_decompress(blob, CLASS_BITS * _PLANE_BYTES), np.uint8)
    out = np.zeros(_VOXELS, np.uint8)
    for bit, plane in enumerate(raw.reshape(CLASS_BITS, _PLANE_BYTES)):
        out |= np.left_shift(np.unpackbits(plane), bit, dtype=np.uint8)
    return out.reshape(SHAPE)


def pack_mask(mask: np.ndarray) -> bytes:
    """bool [200, 200, 16] -> blob."""
    return _compress(np.packbits(_flat(mask, "mask").astype(bool)).tobytes())


def unpack_mask(blob: bytes) -> np.ndarray:
    """Inverse of ``pack_mask``: bool [200, 200, 16]."""
    raw = np.frombuffer(_decompress(blob, _PLANE_BYTES), np.uint8)
    return np.unpackbits(raw).astype(bool).reshape(SHAPE)


def _flat(array: np.ndarray, field: str) -> np.ndarray:
    if array.shape != SHAPE:
        raise InputError(f"shape {array.shape} is not {SHAPE}", field=field)
    return np.ascontiguousarray(array).reshape(-1)


def _compress(raw: bytes) -> bytes:
    return pa.compress(raw, codec="zstd", asbytes=True)


def _decompress(blob: bytes, size: int) -> bytes:
    return pa.decompress(blob, decompressed_size=size, codec="zstd", asbytes=True)
