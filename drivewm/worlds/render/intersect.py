"""Exact ray-part intersection, and the surface normal at a hit. Rays: origin o + t * direction d,
both in the part's own frame; t keeps the caller's scale (z-depth for cameras, range for lidar)."""

from __future__ import annotations

import math

from drivewm.worlds.render import parts as P
from drivewm.worlds.render.jit import inlined, kernel

MISS = math.inf
BOX, SLANTED, ELLIPSOID = P.BOX, P.SLANTED, P.ELLIPSOID
CYLINDER_Z = P.CYLINDER_Z


@inlined
def _slab(o, d, h, enter, leave):
    """Narrows [enter, leave] to where |o + t d| <= h."""
    if d == 0.0:
        if o < -h or o > h:
            return enter, -MISS
        return enter, leave
    inverse = 1.0 / d
    a, b = (-h - o) * inverse, (h - o) * inverse
    if a > b:
        a, b = b, a
    return max(enter, a), min(leave, b)


@inlined
def _half_space(num, den, enter, leave):
    """Narrows [enter, leave] to where t * den <= num."""
    if den > 0.0:
        return enter, min(leave, num / den)
    if den < 0.0:
        return max(enter, num / den), leave
    if num < 0.0:
        return enter, -MISS
    return enter, leave


@inlined
def _disc(ox, oy, dx, dy, hx, hy, enter, leave):
    """Narrows [enter, leave] to the inside of an elliptic cylinder."""
    ox, dx, oy, dy = ox / hx, dx / hx, oy / hy, dy / hy
    a = dx * dx + dy * dy
    b = ox * dx + oy * dy
    c = ox * ox + oy * oy - 1.0
    if a == 0.0:
        return (enter, leave) if c <= 0.0 else (enter, -MISS)
    disc = b * b - a * c
    if disc < 0.0:
        return enter, -MISS
    root = math.sqrt(disc)
    return max(enter, (-b - root) / a), min(leave, (-b + root) / a)


@kernel
def hit(kind, ox, oy, oz, dx, dy, dz, hx, hy, hz, front, rear, side):
    """Smallest t at which the ray enters the part, or inf. Rays that start inside see nothing."""
    enter, leave = -MISS, MISS
    if kind == BOX:
        enter, leave = _slab(ox, dx, hx, enter, leave)
        enter, leave = _slab(oy, dy, hy, enter, leave)
        enter, leave = _slab(oz, dz, hz, enter, leave)
    elif kind == SLANTED:
        enter, leave = _slab(oz, dz, hz, enter, leave)
        k = 0.5 * hx * front / hz
        c = hx * (1.0 - 0.5 * front)
        enter, leave = _half_space(c - ox - k * oz, dx + k * dz, enter, leave)
        k = 0.5 * hx * rear / hz
        c = hx * (1.0 - 0.5 * rear)
        enter, leave = _half_space(c + ox - k * oz, -dx + k * dz, enter, leave)
        k = 0.5 * hy * side / hz
        c = hy * (1.0 - 0.5 * side)
        enter, leave = _half_space(c - oy - k * oz, dy + k * dz, enter, leave)
        enter, leave = _half_space(c + oy - k * oz, -dy + k * dz, enter, leave)
    elif kind == ELLIPSOID:
        x, y, z, u, v, w = ox / hx, oy / hy, oz / hz, dx / hx, dy / hy, dz / hz
        a = u * u + v * v + w * w
        b = x * u + y * v + z * w
        disc = b * b - a * (x * x + y * y + z * z - 1.0)
        if disc < 0.0:
            return MISS
        enter = (-b - math.sqrt(disc)) / a
    elif kind == CYLINDER_Z:
        enter, leave = _slab(oz, dz, hz, enter, leave)
        enter, leave = _disc(ox, oy, dx, dy, hx, hy, enter, leave)
    else:
        enter, leave = _slab(oy, dy, hy, enter, leave)
        enter, leave = _disc(ox, oz, dx, dz, hx, hz, enter, leave)
    return enter if enter <= leave and enter > 0.0 else MISS


@kernel
def normal(kind, x, y, z, hx, hy, hz, front, rear, side):
    """Outward unit normal of the part's surface at (or nearest to) a point of its frame."""
    if kind == ELLIPSOID:
        nx, ny, nz = x / (hx * hx), y / (hy * hy), z / (hz * hz)
    elif kind == CYLINDER_Z:
        if abs(z) / hz > math.sqrt((x / hx) ** 2 + (y / hy) ** 2):
            return 0.0, 0.0, math.copysign(1.0, z)
        nx, ny, nz = x / (hx * hx), y / (hy * hy), 0.0
    elif kind in (BOX, SLANTED):
        nx, ny, nz = _box_normal(x, y, z, hx, hy, hz, front, rear, side)
    else:
        if abs(y) / hy > math.sqrt((x / hx) ** 2 + (z / hz) ** 2):
            return 0.0, math.copysign(1.0, y), 0.0
        nx, ny, nz = x / (hx * hx), 0.0, z / (hz * hz)
    scale = 1.0 / math.sqrt(nx * nx + ny * ny + nz * nz + 1e-30)
    return nx * scale, ny * scale, nz * scale


@kernel
def _box_normal(x, y, z, hx, hy, hz, front, rear, side):
    """The face plane that the point lies nearest to (largest signed distance)."""
    up = abs(z) - hz
    best, nx, ny, nz = up, 0.0, 0.0, math.copysign(1.0, z)
    taper = front if x > 0.0 else rear
    k = 0.5 * hx * taper / hz
    d = (abs(x) + k * z - hx * (1.0 - 0.5 * taper)) / math.sqrt(1.0 + k * k)
    if d > best:
        best, nx, ny, nz = d, math.copysign(1.0, x), 0.0, k
    k = 0.5 * hy * side / hz
    d = (abs(y) + k * z - hy * (1.0 - 0.5 * side)) / math.sqrt(1.0 + k * k)
    if d > best:
        nx, ny, nz = 0.0, math.copysign(1.0, y), k
    return nx, ny, nz


@kernel
def contains(kind, x, y, z, hx, hy, hz, front, rear, side):
    """True when the point of the part's frame lies inside the part or on it."""
    if abs(x) > hx or abs(y) > hy or abs(z) > hz:
        return False
    if kind == BOX:
        return True
    if kind == SLANTED:
        up = 0.5 * (z / hz + 1.0)
        taper = front if x > 0.0 else rear
        return abs(x) <= hx * (1.0 - taper * up) and abs(y) <= hy * (1.0 - side * up)
    if kind == ELLIPSOID:
        return (x / hx) ** 2 + (y / hy) ** 2 + (z / hz) ** 2 <= 1.0
    if kind == CYLINDER_Z:
        return (x / hx) ** 2 + (y / hy) ** 2 <= 1.0
    return (x / hx) ** 2 + (z / hz) ** 2 <= 1.0
