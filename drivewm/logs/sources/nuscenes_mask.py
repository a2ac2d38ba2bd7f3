"""The drivable-area PNG of nuScenes v1.0 (0.1 m per pixel, up to 1.2 gigapixels) as polygons."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import shapely
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from drivewm.errors import InputError

PIXEL_M = 0.1
SIMPLIFY_M = 0.08
MIN_AREA_M2 = 0.5
_BAND_ROWS = 1024


class DrivableMask:
    """One city's mask, held with one bit per pixel.

    A pixel (column c, row r) stands for the square of side 0.1 m around
    x = 0.1 c, y = 0.1 (height - r): the devkit's ``MapMask`` rounds to the nearest pixel and turns
    the y axis.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._bits, self.width, self.height = _load_bits(path)

    def polygons(self, area: BaseGeometry) -> tuple[Polygon, ...]:
        """Drivable polygons within ``area`` (map frame), simplified by at most 0.08 m."""
        x0, y0, x1, y1 = area.bounds
        columns = np.clip([np.floor(x0 / PIXEL_M), np.ceil(x1 / PIXEL_M)], 0, self.width)
        rows = np.clip(
            [self.height - np.ceil(y1 / PIXEL_M), self.height - np.floor(y0 / PIXEL_M)],
            0,
            self.height,
        )
        c0, c1, r0, r1 = (int(v) for v in (*columns, *rows))
        if c1 <= c0 or r1 <= r0:
            return ()
        window = np.unpackbits(self._bits[r0:r1], axis=1)[:, c0:c1]
        shapes = [self._to_map(ring, c0, r0) for ring in _outlines(window)]
        joined = shapely.union_all(shapes).intersection(area) if shapes else Polygon()
        parts = joined.geoms if isinstance(joined, MultiPolygon) else [joined]
        return tuple(p for p in parts if isinstance(p, Polygon) and p.area > MIN_AREA_M2)

    def _to_map(self, rings: list[np.ndarray], c0: int, r0: int) -> BaseGeometry:
        """Pixel outlines run through pixel centres: half a pixel is added all round."""
        placed = [
            np.column_stack([(r[:, 0] + c0), self.height - (r[:, 1] + r0)]) * PIXEL_M for r in rings
        ]
        shape = shapely.make_valid(Polygon(placed[0], placed[1:]))
        return shape.buffer(PIXEL_M / 2, join_style="mitre").simplify(SIMPLIFY_M)


def _load_bits(path: Path) -> tuple[np.ndarray, int, int]:
    from PIL import Image, UnidentifiedImageError

    limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None  # a city is a very large picture
    try:
        with Image.open(path) as picture:
            width, height = picture.size
            picture.load()
            bands = [
                np.packbits(
                    np.asarray(
                        picture.crop((0, top, width, min(top + _BAND_ROWS, height))).convert("L")
                    )
                    == 255,
                    axis=1,
                )
                for top in range(0, height, _BAND_ROWS)
            ]
    except (UnidentifiedImageError, OSError) as error:
        raise InputError(
            f"not a readable map picture ({error})", file=path, fix="fetch the file again"
        ) from error
    finally:
        Image.MAX_IMAGE_PIXELS = limit
    return np.concatenate(bands), width, height


def _outlines(mask: np.ndarray) -> list[list[np.ndarray]]:
    """Outer ring and holes of each patch of ones, in pixels [P, 2] (column, row)."""
    contours, tree = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    if tree is None:
        return []
    rings = [contour[:, 0, :].astype(float) for contour in contours]
    out = []
    for i, (_, _, child, parent) in enumerate(tree[0]):
        if parent >= 0 or len(rings[i]) < 3:
            continue
        holes = []
        while child >= 0:
            if len(rings[child]) >= 3:
                holes.append(rings[child])
            child = tree[0][child][0]
        out.append([rings[i], *holes])
    return out
