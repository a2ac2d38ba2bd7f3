"""Filmstrips to the end of the horizon: the log as far as it goes, and each row below it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image, ImageDraw

from drivewm.eval.forecast.figures import cell_px, sheet_of
from drivewm.eval.forecast.windows import STEP_S
from drivewm.models.grid import GridConfig
from drivewm.viz import canvas
from drivewm.viz.occupancy import draw_occupancy, seen_from_above
from drivewm.viz.palette import LIGHT, Palette

SECONDS = (0, 1, 2, 3, 5, 7.5, 10, 15, 20, 25, 30)


def shown_steps(steps: int) -> list[int]:
    """The steps of a filmstrip: spread over a horizon of so many, the last one among them."""
    return sorted({round(s / STEP_S) for s in SECONDS if s / STEP_S <= steps} | {steps})


def filmstrip(
    name: str,
    rows: Mapping[str, Mapping[int, np.ndarray]],  # row -> step -> uint8 [X, Y, Z]
    steps: Sequence[int],
    grid: GridConfig,
    palette: Palette = LIGHT,
) -> Image.Image:
    """One line a row; a grey panel where a row has nothing, as after the log's end."""
    px = cell_px(grid)
    panels = [
        [
            draw_occupancy(seen_from_above(frames[h]), cell_px=px)
            if h in frames
            else _nothing((grid.shape[1] * px, grid.shape[0] * px), palette)
            for h in steps
        ]
        for frames in rows.values()
    ]
    heads = ["now" if h == 0 else f"+{h * STEP_S:g} s" for h in steps]
    return sheet_of(panels, [n.replace(", ", ",\n") for n in rows], heads, name, palette)


def _nothing(size: tuple[int, int], palette: Palette) -> Image.Image:
    panel = Image.new("RGB", size, palette.rgb("drivable"))
    pen = ImageDraw.Draw(panel)
    where = (size[0] // 2, size[1] // 2)
    pen.text(where, "log ended", fill=palette.rgb("muted"), font=canvas.font(12), anchor="mm")
    return panel
