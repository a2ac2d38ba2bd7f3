"""The ground of a world, rasterised once: what covers it, its paint, and shade that never moves.

Coverage channels are anti-aliased, so a bilinear sample of a channel crosses 0.5 on the polygon's
edge; the class of a ground point is decided there (drivable before walkway before terrain).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numba import njit
from PIL import Image, ImageDraw
from shapely.geometry.base import BaseGeometry

from drivewm.scene import OccClass, RoadMap
from drivewm.worlds.render.markings import road_paint

ROAD, WALK, WHITE, YELLOW = range(4)  # channels
MARGIN_M, MAX_CELLS, MIN_CELL_M, MIPS = 8.0, 2400, 0.1, 4
_SUPER = 2  # sub-samples per cell and axis
DRIVABLE, SIDEWALK, TERRAIN = (
    int(OccClass.DRIVEABLE_SURFACE), int(OccClass.SIDEWALK), int(OccClass.TERRAIN)
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Tile:
    """Coverage rasters of the square around the map. ``levels[k]`` has cells of cell_m * 2**k."""

    levels: tuple[np.ndarray, ...]  # each uint8 [H, W, 4], rows along +y, columns along +x
    x0_m: float  # map frame, lower edge of column 0
    y0_m: float
    cell_m: float

    def class_at(self, xy_m: np.ndarray) -> np.ndarray:
        """OccClass of ground points [N, 2] in the map frame; uint8 [N]."""
        return classes_at(
            self.levels[0], self.x0_m, self.y0_m, self.cell_m, np.ascontiguousarray(xy_m, float)
        )


def rasterise(road_map: RoadMap) -> Tile:
    """Draws a map's layers; a map without polygons gives an empty tile of terrain."""
    layers = [*road_map.drivable, *road_map.walkways, *road_map.crossings]
    bounds = shapely.union_all(layers).bounds if layers else (0.0, 0.0, 1.0, 1.0)
    x0, y0 = bounds[0] - MARGIN_M, bounds[1] - MARGIN_M
    extent = np.array([bounds[2] - x0, bounds[3] - y0]) + MARGIN_M
    cell = max(MIN_CELL_M, float(extent.max()) / MAX_CELLS)
    step = 2 ** (MIPS - 1)
    shape = tuple(int(-(-e // (cell * step)) * step) for e in extent[::-1])
    paint = road_paint(road_map)
    road = [*road_map.drivable, *road_map.crossings]
    channels = [
        _coverage(geometries, x0, y0, cell, (shape[0], shape[1]))
        for geometries in (road, road_map.walkways, paint.white, paint.yellow)
    ]
    levels = [np.ascontiguousarray(np.stack(channels, -1))]
    for _ in range(MIPS - 1):
        last = levels[-1].astype(np.uint16)
        mean = last[::2, ::2] + last[1::2, ::2] + last[::2, 1::2] + last[1::2, 1::2]
        levels.append((mean // 4).astype(np.uint8))
    return Tile(levels=tuple(levels), x0_m=float(x0), y0_m=float(y0), cell_m=cell)


def _coverage(
    geometries: Sequence[BaseGeometry], x0: float, y0: float, cell: float, shape: tuple[int, int]
) -> np.ndarray:
    """Share of each cell that the geometries cover, 0..255; uint8 [H, W]."""
    image = Image.new("L", (shape[1] * _SUPER, shape[0] * _SUPER), 0)
    draw = ImageDraw.Draw(image)
    merged = shapely.union_all([shapely.make_valid(g) for g in geometries])
    polygons = [g for g in shapely.get_parts(merged) if g.geom_type == "Polygon"]
    scale = _SUPER / cell

    def ring(coordinates) -> list[tuple[float, float]]:
        # Pillow fills pixels whose index is covered; indices are half a pixel off their centres.
        points = (np.asarray(coordinates)[:, :2] - (x0, y0)) * scale - 0.5
        return [(float(x), float(y)) for x, y in points]

    for polygon in sorted(polygons, key=lambda g: -g.area):  # an island lies inside a larger hole
        draw.polygon(ring(polygon.exterior.coords), fill=255)
        for hole in polygon.interiors:
            draw.polygon(ring(hole.coords), fill=0)
    return np.asarray(image.reduce(_SUPER))


@njit(cache=True, nogil=True)
def sample(raster, column, row, channel):
    """Bilinear value 0..1 of a channel at cell coordinates (0.5 = centre of the first cell)."""
    height, width = raster.shape[0], raster.shape[1]
    column, row = column - 0.5, row - 0.5
    if not (0.0 <= column < width - 1.0 and 0.0 <= row < height - 1.0):
        return 0.0
    j, i = int(column), int(row)
    u, v = column - j, row - i
    low = raster[i, j, channel] * (1.0 - u) + raster[i, j + 1, channel] * u
    high = raster[i + 1, j, channel] * (1.0 - u) + raster[i + 1, j + 1, channel] * u
    return (low * (1.0 - v) + high * v) / 255.0


@njit(cache=True, nogil=True)
def class_of(raster, x0, y0, cell, x, y):
    """OccClass of one ground point."""
    column, row = (x - x0) / cell, (y - y0) / cell
    if sample(raster, column, row, ROAD) >= 0.5:
        return DRIVABLE
    if sample(raster, column, row, WALK) >= 0.5:
        return SIDEWALK
    return TERRAIN


@njit(cache=True, nogil=True)
def classes_at(raster, x0, y0, cell, points):
    """``class_of`` for points [N, 2]."""
    out = np.empty(len(points), np.uint8)
    for k in range(len(points)):
        out[k] = class_of(raster, x0, y0, cell, points[k, 0], points[k, 1])
    return out
