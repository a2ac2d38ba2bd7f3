"""RayIoU: IoU over lidar-like rays instead of voxels (SparseOcc, arXiv 2312.17118).

A ray runs from the lidar through the grid to the first occupied voxel; it has that voxel's class
and the distance at which it enters the voxel. Of the rays whose truth hits something, a ray is
right when the classes agree and the distances differ by less than 1, 2 or 4 m. Rays that truly
leave the grid do not count, so what is invented behind them goes unpunished: read it beside the
IoU. Shapes: R rays, X, Y, Z cells.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from drivewm.scene import OccClass

THRESHOLDS_M = (1.0, 2.0, 4.0)
COLUMNS = len(THRESHOLDS_M) + 2  # hits at each threshold, predicted rays, true rays
_FREE = int(OccClass.FREE)
_UPPER_RAD = 0.21  # the upper edge of nuScenes' lidar


def ray_pattern() -> np.ndarray:
    """The directions of the released evaluation, 39 elevations x 360; float64 [14040, 3], length 1.

    (Remarks there speak of 15,840 rays; its rule gives 14,040, and the rule is what is run.) Ten
    beams meet flat ground at 1 to 10 times the lidar's height; above them the angle grows by the
    last step until it passes the upper edge. The azimuth turns by whole degrees from x to y.
    """
    elevation = [math.atan(k) - math.pi / 2 for k in range(1, 11)]
    step = elevation[-1] - elevation[-2]
    while elevation[-1] < _UPPER_RAD:
        elevation.append(elevation[-1] + step)
    up, around = np.array(elevation)[:, None], np.deg2rad(np.arange(360))[None]
    parts = np.cos(up) * np.cos(around), np.cos(up) * np.sin(around), np.sin(up) + 0 * around
    return np.stack(parts, -1).reshape(-1, 3)


@njit(cache=True)
def _cast(occupancy, start, directions, size, keep, classes, depths):
    """Grid walk in cell units along each kept ray; ``start`` in cells, ``size`` metres a cell."""
    shape = occupancy.shape
    cell, step = np.zeros(3, np.int64), np.zeros(3, np.int64)
    border, pace = np.zeros(3), np.zeros(3)
    for r in range(len(directions)):
        classes[r], depths[r] = _FREE, np.inf
        if not keep[r]:
            continue
        near, far = 0.0, np.inf  # where the ray enters and leaves the grid
        for k in range(3):
            d = directions[r, k] / size[k]
            if d == 0.0:
                if start[k] < 0.0 or start[k] >= shape[k]:
                    far = -1.0
                continue
            a, b = -start[k] / d, (shape[k] - start[k]) / d
            near, far = max(near, min(a, b)), min(far, max(a, b))
        if near >= far:
            continue
        for k in range(3):
            d = directions[r, k] / size[k]
            at = start[k] + d * near
            cell[k] = min(max(int(np.floor(at)), 0), shape[k] - 1)
            if d > 0.0:
                step[k], pace[k] = 1, 1.0 / d
                border[k] = (cell[k] + 1 - start[k]) / d
            elif d < 0.0:
                step[k], pace[k] = -1, -1.0 / d
                border[k] = (cell[k] - start[k]) / d
            else:
                step[k], pace[k], border[k] = 0, np.inf, np.inf
        at = near
        while True:
            found = occupancy[cell[0], cell[1], cell[2]]
            if found != _FREE:
                classes[r], depths[r] = found, at
                break
            k = 0
            if border[1] < border[k]:
                k = 1
            if border[2] < border[k]:
                k = 2
            at = border[k]
            cell[k] += step[k]
            if cell[k] < 0 or cell[k] >= shape[k]:
                break
            border[k] += pace[k]


def cast_rays(
    occupancy: np.ndarray,
    origin_m: np.ndarray,
    directions: np.ndarray,
    lower_m: np.ndarray,
    cell_m: np.ndarray,
    keep: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """What each ray meets first.

    Args:
        occupancy: uint8 [X, Y, Z], OccClass.
        origin_m: [3] in the grid's frame; it may lie outside the grid.
        directions: [R, 3] of length 1.
        lower_m: [3] lower corner of the grid.
        cell_m: [3] size of a cell.
        keep: bool [R]: rays to follow; None = all.

    Returns:
        class uint8 [R] (FREE where the ray leaves the grid or is not followed) and distance
        float64 [R] in metres (infinite there).
    """
    size = np.asarray(cell_m, np.float64)
    start = (np.asarray(origin_m, np.float64) - lower_m) / size
    classes, depths = np.empty(len(directions), np.uint8), np.empty(len(directions))
    wanted = np.ones(len(directions), np.bool_) if keep is None else keep
    _cast(np.ascontiguousarray(occupancy), start, directions, size, wanted, classes, depths)
    return classes, depths


def cast_rays_reference(
    occupancy: np.ndarray,
    origin_m: np.ndarray,
    directions: np.ndarray,
    lower_m: np.ndarray,
    cell_m: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """The same in plain NumPy: every crossing of a cell border, sorted; the cell between two."""
    shape = np.array(occupancy.shape)
    classes, depths = np.full(len(directions), _FREE, np.uint8), np.full(len(directions), np.inf)
    for r, direction in enumerate(directions):
        cuts = [np.zeros(1)]
        for k in range(3):
            if direction[k] != 0.0:
                planes = lower_m[k] + np.arange(shape[k] + 1) * cell_m[k]
                cuts.append((planes - origin_m[k]) / direction[k])
        at = np.unique(np.concatenate(cuts))
        at = at[at >= 0.0]
        middle = origin_m + (at[:-1] + at[1:])[:, None] / 2 * direction
        cells = np.floor((middle - lower_m) / cell_m).astype(int)
        inside = ((cells >= 0) & (cells < shape)).all(1)
        found = np.full(len(cells), _FREE)
        found[inside] = occupancy[tuple(cells[inside].T)]
        hits = np.flatnonzero(found != _FREE)
        if len(hits):
            classes[r], depths[r] = found[hits[0]], at[hits[0]]
    return classes, depths


def ray_counts(
    predicted: tuple[np.ndarray, np.ndarray], true: tuple[np.ndarray, np.ndarray]
) -> np.ndarray:
    """Counts of one prediction over the rays whose truth hits something.

    Args:
        predicted, true: class [R] and distance [R] of the same rays, of :func:`cast_rays`.

    Returns:
        int64 [17, COLUMNS]: per class (free excepted) hits at 1, 2, 4 m, predicted, true rays.
    """
    (p, p_depth), (t, t_depth) = predicted, true
    hit = t != _FREE
    p, t = p[hit], t[hit]
    with np.errstate(invalid="ignore"):  # inf - inf where the prediction hits nothing
        error = np.abs(p_depth[hit] - t_depth[hit])
    out = np.zeros((_FREE + 1, COLUMNS), np.int64)
    for n, threshold in enumerate(THRESHOLDS_M):
        out[:, n] = np.bincount(t[(p == t) & (error < threshold)], minlength=_FREE + 1)
    out[:, -2], out[:, -1] = (np.bincount(x, minlength=_FREE + 1) for x in (p, t))
    return out[:_FREE]


def ray_iou(counts: np.ndarray, threshold: int | None = None) -> np.ndarray:
    """Mean IoU over the classes that some true ray meets; [...]; NaN when none does.

    Args:
        counts: [..., 17, COLUMNS] summed counts.
        threshold: index into THRESHOLDS_M; None = the mean over them.
    """
    counts = np.asarray(counts, float)
    which = range(len(THRESHOLDS_M)) if threshold is None else [threshold]
    hits, predicted, true = counts[..., list(which)], counts[..., -2], counts[..., -1]
    present = true > 0
    union = (predicted + true)[..., None] - hits
    iou = np.where(present[..., None], hits / np.maximum(union, 1.0), 0.0).mean(-1)
    number = present.sum(-1)
    return np.where(number > 0, iou.sum(-1) / np.maximum(number, 1), np.nan)
