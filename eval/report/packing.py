"""Small numbers for the page: quantised, differenced, deflated, base64. Shapes: P points.

A blob is ``uint32 n, JSON of n bytes, numbers``, gzipped. The JSON names runs of numbers by
``[first, count]``; the numbers are integers in 7-bit groups (zigzag, low group first), second
differences where motion is smooth and first differences elsewhere. Sums never drift.
"""

from __future__ import annotations

import base64
import gzip
import json
import struct
from collections.abc import Iterable
from typing import Any

import numpy as np

CM = 100.0
HALF_DM = 20.0
DM = 10.0
MRAD = 1000.0
Run = list[int]  # [first, count]


class Stream:
    """Collects integers and hands out where they lie."""

    def __init__(self) -> None:
        self._parts: list[np.ndarray] = []
        self._count = 0

    def add(self, values: np.ndarray, scale: float, order: int = 1) -> Run:
        """Appends [P] values in steps of 1 / scale, differenced ``order`` times."""
        steps = np.rint(np.asarray(values, float) * scale).astype(np.int64)
        for _ in range(order):
            steps[1:] = steps[1:] - steps[:-1]
        first, self._count = self._count, self._count + len(steps)
        self._parts.append(steps)
        return [first, len(steps)]

    def points(
        self, points_m: np.ndarray, origin_m: np.ndarray, scale: float, order: int = 1
    ) -> Run:
        """Appends [P, 2]: P values of x, then P of y; ``count`` is P."""
        local = np.asarray(points_m, float)[:, :2] - origin_m
        first, count = self.add(local[:, 0], scale, order)
        self.add(local[:, 1], scale, order)
        return [first, count]

    def gappy(self, values: np.ndarray, scale: float) -> list[Run]:
        """Appends what is finite of [P]; [[place in P, first, count], ...] of its unbroken runs."""
        known = np.flatnonzero(np.isfinite(values))
        if not len(known):
            return []
        pieces = np.split(known, np.flatnonzero(np.diff(known) > 1) + 1)
        return [[int(piece[0]), *self.add(values[piece], scale)] for piece in pieces]

    def blob(self, about: Any) -> str:
        """The JSON value and all numbers as text of a page; same content, same text."""
        text = json.dumps(about, separators=(",", ":"), allow_nan=False).encode()
        numbers = np.concatenate(self._parts) if self._parts else np.zeros(0, np.int64)
        return bytes_blob(struct.pack("<I", len(text)) + text + varints(numbers))


def varints(values: np.ndarray) -> bytes:
    """Integers as zigzag numbers in groups of 7 bits, low first; the high bit says that more
    follow."""
    left = ((values << 1) ^ (values >> 63)).astype(np.uint64)
    groups, more = [], []
    while True:
        rest = left >> np.uint64(7)
        groups.append((left & np.uint64(127)).astype(np.uint8))
        more.append(rest > 0)
        if not more[-1].any():
            break
        left = rest
    table = np.stack([g | (m.astype(np.uint8) << 7) for g, m in zip(groups, more)], -1)
    needed = np.stack([np.ones(len(values), bool), *more[:-1]], -1)
    return table[needed].tobytes()


def rounded(values: Iterable[float | None], digits: int = 2) -> list[float | None]:
    """Numbers with few digits; null stays null and what is not finite becomes null."""
    return [
        round(float(value), digits) if value is not None and np.isfinite(value) else None
        for value in values
    ]


def bytes_blob(raw: bytes) -> str:
    """Bytes, gzipped (same bytes for the same input), base64."""
    return base64.b64encode(gzip.compress(raw, compresslevel=9, mtime=0)).decode("ascii")


def script_json(value: Any) -> str:
    """JSON that is safe inside a <script> element whatever strings it holds."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
