"""Boxes and drivable area as an Occ3D-style grid: input and target where no labels exist.

Ego frame, x and y in [-40, 40) m, z in [-1, 5.4) m, 0.4 m; index [ix, iy, iz]. What boxes and the
drivable area do not tell (buildings, trees, kerbs) stays FREE. Shapes: N tracks, E polygon edges.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from numba import njit
from shapely.geometry import Polygon

from drivewm.geometry.se2 import to_local, wrap_angle
from drivewm.scene import MOVABLE, OccClass, RoadMap, TrackColumn

CELL_M = 0.4
MIN_M = np.array([-40.0, -40.0, -1.0])
SHAPE = (200, 200, 16)
GROUND_LAYER = 2  # z in [-0.2, 0.2)
_NEAR_M = 40.0


def drivable_edges(road_map: RoadMap) -> tuple[np.ndarray, ...]:
    """Each drivable polygon as its edges [E, 4] (x0, y0, x1, y1), holes included; map frame."""
    return tuple(_edges(polygon) for polygon in road_map.drivable)


def _edges(polygon: Polygon) -> np.ndarray:
    rings = [polygon.exterior, *polygon.interiors]
    points = [shapely.get_coordinates(ring) for ring in rings]
    return np.concatenate([np.column_stack([p[:-1], p[1:]]) for p in points])


def ground_height_m(
    ego_xy: np.ndarray,  # [2]
    state: np.ndarray,  # [N, 6], TrackColumn
    size_m: np.ndarray,  # [N, 3]
    occ_class: np.ndarray,  # [N]
    valid: np.ndarray,  # bool [N]
) -> float:
    """Height of the road near the ego in the map frame: the median foot of the road users within
    40 m (of all of them where none is near; 0 where there is none)."""
    stands = valid & np.isin(occ_class, MOVABLE)
    near = stands & (np.hypot(*(state[:, :2] - ego_xy).T) <= _NEAR_M)
    chosen = near if near.any() else stands
    if not chosen.any():
        return 0.0
    return float(np.median(state[chosen, TrackColumn.Z] - size_m[chosen, 2] / 2))


def rasterise(
    ego_pose: np.ndarray,  # [3] x, y, heading of the rear axle, map frame
    state: np.ndarray,  # [N, 6], TrackColumn
    size_m: np.ndarray,  # [N, 3]
    occ_class: np.ndarray,  # int8 [N]
    valid: np.ndarray,  # bool [N]
    drivable: Sequence[np.ndarray],  # from ``drivable_edges``
    ground_m: float | None = None,
) -> np.ndarray:
    """uint8 [200, 200, 16] classes. ``ground_m`` is the road's height in the map frame, by default
    ``ground_height_m``. A voxel is in a box when its centre is; small classes are drawn last, so
    that a pedestrian is not swallowed by a car."""
    ego_pose = np.asarray(ego_pose, float)
    grid = np.full(SHAPE, OccClass.FREE, np.uint8)
    grid[drivable_cells(ego_pose, drivable), GROUND_LAYER] = OccClass.DRIVEABLE_SURFACE
    if ground_m is None:
        ground_m = ground_height_m(ego_pose[:2], state, size_m, occ_class, valid)
    centre = to_local(ego_pose, state[:, :2])
    heading = wrap_angle(state[:, TrackColumn.HEADING] - ego_pose[2])
    height = state[:, TrackColumn.Z] - ground_m
    volume = size_m.prod(axis=1)
    for n in np.argsort(-volume, kind="stable"):
        if valid[n]:
            _draw_box(
                grid, centre[n, 0], centre[n, 1], height[n], heading[n], size_m[n],
                int(occ_class[n]))
    return grid


def drivable_cells(ego_pose: np.ndarray, drivable: Sequence[np.ndarray]) -> np.ndarray:
    """bool [200, 200]: cells whose centre is on the drivable area."""
    out = np.zeros(SHAPE[:2], bool)
    for edges in drivable:
        local = np.concatenate(
            [to_local(ego_pose, edges[:, :2]), to_local(ego_pose, edges[:, 2:])], axis=1)
        cells = (local - np.tile(MIN_M[:2], 2)) / CELL_M - 0.5  # cell centres at whole numbers
        low = np.minimum(cells[:, :2].min(0), cells[:, 2:].min(0))
        high = np.maximum(cells[:, :2].max(0), cells[:, 2:].max(0))
        if (high >= 0).all() and (low <= np.array(SHAPE[:2]) - 1).all():
            out |= _fill_polygon(np.ascontiguousarray(cells), SHAPE[0], SHAPE[1])
    return out


@njit(cache=True)
def _fill_polygon(edges: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """bool [rows, columns]: whole-number points inside the polygon (even-odd rule).

    Each edge flips the parity of everything beyond its crossing with a row.
    """
    flips = np.zeros((rows, columns + 1), np.bool_)
    for e in range(edges.shape[0]):
        x0, y0, x1, y1 = edges[e, 0], edges[e, 1], edges[e, 2], edges[e, 3]
        if x0 == x1:
            continue
        first = max(int(np.ceil(min(x0, x1))), 0)
        for row in range(first, rows):
            if row >= max(x0, x1):
                break
            crossing = y0 + (row - x0) * (y1 - y0) / (x1 - x0)
            column = min(max(int(np.ceil(crossing)), 0), columns)
            flips[row, column] = not flips[row, column]
    inside = np.zeros((rows, columns), np.bool_)
    for row in range(rows):
        parity = False
        for column in range(columns):
            parity = parity != flips[row, column]
            inside[row, column] = parity
    return inside


@njit(cache=True)
def _draw_box(
    grid: np.ndarray, x_m: float, y_m: float, z_m: float, heading_rad: float, size_m: np.ndarray,
    value: int,
) -> None:
    """Sets the voxels whose centre is inside the box; a flat or thin box fills at least the layer
    and the cell of its centre."""
    half_l, half_w, half_h = size_m[0] / 2, size_m[1] / 2, size_m[2] / 2
    cos, sin = np.cos(heading_rad), np.sin(heading_rad)
    reach = np.hypot(half_l, half_w)
    i0 = max(int(np.floor((x_m - reach + 40.0) / 0.4)), 0)
    i1 = min(int(np.floor((x_m + reach + 40.0) / 0.4)) + 1, grid.shape[0])
    j0 = max(int(np.floor((y_m - reach + 40.0) / 0.4)), 0)
    j1 = min(int(np.floor((y_m + reach + 40.0) / 0.4)) + 1, grid.shape[1])
    centre_i, centre_j = int(np.floor((x_m + 40.0) / 0.4)), int(np.floor((y_m + 40.0) / 0.4))
    centre_k = int(np.floor((z_m + 1.0) / 0.4))
    for i in range(i0, i1):
        for j in range(j0, j1):
            dx, dy = (i + 0.5) * 0.4 - 40.0 - x_m, (j + 0.5) * 0.4 - 40.0 - y_m
            along, across = cos * dx + sin * dy, -sin * dx + cos * dy
            inside = abs(along) <= half_l and abs(across) <= half_w
            if not inside and not (i == centre_i and j == centre_j):
                continue
            for k in range(grid.shape[2]):
                dz = (k + 0.5) * 0.4 - 1.0 - z_m
                if abs(dz) <= half_h or k == centre_k:
                    grid[i, j, k] = value
