"""Line charts: how far each row is from the logs over the horizon, and what it is itself.

Left of each pair the mean (the logs' own in black), right the distance with its interval; grey is
what two halves of the logs differ by.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from drivewm.eval.forecast.names import BOXES, COPY, MODEL, WARP
from drivewm.eval.horizon.names import POOL, QUANTITIES, SAMPLE
from drivewm.viz import canvas
from drivewm.viz.palette import LIGHT, rgb

COLORS = {MODEL: "#1f5eea", SAMPLE: "#7fb3ff", COPY: "#9a9fa5", WARP: "#d9570b", BOXES: "#1a9a5b"}
WIDTH, HEIGHT, LEFT, TOP, BOTTOM, RIGHT = 470, 200, 52, 26, 24, 12
FINE = 2  # drawn at twice the size
Color = tuple[int, int, int]


@dataclass(frozen=True, kw_only=True)
class Curve:
    """One line of a chart; NaN breaks it."""

    y: np.ndarray  # [H + 1]
    color: Color
    band: tuple[np.ndarray, np.ndarray] | None = None  # low, high
    dashed: np.ndarray | None = None  # bool [H + 1]: drawn thinner
    filled: bool = False  # an area down to 0 instead of a line


def drift_sheet(content: Mapping[str, Any]) -> Image.Image:
    """Every quantity of a folder's tables."""
    rows = content["rows"]
    names = [q for q in QUANTITIES if any(r["quantity"] == q for r in rows)]
    panels = []
    for name in names:
        here = [r for r in rows if r["quantity"] == name]
        kind = QUANTITIES[name]
        shown = "movable voxels" if name == "classes" else kind.title
        panels.append([chart(f"{shown}, {kind.unit}: mean", _means(here)),
                       chart(f"{kind.title}: distance, {kind.unit}", _gaps(here))])  # fmt: skip
    sheet = Image.new("RGB", (2 * WIDTH, len(panels) * HEIGHT + 30), LIGHT.rgb("ground"))
    for n, pair in enumerate(panels):
        for c, panel in enumerate(pair):
            sheet.paste(panel, (c * WIDTH, n * HEIGHT))
    _legend(sheet, list(dict.fromkeys(r["row"] for r in rows)))
    return sheet


def _series(rows: Sequence[Mapping[str, Any]], field: str) -> np.ndarray:
    ordered = sorted(rows, key=lambda r: r["horizon_s"])
    return np.array([np.nan if r[field] is None else r[field] for r in ordered], float)


def _of_row(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    names = dict.fromkeys(r["row"] for r in rows)
    return {name: [r for r in rows if r["row"] == name] for name in names}


def _pooled(rows: Sequence[Mapping[str, Any]]) -> np.ndarray:
    ordered = sorted(rows, key=lambda r: r["horizon_s"])
    return np.array([r["reference"] == POOL for r in ordered])


def _means(rows: Sequence[Mapping[str, Any]]) -> list[Curve]:
    each = _of_row(rows)
    first = next(iter(each.values()))
    logs = Curve(y=_series(first, "log_mean"), color=LIGHT.rgb("text"), dashed=_pooled(first))
    own = [Curve(y=_series(r, "mean"), color=rgb(COLORS[n])) for n, r in each.items()]
    return [logs, *own]


def _gaps(rows: Sequence[Mapping[str, Any]]) -> list[Curve]:
    each = _of_row(rows)
    first = next(iter(each.values()))
    own = [
        Curve(y=_series(r, "distance"), color=rgb(COLORS[n]), dashed=_pooled(r),
              band=(_series(r, "low"), _series(r, "high")) if n == MODEL else None)
        for n, r in each.items()
    ]  # fmt: skip
    return [Curve(y=_series(first, "log_range"), color=(205, 205, 200), filled=True), *own]


def chart(title: str, curves: Sequence[Curve], step_s: float = 0.5) -> Image.Image:
    """Curves over the horizon, from 0 up."""
    count = len(curves[0].y)
    top = max((np.nanmax(c.y) for c in curves if np.isfinite(c.y).any()), default=1.0) * 1.08
    top = float(top) if top > 0 else 1.0
    image = Image.new("RGB", (WIDTH * FINE, HEIGHT * FINE), LIGHT.rgb("ground"))
    pen = ImageDraw.Draw(image, "RGBA")

    def place(h: float, value: float) -> tuple[float, float]:
        x = LEFT + (WIDTH - LEFT - RIGHT) * h / max(count - 1, 1)
        y = HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * min(value, top) / top
        return x * FINE, y * FINE

    _axes(pen, place, count, top, step_s)
    for curve in curves:
        _draw(pen, place, curve)
    small = image.reduce(FINE)
    text = ImageDraw.Draw(small)
    font, ink = canvas.font(12), LIGHT.rgb("muted")
    text.text((8, 4), title, fill=LIGHT.rgb("text"), font=canvas.font(13))
    for value in (0.0, top / 2, top):
        y = place(0, value)[1] / FINE
        text.text((LEFT - 5, y), f"{value:.3g}", fill=ink, font=font, anchor="rm")
    for h in range(0, count, max(1, round(5 / step_s))):
        x = place(h, 0)[0] / FINE
        text.text((x, HEIGHT - 5), f"{h * step_s:g} s", fill=ink, font=font, anchor="ms")
    return small


def _axes(pen: ImageDraw.ImageDraw, place, count: int, top: float, step_s: float) -> None:
    grid = (*LIGHT.rgb("drivable"), 255)
    for value in (0.0, top / 2, top):
        pen.line([place(0, value), place(count - 1, value)], fill=grid, width=FINE)
    for h in range(0, count, max(1, round(5 / step_s))):
        pen.line([place(h, 0), place(h, top)], fill=grid, width=FINE)


def _draw(pen: ImageDraw.ImageDraw, place, curve: Curve) -> None:
    known = np.isfinite(curve.y)
    for a, b in _runs(known):
        span = range(a, b)
        line = [place(h, float(curve.y[h])) for h in span]
        if curve.filled and b - a > 1:
            pen.polygon([place(a, 0), *line, place(b - 1, 0)], fill=(*curve.color, 255))
            continue
        if curve.band is not None and b - a > 1:
            low, high = (np.where(np.isfinite(v), v, curve.y) for v in curve.band)
            edge = [place(h, float(high[h])) for h in span]
            edge += [place(h, float(low[h])) for h in reversed(span)]
            pen.polygon(edge, fill=(*curve.color, 45))
        for h in range(a, b - 1):
            thin = curve.dashed is not None and bool(curve.dashed[h + 1])
            width = FINE if thin else 2 * FINE
            pen.line([line[h - a], line[h + 1 - a]], fill=(*curve.color, 255), width=width)


def _runs(known: np.ndarray) -> list[tuple[int, int]]:
    """Stretches [a, b) where something is known."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], known.astype(int), [0]])))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2])]


def _legend(sheet: Image.Image, rows: Sequence[str]) -> None:
    pen, font, x, y = ImageDraw.Draw(sheet), canvas.font(13), 10, sheet.height - 15
    entries = [("logs", LIGHT.rgb("text")), *((r, rgb(COLORS[r])) for r in rows),
               ("95 % of log halves", (205, 205, 200)),
               ("thin: against all log frames", None)]  # fmt: skip
    for name, color in entries:
        if color is not None:
            pen.line([(x, y), (x + 18, y)], fill=color, width=4)
            x += 23
        pen.text((x, y), name, fill=LIGHT.rgb("text"), font=font, anchor="lm")
        x += int(font.getlength(name)) + 16
