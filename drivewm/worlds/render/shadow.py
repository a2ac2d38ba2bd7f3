"""Shade on the ground: the sun's shadow, the darkness under things, and lamp light (``glow``).

Static things are drawn once per world on a coarse raster, moving ones every frame on a fine one
that follows the ego; both are anchored to the map, so shade does not swim.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from drivewm.worlds.render import parts as P
from drivewm.worlds.render.glow import glow
from drivewm.worlds.render.jit import kernel

SUN, CONTACT = 0, 1  # channels: share of the sun hidden, share of the sky hidden


@dataclass(frozen=True, kw_only=True)
class Shade:
    """uint8 [H, W, 3] at cells of ``cell_m``; cell (0, 0) starts at (x0_m, y0_m), map frame."""

    raster: np.ndarray
    x0_m: float
    y0_m: float
    cell_m: float

    @property
    def place(self) -> tuple[float, float, float]:
        """x0_m, y0_m, cell_m, as kernels take them."""
        return self.x0_m, self.y0_m, self.cell_m


def cast(
    parts: np.ndarray,  # [B, PART_COLUMNS], map frame
    low_m: tuple[float, float],
    cells: tuple[int, int],  # rows, columns
    cell_m: float,
    sun: tuple[float, float, float],  # unit vector to the sun
    softness_m: float,
    lamps_lit: bool,
) -> Shade:
    """Shade of parts, and light of their lamps, on a raster whose corner is ``low_m``."""
    raster = np.zeros((*cells, 3), np.uint8)
    reach = (sun[0] / max(sun[2], 0.12), sun[1] / max(sun[2], 0.12))
    _cast(parts, raster, low_m[0], low_m[1], cell_m, reach[0], reach[1], softness_m)
    if lamps_lit:
        glow(parts, raster, low_m[0], low_m[1], cell_m)
    return Shade(raster=raster, x0_m=low_m[0], y0_m=low_m[1], cell_m=cell_m)


@kernel
def _cast(parts, raster, x0, y0, cell, sun_x, sun_y, softness):
    points, hull = np.empty((8, 2)), np.empty((17, 2))
    for b in range(len(parts)):
        part = parts[b]
        bottom, top = part[P.Z] - part[P.HZ], part[P.Z] + part[P.HZ]
        round_part = part[P.KIND] == P.ELLIPSOID
        scale = 0.78 if round_part else 1.0  # the octagon's mean instead of the bounding square
        for k in range(8):
            sx = 1.0 if k & 1 else -1.0
            sy = 1.0 if k & 2 else -1.0
            x, y = sx * scale * part[P.HX], sy * scale * part[P.HY]
            z = max(top if k & 4 else bottom, 0.0)
            points[k, 0] = part[P.X] + part[P.COS] * x - part[P.SIN] * y - sun_x * z
            points[k, 1] = part[P.Y] + part[P.SIN] * x + part[P.COS] * y - sun_y * z
        count = _hull(points, hull)
        _fill(raster, SUN, hull, count, x0, y0, cell, 0.08 + softness, 0.0, 255.0)
        if bottom < 0.8:
            for k in range(4):
                x = part[P.HX] if k == 0 or k == 3 else -part[P.HX]
                y = part[P.HY] if k < 2 else -part[P.HY]
                hull[k, 0] = part[P.X] + part[P.COS] * x - part[P.SIN] * y
                hull[k, 1] = part[P.Y] + part[P.SIN] * x + part[P.COS] * y
            _fill(raster, CONTACT, hull, 4, x0, y0, cell, 0.35, 0.12, 190.0 * (1.0 - bottom))


@kernel
def _hull(points, hull):
    """Convex hull (monotone chain), counter-clockwise, into ``hull``; its number of corners."""
    center_x, center_y = points[0, 0], points[0, 1]
    order = np.argsort((points[:, 0] - center_x) * 1e6 + (points[:, 1] - center_y))
    count = 0
    for upper in range(2):
        base = count
        for step in range(8):
            p = points[order[7 - step if upper else step]]
            while count >= base + 2:
                a, b = hull[count - 2], hull[count - 1]
                if (b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0]) > 0.0:
                    break
                count -= 1
            hull[count, 0], hull[count, 1] = p[0], p[1]
            count += 1
        count -= 1  # the last corner starts the other chain
    return count


@kernel
def _fill(raster, channel, hull, count, x0, y0, cell, soft, grow, strength):
    """Takes the maximum with a convex polygon (counter-clockwise) of soft edge."""
    low_x, high_x, low_y, high_y = math.inf, -math.inf, math.inf, -math.inf
    for k in range(count):
        low_x, high_x = min(low_x, hull[k, 0]), max(high_x, hull[k, 0])
        low_y, high_y = min(low_y, hull[k, 1]), max(high_y, hull[k, 1])
    pad = soft + grow + cell
    i0 = max(int((low_y - pad - y0) / cell), 0)
    i1 = min(int((high_y + pad - y0) / cell) + 1, raster.shape[0])
    j0 = max(int((low_x - pad - x0) / cell), 0)
    j1 = min(int((high_x + pad - x0) / cell) + 1, raster.shape[1])
    for i in range(i0, i1):
        y = y0 + (i + 0.5) * cell
        for j in range(j0, j1):
            x = x0 + (j + 0.5) * cell
            inside = math.inf
            for k in range(count):
                n = (k + 1) % count
                ex, ey = hull[n, 0] - hull[k, 0], hull[n, 1] - hull[k, 1]
                length = math.sqrt(ex * ex + ey * ey) + 1e-9
                d = (ex * (y - hull[k, 1]) - ey * (x - hull[k, 0])) / length
                inside = min(inside, d)
            share = min(max(0.5 + (inside + grow) / (2.0 * soft), 0.0), 1.0)
            value = np.uint8(strength * share)
            if value > raster[i, j, channel]:
                raster[i, j, channel] = value
