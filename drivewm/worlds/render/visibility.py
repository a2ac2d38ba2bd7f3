"""Which part is seen where: exact rays against parts, with a z-buffer.

Every part is projected to a screen rectangle; inside it each pixel's ray is intersected exactly.
Depth is z-depth in the camera frame (m), because rays are scaled to unit z.
"""

from __future__ import annotations

import math

import numpy as np

from drivewm.worlds.render import parts as P
from drivewm.worlds.render.intersect import hit
from drivewm.worlds.render.jit import kernel

GROUND, SKY = -1, -2
_X, _Y, _Z, _COS, _SIN, _KIND = P.X, P.Y, P.Z, P.COS, P.SIN, P.KIND
_HX, _HY, _HZ = P.HX, P.HY, P.HZ
_FRONT, _REAR, _SIDE = P.TAPER_FRONT, P.TAPER_REAR, P.TAPER_SIDE
NEAR_M = P.NEAR_M


@kernel
def see(parts, pose, lens, depth, index):
    """Fills ``depth`` float32 [H, W] (inf = sky) and ``index`` int32 [H, W] (part row, GROUND or
    SKY). ``pose`` [4, 4] map_from_camera; ``lens`` fx, fy, cx, cy. Ground: the plane z = 0."""
    _see_ground(pose, lens, depth, index)
    box = np.empty((len(parts), 5))  # u0, u1, v0, v1, nearest z
    height, width = depth.shape
    for b in range(len(parts)):
        _bounds(parts[b], pose, lens, width, height, box[b])
    for b in np.argsort(box[:, 4]):
        if box[b, 4] < math.inf:
            _see_part(parts[b], b, pose, lens, box[b], depth, index)


@kernel
def _see_ground(pose, lens, depth, index):
    fx, fy, cx, cy = lens
    height, width = depth.shape
    for v in range(height):
        y = (v + 0.5 - cy) / fy
        row = pose[2, 1] * y + pose[2, 2]
        for u in range(width):
            down = row + pose[2, 0] * (u + 0.5 - cx) / fx
            if down < -1e-9:
                depth[v, u], index[v, u] = -pose[2, 3] / down, GROUND
            else:
                depth[v, u], index[v, u] = math.inf, SKY


@kernel
def _bounds(part, pose, lens, width, height, out):
    """Screen rectangle of the part's box (pixel ranges) and its nearest z; inf when unseen."""
    out[4] = math.inf
    ax, ay, az = part[_X] - pose[0, 3], part[_Y] - pose[1, 3], part[_Z] - pose[2, 3]
    radius = math.sqrt(part[_HX] ** 2 + part[_HY] ** 2 + part[_HZ] ** 2)
    center = pose[0, 2] * ax + pose[1, 2] * ay + pose[2, 2] * az
    if center + radius <= NEAR_M:
        return
    corner = np.empty((8, 3))
    for k in range(8):
        x = part[_HX] if k & 1 else -part[_HX]
        y = part[_HY] if k & 2 else -part[_HY]
        mx = ax + part[_COS] * x - part[_SIN] * y
        my = ay + part[_SIN] * x + part[_COS] * y
        mz = az + (part[_HZ] if k & 4 else -part[_HZ])
        for c in range(3):
            corner[k, c] = pose[0, c] * mx + pose[1, c] * my + pose[2, c] * mz
    u0, u1, v0, v1, near = math.inf, -math.inf, math.inf, -math.inf, math.inf
    for k in range(8):
        z = corner[k, 2]
        if z > NEAR_M:
            u, v = corner[k, 0] / z, corner[k, 1] / z
            u0, u1, v0, v1 = min(u0, u), max(u1, u), min(v0, v), max(v1, v)
            near = min(near, z)
        else:
            near = NEAR_M
        for bit in (1, 2, 4):
            n = k | bit
            if n == k or (z > NEAR_M) == (corner[n, 2] > NEAR_M):
                continue
            t = (NEAR_M - z) / (corner[n, 2] - z)
            u = (corner[k, 0] + t * (corner[n, 0] - corner[k, 0])) / NEAR_M
            v = (corner[k, 1] + t * (corner[n, 1] - corner[k, 1])) / NEAR_M
            u0, u1, v0, v1 = min(u0, u), max(u1, u), min(v0, v), max(v1, v)
    if u0 > u1:
        return
    fx, fy, cx, cy = lens
    big = 1e6  # keeps the conversion to integers defined
    out[0] = max(math.floor(max(u0 * fx + cx, -big) - 0.5), 0.0)
    out[1] = min(math.floor(min(u1 * fx + cx, big) - 0.5) + 2.0, width)
    out[2] = max(math.floor(max(v0 * fy + cy, -big) - 0.5), 0.0)
    out[3] = min(math.floor(min(v1 * fy + cy, big) - 0.5) + 2.0, height)
    if out[0] < out[1] and out[2] < out[3]:
        out[4] = near


@kernel
def _see_part(part, b, pose, lens, box, depth, index):
    fx, fy, cx, cy = lens
    cos, sin = part[_COS], part[_SIN]
    ax, ay = pose[0, 3] - part[_X], pose[1, 3] - part[_Y]
    ox, oy, oz = cos * ax + sin * ay, -sin * ax + cos * ay, pose[2, 3] - part[_Z]
    hx, hy, hz = part[_HX], part[_HY], part[_HZ]
    front, rear, side = part[_FRONT], part[_REAR], part[_SIDE]
    kind = int(part[_KIND])
    near = box[4]
    # Directions are linear in u: part-frame direction = start + u * step.
    step_x = (cos * pose[0, 0] + sin * pose[1, 0]) / fx
    step_y = (-sin * pose[0, 0] + cos * pose[1, 0]) / fx
    step_z = pose[2, 0] / fx
    for v in range(int(box[2]), int(box[3])):
        y, x = (v + 0.5 - cy) / fy, (0.5 - cx) / fx
        mx = pose[0, 0] * x + pose[0, 1] * y + pose[0, 2]
        my = pose[1, 0] * x + pose[1, 1] * y + pose[1, 2]
        mz = pose[2, 0] * x + pose[2, 1] * y + pose[2, 2]
        sx, sy = cos * mx + sin * my, -sin * mx + cos * my
        for u in range(int(box[0]), int(box[1])):
            if depth[v, u] <= near:
                continue
            t = hit(kind, ox, oy, oz, sx + u * step_x, sy + u * step_y, mz + u * step_z,
                    hx, hy, hz, front, rear, side)  # fmt: skip
            if NEAR_M < t < depth[v, u]:
                depth[v, u], index[v, u] = t, b
