"""Exact occupancy labels with visibility masks, in the format of Occ3D-nuScenes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from drivewm.scene import OccClass, TrackColumn
from drivewm.worlds.actors import Actors
from drivewm.worlds.render import lidar, visibility, voxels
from drivewm.worlds.render import parts as P
from drivewm.worlds.render.rig import CAMERAS, EGO_FROM_LIDAR, map_from_ego
from drivewm.worlds.render.shapes import Wardrobe
from drivewm.worlds.render.stage import Stage, stage_of

if TYPE_CHECKING:
    from drivewm.worlds.world import World

FREE = int(OccClass.FREE)
RAY_WIDTH, RAY_HEIGHT = 200, 112  # camera rays per camera; 0.3 m apart at 40 m, below a voxel
SURROUND_LOW_M, SURROUND_CELL_M = (-50.0, -50.0, -5.0), 0.5
NEAR_ENOUGH_M = 75.0  # parts further away cannot hide anything inside the grid


@dataclass(frozen=True, kw_only=True)
class Occupancy:
    """One label; index [ix, iy, iz], ego frame (grid: ``voxels``)."""

    semantics: np.ndarray  # uint8 [200, 200, 16], OccClass
    mask_camera: np.ndarray  # bool [200, 200, 16], seen by a camera ray
    mask_lidar: np.ndarray  # bool [200, 200, 16], seen by a lidar ray


def label(world: World, ego_pose: np.ndarray, actors: Actors) -> Occupancy:
    """The label round the ego at ``ego_pose`` [3]: what is there, and which voxels a lidar ray or
    a camera ray passed or hit. Actors fill their annotated boxes; trees have their drawn shape."""
    stage = stage_of(world)
    static, drawn = _near(stage.static_parts, ego_pose), Wardrobe().dress(actors)
    semantics = _semantics(stage, static, ego_pose, actors)
    parts = np.concatenate([static, _near(drawn, ego_pose)])
    return Occupancy(
        semantics=semantics,
        mask_camera=_camera_mask(semantics, parts, ego_pose),
        mask_lidar=_lidar_mask(semantics, parts, ego_pose),
    )


def semantics_only(world: World, ego_pose: np.ndarray, actors: Actors) -> np.ndarray:
    """The label without its masks; uint8 [200, 200, 16]."""
    stage = stage_of(world)
    return _semantics(stage, _near(stage.static_parts, ego_pose), ego_pose, actors)


def lidar_frame_semantics(world: World, ego_pose: np.ndarray, actors: Actors) -> np.ndarray:
    """The same truth on SurroundOcc's grid: uint8 [200, 200, 16] of OccClass, index [ix, iy, iz] in
    the frame of LIDAR_TOP, from (-50, -50, -5) m in cells of 0.5 m.

    That grid is the Occ3D grid made 5/4 as large, so everything is shrunk by 4/5 and filled in.
    """
    stage, scale = stage_of(world), voxels.CELL_M / SURROUND_CELL_M
    pose = map_from_ego(ego_pose) @ EGO_FROM_LIDAR
    lidar_pose = np.array([pose[0, 3], pose[1, 3], np.arctan2(pose[1, 0], pose[0, 0])])
    grid = np.full(voxels.SHAPE, FREE, np.uint8)
    x, y, _ = voxels.centers_m()
    flat = np.stack(np.meshgrid(x, y, indexing="ij"), -1).reshape(-1, 2) / scale
    cos, sin = np.cos(lidar_pose[2]), np.sin(lidar_pose[2])
    points = flat @ np.array([[cos, sin], [-sin, cos]]) + lidar_pose[:2]
    ground = int((-pose[2, 3] - SURROUND_LOW_M[2]) // SURROUND_CELL_M)
    grid[:, :, ground] = stage.tile.class_at(points).reshape(voxels.SHAPE[:2])
    for parts in (_near(stage.static_parts, ego_pose), boxes(actors)):
        local = _in_ego_frame(parts, lidar_pose)
        local[:, [P.X, P.Y, P.HX, P.HY, P.HZ]] *= scale
        local[:, P.Z] = (local[:, P.Z] - pose[2, 3] - SURROUND_LOW_M[2]) * scale + voxels.LOW_M[2]
        voxels.fill_parts(grid, local)
    return grid


def owners(ego_pose: np.ndarray, actors: Actors, semantics: np.ndarray) -> np.ndarray:
    """Which actor fills each voxel of a label: uint16 [200, 200, 16], index + 1, 0 = none."""
    parts = _in_ego_frame(boxes(actors), ego_pose)
    parts[:, P.CLASS] = parts[:, P.OWNER] + 1
    grid = np.zeros(voxels.SHAPE, np.uint16)
    voxels.fill_parts(grid, parts)
    kinds = np.concatenate([[FREE], np.asarray(actors.occ_class, np.uint8)])
    return np.where(kinds[grid] == semantics, grid, 0)


def _near(parts: np.ndarray, ego_pose: np.ndarray) -> np.ndarray:
    apart = np.hypot(parts[:, P.X] - ego_pose[0], parts[:, P.Y] - ego_pose[1])
    return parts[apart - np.hypot(parts[:, P.HX], parts[:, P.HY]) < NEAR_ENOUGH_M]


def _semantics(
    stage: Stage, static: np.ndarray, ego_pose: np.ndarray, actors: Actors
) -> np.ndarray:
    grid = np.full(voxels.SHAPE, FREE, np.uint8)
    x, y, _ = voxels.centers_m()
    flat = np.stack(np.meshgrid(x, y, indexing="ij"), -1).reshape(-1, 2)
    cos, sin = np.cos(ego_pose[2]), np.sin(ego_pose[2])
    points = flat @ np.array([[cos, sin], [-sin, cos]]) + ego_pose[:2]
    grid[:, :, voxels.GROUND_LAYER] = stage.tile.class_at(points).reshape(voxels.SHAPE[:2])
    for parts in (static, boxes(actors)):
        voxels.fill_parts(grid, _in_ego_frame(parts, ego_pose))
    return grid


def boxes(actors: Actors) -> np.ndarray:
    """The annotated boxes of valid actors as parts [N, PART_COLUMNS], map frame."""
    index = np.flatnonzero(actors.valid)
    out = np.zeros((len(index), P.PART_COLUMNS))
    state = np.asarray(actors.state, float)[index]
    out[:, P.X : P.Z + 1] = state[:, : TrackColumn.Z + 1]
    out[:, P.COS] = np.cos(state[:, TrackColumn.HEADING])
    out[:, P.SIN] = np.sin(state[:, TrackColumn.HEADING])
    out[:, P.HX : P.HZ + 1] = np.asarray(actors.size_m, float)[index] / 2
    out[:, P.KIND], out[:, P.CLASS], out[:, P.OWNER] = P.BOX, actors.occ_class[index], index
    return out


def _in_ego_frame(parts: np.ndarray, ego_pose: np.ndarray) -> np.ndarray:
    cos, sin = np.cos(ego_pose[2]), np.sin(ego_pose[2])
    out = parts.copy()
    dx, dy = parts[:, P.X] - ego_pose[0], parts[:, P.Y] - ego_pose[1]
    out[:, P.X], out[:, P.Y] = cos * dx + sin * dy, -sin * dx + cos * dy
    out[:, P.COS] = cos * parts[:, P.COS] + sin * parts[:, P.SIN]
    out[:, P.SIN] = cos * parts[:, P.SIN] - sin * parts[:, P.COS]
    return out


def _lidar_mask(grid: np.ndarray, parts: np.ndarray, ego_pose: np.ndarray) -> np.ndarray:
    ranges, _, _ = lidar.trace(parts, ego_pose)
    directions = lidar.BEAMS.reshape(-1, 3) @ EGO_FROM_LIDAR[:3, :3].T
    mask = np.zeros(voxels.SHAPE, bool)
    voxels.walk_all(grid, FREE, EGO_FROM_LIDAR[:3, 3].copy(), directions, ranges.ravel(), mask)
    return mask


def _camera_mask(grid: np.ndarray, parts: np.ndarray, ego_pose: np.ndarray) -> np.ndarray:
    mask = np.zeros(voxels.SHAPE, bool)
    shape = (RAY_HEIGHT, RAY_WIDTH)
    depth, index = np.empty(shape, np.float32), np.empty(shape, np.int32)
    v, u = np.mgrid[: shape[0], : shape[1]] + 0.5
    for camera in CAMERAS.values():
        k = camera.scaled_intrinsics(RAY_WIDTH, RAY_HEIGHT)
        lens = (float(k[0, 0]), float(k[1, 1]), float(k[0, 2]), float(k[1, 2]))
        pose = map_from_ego(ego_pose) @ camera.ego_from_camera
        visibility.see(np.ascontiguousarray(parts), pose, lens, depth, index)
        rays = np.stack([(u - lens[2]) / lens[0], (v - lens[3]) / lens[1], np.ones(shape)], -1)
        directions = rays.reshape(-1, 3) @ camera.ego_from_camera[:3, :3].T
        voxels.walk_all(grid, FREE, camera.ego_from_camera[:3, 3].copy(), directions,
                        depth.ravel().astype(float), mask)  # fmt: skip
    return mask
