"""Colours that can be told apart, also without full colour vision."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from drivewm.scene import MOVABLE, LightStatus, OccClass
from drivewm.viz.palette import PALETTES, Palette, rgb

# Machado, Oliveira & Fernandes 2009, severity 1.0, on linear RGB
VISION = {
    "full": np.eye(3),
    "protan": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deutan": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
}
XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
WHITE = XYZ.sum(1)


def linear(color: str) -> np.ndarray:
    value = np.array(rgb(color)) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def lab(color: str, vision: str) -> np.ndarray:
    xyz = XYZ @ np.clip(VISION[vision] @ linear(color), 0, 1) / WHITE
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def contrast(one: str, other: str) -> float:
    a, b = (float(XYZ[1] @ linear(color)) + 0.05 for color in (one, other))
    return max(a, b) / min(a, b)


@pytest.fixture(params=list(PALETTES))
def palette(request: pytest.FixtureRequest) -> Palette:
    return PALETTES[request.param]


@pytest.mark.parametrize("vision", list(VISION))
def test_key_colours_stay_apart(palette: Palette, vision: str) -> None:
    kinds = (OccClass.CAR, OccClass.PEDESTRIAN, OccClass.BICYCLE, OccClass.TRUCK, OccClass.BUS)
    key = [palette.ego, palette.rival, palette.drivable, *(palette.classes[k] for k in kinds)]
    gaps = [
        np.linalg.norm(lab(a, vision) - lab(b, vision)) for a, b in itertools.combinations(key, 2)
    ]
    assert min(gaps) > 14


def test_everything_that_moves_stands_out_from_the_road(palette: Palette) -> None:
    weakest = min(contrast(palette.classes[kind], palette.drivable) for kind in MOVABLE)
    assert weakest > 2.0


def test_text_is_readable(palette: Palette) -> None:
    assert contrast(palette.text, palette.ground) > 7
    assert contrast(palette.muted, palette.ground) > 4.5


def test_every_class_and_light_has_its_colour(palette: Palette) -> None:
    assert len(palette.classes) == len(OccClass) == len(set(palette.classes))
    assert len(palette.lights) == len(LightStatus)
