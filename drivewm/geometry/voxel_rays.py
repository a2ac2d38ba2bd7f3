"""Rays through a grid of cubes, from face to face (Amanatides and Woo, 1987).

Shapes: M rays, [X, Y, Z] voxels.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit


@njit(cache=True)
def _pass_one(solid, origin, end, stops, passed):
    """Marks the voxels of one ray in voxel units; see ``mark_passed``."""
    nx, ny, nz = passed.shape
    cell, step = np.empty(3, np.int64), np.zeros(3, np.int64)
    to_face, between = np.empty(3), np.empty(3)
    for a in range(3):
        cell[a] = math.floor(origin[a])
        way = end[a] - origin[a]
        to_face[a] = between[a] = math.inf
        if way > 0.0:
            step[a], between[a] = 1, 1.0 / way
            to_face[a] = (cell[a] + 1 - origin[a]) / way
        elif way < 0.0:
            step[a], between[a] = -1, -1.0 / way
            to_face[a] = (cell[a] - origin[a]) / way
    share = 0.0
    while share <= 1.0:
        inside = 0 <= cell[0] < nx and 0 <= cell[1] < ny and 0 <= cell[2] < nz
        if inside:
            passed[cell[0], cell[1], cell[2]] = True
            if stops and solid[cell[0], cell[1], cell[2]]:
                return
        axis = 0
        if to_face[1] < to_face[axis]:
            axis = 1
        if to_face[2] < to_face[axis]:
            axis = 2
        share = to_face[axis]
        cell[axis] += step[axis]
        to_face[axis] += between[axis]


@njit(cache=True)
def mark_passed(solid, origin, ends, stops, passed):
    """Marks the voxels that the segments from ``origin`` [3] to ``ends`` [M, 3] pass.

    Coordinates are in voxels from the lower corner of the grid; the segments may begin and end
    outside it. With ``stops`` a segment ends in the first voxel where ``solid`` bool [X, Y, Z]
    holds. ``passed`` bool [X, Y, Z] is written.
    """
    for m in range(len(ends)):
        _pass_one(solid, origin, ends[m], stops, passed)
