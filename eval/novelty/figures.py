"""Pictures: what each novelty looks like and where the model finds it new; AUROC as bars.

Shapes: T frames, N cameras, X, Y cells.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from drivewm.eval.forecast.figures import save
from drivewm.eval.novelty.names import CHANCE, ID, SCORES
from drivewm.models.grid import GridConfig
from drivewm.training.clips import Frames
from drivewm.viz import canvas
from drivewm.viz.occupancy import draw_occupancy, seen_from_above
from drivewm.viz.palette import LIGHT, rgb

HEIGHT, GAP, SIDE = 150, 6, 170
FRONT = "CAM_FRONT"
COLORS = ("#1f5eea", "#7fb3ff", "#1a9a5b", "#8bd3ae", "#d9570b", "#f2b184", "#8a5bb0", "#9a9fa5")


class Examples:
    """The first clip of each kind, with the familiar one of the same scene and time."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], tuple[Image.Image, np.ndarray]] = {}

    def add(self, kind: str, what: str, frames: Frames, seen_map: np.ndarray) -> None:
        """Takes a clip's picture and the map [X, Y] of its first score."""
        key = (kind, "" if kind == ID else what)
        if key not in self._kept:
            self._kept[key] = (_picture(frames), seen_map)

    def write(self, folder: Path, grid: GridConfig) -> None:
        """``figures/examples.png``: one line a kind; maps share one scale."""
        top = max(float(m.max()) for _, m in self._kept.values()) or 1.0
        lines = []
        for (kind, what), (picture, values) in self._kept.items():
            shown = _heat(values / top, HEIGHT)
            wide = Image.new("RGB", (SIDE + picture.width + GAP + shown.width, HEIGHT + GAP),
                             LIGHT.rgb("ground"))  # fmt: skip
            ImageDraw.Draw(wide).multiline_text(
                (8, HEIGHT // 2 - 16), f"{kind}\n{what}", fill=LIGHT.rgb("text"),
                font=canvas.font(14),
            )  # fmt: skip
            wide.paste(picture, (SIDE, 0))
            wide.paste(shown, (SIDE + picture.width + GAP, 0))
            lines.append(wide)
        width = max(line.width for line in lines)
        sheet = Image.new("RGB", (width, len(lines) * (HEIGHT + GAP)), LIGHT.rgb("ground"))
        for n, line in enumerate(lines):
            sheet.paste(line, (0, n * (HEIGHT + GAP)))
        save(folder / "figures" / "examples.png", sheet)


def _picture(frames: Frames) -> Image.Image:
    """The front camera at the clip's end, else the occupancy from above."""
    if frames.images is None:
        found = draw_occupancy(seen_from_above(frames.occupancy[-1]), cell_px=2)
    else:
        front = frames.channels.index(FRONT) if FRONT in frames.channels else 0
        found = Image.fromarray(frames.images[-1, front])
    return found.resize((round(found.width * HEIGHT / found.height), HEIGHT))


def _heat(share: np.ndarray, height: int) -> Image.Image:
    """[X, Y] in 0..1 from above, driving direction up: white, then blue, then black."""
    stops = np.array([[250, 250, 248], [120, 170, 250], [30, 60, 180], [10, 10, 40]], float)
    at = np.clip(share, 0, 1) * (len(stops) - 1)
    low = np.minimum(at.astype(int), len(stops) - 2)
    mix = (at - low)[..., None]
    colors = (stops[low] * (1 - mix) + stops[low + 1] * mix).astype(np.uint8)[::-1, ::-1]
    picture = Image.fromarray(colors)
    wide = round(picture.width * height / picture.height)
    return picture.resize((wide, height), Image.Resampling.NEAREST)


def auroc_sheet(rows: Sequence[Mapping[str, Any]]) -> Image.Image:
    """AUROC of every novelty and score with its interval; 0.5 is luck."""
    names = [s for s in SCORES if any(r["score"] == s for r in rows)]
    pairs = list(dict.fromkeys((r["kind"], r["what"]) for r in rows))
    bar, left, right = 15, 240, 420
    block = bar * len(names) + 26
    sheet = Image.new("RGB", (left + right + 190, block * len(pairs) + 24), LIGHT.rgb("ground"))
    pen, font = ImageDraw.Draw(sheet), canvas.font(12)

    def x(value: float) -> float:
        return left + right * value

    for value in (0.0, 0.25, 0.5, 0.75, 1.0):
        color = LIGHT.rgb("muted") if value == 0.5 else LIGHT.rgb("drivable")
        pen.line([(x(value), 18), (x(value), sheet.height)], fill=color)
        pen.text((x(value), 9), f"{value:g}", fill=LIGHT.rgb("muted"), font=font, anchor="mm")
    for p, pair in enumerate(pairs):
        y = 22 + p * block
        found = {r["score"]: r for r in rows if (r["kind"], r["what"]) == pair}
        first = next(iter(found.values()))
        text = f"{pair[0]}: {pair[1]}\n{first['training']} in training"
        pen.multiline_text((8, y), text, fill=LIGHT.rgb("text"), font=canvas.font(13))
        for n, name in enumerate(names):
            if name in found and found[name]["auroc"] is not None:
                color = rgb(COLORS[-1] if name == CHANCE else COLORS[list(SCORES).index(name)])
                _bar(pen, x, y + n * bar, bar, found[name], color)
                pen.text((left + right + 8, y + n * bar + bar / 2), name, fill=color, font=font,
                         anchor="lm")  # fmt: skip
    return sheet


def _bar(
    pen: ImageDraw.ImageDraw, x, y: float, height: int, row: Mapping[str, Any],
    color: tuple[int, int, int],
) -> None:  # fmt: skip
    a, b = sorted((x(0.5), x(row["auroc"])))
    pen.rectangle((a, y + 3, b, y + height - 3), fill=color)
    if row["low"] is not None:
        middle = y + height / 2
        pen.line([(x(row["low"]), middle), (x(row["high"]), middle)], fill=LIGHT.rgb("text"))
