"""LIDAR_TOP: a 32-beam sweep by exact rays, as a Velodyne HDL-32E (the sensor of nuScenes) makes.

Beam elevations: -30.67 to 10.67 degrees in steps of 4/3 degree (Velodyne HDL-32E data sheet).
Shapes: R rings, A azimuth columns, P points, N actors.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from drivewm.geometry import se3
from drivewm.scene import OccClass, TrackColumn
from drivewm.seeds import generator
from drivewm.worlds.actors import Actors
from drivewm.worlds.render import parts as P
from drivewm.worlds.render.intersect import hit
from drivewm.worlds.render.jit import kernel
from drivewm.worlds.render.rig import EGO_FROM_LIDAR, map_from_ego
from drivewm.worlds.render.shapes import Wardrobe
from drivewm.worlds.render.stage import Stage, stage_of

if TYPE_CHECKING:
    from drivewm.worlds.world import World

RINGS, COLUMNS, MAX_RANGE_M, NOISE_M = 32, 1090, 70.0, 0.01
ELEVATIONS_RAD = np.deg2rad(-92.0 / 3.0 + np.arange(RINGS) * 4.0 / 3.0)
AZIMUTHS_RAD = -np.pi + (np.arange(COLUMNS) + 0.5) * 2 * np.pi / COLUMNS  # in the lidar's frame
GROUND, NOTHING = -1, -2

# Typical returned intensity 0..255 by OccClass.
INTENSITY = np.full(18, 25.0, np.float32)
INTENSITY[[OccClass.CAR, OccClass.TRUCK, OccClass.BUS, OccClass.TRAILER]] = 38.0
INTENSITY[OccClass.TRAFFIC_CONE], INTENSITY[OccClass.BARRIER] = 90.0, 55.0
INTENSITY[OccClass.DRIVEABLE_SURFACE], INTENSITY[OccClass.SIDEWALK] = 9.0, 20.0
INTENSITY[OccClass.TERRAIN], INTENSITY[OccClass.VEGETATION] = 13.0, 16.0

_X, _Y, _Z, _COS, _SIN, _KIND = P.X, P.Y, P.Z, P.COS, P.SIN, P.KIND
_HX, _HY, _HZ = P.HX, P.HY, P.HZ
_FRONT, _REAR, _SIDE = P.TAPER_FRONT, P.TAPER_REAR, P.TAPER_SIDE


def beam_directions() -> np.ndarray:
    """Unit directions of all rays in the lidar frame; [R, A, 3]."""
    flat, up = np.cos(ELEVATIONS_RAD)[:, None], np.sin(ELEVATIONS_RAD)[:, None]
    cos, sin = np.cos(AZIMUTHS_RAD)[None], np.sin(AZIMUTHS_RAD)[None]
    return np.stack([flat * cos, flat * sin, np.broadcast_to(up, (RINGS, COLUMNS))], -1)


BEAMS = beam_directions()


def sweep(
    world: World, ego_pose: np.ndarray, actors: Actors, *, noise_m: float = NOISE_M
) -> tuple[np.ndarray, np.ndarray]:
    """One sweep with the ego standing at ``ego_pose`` [3] (map frame).

    Returns:
        points: float32 [P, 5] x, y, z (lidar frame, metres), intensity, ring (0 = lowest).
        actor_index: int32 [P], the actor whose annotated box holds the point, -1 if none.
    """
    stage = stage_of(world)
    parts = np.concatenate([stage.static_parts, Wardrobe().dress(actors)])
    ranges, index, map_from_lidar = trace(parts, ego_pose)
    noise = generator("lidar", world.spec.seed, *map(float, ego_pose)).standard_normal(ranges.shape)
    seen = index != NOTHING
    points = BEAMS[seen] * (ranges + noise_m * noise)[seen][:, None]
    classes = _classes(stage, parts, index[seen], se3.transform(map_from_lidar, points))
    ring = np.broadcast_to(np.arange(RINGS)[:, None], ranges.shape)[seen]
    fade = 1.0 - 0.5 * ranges[seen] / MAX_RANGE_M
    out = np.column_stack([points, INTENSITY[classes] * fade, ring]).astype(np.float32)
    return out, _owners(out, actors, map_from_lidar)


def trace(parts: np.ndarray, ego_pose: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Exact range (inf beyond the maximum) and part row (GROUND, NOTHING) of every ray, [R, A],
    and the [4, 4] pose map_from_lidar."""
    pose = map_from_ego(ego_pose) @ EGO_FROM_LIDAR
    ranges, index = np.empty((RINGS, COLUMNS)), np.empty((RINGS, COLUMNS), np.int32)
    _trace(np.ascontiguousarray(parts), pose, BEAMS, ranges, index)
    return ranges, index, pose


@kernel
def _trace(parts, pose, beams, ranges, index):
    rings, columns = ranges.shape
    for i in range(rings):
        for j in range(columns):
            down = beams[i, j, 2]
            ranges[i, j], index[i, j] = math.inf, NOTHING
            if down < 0.0 and -pose[2, 3] / down <= MAX_RANGE_M:
                ranges[i, j], index[i, j] = -pose[2, 3] / down, GROUND
    yaw = math.atan2(pose[1, 0], pose[0, 0])  # the lidar stands upright
    for b in range(len(parts)):
        _trace_part(parts[b], b, pose, yaw, beams, ranges, index)


@kernel
def _trace_part(part, b, pose, yaw, beams, ranges, index):
    rings, columns = ranges.shape
    ax, ay, az = part[_X] - pose[0, 3], part[_Y] - pose[1, 3], part[_Z] - pose[2, 3]
    apart, radius = math.hypot(ax, ay), math.hypot(part[_HX], part[_HY])
    if apart - radius > MAX_RANGE_M:
        return
    j0, count = 0, columns
    i0, i1 = 0, rings - 1
    if apart > radius + 0.1:
        middle = (math.atan2(ay, ax) - yaw + math.pi) / (2 * math.pi) * columns
        spread = math.asin(radius / apart) / (2 * math.pi) * columns + 1.0
        j0, count = math.floor(middle - spread), min(int(2 * spread) + 2, columns)
        top, bottom = az + part[_HZ], az - part[_HZ]
        high = math.atan2(top, apart - radius if top > 0 else apart + radius)
        low = math.atan2(bottom, apart + radius if bottom > 0 else apart - radius)
        first, step = math.radians(-92.0 / 3.0), math.radians(4.0 / 3.0)
        i0 = max(math.ceil((low - first) / step - 1e-6), 0)
        i1 = min(math.floor((high - first) / step + 1e-6), rings - 1)
    cos, sin = part[_COS], part[_SIN]
    ox, oy, oz = -(cos * ax + sin * ay), sin * ax - cos * ay, -az
    turn_cos, turn_sin = math.cos(yaw), math.sin(yaw)
    for i in range(i0, i1 + 1):
        for k in range(count):
            j = (j0 + k) % columns
            x, y = beams[i, j, 0], beams[i, j, 1]
            mx, my = turn_cos * x - turn_sin * y, turn_sin * x + turn_cos * y
            t = hit(int(part[_KIND]), ox, oy, oz, cos * mx + sin * my, -sin * mx + cos * my,
                    beams[i, j, 2], part[_HX], part[_HY], part[_HZ], part[_FRONT], part[_REAR],
                    part[_SIDE])  # fmt: skip
            if t < ranges[i, j] and t <= MAX_RANGE_M:
                ranges[i, j], index[i, j] = t, b


def _classes(stage: Stage, parts: np.ndarray, index: np.ndarray, points: np.ndarray) -> np.ndarray:
    """OccClass of what each of P rays hit."""
    ground = stage.tile.class_at(points[:, :2])
    if not len(parts):
        return ground
    return np.where(index == GROUND, ground, parts[np.maximum(index, 0), P.CLASS].astype(np.uint8))


def _owners(points: np.ndarray, actors: Actors, map_from_lidar: np.ndarray) -> np.ndarray:
    state, valid = np.asarray(actors.state, float), np.asarray(actors.valid, bool)
    lidar_from_map = se3.inverse(map_from_lidar)
    centers = se3.transform(lidar_from_map, state[:, : TrackColumn.Z + 1])
    yaw = state[:, TrackColumn.HEADING] - se3.yaw_from_rotation(map_from_lidar[:3, :3])
    owner = np.full(len(points), -1, np.int32)
    _assign(points, centers, yaw, np.asarray(actors.size_m, float) / 2, valid, owner)
    return owner


@kernel
def _assign(points, centers, yaw, half, valid, owner):
    """The box that holds each point; boxes upright, all in the lidar frame."""
    for n in range(len(centers)):
        if not valid[n]:
            continue
        cos, sin = math.cos(yaw[n]), math.sin(yaw[n])
        reach = math.hypot(half[n, 0], half[n, 1])
        for p in range(len(points)):
            dx, dy = points[p, 0] - centers[n, 0], points[p, 1] - centers[n, 1]
            if abs(dx) > reach or abs(dy) > reach:
                continue
            if abs(points[p, 2] - centers[n, 2]) > half[n, 2]:
                continue
            along, across = cos * dx + sin * dy, -sin * dx + cos * dy
            if abs(along) <= half[n, 0] and abs(across) <= half[n, 1]:
                owner[p] = n
