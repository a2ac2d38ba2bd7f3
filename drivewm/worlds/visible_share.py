"""How much of an object the cameras see: its visible pixels over those it would have alone.

Shapes: N actors, B parts of all actors (``render.parts``), H x W pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numba import njit

from drivewm.geometry import se3
from drivewm.worlds.actors import Actors
from drivewm.worlds.render import parts as P
from drivewm.worlds.render.intersect import MISS, hit

MAX_SAMPLES = 1024  # pixels tried per object and camera; larger objects on a coarser lattice
CORNERS = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], float)


@dataclass(frozen=True, kw_only=True)
class PartsByOwner:
    """The parts of N actors, each actor's in one run of rows."""

    rows: np.ndarray  # [B, PART_COLUMNS]
    first: np.ndarray  # int64 [N + 1]

    @classmethod
    def sort(cls, parts: np.ndarray, actors: int) -> PartsByOwner:
        owner = parts[:, P.OWNER].astype(np.int64)
        order = np.argsort(owner, kind="stable")
        first = np.searchsorted(owner[order], np.arange(actors + 1))
        return cls(rows=np.ascontiguousarray(parts[order]), first=first.astype(np.int64))


def visible_shares(
    parts: PartsByOwner, actors: Actors, views: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray]]
) -> np.ndarray:
    """[N] share 0..1 of each actor's pixels that are visible, over all views; 0 if none.

    ``views``: instance int32 [H, W], intrinsics [3, 3], map_from_camera [4, 4] of each picture.
    """
    counts = np.zeros((len(actors.ids), 2))
    corners = box_corners(actors.state, actors.size_m)
    for instance, intrinsics, map_from_camera in views:
        height, width = instance.shape
        box = bounds(corners, intrinsics, map_from_camera, width, height)
        map_from_pixel = map_from_camera[:3, :3] @ np.linalg.inv(intrinsics)
        count_pixels(
            parts.rows,
            parts.first,
            box,
            instance,
            map_from_pixel,
            np.ascontiguousarray(map_from_camera[:3, 3]),
            counts,
        )
    return counts[:, 0] / np.maximum(counts[:, 1], 1)


def level(share: float) -> str:
    """nuScenes visibility token of a visible share 0..1 (bins at 40, 60 and 80 %)."""
    return str(1 + int(np.searchsorted((0.4, 0.6, 0.8), share, side="right")))


def bounds(
    corners: np.ndarray,  # [N, 8, 3], map frame
    intrinsics: np.ndarray,  # [3, 3]
    map_from_camera: np.ndarray,  # [4, 4]
    width: int,
    height: int,
) -> np.ndarray:
    """int64 [N, 4]: columns u0, u1 and rows v0, v1 (ends excluded) that may show each box.

    A box behind the camera gets an empty range; one that reaches behind it the whole picture.
    """
    camera_from_map = se3.inverse(map_from_camera)
    points = corners @ camera_from_map[:3, :3].T + camera_from_map[:3, 3]
    depth = np.maximum(points[..., 2], 1e-3)
    u = points[..., 0] / depth * intrinsics[0, 0] + intrinsics[0, 2]
    v = points[..., 1] / depth * intrinsics[1, 1] + intrinsics[1, 2]
    low = np.floor(np.stack([u.min(1), v.min(1)], 1))
    high = np.ceil(np.stack([u.max(1), v.max(1)], 1))
    size = np.array([width, height])
    partly = (points[..., 2] < 0.1).any(1)
    low[partly], high[partly] = 0, size
    high[(points[..., 2] < 0.1).all(1)] = -1
    low, high = np.clip(low, 0, size), np.clip(high, 0, size)
    return np.stack([low[:, 0], high[:, 0], low[:, 1], high[:, 1]], 1).astype(np.int64)


@njit(cache=True, nogil=True)
def _hits_any(rows, origin, direction):
    """True when the ray (map frame) meets one of the parts."""
    for row in rows:
        cos, sin = row[P.COS], row[P.SIN]
        dx, dy, dz = origin[0] - row[P.X], origin[1] - row[P.Y], origin[2] - row[P.Z]
        t = hit(
            int(row[P.KIND]), cos * dx + sin * dy, cos * dy - sin * dx, dz,
            cos * direction[0] + sin * direction[1], cos * direction[1] - sin * direction[0],
            direction[2], row[P.HX], row[P.HY], row[P.HZ], row[P.TAPER_FRONT],
            row[P.TAPER_REAR], row[P.TAPER_SIDE],
        )  # fmt: skip
        if t < MISS:
            return True
    return False


@njit(cache=True, nogil=True)
def count_pixels(parts, first, box, instance, map_from_pixel, origin, out):
    """Adds to ``out`` float64 [N, 2] the pixels of each actor: seen, and seen if it were alone.

    Args:
        parts: [B, PART_COLUMNS] sorted by owner; first: int64 [N + 1] rows of each owner.
        box: int64 [N, 4] of ``bounds``; instance: int32 [H, W], actor index or -1.
        map_from_pixel: [3, 3], ray direction in the map frame from (u + 0.5, v + 0.5, 1).
        origin: [3] camera centre in the map frame.
    """
    direction = np.empty(3)
    for n in range(len(first) - 1):
        area = (box[n, 1] - box[n, 0]) * (box[n, 3] - box[n, 2])
        if area <= 0 or first[n] == first[n + 1]:
            continue
        step = max(1, int(np.ceil(np.sqrt(area / MAX_SAMPLES))))
        rows = parts[first[n] : first[n + 1]]
        for v in range(box[n, 2] + step // 2, box[n, 3], step):
            for u in range(box[n, 0] + step // 2, box[n, 1], step):
                seen = instance[v, u] == n
                for k in range(3):
                    direction[k] = (
                        map_from_pixel[k, 0] * (u + 0.5) + map_from_pixel[k, 1] * (v + 0.5)
                        + map_from_pixel[k, 2]
                    )  # fmt: skip
                if seen or _hits_any(rows, origin, direction):
                    out[n, 1] += step * step
                    out[n, 0] += step * step * seen


def box_corners(state: np.ndarray, size_m: np.ndarray) -> np.ndarray:
    """[N, 8, 3] corners in the map frame of upright boxes; ``state`` [N, 6], ``size_m`` [N, 3]."""
    local = CORNERS * size_m[:, None] / 2
    cos, sin = np.cos(state[:, 3])[:, None], np.sin(state[:, 3])[:, None]
    x = state[:, None, 0] + cos * local[..., 0] - sin * local[..., 1]
    y = state[:, None, 1] + sin * local[..., 0] + cos * local[..., 1]
    return np.stack([x, y, state[:, None, 2] + local[..., 2]], -1)
