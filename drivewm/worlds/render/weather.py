"""Light and air: where the sun is, what colours sky and fog have. Radiance is linear, 1 = white.

Compiled kernels take an ``Air`` as one flat array; the constants below say where its fields start.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from drivewm.seeds import generator
from drivewm.worlds.world import Weather

Triple = tuple[float, float, float]

SUN, SUN_LIGHT, SKY_LIGHT, ZENITH, HORIZON, GLOW, CLOUD_LIGHT = range(0, 21, 3)  # three each
CLOUDS, FOG, WET, LAMPS, EXPOSURE = range(21, 26)

LAMPS_ON = 0.3  # below this brightness lamps are off


class Air(NamedTuple):
    """One weather; the order of the fields is that of the constants above."""

    sun: Triple  # unit vector to the sun (at night the moon), map frame
    sun_light: Triple
    sky_light: Triple  # ambient light from above
    zenith: Triple
    horizon: Triple
    glow: Triple  # added to the sky around the sun
    cloud_light: Triple
    clouds: float  # 0..1
    fog_per_m: float
    wet: float  # 0..1, how wet the ground is
    lamps: float  # 0..1, how much headlights and windows burn
    exposure: float

    def flat(self) -> np.ndarray:
        """float64 [26]."""
        return np.hstack(self).astype(float)


_DAY = Air(
    sun=(0.0, 0.0, 1.0), sun_light=(1.5, 1.38, 1.18), sky_light=(0.36, 0.42, 0.52),
    zenith=(0.13, 0.27, 0.62), horizon=(0.55, 0.66, 0.80), glow=(0.5, 0.42, 0.28), clouds=0.55,
    cloud_light=(0.86, 0.88, 0.92), fog_per_m=0.0011, wet=0.0, lamps=0.05, exposure=1.25,
)  # fmt: skip
_DUSK = Air(
    sun=(0.0, 0.0, 1.0), sun_light=(1.05, 0.55, 0.24), sky_light=(0.24, 0.22, 0.30),
    zenith=(0.09, 0.12, 0.30), horizon=(0.72, 0.40, 0.24), glow=(0.9, 0.42, 0.14), clouds=0.6,
    cloud_light=(0.62, 0.34, 0.30), fog_per_m=0.002, wet=0.0, lamps=0.7, exposure=1.35,
)  # fmt: skip
_NIGHT = Air(
    sun=(0.0, 0.0, 1.0), sun_light=(0.035, 0.042, 0.06), sky_light=(0.035, 0.04, 0.055),
    zenith=(0.004, 0.007, 0.018), horizon=(0.03, 0.028, 0.032), glow=(0.0, 0.0, 0.0), clouds=0.3,
    cloud_light=(0.03, 0.028, 0.03), fog_per_m=0.002, wet=0.15, lamps=1.0, exposure=1.5,
)  # fmt: skip
_RAIN = Air(
    sun=(0.0, 0.0, 1.0), sun_light=(0.06, 0.06, 0.06), sky_light=(0.60, 0.63, 0.68),
    zenith=(0.30, 0.33, 0.37), horizon=(0.46, 0.48, 0.51), glow=(0.0, 0.0, 0.0), clouds=0.9,
    cloud_light=(0.36, 0.38, 0.41), fog_per_m=0.0065, wet=1.0, lamps=0.6, exposure=1.15,
)  # fmt: skip
_AIRS = {"day": (_DAY, 42.0), "dusk": (_DUSK, 11.0), "night": (_NIGHT, 50.0), "rain": (_RAIN, 60.0)}


def air(weather: Weather, seed: int) -> Air:
    """The air of a world; the sun's azimuth and height vary with the seed."""
    base, elevation_deg = _AIRS[weather]
    draw = generator("air", seed).random(2)
    elevation = np.deg2rad(elevation_deg * (0.8 + 0.4 * draw[0]))
    azimuth = 2 * np.pi * draw[1]
    sun = (
        float(np.cos(elevation) * np.cos(azimuth)), float(np.cos(elevation) * np.sin(azimuth)),
        float(np.sin(elevation)),
    )  # fmt: skip
    return base._replace(sun=sun)
