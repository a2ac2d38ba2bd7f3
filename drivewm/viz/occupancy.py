"""Occupancy seen from above. Grid axes: X forward, Y left, Z up (Occ3D, ego frame)."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from drivewm.scene.classes import OccClass
from drivewm.viz import canvas as surface
from drivewm.viz.palette import LIGHT, Palette, rgb


def seen_from_above(semantics: np.ndarray) -> np.ndarray:
    """The class of the topmost occupied voxel of each column; FREE where the column is empty.

    Args:
        semantics: [..., X, Y, Z] OccClass.

    Returns:
        uint8 [..., X, Y].
    """
    occupied = semantics != OccClass.FREE
    top = semantics.shape[-1] - 1 - np.argmax(occupied[..., ::-1], axis=-1)  # [..., X, Y]
    seen = np.take_along_axis(semantics, top[..., None], axis=-1)[..., 0]
    return seen.astype(np.uint8)


def draw_occupancy(bev: np.ndarray, *, cell_px: int = 2, palette: Palette = LIGHT) -> Image.Image:
    """uint8 [X, Y] classes -> RGB picture, driving direction up, left of the car on the left."""
    table = np.array([rgb(color) for color in palette.classes], np.uint8)  # [18, 3]
    cells = table[bev][::-1, ::-1]  # row 0 = farthest ahead, column 0 = farthest left
    return Image.fromarray(cells.repeat(cell_px, 0).repeat(cell_px, 1))


def draw_comparison(
    true_bev: np.ndarray,  # [X, Y]
    predicted_bev: np.ndarray,  # [X, Y]
    *,
    cell_px: int = 2,
    palette: Palette = LIGHT,
) -> Image.Image:
    """True (left) and predicted (right) occupancy from above, each with its name."""
    left = draw_occupancy(true_bev, cell_px=cell_px, palette=palette)
    right = draw_occupancy(predicted_bev, cell_px=cell_px, palette=palette)
    head, gap = 18, 8
    size = (left.width + gap + right.width, left.height + head)
    sheet = Image.new("RGB", size, palette.rgb("ground"))
    pen = ImageDraw.Draw(sheet)
    for x, picture, name in ((0, left, "true"), (left.width + gap, right, "predicted")):
        sheet.paste(picture, (x, head))
        pen.text((x + 2, 2), name, fill=palette.rgb("text"), font=surface.font(13))
    return sheet
