"""Albedo of the ground: asphalt, pavement slabs, grass, kerbs and paint."""

from __future__ import annotations

import math

from drivewm.worlds.render.ground import fetch
from drivewm.worlds.render.jit import inlined, kernel
from drivewm.worlds.render.noise import cell_noise, ramp, smooth_noise


@inlined
def coverage(cells, levels, place, x, y, away_x, away_y, across_m, along_m):
    """Filtered road, walk, white, yellow coverage 0..1 of one pixel's footprint.

    The footprint is ``across_m`` wide and ``along_m`` long in the direction (away_x, away_y): the
    raster level is chosen by the width and taps are spread along the length, so that thin lines
    neither flicker nor blur away.
    """
    taps = min(max(int(along_m / max(across_m, place[2]) + 0.5), 1), 6)
    level, size = 0, place[2]
    while level < len(levels) - 1 and size < 0.8 * across_m:
        level, size = level + 1, 2.0 * size
    first, rows, columns = levels[level, 0], levels[level, 1], levels[level, 2]
    step = min(along_m, 12.0) / (taps * size)
    start = 0.5 * (1 - taps) * step
    column = (x - place[0]) / size + start * away_x
    row = (y - place[1]) / size + start * away_y
    road = walk = white = yellow = 0
    for _ in range(taps):
        even, odd = fetch(cells, first, rows, columns, column, row)
        road, white = road + (even & 0xFFFF), white + (even >> 16)
        walk, yellow = walk + (odd & 0xFFFF), yellow + (odd >> 16)
        column, row = column + step * away_x, row + step * away_y
    scale = 1.0 / (255.0 * 256.0 * taps)
    return road * scale, walk * scale, white * scale, yellow * scale


@inlined
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
        paint = worn * min(1.25 * white, 1.0)
        r, g, b = r + paint * (0.62 - r), g + paint * (0.62 - g), b + paint * (0.60 - b)
        paint = worn * min(1.25 * yellow, 1.0)
        r, g, b = r + paint * (0.62 - r), g + paint * (0.40 - g), b + paint * (0.05 - b)
    return r, g, b


@kernel
def _slabs(noise, x, y, patch, grain, middle):
    """Pavement of 1.2 m slabs with joints."""
    u, v = x / 1.2, y / 1.2
    tint = 0.27 + 0.05 * middle * (cell_noise(noise, u, v) - 0.5) + 0.03 * (patch - 0.5)
    tint += 0.05 * (grain - 0.5)
    edge = min(abs(u - math.floor(u + 0.5)), abs(v - math.floor(v + 0.5)))
    tint *= 1.0 - 0.4 * middle * (1.0 - ramp(0.008, 0.03, edge))
    return tint * 1.03, tint, tint * 0.95
