"""From "which part is seen where" to a picture: light, shade, fog, tone."""

from __future__ import annotations

import math

import numpy as np

from drivewm.scene import OccClass
from drivewm.worlds.render import parts as P
from drivewm.worlds.render import weather as W
from drivewm.worlds.render.ground import class_of
from drivewm.worlds.render.intersect import normal
from drivewm.worlds.render.jit import inlined, kernel
from drivewm.worlds.render.materials import surface_of
from drivewm.worlds.render.noise import ramp
from drivewm.worlds.render.sky import sky, sky_base
from drivewm.worlds.render.surface import coverage, ground_albedo
from drivewm.worlds.render.visibility import GROUND, SKY
from drivewm.worlds.render.weather import LAMPS_ON

_X, _Y, _Z, _COS, _SIN, _KIND, _MATERIAL = P.X, P.Y, P.Z, P.COS, P.SIN, P.KIND, P.MATERIAL
_HX, _HY, _HZ, _CLASS, _OWNER = P.HX, P.HY, P.HZ, P.CLASS, P.OWNER
_FRONT, _REAR, _SIDE = P.TAPER_FRONT, P.TAPER_REAR, P.TAPER_SIDE
_FREE = int(OccClass.FREE)


@kernel
def paint(
    parts, pose, lens, depth, index, cells, levels, tile, fixed, fixed_at, moving, moving_at,
    ego, air, noise, rgb, semantic, instance,
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
                    r, g, b = _ground(px, py, dx, dy, dz, away, across, cells, levels, tile, fixed,
                                      fixed_at, moving, moving_at, ego, air, noise)  # fmt: skip
                    semantic[v, u] = class_of(cells, levels, tile, px, py)
                    instance[v, u] = -1
                else:
                    r, g, b = _object(parts, seen, px, py, pz, dx, dy, dz, across, fixed, fixed_at,
                                      ego, air, noise)  # fmt: skip
                    semantic[v, u] = int(parts[seen, _CLASS])
                    instance[v, u] = int(parts[seen, _OWNER])
                clear = math.exp(-air[W.FOG] * away)
                if clear < 0.999:
                    hr, hg, hb = sky_base(dx, dy, 0.0, air)
                    r, g, b = hr + clear * (r - hr), hg + clear * (g - hg), hb + clear * (b - hb)
            rgb[v, u, 0] = _tone(r * air[W.EXPOSURE])
            rgb[v, u, 1] = _tone(g * air[W.EXPOSURE])
            rgb[v, u, 2] = _tone(b * air[W.EXPOSURE])


@inlined
def _tone(value):
    """Linear radiance -> display value: a soft shoulder, then gamma 2."""
    value = max(value, 0.0)
    return np.uint8(255.0 * math.sqrt(min(value * (1.0 + value / 9.0) / (1.0 + 0.55 * value), 1.0)))


@inlined
def _shade_at(raster, at, x, y):
    """Bilinear values 0..1 of a shade raster (sun hidden, sky hidden, lamp light), 0 outside."""
    column, row = (x - at[0]) / at[2] - 0.5, (y - at[1]) / at[2] - 0.5
    if not (0.0 <= column < raster.shape[1] - 1.0 and 0.0 <= row < raster.shape[0] - 1.0):
        return 0.0, 0.0, 0.0
    j, i = int(column), int(row)
    u, v = (column - j) / 255.0, row - i
    a, b, c, d = (1.0 / 255.0 - u) * (1.0 - v), u * (1.0 - v), (1.0 / 255.0 - u) * v, u * v
    sun = (a * raster[i, j, 0] + b * raster[i, j + 1, 0]
           + c * raster[i + 1, j, 0] + d * raster[i + 1, j + 1, 0])  # fmt: skip
    sky_part = (a * raster[i, j, 1] + b * raster[i, j + 1, 1]
                + c * raster[i + 1, j, 1] + d * raster[i + 1, j + 1, 1])  # fmt: skip
    lamp = (a * raster[i, j, 2] + b * raster[i, j + 1, 2]
            + c * raster[i + 1, j, 2] + d * raster[i + 1, j + 1, 2])  # fmt: skip
    return sun, sky_part, lamp


@inlined
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


@inlined
def _ground(
    x, y, dx, dy, dz, away, across, cells, levels, tile, fixed, fixed_at, moving, moving_at, ego,
    air, noise,
):  # fmt: skip
    steep = max(-dz, 1e-3)
    along = across / steep
    level = math.sqrt(dx * dx + dy * dy) + 1e-9
    road, walk, white, yellow = coverage(
        cells, levels, tile, x, y, dx / level, dy / level, across, along
    )
    r, g, b = ground_albedo(noise, x, y, road, walk, white, yellow, across, along)
    hidden, dark, street = _shade_at(fixed, fixed_at, x, y)
    hidden_too, dark_too, beams = _shade_at(moving, moving_at, x, y)
    hidden, dark = max(hidden, hidden_too), max(dark, dark_too)
    sun = (1.0 - hidden) * air[W.SUN + 2]
    sky_part = 1.0 - dark
    lamp = street + beams
    if air[W.LAMPS] > LAMPS_ON:
        lamp = air[W.LAMPS] * (0.9 * _headlights(ego, x, y, 0.0) + sky_part * (street + beams))
    lr = sun * air[W.SUN_LIGHT] + sky_part * air[W.SKY_LIGHT] + lamp * 1.0
    lg = sun * air[W.SUN_LIGHT + 1] + sky_part * air[W.SKY_LIGHT + 1] + lamp * 0.86
    lb = sun * air[W.SUN_LIGHT + 2] + sky_part * air[W.SKY_LIGHT + 2] + lamp * 0.62
    wet = air[W.WET] * (0.55 + 0.45 * road)
    r, g, b = r * lr * (1.0 - 0.4 * wet), g * lg * (1.0 - 0.4 * wet), b * lb * (1.0 - 0.4 * wet)
    if wet > 0.0:
        f = 1.0 - steep
        f = wet * sky_part * (0.03 + 0.8 * f * f * f * f * f)
        sr, sg, sb = sky_base(dx, dy, -dz, air)
        r, g, b = r + f * sr, g + f * sg, b + f * sb
    return r, g, b


@inlined
def _object(parts, row, x, y, z, dx, dy, dz, across, fixed, fixed_at, ego, air, noise):
    cos, sin = parts[row, _COS], parts[row, _SIN]
    ax, ay = x - parts[row, _X], y - parts[row, _Y]
    px, py, pz = cos * ax + sin * ay, -sin * ax + cos * ay, z - parts[row, _Z]
    lx, ly, lz = normal(
        int(parts[row, _KIND]), px, py, pz, parts[row, _HX], parts[row, _HY], parts[row, _HZ],
        parts[row, _FRONT], parts[row, _REAR], parts[row, _SIDE],
    )  # fmt: skip
    r, g, b, gloss, emit = surface_of(
        parts, row, int(parts[row, _MATERIAL]), px, py, pz, lx, ly, lz, air[W.LAMPS], noise, across
    )
    nx, ny, nz = cos * lx - sin * ly, sin * lx + cos * ly, lz
    facing = nx * air[W.SUN] + ny * air[W.SUN + 1] + nz * air[W.SUN + 2]
    sun = max(facing, 0.0)
    if parts[row, _OWNER] >= 0.0 and sun > 0.0:
        reach = z / max(air[W.SUN + 2], 0.12)  # where the ray from the sun would reach the ground
        sun *= (
            1.0 - _shade_at(fixed, fixed_at, x - air[W.SUN] * reach, y - air[W.SUN + 1] * reach)[0]
        )
    around = (0.72 + 0.28 * nz) * (0.55 + 0.45 * ramp(-0.1, 0.9, z))
    bounce = 0.10 * max(-nz, 0.0) + 0.06
    lamp = 0.0
    if air[W.LAMPS] > LAMPS_ON:
        lamp = 1.3 * _headlights(ego, x, y, z) * max(-(nx * dx + ny * dy), 0.0)
        street = _shade_at(fixed, fixed_at, x, y)[2] * ramp(9.0, 3.0, z)
        lamp = air[W.LAMPS] * (lamp + 0.5 * street * (0.75 + 0.25 * nz))
    direct = sun + bounce
    lr = direct * air[W.SUN_LIGHT] + around * air[W.SKY_LIGHT] + lamp
    lg = direct * air[W.SUN_LIGHT + 1] + around * air[W.SKY_LIGHT + 1] + 0.9 * lamp
    lb = direct * air[W.SUN_LIGHT + 2] + around * air[W.SKY_LIGHT + 2] + 0.72 * lamp
    out_r, out_g, out_b = r * (lr + emit), g * (lg + emit), b * (lb + emit)
    if gloss > 0.05:
        cosine = -(nx * dx + ny * dy + nz * dz)
        rx, ry, rz = dx + 2.0 * cosine * nx, dy + 2.0 * cosine * ny, dz + 2.0 * cosine * nz
        f = 1.0 - min(max(cosine, 0.0), 1.0)
        base = 0.17 if gloss > 0.85 else 0.05  # glass, paint
        f = gloss * (base + 0.75 * f * f * f * f * f)
        if rz > 0.0:
            sr, sg, sb = sky_base(rx, ry, rz, air)
        else:  # the street mirrored
            k = 0.13 * (air[W.SKY_LIGHT + 1] + 0.6 * air[W.SUN_LIGHT + 1])
            sr, sg, sb = k, k, k
        out_r, out_g, out_b = out_r + f * sr, out_g + f * sg, out_b + f * sb
    return out_r, out_g, out_b
