"""Every colour of pictures and pages, for light and dark grounds.

Ego blue and rival orange stay apart under protanopia and deuteranopia; road users differ in
lightness as well as in hue, so that the classes can be told apart without colour vision.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from drivewm.scene.classes import OccClass
from drivewm.scene.columns import LightStatus


@dataclass(frozen=True, kw_only=True)
class Palette:
    """Colours as ``#rrggbb``. ``classes`` is indexed by ``OccClass``, ``lights`` by LightStatus."""

    name: str
    ground: str
    drivable: str
    carpark: str
    walkway: str
    crossing: str
    divider: str
    centerline: str
    stop_line: str
    ego: str
    rival: str  # ego of the second planner in a comparison
    route: str
    outline: str  # around boxes
    alarm: str  # collisions
    text: str
    muted: str
    classes: tuple[str, ...]  # 18
    lights: tuple[str, ...]  # 4

    def rgb(self, field: str) -> tuple[int, int, int]:
        """One named colour as 0-255 red, green, blue."""
        return rgb(getattr(self, field))

    def as_dict(self) -> dict:
        """Plain JSON values."""
        return asdict(self)


def rgb(color: str) -> tuple[int, int, int]:
    """``#rrggbb`` -> (red, green, blue)."""
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def _by_class(**colors: str) -> tuple[str, ...]:
    return tuple(colors[name.name] for name in OccClass)


def _by_light(**colors: str) -> tuple[str, ...]:
    return tuple(colors[name.name] for name in LightStatus)


LIGHT = Palette(
    name="light",
    ground="#f4f4f1",
    drivable="#dddfde",
    carpark="#e4e1dc",
    walkway="#ebe5d8",
    crossing="#c9c7be",
    divider="#fbfbfa",
    centerline="#c9ccca",
    stop_line="#a9adb0",
    ego="#1f5eea",
    rival="#d9570b",
    route="#9db8ee",
    outline="#ffffff",
    alarm="#c81e3a",
    text="#1b1d21",
    muted="#5c626b",
    classes=_by_class(
        OTHERS="#8a8f94",
        BARRIER="#a8842a",
        BICYCLE="#0f8f76",
        BUS="#8a5bb0",
        CAR="#5f6f82",
        CONSTRUCTION_VEHICLE="#86761c",
        MOTORCYCLE="#3b6f3f",
        PEDESTRIAN="#e0004d",
        TRAFFIC_CONE="#c98a00",
        TRAILER="#8796ad",
        TRUCK="#39465c",
        DRIVEABLE_SURFACE="#dddfde",
        OTHER_FLAT="#d6cfdf",
        SIDEWALK="#ddd0b9",
        TERRAIN="#cbdab9",
        MANMADE="#b3aba1",
        VEGETATION="#93b582",
        FREE="#f4f4f1",
    ),
    lights=_by_light(GREEN="#1a9a5b", YELLOW="#d99a00", RED="#d0213c", UNKNOWN="#9a9fa5"),
)
DARK = Palette(
    name="dark",
    ground="#121418",
    drivable="#262b33",
    carpark="#23262c",
    walkway="#20211f",
    crossing="#3a414c",
    divider="#4b5461",
    centerline="#353c47",
    stop_line="#6a7380",
    ego="#6fa3ff",
    rival="#ff9a4a",
    route="#35528c",
    outline="#121418",
    alarm="#ff5d73",
    text="#eceef1",
    muted="#a0a8b3",
    classes=_by_class(
        OTHERS="#8b9198",
        BARRIER="#c7a24a",
        BICYCLE="#35cba6",
        BUS="#9a5cf0",
        CAR="#9aa9bc",
        CONSTRUCTION_VEHICLE="#b8a640",
        MOTORCYCLE="#7fc983",
        PEDESTRIAN="#ff4d7d",
        TRAFFIC_CONE="#f2bd3d",
        TRAILER="#c3cede",
        TRUCK="#8aa4d6",
        DRIVEABLE_SURFACE="#2b313a",
        OTHER_FLAT="#383142",
        SIDEWALK="#3f392d",
        TERRAIN="#2c3826",
        MANMADE="#5e574f",
        VEGETATION="#48673b",
        FREE="#121418",
    ),
    lights=_by_light(GREEN="#3fd28a", YELLOW="#ffc94a", RED="#ff5a70", UNKNOWN="#7c848e"),
)
PALETTES = {"light": LIGHT, "dark": DARK}
