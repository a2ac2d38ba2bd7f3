"""The six camera pictures of a keyframe in two rows of three."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from PIL import Image, ImageDraw

from drivewm.viz import canvas as surface
from drivewm.viz.palette import LIGHT, Palette

ROWS = (
    ("CAM_FRONT_LEFT", "CAM_FRONT", "CAM_FRONT_RIGHT"),
    ("CAM_BACK_LEFT", "CAM_BACK", "CAM_BACK_RIGHT"),
)
ASPECT = 16 / 9
GAP_PX = 4


def strip_height(width_px: int) -> int:
    """Height of the strip that is ``width_px`` wide."""
    return len(ROWS) * (_panel(width_px)[1] + GAP_PX)


def camera_strip(
    images: Mapping[str, np.ndarray],  # channel -> uint8 [H, W, 3]; channels may lack
    *,
    width_px: int,
    palette: Palette = LIGHT,
) -> Image.Image:
    """The pictures at their places; a camera without a picture leaves its named, empty panel."""
    width, height = _panel(width_px)
    sheet = Image.new("RGB", (width_px, strip_height(width_px)), palette.rgb("ground"))
    pen = ImageDraw.Draw(sheet)
    for row, channels in enumerate(ROWS):
        for column, channel in enumerate(channels):
            x, y = column * (width + GAP_PX), row * (height + GAP_PX) + GAP_PX
            if channel in images:
                picture = Image.fromarray(images[channel])
                sheet.paste(picture.resize((width, height), Image.Resampling.BOX), (x, y))
            else:
                box = (x, y, x + width - 1, y + height - 1)
                pen.rectangle(box, outline=palette.rgb("crossing"))
                _name(pen, channel, (x + width // 2, y + height // 2), palette)
    return sheet


def _panel(width_px: int) -> tuple[int, int]:
    width = (width_px - 2 * GAP_PX) // 3
    return width, round(width / ASPECT)


def _name(pen: ImageDraw.ImageDraw, channel: str, at: tuple[int, int], palette: Palette) -> None:
    text = channel.removeprefix("CAM_").replace("_", " ").lower()
    pen.text(
        at, f"{text}: no picture", fill=palette.rgb("muted"), font=surface.font(11), anchor="mm"
    )
