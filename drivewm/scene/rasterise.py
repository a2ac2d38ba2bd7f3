"""Privileged input: boxes and drivable area as Occ3D semantics.

For logs without occupancy labels. Static classes are unknown and stay free: only road and
annotated objects are filled. Grid: Occ3D's 200 x 200 x 16 at 0.4 m in the ego frame.
Shapes: N boxes.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numba import njit
from PIL import Image, ImageDraw
from shapely import clip_by_rect
from shapely.geometry import MultiPolygon, Polygon

from drivewm.geometry.se2 import to_local
from drivewm.scene.classes import OccClass
from drivewm.scene.columns import EgoColumn, TrackColumn
from drivewm.scene.planner import Observation
from drivewm.scene.scene import Scene

SHAPE = (200, 200, 16)
VOXEL_M = 0.4
ORIGIN_M = np.array([-40.0, -40.0, -1.0])
GROUND_LAYER = 2  # the layer that holds z = 0
_REACH_M = 60.0  # polygons are cut to this far around the ego


@njit(cache=True)
def _fill(grid, center, size, heading, classes):
    for n in range(len(center)):
        cos, sin = np.cos(heading[n]), np.sin(heading[n])
        # A thin object still fills the voxels its middle runs through.
        hx = max(size[n, 0] / 2, VOXEL_M / 2)
        hy = max(size[n, 1] / 2, VOXEL_M / 2)
        hz = max(size[n, 2] / 2, VOXEL_M / 2)
        reach = np.hypot(hx, hy)
        x0 = int(np.floor((center[n, 0] - reach + 40.0) / VOXEL_M))
        x1 = int(np.floor((center[n, 0] + reach + 40.0) / VOXEL_M))
        y0 = int(np.floor((center[n, 1] - reach + 40.0) / VOXEL_M))
        y1 = int(np.floor((center[n, 1] + reach + 40.0) / VOXEL_M))
        z0 = int(np.floor((center[n, 2] - hz + 1.0) / VOXEL_M))
        z1 = int(np.floor((center[n, 2] + hz + 1.0) / VOXEL_M))
        for ix in range(max(x0, 0), min(x1, 199) + 1):
            for iy in range(max(y0, 0), min(y1, 199) + 1):
                dx = (ix + 0.5) * VOXEL_M - 40.0 - center[n, 0]
                dy = (iy + 0.5) * VOXEL_M - 40.0 - center[n, 1]
                if abs(cos * dx + sin * dy) > hx or abs(-sin * dx + cos * dy) > hy:
                    continue
                for iz in range(max(z0, 0), min(z1, 15) + 1):
                    z = (iz + 0.5) * VOXEL_M - 1.0
                    if abs(z - center[n, 2]) <= hz:
                        grid[ix, iy, iz] = classes[n]


def _semantics(
    ego_pose: np.ndarray,
    state: np.ndarray,
    size_m: np.ndarray,
    classes: np.ndarray,
    drivable: Sequence[Polygon],
    ground_z_m: float,
) -> np.ndarray:
    grid = np.full(SHAPE, OccClass.FREE, np.uint8)
    road = _road(ego_pose, drivable)
    grid[..., GROUND_LAYER][road] = OccClass.DRIVEABLE_SURFACE
    local = to_local(ego_pose, state[:, :2])
    center = np.concatenate([local, state[:, TrackColumn.Z, None] - ground_z_m], 1)
    heading = state[:, TrackColumn.HEADING] - ego_pose[2]
    near = np.abs(local).max(1) < _REACH_M if len(local) else np.zeros(0, bool)
    _fill(grid, center[near], size_m[near], heading[near], classes[near].astype(np.uint8))
    return grid


def _road(ego_pose: np.ndarray, drivable: Sequence[Polygon]) -> np.ndarray:
    """bool [200, 200]: cells whose centre lies on the drivable area."""
    x, y = ego_pose[:2]
    mask = Image.new("1", SHAPE[:2])
    pen = ImageDraw.Draw(mask)
    for polygon in drivable:
        cut = clip_by_rect(polygon, x - _REACH_M, y - _REACH_M, x + _REACH_M, y + _REACH_M)
        parts = cut.geoms if isinstance(cut, MultiPolygon) else [cut]
        for part in parts:
            if not isinstance(part, Polygon) or part.is_empty:
                continue
            one = Image.new("1", SHAPE[:2])
            one_pen = ImageDraw.Draw(one)
            one_pen.polygon(_pixels(ego_pose, part.exterior.coords), fill=1)
            for hole in part.interiors:
                one_pen.polygon(_pixels(ego_pose, hole.coords), fill=0)
            pen.bitmap((0, 0), one, fill=1)
    return np.asarray(mask)  # drawn with x as the row


def drivable_cells(global_from_ego: np.ndarray, drivable: Sequence[Polygon]) -> np.ndarray:
    """bool [200, 200]: columns of the Occ3D grid round a pose [4, 4] on the drivable area."""
    heading = np.arctan2(global_from_ego[1, 0], global_from_ego[0, 0])
    return _road(np.array([*global_from_ego[:2, 3], heading]), drivable)


def _pixels(ego_pose: np.ndarray, ring) -> list[tuple[float, float]]:
    local = to_local(ego_pose, np.asarray(ring)[:, :2])
    cells = (local - ORIGIN_M[:2]) / VOXEL_M - 0.5
    return [(float(c), float(r)) for r, c in cells]


def rasterise(scene: Scene, step: int) -> np.ndarray:
    """Semantics of one step of a scene; uint8 [200, 200, 16] (OccClass)."""
    tracks = scene.tracks
    keep = tracks.valid[:, step]
    pose = scene.ego[step, [EgoColumn.X, EgoColumn.Y, EgoColumn.HEADING]]
    state = tracks.state[keep, step]
    ground = _ground(state, tracks.size_m[keep], pose)
    return _semantics(
        pose, state, tracks.size_m[keep], tracks.occ_class[keep], scene.map.drivable, ground
    )


def rasterise_snapshot(observation: Observation, s: int) -> np.ndarray:
    """Semantics of what a planner sees in scene ``s``; uint8 [200, 200, 16] (OccClass)."""
    tracks, maps = observation.tracks, observation.maps
    if tracks is None or maps is None:
        raise ValueError("the observation mode hides tracks and map")
    keep = tracks.valid[s]
    pose = observation.ego[s, [EgoColumn.X, EgoColumn.Y, EgoColumn.HEADING]]
    state, size = tracks.state[s][keep], tracks.size_m[s][keep]
    ground = _ground(state, size, pose)
    return _semantics(pose, state, size, tracks.occ_class[s][keep], maps[s].drivable, ground)


def _ground(state: np.ndarray, size_m: np.ndarray, pose: np.ndarray) -> float:
    """Height of the ground near the ego: the median underside of the boxes within 30 m.

    Maps of real logs are flat or carry no height; boxes stand on the ground.
    """
    near = np.hypot(*(state[:, :2] - pose[:2]).T) < 30.0 if len(state) else np.zeros(0, bool)
    under = state[near, TrackColumn.Z] - size_m[near, 2] / 2
    return float(np.median(under)) if near.any() else 0.0
