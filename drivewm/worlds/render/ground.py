"""The ground of a world, rasterised once: what covers it, its paint, and shade that never moves.

Coverage channels are anti-aliased, so a bilinear sample of a channel crosses 0.5 on the polygon's
edge; the class of a ground point is decided there (drivable before walkway before terrain).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from PIL import Image, ImageDraw
from shapely.geometry.base import BaseGeometry

from drivewm.scene import OccClass, RoadMap
from drivewm.worlds.render.jit import inlined, kernel
from drivewm.worlds.render.markings import road_paint

ROAD, WALK, WHITE, YELLOW = range(4)  # channels
MARGIN_M, MAX_CELLS, MIN_CELL_M, MIPS = 8.0, 2400, 0.1, 4
_SAMPLES = 4  # per cell and axis
DRIVABLE, SIDEWALK, TERRAIN = (
    int(OccClass.DRIVEABLE_SURFACE), int(OccClass.SIDEWALK), int(OccClass.TERRAIN)
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Tile:
    """Coverage rasters of the rectangle around the map, several levels behind one another.

    ``cells`` holds each level's rows along +y, columns along +x; a cell packs the four channels
    (0..255) into its bytes. Level k has cells of ``cell_m`` * 2**k.
    """

    cells: np.ndarray  # uint32 [sum of all levels' cells]
    levels: np.ndarray  # int64 [MIPS, 3]: first cell, rows, columns
    x0_m: float  # map frame, lower edge of column 0
    y0_m: float
    cell_m: float

    @property
    def place(self) -> tuple[float, float, float]:
        """x0_m, y0_m, cell_m, as kernels take them."""
        return self.x0_m, self.y0_m, self.cell_m

    def channel(self, channel: int) -> np.ndarray:
        """One channel of the finest level; uint8 [rows, columns]."""
        first, rows, columns = self.levels[0]
        level = self.cells[first : first + rows * columns].reshape(rows, columns)
        return ((level >> (8 * channel)) & 255).astype(np.uint8)

    def class_at(self, xy_m: np.ndarray) -> np.ndarray:
        """OccClass of ground points [N, 2] in the map frame; uint8 [N]."""
        points = np.ascontiguousarray(xy_m, float)
        return classes_at(self.cells, self.levels, self.place, points)


def rasterise(road_map: RoadMap) -> Tile:
    """Draws a map's layers; a map without polygons gives an empty tile of terrain."""
    known = [*road_map.drivable, *road_map.walkways, *road_map.crossings]
    bounds = shapely.union_all(known).bounds if known else (0.0, 0.0, 1.0, 1.0)
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
    mips = [np.stack(channels, -1)]
    for _ in range(MIPS - 1):
        last = mips[-1].astype(np.uint16)
        mean = last[::2, ::2] + last[1::2, ::2] + last[::2, 1::2] + last[1::2, 1::2]
        mips.append((mean // 4).astype(np.uint8))
    flat = [np.ascontiguousarray(mip).view("<u4").ravel() for mip in mips]
    first = np.cumsum([0] + [len(mip) for mip in flat[:-1]])
    levels = np.array([[at, *mip.shape[:2]] for at, mip in zip(first, mips)], np.int64)
    return Tile(cells=np.concatenate(flat), levels=levels, x0_m=float(x0), y0_m=float(y0),
                cell_m=cell)  # fmt: skip


def _coverage(
    geometries: Sequence[BaseGeometry],
    x0: float,
    y0: float,
    cell: float,
    shape: tuple[int, int],
) -> np.ndarray:
    """Share of each cell that the geometries cover, 0..255; uint8 [H, W]."""
    image = Image.new("L", (shape[1] * _SAMPLES, shape[0] * _SAMPLES), 0)
    draw = ImageDraw.Draw(image)
    merged = shapely.union_all([shapely.make_valid(g) for g in geometries])
    polygons = [g for g in shapely.get_parts(merged) if g.geom_type == "Polygon"]
    scale = _SAMPLES / cell

    def ring(coordinates) -> list[tuple[float, float]]:
        # Pillow fills pixels whose index is covered; indices are half a pixel off their centres.
        points = (np.asarray(coordinates)[:, :2] - (x0, y0)) * scale - 0.5
        return [(float(x), float(y)) for x, y in points]

    for polygon in sorted(polygons, key=lambda g: -g.area):  # an island lies inside a larger hole
        draw.polygon(ring(polygon.exterior.coords), fill=255)
        for hole in polygon.interiors:
            draw.polygon(ring(hole.coords), fill=0)
    return np.asarray(image.reduce(_SAMPLES))


@inlined
def fetch(cells, first, rows, columns, column, row):
    """Bilinear sum at cell coordinates (0.5 = centre of the first cell); 0 outside the level.

    Returns road + 65536 * white and walk + 65536 * yellow, each scaled by 255 * 256: weights are
    256ths that add up to one, so two channels ride in one integer.
    """
    column, row = column - 0.5, row - 0.5
    if not (0.0 <= column < columns - 1.0 and 0.0 <= row < rows - 1.0):
        return 0, 0
    j, i = int(column), int(row)
    u, v = int((column - j) * 256.0), int((row - i) * 256.0)
    both = (u * v) >> 8
    at = first + i * columns + j
    a, b = np.int64(cells[at]), np.int64(cells[at + 1])
    c, d = np.int64(cells[at + columns]), np.int64(cells[at + columns + 1])
    p, q, r = 256 - u - v + both, u - both, v - both
    m = 0xFF00FF
    even = (a & m) * p + (b & m) * q + (c & m) * r + (d & m) * both
    odd = ((a >> 8) & m) * p + ((b >> 8) & m) * q + ((c >> 8) & m) * r + ((d >> 8) & m) * both
    return even, odd


@inlined
def class_of(cells, levels, place, x, y):
    """OccClass of one ground point."""
    column, row = (x - place[0]) / place[2], (y - place[1]) / place[2]
    even, odd = fetch(cells, levels[0, 0], levels[0, 1], levels[0, 2], column, row)
    if 2 * (even & 0xFFFF) >= 255 * 256:
        return DRIVABLE
    if 2 * (odd & 0xFFFF) >= 255 * 256:
        return SIDEWALK
    return TERRAIN


@kernel
def classes_at(cells, levels, place, points):
    """``class_of`` for points [N, 2]."""
    out = np.empty(len(points), np.uint8)
    for k in range(len(points)):
        out[k] = class_of(cells, levels, place, points[k, 0], points[k, 1])
    return out
