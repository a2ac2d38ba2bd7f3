"""Albedo of the ground: asphalt, pavement slabs, grass, kerbs and paint."""

from __future__ import annotations

import math

from numba import njit

from drivewm.worlds.render.noise import cell_noise, ramp, smooth_noise


@njit(cache=True, nogil=True)
def coverage(levels, x0, y0, cell, x, y, away_x, away_y, across_m, along_m):
    """Filtered road, walk, white, yellow coverage 0..1 of one pixel's footprint.

    The footprint is ``across_m`` wide and ``along_m`` long in the direction (away_x, away_y): the
    raster level is chosen by the width and taps are spread along the length, so that thin lines
    neither flicker nor blur away.
    """
    taps = min(max(int(along_m / max(across_m, cell) + 0.5), 1), 6)
    level, size = 0, cell
    while level < len(levels) - 1 and size < 0.8 * across_m:
        level, size = level + 1, 2.0 * size
    raster = levels[level]
    height, width = raster.shape[0], raster.shape[1]
    road = walk = white = yellow = 0.0
    for tap in range(taps):
        shift = ((tap + 0.5) / taps - 0.5) * min(along_m, 12.0)
        column = (x + shift * away_x - x0) / size - 0.5
        row = (y + shift * away_y - y0) / size - 0.5
        if not (0.0 <= column < width - 1.0 and 0.0 <= row < height - 1.0):
            continue
        j, i = int(column), int(row)
        u, v = column - j, row - i
        a, b, c, d = (1 - u) * (1 - v), u * (1 - v), (1 - u) * v, u * v
        p, q, s, t = raster[i, j], raster[i, j + 1], raster[i + 1, j], raster[i + 1, j + 1]
        road += a * p[0] + b * q[0] + c * s[0] + d * t[0]
        walk += a * p[1] + b * q[1] + c * s[1] + d * t[1]
        white += a * p[2] + b * q[2] + c * s[2] + d * t[2]
        yellow += a * p[3] + b * q[3] + c * s[3] + d * t[3]
    scale = 1.0 / (255.0 * taps)
    return road * scale, walk * scale, white * scale, yellow * scale


@njit(cache=True, nogil=True)
def ground_albedo(noise, x, y, road, walk, white, yellow, across_m, along_m):
    """Linear r, g, b of the ground at a map point; detail fades with the pixel's footprint."""
    size = math.sqrt(across_m * along_m)
    fine = 1.0 - ramp(0.03, 0.25, size)
    middle = 1.0 - ramp(0.3, 2.0, size)
    broad = smooth_noise(noise, 0.11 * x, 0.11 * y)
    patch = 0.5 + middle * (smooth_noise(noise, 0.9 * x, 0.9 * y) - 0.5)
    grain = 0.5
    if fine > 0.0:
        grain += fine * (smooth_noise(noise, 19.0 * x, 19.0 * y) - 0.5)
    # Grass: green with dry patches.
    dry = ramp(0.45, 0.85, 0.6 * broad + 0.4 * patch)
    shade = 0.65 + 0.3 * patch + 0.45 * (grain - 0.5) + 0.15 * broad
    r = shade * (0.075 + 0.10 * dry)
    g = shade * (0.145 + 0.035 * dry)
    b = shade * (0.035 + 0.02 * dry)
    if walk > 0.0:
        pr, pg, pb = _slabs(noise, x, y, patch, grain, middle)
        r, g, b = r + walk * (pr - r), g + walk * (pg - g), b + walk * (pb - b)
    if road > 0.0:
        tar = 0.082 + 0.03 * (broad - 0.5) + 0.02 * (patch - 0.5) + 0.05 * (grain - 0.5)
        r, g, b = r + road * (tar - r), g + road * (tar * 1.01 - g), b + road * (tar * 1.05 - b)
        kerb = 4.0 * road * (1.0 - road) * (1.0 - ramp(0.15, 0.6, across_m))
        r, g, b = r + kerb * (0.30 - r), g + kerb * (0.29 - g), b + kerb * (0.27 - b)
        worn = 1.0 - 0.45 * middle * ramp(0.5, 0.95, 0.5 * patch + 0.5 * grain)
        paint = worn * ramp(0.2, 0.75, white) if across_m < 0.1 else worn * white
        r, g, b = r + paint * (0.62 - r), g + paint * (0.62 - g), b + paint * (0.60 - b)
        paint = worn * ramp(0.2, 0.75, yellow) if across_m < 0.1 else worn * yellow
        r, g, b = r + paint * (0.62 - r), g + paint * (0.40 - g), b + paint * (0.05 - b)
    return r, g, b


@njit(cache=True, nogil=True)
def _slabs(noise, x, y, patch, grain, middle):
    """Pavement of 1.2 m slabs with joints."""
    u, v = x / 1.2, y / 1.2
    tint = 0.24 + 0.05 * middle * (cell_noise(noise, u, v) - 0.5) + 0.03 * (patch - 0.5)
    tint += 0.05 * (grain - 0.5)
    edge = min(abs(u - math.floor(u + 0.5)), abs(v - math.floor(v + 0.5)))
    tint *= 1.0 - 0.4 * middle * (1.0 - ramp(0.008, 0.03, edge))
    return tint * 1.03, tint, tint * 0.95
