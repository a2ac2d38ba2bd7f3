"""Procedural surfaces of parts. Each gives albedo r, g, b, gloss 0..1 and emitted light 0..~2,
from the point in the part's frame; a, b, c are that point divided by the half sizes (-1..1)."""

from __future__ import annotations

import math

from drivewm.worlds.render import parts as P
from drivewm.worlds.render.jit import inlined, kernel
from drivewm.worlds.render.noise import ramp, smooth_noise

WHEEL_M = 0.33
_PAINT, _CABIN, _GLASS, _RUBBER, _FACADE = P.PAINT, P.CABIN, P.GLASS, P.RUBBER, P.FACADE
_FOLIAGE, _BUS, _TRUCK, _STRIPES = P.FOLIAGE, P.BUS_BODY, P.TRUCK_CAB, P.STRIPES
_LAMP, _CARGO, _BARK, _POST = P.LAMP, P.CARGO, P.BARK, P.LAMP_POST
_HX, _HY, _HZ, _R, _G, _B, _SEED, _EMIT = P.HX, P.HY, P.HZ, P.R, P.G, P.B, P.SEED, P.EMIT


@inlined
def surface_of(parts, row, material, x, y, z, nx, ny, nz, lamps, noise, size_m):
    """r, g, b, gloss, emission (multiplies r, g, b) at a point of the part's surface."""
    r, g, b = parts[row, _R], parts[row, _G], parts[row, _B]
    if material == _PAINT:
        return _car_body(parts, row, x, y, z, nx, ny, nz, lamps)
    if material == _CABIN:
        return _cabin(parts, row, x, y, z, nx, ny, nz)
    if material == _FACADE:
        return _facade(parts, row, x, y, z, nx, nz, lamps, noise, size_m)
    if material == _FOLIAGE:
        fine = 1.0 - ramp(0.1, 0.6, size_m)
        shift = 40.0 * parts[row, _SEED]
        leaf = 0.5 + fine * (0.45 * smooth_noise(noise, 5.3 * x + shift, 4.7 * z + 2.0 * y) - 0.225)
        leaf += fine * (0.45 * smooth_noise(noise, 5.1 * y, 4.9 * z - 2.0 * x + shift) - 0.225)
        leaf += 0.35 * smooth_noise(noise, 1.3 * x + shift, 1.5 * z + 0.8 * y) - 0.175
        leaf += 0.35 * smooth_noise(noise, 1.4 * y, 1.2 * z - 0.8 * x + shift) - 0.175
        lit = 0.35 + 1.25 * leaf
        return r * lit, g * lit, b * lit, 0.0, 0.0
    if material == _BUS:
        return _bus(parts, row, x, y, z, nx, nz, lamps)
    if material == _TRUCK:
        return _truck(parts, row, x, y, z, nx, nz, lamps)
    if material == _CARGO:
        return _cargo(parts, row, x, y, z, nx, ny, lamps)
    if material == _RUBBER:
        rim = math.sqrt((x / parts[row, _HX]) ** 2 + (z / parts[row, _HZ]) ** 2)
        if abs(ny) > 0.5 and rim < 0.62:
            return 0.22, 0.23, 0.24, 0.3, 0.0
        return r, g, b, 0.0, 0.0
    if material == _STRIPES:
        if parts[row, _SEED] < 0.5:
            k = (y + 0.8 * z) / 0.7
            if k - math.floor(k) < 0.5:
                return 0.6, 0.05, 0.03, 0.1, 0.0
            return 0.65, 0.65, 0.65, 0.1, 0.0
        return r, g, b, 0.0, 0.0
    if material == _LAMP:
        return r, g, b, 0.2, parts[row, _EMIT]
    if material == _POST and z > parts[row, _HZ] - 0.4:
        return 0.9, 0.8, 0.55, 0.1, 0.1 + 1.8 * lamps
    if material == _BARK:
        k = 0.7 + 0.6 * smooth_noise(noise, 9.0 * (x + y), 2.0 * z)
        return r * k, g * k, b * k, 0.0, 0.0
    return r, g, b, 0.05, 0.0


@kernel
def _car_body(parts, row, x, y, z, nx, ny, nz, lamps):
    """Lower body: lamps, grille and plate at the ends, wheel arches and doors at the sides."""
    r, g, b = parts[row, _R], parts[row, _G], parts[row, _B]
    a, w, c = x / parts[row, _HX], abs(y) / parts[row, _HY], z / parts[row, _HZ]
    if nx > 0.6:
        if w > 0.56 and 0.12 < c < 0.62 - 0.15 * (1.0 - w):
            return 0.85, 0.86, 0.82, 0.6, 0.25 + 2.6 * lamps
        if w < 0.5 and -0.25 < c < 0.4:
            return 0.015, 0.015, 0.017, 0.3, 0.0
        if w < 0.24 and -0.72 < c < -0.42:
            return 0.6, 0.6, 0.58, 0.1, 0.0
    elif nx < -0.6:
        if w > 0.6 and 0.15 < c < 0.72:
            return 0.62, 0.02, 0.02, 0.5, 0.25 + 1.4 * lamps
        if w < 0.26 and -0.1 < c < 0.25:
            return 0.6, 0.6, 0.58, 0.1, 0.0
    elif abs(ny) > 0.6:
        for center in (-0.58, 0.60):
            u, v = x - center * parts[row, _HX], z + parts[row, _HZ] - 0.45 * WHEEL_M
            d = math.sqrt(u * u + v * v) / WHEEL_M
            if d < 0.6:
                spoke = 0.5 + 0.5 * math.cos(5.0 * math.atan2(v, u))
                k = 0.06 + 0.28 * spoke
                return k, k, 1.03 * k, 0.4, 0.0
            if d < 1.2:
                return 0.012, 0.012, 0.014, 0.0, 0.0
        if min(abs(a + 0.28), abs(a - 0.02), abs(a - 0.34)) < 0.006 and c > -0.7:
            return 0.25 * r, 0.25 * g, 0.25 * b, 0.2, 0.0
        if 0.45 < c < 0.53 and (abs(a + 0.2) < 0.03 or abs(a - 0.1) < 0.03):
            return 0.4 * r, 0.4 * g, 0.4 * b, 0.5, 0.0
    if c < -0.72 and abs(nz) < 0.5:
        return 0.025, 0.025, 0.028, 0.1, 0.0
    return r, g, b, 0.75, 0.0


@kernel
def _cabin(parts, row, x, y, z, nx, ny, nz):
    """Glass all around below the roof, with pillars."""
    r, g, b = parts[row, _R], parts[row, _G], parts[row, _B]
    c = z / parts[row, _HZ]
    up = 0.5 * (c + 1.0)
    glass = False
    if nz < 0.9 and c < 0.80:
        edge = parts[row, _HY] * (1.0 - parts[row, P.TAPER_SIDE] * up) - abs(y)
        if abs(ny) > 0.6:
            taper = parts[row, P.TAPER_FRONT] if x > 0.0 else parts[row, P.TAPER_REAR]
            edge = parts[row, _HX] * (1.0 - taper * up) - abs(x)
            pillar = abs(x + 0.04 * parts[row, _HX]) < 0.05
            glass = edge > 0.12 and not pillar and c > -0.86
        else:
            glass = edge > 0.09
    if glass:
        return 0.012, 0.014, 0.016, 1.0, 0.0
    return r, g, b, 0.75, 0.0


@kernel
def _facade(parts, row, x, y, z, nx, nz, lamps, noise, size_m):
    """Floors of windows over a glazed ground floor; some windows are lit after dark."""
    r, g, b = parts[row, _R], parts[row, _G], parts[row, _B]
    if nz > 0.5:
        return 0.10, 0.10, 0.105, 0.0, 0.0
    u = y if abs(nx) > 0.5 else x
    wide = parts[row, _HY] if abs(nx) > 0.5 else parts[row, _HX]
    u += wide  # from the corner, so that whole bays fit the wall
    wide *= 2.0
    side = 17.0 if abs(nx) > 0.5 else 43.0
    height = z + parts[row, _HZ]
    seed = parts[row, _SEED]
    blur = ramp(0.5, 2.2, size_m)
    if parts[row, _HZ] + parts[row, _HZ] - height < 0.6:
        return 0.8 * r, 0.8 * g, 0.8 * b, 0.0, 0.0
    if height < 3.6:
        bay, tall = wide / max(math.floor(wide / 3.4), 1.0), 3.6
        w, f = u / bay, height / tall
        open_ = 0.08 < w - math.floor(w) < 0.92 and 0.12 < f < 0.74
        band = 0.78 < f < 0.92
        if band:
            return 0.5 * r + 0.1 * seed, 0.5 * g + 0.03, 0.5 * b + 0.1 * (1.0 - seed), 0.0, 0.0
    else:
        bay, tall = 2.3 + 1.4 * seed, 3.1 + 0.5 * seed
        bay = wide / max(math.floor(wide / bay), 1.0)
        w, f = u / bay, (height - 3.6) / tall
        p, q = w - math.floor(w), f - math.floor(f)
        open_ = 0.2 < p < 0.8 and 0.28 < q < 0.82
        if open_ and blur < 0.5 and (abs(p - 0.5) < 0.014 or abs(q - 0.6) < 0.012):
            return 0.5, 0.5, 0.48, 0.1, 0.0  # glazing bars
        if 0.17 < p < 0.83 and 0.24 < q < 0.28:
            return 1.15 * r, 1.15 * g, 1.15 * b, 0.0, 0.0  # sill
    if open_:
        draw = noise[(math.floor(w) * 7 + int(side)) & 255, (math.floor(f) * 13
                     + int(seed * 251.0)) & 255]  # fmt: skip
        lit = lamps * ramp(0.58, 0.64, draw) * (0.5 + draw) if lamps > 0.3 else 0.0
        wall = 0.3 * blur
        k = 1.0 - wall
        if lit > 0.0:
            return (k * 0.9 + wall * r, k * 0.66 + wall * g, k * 0.34 + wall * b,
                    0.5, 0.75 * lit)  # fmt: skip
        return (k * 0.03 + wall * r, k * 0.035 + wall * g, k * 0.045 + wall * b, 0.9 * k, 0.0)
    stain = 0.9 + 0.2 * smooth_noise(noise, 0.7 * u + side, 0.25 * height)
    return r * stain, g * stain, b * stain, 0.0, 0.0


@kernel
def _bus(parts, row, x, y, z, nx, nz, lamps):
    r, g, b = parts[row, _R], parts[row, _G], parts[row, _B]
    w, c = abs(y) / parts[row, _HY], z / parts[row, _HZ]
    if nz > 0.7:
        return 0.6, 0.6, 0.6, 0.2, 0.0
    if nx > 0.6:
        if w < 0.92 and -0.15 < c < 0.72:
            return 0.012, 0.014, 0.016, 1.0, 0.0
        if w < 0.7 and 0.78 < c < 0.94:
            return 0.9, 0.45, 0.05, 0.0, 0.5 + 0.8 * lamps
        if w > 0.6 and -0.72 < c < -0.52:
            return 0.85, 0.86, 0.82, 0.6, 0.25 + 2.6 * lamps
    elif nx < -0.6:
        if w < 0.8 and 0.2 < c < 0.75:
            return 0.012, 0.014, 0.016, 1.0, 0.0
        if w > 0.75 and -0.6 < c < -0.2:
            return 0.62, 0.02, 0.02, 0.5, 0.25 + 1.4 * lamps
    else:
        k = x / 1.45
        if -0.02 < c < 0.66 and abs(x) < parts[row, _HX] - 0.25 and k - math.floor(k) > 0.07:
            warm = 0.55 * lamps
            if lamps > 0.5:
                return 0.75, 0.68, 0.5, 0.6, warm
            return 0.015, 0.018, 0.02, 1.0, 0.0
        if -0.35 < c < -0.22:
            return 0.65, 0.65, 0.65, 0.4, 0.0
    return r, g, b, 0.6, 0.0


@kernel
def _truck(parts, row, x, y, z, nx, nz, lamps):
    r, g, b = parts[row, _R], parts[row, _G], parts[row, _B]
    a, w, c = x / parts[row, _HX], abs(y) / parts[row, _HY], z / parts[row, _HZ]
    if nz > 0.7:
        return r, g, b, 0.4, 0.0
    if nx > 0.6:
        if w < 0.9 and 0.12 < c < 0.78:
            return 0.012, 0.014, 0.016, 1.0, 0.0
        if w > 0.62 and -0.72 < c < -0.5:
            return 0.85, 0.86, 0.82, 0.6, 0.25 + 2.6 * lamps
        if w < 0.55 and -0.6 < c < -0.05:
            return 0.02, 0.02, 0.022, 0.3, 0.0
    elif abs(nx) < 0.6 and -0.25 < a < 0.8 and 0.15 < c < 0.74:
        return 0.012, 0.014, 0.016, 1.0, 0.0
    if c < -0.8:
        return 0.025, 0.025, 0.028, 0.1, 0.0
    return r, g, b, 0.6, 0.0


@kernel
def _cargo(parts, row, x, y, z, nx, ny, lamps):
    """Ribbed box; doors, lamps and a reflective strip at the rear."""
    r, g, b = parts[row, _R], parts[row, _G], parts[row, _B]
    w, c = abs(y) / parts[row, _HY], z / parts[row, _HZ]
    if nx < -0.6:
        if w > 0.72 and -0.95 < c < -0.82:
            return 0.62, 0.02, 0.02, 0.5, 0.25 + 1.4 * lamps
        if abs(y) < 0.02 or (w > 0.45 and w < 0.47):
            return 0.4 * r, 0.4 * g, 0.4 * b, 0.1, 0.0
    elif abs(ny) > 0.6:
        k = x / 0.62
        if k - math.floor(k) < 0.08:
            return 0.8 * r, 0.8 * g, 0.8 * b, 0.2, 0.0
        if -0.97 < c < -0.93:
            return (0.6, 0.05, 0.04, 0.2, 0.0) if math.floor(k) % 2.0 == 0.0 else (
                0.7, 0.7, 0.7, 0.2, 0.0)  # fmt: skip
    return r, g, b, 0.2, 0.0
