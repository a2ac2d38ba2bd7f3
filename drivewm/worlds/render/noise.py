"""Textures that are pure functions of position: a tileable noise table and integer hashes."""

from __future__ import annotations

import math

import numpy as np

from drivewm.seeds import generator
from drivewm.worlds.render.jit import inlined

SIZE = 256


def _table() -> np.ndarray:
    """Tileable grain, 0..1, mean 0.5; float32 [SIZE, SIZE]."""
    return generator("render", "noise").random((SIZE, SIZE)).astype(np.float32)


NOISE = _table()


@inlined
def smooth_noise(table, x, y):
    """Value noise with cells of one unit, 0..1."""
    fx, fy = math.floor(x), math.floor(y)
    u, v = x - fx, y - fy
    i, j = int(fy) & 255, int(fx) & 255
    k, n = (i + 1) & 255, (j + 1) & 255
    u, v = u * u * (3.0 - 2.0 * u), v * v * (3.0 - 2.0 * v)
    low = table[i, j] * (1.0 - u) + table[i, n] * u
    high = table[k, j] * (1.0 - u) + table[k, n] * u
    return low * (1.0 - v) + high * v


@inlined
def cell_noise(table, x, y):
    """One random number per unit cell, 0..1."""
    return table[math.floor(y) & 255, math.floor(x) & 255]


@inlined
def ramp(low, high, x):
    """0 below ``low``, 1 above ``high``, smooth between."""
    t = min(max((x - low) / (high - low), 0.0), 1.0)
    return t * t * (3.0 - 2.0 * t)
