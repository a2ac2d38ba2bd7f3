"""The sky's colour in a direction: gradient, glow around the sun, clouds. Linear radiance."""

from __future__ import annotations

import math

from drivewm.worlds.render import weather as W
from drivewm.worlds.render.jit import inlined, kernel
from drivewm.worlds.render.noise import ramp, smooth_noise


@inlined
def sky_base(dx, dy, dz, air):
    """Gradient and glow; d is a unit vector in the map frame. Returns r, g, b."""
    up = max(dz, 0.0)
    t = 1.0 - 1.0 / (1.0 + 5.0 * up + 6.0 * up * up)
    c = max(dx * air[W.SUN] + dy * air[W.SUN + 1] + dz * air[W.SUN + 2], 0.0)
    c4 = c * c * c * c
    c32 = c4 * c4
    c32 = c32 * c32 * c32 * c32
    g = 0.30 * c4 + 0.7 * c32 + 3.0 * c32**12
    r = air[W.HORIZON] + (air[W.ZENITH] - air[W.HORIZON]) * t + g * air[W.GLOW]
    gr = air[W.HORIZON + 1] + (air[W.ZENITH + 1] - air[W.HORIZON + 1]) * t + g * air[W.GLOW + 1]
    b = air[W.HORIZON + 2] + (air[W.ZENITH + 2] - air[W.HORIZON + 2]) * t + g * air[W.GLOW + 2]
    return r, gr, b


@kernel
def sky(dx, dy, dz, air, noise):
    """``sky_base`` with clouds on a flat layer, which thin out towards the horizon."""
    r, g, b = sky_base(dx, dy, dz, air)
    if dz <= 0.01:
        return r, g, b
    k = 2.2 / (dz + 0.10)
    x, y = dx * k, dy * k
    n = (0.5 * smooth_noise(noise, x, y) + 0.27 * smooth_noise(noise, 2.3 * x + 7.0, 2.3 * y)
         + 0.15 * smooth_noise(noise, 5.1 * x, 5.1 * y + 31.0)
         + 0.08 * smooth_noise(noise, 11.0 * x, 11.0 * y))  # fmt: skip
    low = 0.72 - 0.42 * air[W.CLOUDS]
    cover = ramp(low, low + 0.3, n) * ramp(0.01, 0.16, dz) * 0.9
    lit = 0.82 + 0.5 * (n - 0.5) + 0.25 * math.sqrt(max(dz, 0.0))
    r += cover * (air[W.CLOUD_LIGHT] * lit - r)
    g += cover * (air[W.CLOUD_LIGHT + 1] * lit - g)
    b += cover * (air[W.CLOUD_LIGHT + 2] * lit - b)
    return r, g, b
