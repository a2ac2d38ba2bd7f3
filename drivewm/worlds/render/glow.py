"""Artificial light on the ground, drawn into the third channel of a shade raster."""

from __future__ import annotations

import math

import numpy as np

from drivewm.worlds.render import parts as P
from drivewm.worlds.render.jit import kernel

GLOW = 2  # channel: light from street lamps and headlights, 0..255
POOL_M, BEAM_M = 16.0, 22.0  # how far a street lamp, a headlight reaches
_POST, _PAINT, _TRUCK, _BUS = P.LAMP_POST, P.PAINT, P.TRUCK_CAB, P.BUS_BODY


@kernel
def glow(parts, raster, x0, y0, cell):
    """Adds the light of lamp posts (all round) and of vehicle fronts (a beam along +x)."""
    for b in range(len(parts)):
        material = int(parts[b, P.MATERIAL])
        if material == _POST:
            height = parts[b, P.Z] + parts[b, P.HZ]
            _pool(raster, x0, y0, cell, parts[b, P.X], parts[b, P.Y], height)
        elif material in (_PAINT, _TRUCK, _BUS):
            _beam(raster, x0, y0, cell, parts[b])


@kernel
def _window(raster, x0, y0, cell, x, y, reach):
    i0, i1 = int((y - reach - y0) / cell), int((y + reach - y0) / cell) + 1
    j0, j1 = int((x - reach - x0) / cell), int((x + reach - x0) / cell) + 1
    return max(i0, 0), min(i1, raster.shape[0]), max(j0, 0), min(j1, raster.shape[1])


@kernel
def _add(raster, i, j, value):
    raster[i, j, GLOW] = np.uint8(min(float(raster[i, j, GLOW]) + value, 255.0))


@kernel
def _pool(raster, x0, y0, cell, x, y, height):
    i0, i1, j0, j1 = _window(raster, x0, y0, cell, x, y, POOL_M)
    for i in range(i0, i1):
        for j in range(j0, j1):
            dx, dy = x0 + (j + 0.5) * cell - x, y0 + (i + 0.5) * cell - y
            far = math.sqrt(dx * dx + dy * dy)
            if far < POOL_M:
                edge = 1.0 - far / POOL_M
                slant = 1.0 + (far / height) ** 2
                _add(raster, i, j, 150.0 * edge / (slant * math.sqrt(slant)))


@kernel
def _beam(raster, x0, y0, cell, part):
    i0, i1, j0, j1 = _window(raster, x0, y0, cell, part[P.X], part[P.Y], BEAM_M + part[P.HX])
    for i in range(i0, i1):
        for j in range(j0, j1):
            dx, dy = x0 + (j + 0.5) * cell - part[P.X], y0 + (i + 0.5) * cell - part[P.Y]
            ahead = part[P.COS] * dx + part[P.SIN] * dy - part[P.HX]
            if ahead <= 0.2 or ahead >= BEAM_M:
                continue
            left = -part[P.SIN] * dx + part[P.COS] * dy
            spread = left / (1.0 + 0.36 * ahead)
            if abs(spread) < 2.2:
                near = min(ahead / 3.0, 1.0) * (1.0 - ahead / BEAM_M)
                _add(raster, i, j, 130.0 * near * math.exp(-spread * spread))
