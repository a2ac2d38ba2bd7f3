"""Which of several geometries an STR tree calls the nearest. Shapes: M geometries.

Where several lie at the same distance (0: they overlap) the answer of GEOS' tree depends on how it
packs them: up to ten geometries hang on one node in the order of the middle of their bounds in y,
then in x, and the first at distance 0 wins. Beyond ten the same rule is kept here, which GEOS, with
its several nodes, may then not follow. Reference in the tests: Shapely's ``STRtree.nearest``.
"""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True)
def comes_before(
    distance_m: float, bounds: np.ndarray, best_m: float, best_bounds: np.ndarray
) -> bool:
    """Does a geometry (its bounds [4]) beat the best so far?"""
    if distance_m != best_m:
        return distance_m < best_m
    y, best_y = bounds[1] + bounds[3], best_bounds[1] + best_bounds[3]
    if y != best_y:
        return y < best_y
    return bounds[0] + bounds[2] < best_bounds[0] + best_bounds[2]
