"""A metric drawing surface: map metres in, anti-aliased pixels out (drawn at twice the size)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFont
from shapely.geometry import Polygon

SUPERSAMPLE = 2
Color = tuple[int, int, int]


@dataclass(frozen=True, kw_only=True)
class View:
    """A square window on the map: north up, ``span_m`` metres wide around ``center_m``."""

    center_m: tuple[float, float]
    span_m: float
    size_px: int

    @property
    def px_per_m(self) -> float:
        return self.size_px / self.span_m

    def pixels(self, points_m: np.ndarray) -> np.ndarray:
        """[..., 2] map points -> [..., 2] pixel coordinates (x right, y down)."""
        local = np.asarray(points_m, float)[..., :2] - np.asarray(self.center_m)
        return local * [self.px_per_m, -self.px_per_m] + self.size_px / 2

    def sees(self, bounds_m: Sequence[float], margin_m: float = 0.0) -> bool:
        """Whether (x0, y0, x1, y1) touches the window."""
        half = self.span_m / 2 + margin_m
        x, y = self.center_m
        x0, y0, x1, y1 = bounds_m
        return x0 <= x + half and x1 >= x - half and y0 <= y + half and y1 >= y - half


class Canvas:
    """Draws in map metres; widths are in final pixels unless the name says metres."""

    def __init__(self, view: View, ground: Color) -> None:
        self.view = view
        self._fine = View(
            center_m=view.center_m, span_m=view.span_m, size_px=view.size_px * SUPERSAMPLE
        )
        self._image = Image.new("RGB", (self._fine.size_px,) * 2, ground)
        self._draw = ImageDraw.Draw(self._image, "RGBA")

    def _flat(self, points_m: np.ndarray) -> list[tuple[float, float]]:
        return [tuple(point) for point in self._fine.pixels(points_m).tolist()]

    def polygons(self, polygons: Sequence[Polygon], color: Color) -> None:
        """Fills the union of the polygons; holes of one may be covered by another."""
        mask = Image.new("L", self._image.size, 0)
        for polygon in polygons:
            if self.view.sees(polygon.bounds):
                self._add(mask, polygon)
        self._image.paste(color, mask=mask)

    def _add(self, mask: Image.Image, polygon: Polygon) -> None:
        holes = [hole for hole in polygon.interiors if self.view.sees(hole.bounds)]
        exterior = self._flat(np.asarray(polygon.exterior.coords))
        if not holes:
            ImageDraw.Draw(mask).polygon(exterior, fill=255)
            return
        own = Image.new("L", mask.size, 0)
        pen = ImageDraw.Draw(own)
        pen.polygon(exterior, fill=255)
        for hole in holes:
            pen.polygon(self._flat(np.asarray(hole.coords)), fill=0)
        mask.paste(ImageChops.lighter(mask, own))

    def line(self, points_m: np.ndarray, color: Color, width_px: float, alpha: int = 255) -> None:
        """A polyline [P, 2] with round joints."""
        if len(points_m) < 2:
            return
        width = max(1, round(width_px * SUPERSAMPLE))
        self._draw.line(self._flat(points_m), fill=(*color, alpha), width=width, joint="curve")

    def convex(self, corners_m: np.ndarray, color: Color, outline: Color | None = None) -> None:
        """A filled polygon [P, 2] with an optional one-pixel outline."""
        points = self._flat(corners_m)
        self._draw.polygon(points, fill=(*color, 255))
        if outline is not None:
            self._draw.line([*points, points[0]], fill=(*outline, 255), width=SUPERSAMPLE)

    def dot(self, point_m: np.ndarray, radius_px: float, color: Color, alpha: int = 255) -> None:
        """A disc around a map point."""
        x, y = self._fine.pixels(point_m)
        r = radius_px * SUPERSAMPLE
        self._draw.ellipse((x - r, y - r, x + r, y + r), fill=(*color, alpha))

    def finish(self) -> Image.Image:
        """The picture at its final size, RGB."""
        return self._image.reduce(SUPERSAMPLE)


def font(size_px: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Pillow's own font, the same on every machine."""
    return ImageFont.load_default(size_px)


def scale_bar(image: Image.Image, px_per_m: float, text: Color) -> None:
    """Draws a bar of a round length, at most a quarter of the width, in the lower left corner."""
    choices = [m for m in (1, 2, 5, 10, 20, 50, 100, 200) if m * px_per_m <= image.width / 4]
    length_m = choices[-1] if choices else 1
    size = max(11, image.width // 55)
    x, y = size, image.height - size
    draw = ImageDraw.Draw(image)
    draw.line((x, y, x + length_m * px_per_m, y), fill=text, width=max(2, size // 6))
    draw.text((x, y - size // 3), f"{length_m} m", fill=text, font=font(size), anchor="ls")
