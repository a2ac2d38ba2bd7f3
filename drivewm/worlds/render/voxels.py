"""The Occ3D grid, and kernels that fill it: parts, upright boxes, and rays.

Grid: ego frame, x and y from -40 to 40 m, z from -1 to 5.4 m, cells of 0.4 m, index [ix, iy, iz]
(Occ3D-nuScenes). A voxel belongs to a thing when its centre lies in the thing; a thin thing also
keeps the voxels that its own centreline passes, so that nothing falls between the centres.
"""

from __future__ import annotations

import math

import numpy as np

from drivewm.worlds.render import parts as P
from drivewm.worlds.render.intersect import contains
from drivewm.worlds.render.jit import inlined, kernel

SHAPE, CELL_M = (200, 200, 16), 0.4
LOW_M = (-40.0, -40.0, -1.0)
THIN_M = 0.85  # things narrower than this keep their centreline
GROUND_LAYER = 2  # z -0.2..0.2
EDGE_M = 1e-6

_X, _Y, _Z, _COS, _SIN, _KIND, _CLASS = P.X, P.Y, P.Z, P.COS, P.SIN, P.KIND, P.CLASS
_HX, _HY, _HZ = P.HX, P.HY, P.HZ
_FRONT, _REAR, _SIDE = P.TAPER_FRONT, P.TAPER_REAR, P.TAPER_SIDE


def centers_m() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Voxel centres along each axis, ego frame, metres."""
    x, y, z = (low + (np.arange(n) + 0.5) * CELL_M for low, n in zip(LOW_M, SHAPE))
    return x, y, z


@kernel
def fill_parts(grid, parts):
    """Writes CLASS of parts [B, PART_COLUMNS], given in the **ego** frame, into uint8 [X, Y, Z].

    The bottom face does not count, so a thing on the ground leaves the ground's own layer alone.
    """
    for b in range(len(parts)):
        _fill_part(grid, parts[b])
        if min(parts[b, _HX], parts[b, _HY]) < 0.5 * THIN_M:
            _fill_centerline(grid, parts[b])


@kernel
def _span(center, reach, axis):
    low = math.floor((center - reach - LOW_M[axis]) / CELL_M)
    high = math.floor((center + reach - LOW_M[axis]) / CELL_M) + 1
    return max(low, 0), min(high, SHAPE[axis])


@kernel
def _fill_part(grid, part):
    cos, sin = part[_COS], part[_SIN]
    reach_x = abs(cos) * part[_HX] + abs(sin) * part[_HY]
    reach_y = abs(sin) * part[_HX] + abs(cos) * part[_HY]
    i0, i1 = _span(part[_X], reach_x, 0)
    j0, j1 = _span(part[_Y], reach_y, 1)
    k0, k1 = _span(part[_Z], part[_HZ], 2)
    grow = EDGE_M
    for i in range(i0, i1):
        dx = LOW_M[0] + (i + 0.5) * CELL_M - part[_X]
        for j in range(j0, j1):
            dy = LOW_M[1] + (j + 0.5) * CELL_M - part[_Y]
            x, y = cos * dx + sin * dy, -sin * dx + cos * dy
            for k in range(k0, k1):
                z = LOW_M[2] + (k + 0.5) * CELL_M - part[_Z]
                if z > -part[_HZ] + grow and contains(
                    int(part[_KIND]), x, y, z, part[_HX] + grow, part[_HY] + grow,
                    part[_HZ] + grow, part[_FRONT], part[_REAR], part[_SIDE],
                ):  # fmt: skip
                    grid[i, j, k] = part[_CLASS]


@kernel
def _fill_centerline(grid, part):
    """Marks the voxels that the longest horizontal axis passes, at every layer of the part."""
    along_x = part[_HX] >= part[_HY]
    half = part[_HX] if along_x else part[_HY]
    ux, uy = (part[_COS], part[_SIN]) if along_x else (-part[_SIN], part[_COS])
    steps = max(math.ceil(2.0 * half / 0.1), 1)
    k0, k1 = _span(part[_Z], part[_HZ], 2)
    for step in range(steps + 1):
        s = half * (2.0 * step / steps - 1.0) * 0.999
        i = math.floor((part[_X] + s * ux - LOW_M[0]) / CELL_M)
        j = math.floor((part[_Y] + s * uy - LOW_M[1]) / CELL_M)
        if not (0 <= i < SHAPE[0] and 0 <= j < SHAPE[1]):
            continue
        for k in range(k0, k1):
            z = LOW_M[2] + (k + 0.5) * CELL_M - part[_Z]
            if -part[_HZ] + EDGE_M < z <= part[_HZ] + EDGE_M:
                grid[i, j, k] = part[_CLASS]


@kernel
def walk(grid, free, origin, direction, reach, mask):
    """Marks the voxels that one ray passes, by stepping from face to face (Amanatides and Woo).

    ``direction`` scales ``reach`` (no need for unit length). Past ``reach`` the ray goes on for one
    cell until a voxel of ``grid`` that is not ``free``: a surface lies inside its voxel.
    """
    length = math.sqrt(direction[0] ** 2 + direction[1] ** 2 + direction[2] ** 2)
    beyond = reach + CELL_M / length
    i = math.floor((origin[0] - LOW_M[0]) / CELL_M)
    j = math.floor((origin[1] - LOW_M[1]) / CELL_M)
    k = math.floor((origin[2] - LOW_M[2]) / CELL_M)
    si, ti, di = _axis(origin[0] - LOW_M[0], direction[0], i)
    sj, tj, dj = _axis(origin[1] - LOW_M[1], direction[1], j)
    sk, tk, dk = _axis(origin[2] - LOW_M[2], direction[2], k)
    t = 0.0
    while t <= beyond:
        if not (0 <= i < grid.shape[0] and 0 <= j < grid.shape[1] and 0 <= k < grid.shape[2]):
            return
        mask[i, j, k] = True
        leave = min(ti, tj, tk)
        if leave > reach and grid[i, j, k] != free:
            return
        t = leave
        if ti <= tj and ti <= tk:
            i, ti = i + si, ti + di
        elif tj <= tk:
            j, tj = j + sj, tj + dj
        else:
            k, tk = k + sk, tk + dk


@inlined
def _axis(offset, direction, cell):
    """Step, time to the first face, time between faces along one axis."""
    if direction > 0.0:
        return 1, ((cell + 1) * CELL_M - offset) / direction, CELL_M / direction
    if direction < 0.0:
        return -1, (cell * CELL_M - offset) / direction, -CELL_M / direction
    return 0, math.inf, math.inf


@kernel
def walk_all(grid, free, origin, directions, reaches, mask):
    """``walk`` for rays [M, 3] from one origin; ``reaches`` [M], inf = nothing was hit."""
    for m in range(len(directions)):
        walk(grid, free, origin, directions[m], reaches[m], mask)
