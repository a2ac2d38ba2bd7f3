"""Small numbers for the page: quantised, differenced, gzipped, base64. Shapes: P points."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterable
from typing import Any

import numpy as np

CM = 100.0
DM = 10.0
MRAD = 1000.0


def deltas(values: np.ndarray, scale: float) -> list[int]:
    """[P] -> first value, then differences, in steps of 1 / scale; sums never drift."""
    steps = np.rint(np.asarray(values, float) * scale).astype(np.int64)
    return np.diff(steps, prepend=0).tolist()


def points(points_m: np.ndarray, origin_m: np.ndarray, scale: float) -> list[list[int]]:
    """[P, 2] -> [differences of x, differences of y]."""
    local = np.asarray(points_m, float)[:, :2] - origin_m
    return [deltas(local[:, 0], scale), deltas(local[:, 1], scale)]


def rounded(values: Iterable[float | None], digits: int = 2) -> list[float | None]:
    """Numbers with few digits; null stays null and what is not finite becomes null."""
    return [
        round(float(value), digits) if value is not None and np.isfinite(value) else None
        for value in values
    ]


def blob(value: Any) -> str:
    """JSON, gzipped (same bytes for the same value), base64."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    return bytes_blob(text.encode())


def bytes_blob(raw: bytes) -> str:
    """Bytes, gzipped, base64."""
    return base64.b64encode(gzip.compress(raw, compresslevel=9, mtime=0)).decode("ascii")


def script_json(value: Any) -> str:
    """JSON that is safe inside a <script> element whatever strings it holds."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
