"""Reads a scene's blob back, as the page's script does."""

from __future__ import annotations

import base64
import gzip
import json
import re
import struct
from typing import Any

import numpy as np


def scene(html: str, place: int = 0) -> tuple[dict[str, Any], np.ndarray]:
    """(what the blob says, its integers) of the scene at a place of the page."""
    text = re.search(rf'id="scene-{place}">([^<]+)<', html)[1]
    raw = gzip.decompress(base64.b64decode(text))
    (length,) = struct.unpack_from("<I", raw)
    return json.loads(raw[4 : 4 + length]), integers(raw[4 + length :])


def integers(raw: bytes) -> np.ndarray:
    """Zigzag numbers in groups of 7 bits, low first."""
    found, value, shift = [], 0, 0
    for byte in raw:
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            found.append((value >> 1) ^ -(value & 1))
            value = shift = 0
    return np.array(found, np.int64)


def run(numbers: np.ndarray, first: int, count: int, scale: float, order: int = 1) -> np.ndarray:
    """The values of a run."""
    values = numbers[first : first + count]
    for _ in range(order):
        values = np.cumsum(values)
    return values / scale
