"""Pictures of a forecast: filmstrips of a few windows, and where on the grid errors lie.

Seen from above, driving direction up. Shapes: H steps (0 = now), X, Y, Z cells.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from drivewm.eval.forecast.windows import STEP_S, Window
from drivewm.models.grid import GridConfig
from drivewm.scene import MOVABLE, OccClass
from drivewm.storage import atomic_file
from drivewm.viz import canvas
from drivewm.viz.occupancy import draw_occupancy, seen_from_above
from drivewm.viz.palette import LIGHT, Palette
from drivewm.viz.strip import camera_strip, strip_height

GAP, HEAD, SIDE, FOOT = 6, 22, 150, 26
PANEL_PX = 150  # about the width of one panel
_MOVABLE = np.array([int(c) for c in MOVABLE])


def wrong_columns(predicted: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Where any voxel of a column is wrong; uint8 [H + 1, X, Y, Z] each -> bool [H + 1, X, Y]."""
    return (predicted != true).any(-1)


class ErrorMaps:
    """How often each column is wrong, summed over windows; rows are made as they come."""

    def __init__(self) -> None:
        self._wrong: dict[str, np.ndarray] = {}
        self._seen: dict[str, np.ndarray] = {}

    def add(self, row: str, wrong: np.ndarray) -> None:
        """One window's ``wrong_columns``."""
        if row not in self._wrong or len(self._wrong[row]) < len(wrong):
            old = self._wrong.get(row)
            grown, seen = np.zeros(wrong.shape, np.int64), np.zeros(len(wrong), np.int64)
            if old is not None:
                grown[: len(old)], seen[: len(old)] = old, self._seen[row]
            self._wrong[row], self._seen[row] = grown, seen
        self._wrong[row][: len(wrong)] += wrong
        self._seen[row][: len(wrong)] += 1

    def draw(self, grid: GridConfig, palette: Palette = LIGHT) -> Image.Image:
        """One panel a row and whole second; white: never wrong, dark: always."""
        rows = list(self._wrong)
        steps = [h for h in range(len(self._wrong[rows[0]])) if (h * STEP_S) % 1.0 == 0]
        panels = []
        for row in rows:
            share = self._wrong[row] / np.maximum(self._seen[row], 1)[:, None, None]
            panels.append([_heat(share[h], grid) for h in steps])
        heads = [f"{h * STEP_S:g} s" for h in steps]
        foot = "share of windows in which a column holds a wrong voxel: white 0, black 1"
        return sheet_of(panels, rows, heads, foot, palette)


def _heat(share: np.ndarray, grid: GridConfig) -> Image.Image:
    """[X, Y] in 0..1 -> picture through white, orange, dark red and black."""
    stops = np.array([[250, 250, 248], [250, 190, 90], [200, 60, 40], [20, 10, 30]], float)
    at = np.clip(share, 0, 1) * (len(stops) - 1)
    low = np.minimum(at.astype(int), len(stops) - 2)
    mix = (at - low)[..., None]
    colours = (stops[low] * (1 - mix) + stops[low + 1] * mix).astype(np.uint8)[::-1, ::-1]
    px = cell_px(grid)
    return Image.fromarray(colours.repeat(px, 0).repeat(px, 1))


def filmstrip(
    window: Window,
    true: np.ndarray,  # uint8 [H + 1, X, Y, Z]
    forecasts: Mapping[str, np.ndarray],  # name -> uint8 [H + 1, X, Y, Z]
    grid: GridConfig,
    cameras: Mapping[str, np.ndarray] | None = None,  # channel -> uint8 [h, w, 3]
    palette: Palette = LIGHT,
) -> Image.Image:
    """The true future, each forecast, and what each gets wrong."""
    px = cell_px(grid)
    rows, names = [[draw_occupancy(b, cell_px=px) for b in seen_from_above(true)]], ["true"]
    for name, forecast in forecasts.items():
        rows.append([draw_occupancy(b, cell_px=px) for b in seen_from_above(forecast)])
        rows.append([_errors(f, t, px, palette) for f, t in zip(forecast, true)])
        names += [name, f"{name}\nerrors"]
    heads = ["now"] + [f"+{h * STEP_S:g} s" for h in range(1, len(true))]
    foot = (
        f"{window.scene}, keyframe {window.keyframe}. Errors: blue = movable found, orange = "
        "movable missed, red = movable invented, grey = other voxel of the column wrong"
    )
    sheet = sheet_of(rows, names, heads, foot, palette)
    if not cameras:
        return sheet
    width = min(sheet.width, 760)
    whole = Image.new(
        "RGB", (sheet.width, sheet.height + strip_height(width)), palette.rgb("ground")
    )
    whole.paste(camera_strip(cameras, width_px=width, palette=palette), (0, 0))
    whole.paste(sheet, (0, strip_height(width)))
    return whole


def _errors(predicted: np.ndarray, true: np.ndarray, px: int, palette: Palette) -> Image.Image:
    """Where a forecast [X, Y, Z] is right and wrong, movables above all."""
    ours, theirs = (np.isin(x, _MOVABLE).any(-1) for x in (predicted, true))
    out = np.full((*ours.shape, 3), 255, np.uint8)
    out[(predicted != true).any(-1)] = 205
    road = seen_from_above(true) == OccClass.DRIVEABLE_SURFACE
    out[road & (predicted == true).all(-1)] = 243
    for where, colour in (
        (ours & theirs, "ego"),
        (theirs & ~ours, "rival"),
        (ours & ~theirs, "alarm"),
    ):
        out[where] = palette.rgb(colour)
    return Image.fromarray(out[::-1, ::-1].repeat(px, 0).repeat(px, 1))


def cell_px(grid: GridConfig) -> int:
    return max(1, round(PANEL_PX / grid.shape[1]))


def sheet_of(
    rows: Sequence[Sequence[Image.Image]],
    names: Sequence[str],
    heads: Sequence[str],
    foot: str,
    palette: Palette,
) -> Image.Image:
    """Panels in a table with names at the left and above."""
    width, height = rows[0][0].size
    size = (
        SIDE + len(heads) * (width + GAP), HEAD + len(rows) * (height + GAP) + FOOT,
    )  # fmt: skip
    sheet = Image.new("RGB", size, palette.rgb("ground"))
    pen, font = ImageDraw.Draw(sheet), canvas.font(13)
    for c, head in enumerate(heads):
        pen.text((SIDE + c * (width + GAP) + width // 2, HEAD // 2), head,
                 fill=palette.rgb("text"), font=font, anchor="mm")  # fmt: skip
    for r, (row, name) in enumerate(zip(rows, names)):
        y = HEAD + r * (height + GAP)
        pen.multiline_text((6, y + height // 2 - 14), name, fill=palette.rgb("text"), font=font)
        for c, panel in enumerate(row):
            sheet.paste(panel, (SIDE + c * (width + GAP), y))
    pen.text((6, size[1] - FOOT // 2), foot, fill=palette.rgb("muted"), font=canvas.font(12),
             anchor="lm")  # fmt: skip
    return sheet


def save(path: Path, picture: Image.Image) -> None:
    with atomic_file(path) as partial:
        picture.save(partial, format="PNG")
