"""From "which part is seen where" to a picture: light, shade, fog, tone."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from drivewm.scene import OccClass
from drivewm.worlds.render import parts as P
from drivewm.worlds.render.ground import class_of
from drivewm.worlds.render.intersect import normal
from drivewm.worlds.render.materials import surface_of
from drivewm.worlds.render.noise import ramp
from drivewm.worlds.render.sky import sky, sky_base
from drivewm.worlds.render.surface import coverage, ground_albedo
from drivewm.worlds.render.visibility import GROUND, SKY

_X, _Y, _Z, _COS, _SIN, _KIND, _MATERIAL = P.X, P.Y, P.Z, P.COS, P.SIN, P.KIND, P.MATERIAL
_HX, _HY, _HZ, _CLASS, _OWNER = P.HX, P.HY, P.HZ, P.CLASS, P.OWNER
_FRONT, _REAR, _SIDE = P.TAPER_FRONT, P.TAPER_REAR, P.TAPER_SIDE
_FREE = int(OccClass.FREE)


@njit(cache=True, nogil=True)
def paint(
    parts, pose, lens, depth, index, levels, tile, fixed, fixed_at, moving, moving_at, ego, air,
    noise, rgb, semantic, instance,
):  # fmt: skip
    """Fills ``rgb`` [H, W, 3], ``semantic`` and ``instance`` [H, W] from ``see``'s output.

    ``tile``, ``fixed_at``, ``moving_at``: x0, y0, cell of the coverage levels and of the two shade
    rasters. ``ego``: x, y, cos, sin of the car whose headlights shine.
    """
    fx, fy, cx, cy = lens
    height, width = depth.shape
    for v in range(height):
        y = (v + 0.5 - cy) / fy
        for u in range(width):
            x = (u + 0.5 - cx) / fx
            mx = pose[0, 0] * x + pose[0, 1] * y + pose[0, 2]
            my = pose[1, 0] * x + pose[1, 1] * y + pose[1, 2]
            mz = pose[2, 0] * x + pose[2, 1] * y + pose[2, 2]
            length = math.sqrt(x * x + y * y + 1.0)
            dx, dy, dz = mx / length, my / length, mz / length
            seen = index[v, u]
            if seen == SKY:
                r, g, b = sky(dx, dy, dz, air, noise)
                semantic[v, u], instance[v, u] = _FREE, -1
            else:
                away = depth[v, u] * length
                px, py = pose[0, 3] + dx * away, pose[1, 3] + dy * away
                pz = pose[2, 3] + dz * away
                across = away / (fx * length)
                if seen == GROUND:
                    r, g, b = _ground(px, py, dx, dy, dz, away, across, levels, tile, fixed,
                                      fixed_at, moving, moving_at, ego, air, noise)  # fmt: skip
                    semantic[v, u] = class_of(levels[0], tile[0], tile[1], tile[2], px, py)
                    instance[v, u] = -1
                else:
                    part = parts[seen]
                    r, g, b = _object(part, px, py, pz, dx, dy, dz, across, fixed, fixed_at, ego,
                                      air, noise)  # fmt: skip
                    semantic[v, u], instance[v, u] = int(part[_CLASS]), int(part[_OWNER])
                clear = math.exp(-air.fog_per_m * away)
                if clear < 0.999:
                    hr, hg, hb = sky_base(dx, dy, 0.0, air)
                    r, g, b = hr + clear * (r - hr), hg + clear * (g - hg), hb + clear * (b - hb)
            rgb[v, u, 0] = _tone(r * air.exposure)
            rgb[v, u, 1] = _tone(g * air.exposure)
            rgb[v, u, 2] = _tone(b * air.exposure)


@njit(cache=True, nogil=True)
def _tone(value):
    """Linear radiance -> display value: a soft shoulder, then gamma 2."""
    value = max(value, 0.0)
    return np.uint8(255.0 * math.sqrt(min(value * (1.0 + value / 9.0) / (1.0 + 0.55 * value), 1.0)))


@njit(cache=True, nogil=True)
def _shade_at(raster, at, x, y, channel):
    """Bilinear value 0..1 of a shade raster, 0 outside."""
    column, row = (x - at[0]) / at[2] - 0.5, (y - at[1]) / at[2] - 0.5
    if not (0.0 <= column < raster.shape[1] - 1.0 and 0.0 <= row < raster.shape[0] - 1.0):
        return 0.0
    j, i = int(column), int(row)
    u, v = column - j, row - i
    low = raster[i, j, channel] * (1.0 - u) + raster[i, j + 1, channel] * u
    high = raster[i + 1, j, channel] * (1.0 - u) + raster[i + 1, j + 1, channel] * u
    return (low * (1.0 - v) + high * v) / 255.0


@njit(cache=True, nogil=True)
def _headlights(ego, x, y, z):
    """Light of the ego's dipped beams at a map point."""
    ax, ay = x - ego[0], y - ego[1]
    forward, left = ego[2] * ax + ego[3] * ay - 3.0, -ego[3] * ax + ego[2] * ay
    if forward <= 0.3:
        return 0.0
    near = ramp(0.3, 4.0, forward)
    spread = left / (1.2 + 0.42 * forward)
    cut = 1.0 - 0.8 * ramp(0.55, 1.1 + 0.03 * forward, z)
    return near * cut * math.exp(-spread * spread) / (1.0 + (forward / 13.0) ** 2)


@njit(cache=True, nogil=True)
def _ground(x, y, dx, dy, dz, away, across, levels, tile, fixed, fixed_at, moving, moving_at, ego,
            air, noise):  # fmt: skip
    steep = max(-dz, 1e-3)
    along = across / steep
    level = math.sqrt(dx * dx + dy * dy) + 1e-9
    road, walk, white, yellow = coverage(
        levels, tile[0], tile[1], tile[2], x, y, dx / level, dy / level, across, along
    )
    r, g, b = ground_albedo(noise, x, y, road, walk, white, yellow, across, along)
    hidden = max(_shade_at(fixed, fixed_at, x, y, 0), _shade_at(moving, moving_at, x, y, 0))
    dark = max(_shade_at(fixed, fixed_at, x, y, 1), _shade_at(moving, moving_at, x, y, 1))
    sun = (1.0 - hidden) * air.sun[2]
    sky_part = 1.0 - dark
    lamp = air.lamps * 0.9 * _headlights(ego, x, y, 0.0) if air.lamps > 0.3 else 0.0
    lr = sun * air.sun_light[0] + sky_part * air.sky_light[0] + lamp * 1.0
    lg = sun * air.sun_light[1] + sky_part * air.sky_light[1] + lamp * 0.93
    lb = sun * air.sun_light[2] + sky_part * air.sky_light[2] + lamp * 0.78
    wet = air.wet * (0.55 + 0.45 * road)
    r, g, b = r * lr * (1.0 - 0.4 * wet), g * lg * (1.0 - 0.4 * wet), b * lb * (1.0 - 0.4 * wet)
    if wet > 0.0:
        f = 1.0 - steep
        f = wet * sky_part * (0.03 + 0.8 * f * f * f * f * f)
        sr, sg, sb = sky_base(dx, dy, -dz, air)
        r, g, b = r + f * sr, g + f * sg, b + f * sb
    return r, g, b


@njit(cache=True, nogil=True)
def _object(part, x, y, z, dx, dy, dz, across, fixed, fixed_at, ego, air, noise):
    cos, sin = part[_COS], part[_SIN]
    ax, ay = x - part[_X], y - part[_Y]
    px, py, pz = cos * ax + sin * ay, -sin * ax + cos * ay, z - part[_Z]
    lx, ly, lz = normal(int(part[_KIND]), px, py, pz, part[_HX], part[_HY], part[_HZ],
                        part[_FRONT], part[_REAR], part[_SIDE])  # fmt: skip
    r, g, b, gloss, emit = surface_of(
        part, int(part[_MATERIAL]), px, py, pz, lx, ly, lz, air.lamps, noise, across
    )
    nx, ny, nz = cos * lx - sin * ly, sin * lx + cos * ly, lz
    facing = nx * air.sun[0] + ny * air.sun[1] + nz * air.sun[2]
    sun = max(facing, 0.0)
    if part[_OWNER] >= 0.0 and sun > 0.0:
        reach = z / max(air.sun[2], 0.12)  # where the ray from the sun would reach the ground
        sun *= 1.0 - _shade_at(fixed, fixed_at, x - air.sun[0] * reach, y - air.sun[1] * reach, 0)
    around = (0.72 + 0.28 * nz) * (0.55 + 0.45 * ramp(-0.1, 0.9, z))
    bounce = 0.10 * max(-nz, 0.0) + 0.06
    lamp = 0.0
    if air.lamps > 0.3:
        lamp = 1.3 * air.lamps * _headlights(ego, x, y, z) * max(-(nx * dx + ny * dy), 0.0)
    lr = sun * air.sun_light[0] + around * air.sky_light[0] + bounce * air.sun_light[0] + lamp
    lg = sun * air.sun_light[1] + around * air.sky_light[1] + bounce * air.sun_light[1] + lamp
    lb = sun * air.sun_light[2] + around * air.sky_light[2] + bounce * air.sun_light[2] + lamp
    out_r, out_g, out_b = r * (lr + emit), g * (lg + emit), b * (lb + emit)
    if gloss > 0.05:
        cosine = -(nx * dx + ny * dy + nz * dz)
        rx, ry, rz = dx + 2.0 * cosine * nx, dy + 2.0 * cosine * ny, dz + 2.0 * cosine * nz
        f = 1.0 - min(max(cosine, 0.0), 1.0)
        f = gloss * (0.05 + 0.75 * f * f * f * f * f)
        if rz > 0.0:
            sr, sg, sb = sky_base(rx, ry, rz, air)
        else:  # the street mirrored
            k = 0.13 * (air.sky_light[1] + 0.6 * air.sun_light[1])
            sr, sg, sb = k, k, k
        out_r, out_g, out_b = out_r + f * sr, out_g + f * sg, out_b + f * sb
    return out_r, out_g, out_b
