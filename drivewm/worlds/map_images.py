"""The pictures of a location: the drivable mask (semantic prior) and the basemap."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw
from shapely.geometry import Polygon
from shapely.ops import unary_union

from drivewm.worlds.map_expansion import Network, canvas_edge
from drivewm.worlds.map_records import parts

MASK_M = 0.1  # metres per pixel of the semantic prior
BASEMAP_M = 0.5
# The devkit's BitMap finds a location's mask by these names (nuscenes/map_expansion/bitmap.py).
MASK_TOKENS = {
    "singapore-onenorth": "53992ee3023e5494b90c316c183be829",
    "singapore-hollandvillage": "37819e65e09e5547b8a3ceaefba56bb2",
    "singapore-queenstown": "93406b464a165eaba6d9de76ca09f5da",
    "boston-seaport": "36092f0b03a857c6a3403e25b4b7aab3",
}


def fill(image: Image.Image, shapes: Sequence[Polygon], value: int, metres: float) -> None:
    """Paints the union of ``shapes`` (map frame) into ``image``, whose last row is y = 0.

    A pixel (column, row) stands for the point (column, height - row) * metres, the devkit's rule.
    """
    draw = ImageDraw.Draw(image)

    def pixels(ring) -> list[tuple[float, float]]:
        xy = np.array(ring.coords) / metres
        return [tuple(p) for p in np.stack([xy[:, 0], image.height - xy[:, 1]], 1).tolist()]

    for piece in parts(unary_union(list(shapes))):  # large first: islands in holes come later
        covered = [image.getpixel(_centre(h, image.height, metres)) for h in piece.interiors]
        draw.polygon(pixels(piece.exterior), fill=value)
        for ring, before in zip(piece.interiors, covered):
            draw.polygon(pixels(ring), fill=before)


def _centre(ring, height: int, metres: float) -> tuple[int, int]:
    point = Polygon(ring).representative_point()
    return int(point.x / metres), int(height - point.y / metres)


def semantic_prior(networks: Sequence[Network]) -> bytes:
    """PNG, 0.1 m per pixel: 255 where one may drive, else 0."""
    width, height = canvas_edge(networks)
    image = Image.new("L", (round(width / MASK_M), round(height / MASK_M)), 0)
    for network in networks:
        fill(image, network.road_map.drivable, 255, MASK_M)
    return _png(image)


def basemap(networks: Sequence[Network]) -> bytes:
    """PNG, 0.5 m per pixel, grey: ground, walkways, roads, crossings, dividers."""
    width, height = canvas_edge(networks)
    image = Image.new("L", (round(width / BASEMAP_M), round(height / BASEMAP_M)), 40)
    for network in networks:
        road = network.road_map
        for shapes, value in ((road.walkways, 130), (road.drivable, 80), (road.crossings, 180)):
            if shapes:
                fill(image, shapes, value, BASEMAP_M)
        draw = ImageDraw.Draw(image)
        for points in road.dividers:
            xy = np.asarray(points) / BASEMAP_M
            draw.line([(x, image.height - y) for x, y in xy.tolist()], fill=220)
    return _png(image)


def _png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()
