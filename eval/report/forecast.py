"""Reads a forecast folder: the table beside its baselines and the filmstrips.

Shapes: W windows, H horizons after now, X forward, Y left, C cameras.
"""

from __future__ import annotations

import base64
import io
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from drivewm.errors import InputError
from drivewm.eval.report import packing
from drivewm.eval.report.results import read_json
from drivewm.viz.strip import ROWS

NEEDED = {"miou": "mIoU", "movable_iou": "Movable IoU", "iou": "Occupied IoU"}
METRICS = {**NEEDED, "vru_iou": "Vulnerable road users IoU", "rayiou": "RayIoU"}
ROW_KEYS = ("row", "input", "ego_mode", "horizon_s", *NEEDED)
PAIR_KEYS = ("against", "metric", "horizon_s", "difference", "low", "high")
MASKS = {
    "none": "All voxels", "overlap": "In the grid from the start",
    "camera": "Voxels a camera sees", "lidar": "Voxels the lidar sees",
}  # fmt: skip
AGAIN = "run `drivewm forecast` again"
MAX_FILMS = 8
FRONT_PX = 480
CHANNELS = tuple(channel for row in ROWS for channel in row)  # as the page lays them out


@dataclass(frozen=True)
class Forecast:
    """The forecasting section: one line per (row, input, mask, ego mode), a value per horizon."""

    horizons_s: list[float]
    masks: list[str]  # which voxels count; one table each
    lines: list[dict[str, Any]]  # row, input, mask, ego_mode, values: metric -> [H] or None
    comparisons: list[dict[str, Any]]
    outcomes: dict[str, Any]
    provenance: dict[str, Any]
    windows: int
    windows_hash: str
    metrics: dict[str, str]  # shown: name -> title
    films: list[dict[str, Any]]
    films_total: int


def read(folder: str | Path) -> Forecast:
    """Reads and checks a forecast folder; ``frames.npz`` may be absent.

    Raises:
        InputError: a file is absent or corrupt, or lacks a field.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError("no such forecast folder", file=folder, fix=AGAIN)
    file = folder / "forecast.json"
    content = read_json(file, AGAIN)
    for name in ("rows", "windows", "comparisons"):
        if name not in content:
            raise InputError("is missing", file=file, field=name, fix=AGAIN)
    if not isinstance(content["windows"], int | list):
        raise InputError("is not a number or a list", file=file, field="windows", fix=AGAIN)
    for name, keys in (("rows", ROW_KEYS), ("comparisons", PAIR_KEYS)):
        table = content[name]
        if not isinstance(table, list) or not all(isinstance(row, dict) for row in table):
            raise InputError("is not a list of objects", file=file, field=name, fix=AGAIN)
        for row in table:
            lacking = [key for key in keys if key not in row]
            if lacking:
                raise InputError(f"is missing in {name}", file=file, field=lacking[0], fix=AGAIN)
    horizons = sorted(dict.fromkeys(row["horizon_s"] for row in content["rows"]))
    films, total = _films(folder / "frames.npz")
    windows = content["windows"]
    return Forecast(
        horizons_s=horizons,
        lines=_lines(content["rows"], horizons),
        masks=list(dict.fromkeys(row.get("mask", "none") for row in content["rows"])),
        comparisons=_comparisons(content["comparisons"]),
        outcomes=content.get("outcomes") or {},
        provenance=content.get("provenance") or {},
        windows=len(windows) if isinstance(windows, list) else int(windows),
        windows_hash=str(content.get("windows_hash", "")),
        metrics=_metrics(content["rows"]),
        films=films,
        films_total=total,
    )


def _metrics(rows: list[dict[str, Any]]) -> dict[str, str]:
    """The figures that some row has."""
    known = {name for row in rows for name in METRICS if row.get(name) is not None}
    return {name: title for name, title in METRICS.items() if name in NEEDED or name in known}


def _comparisons(pairs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of the figures shown, at whole seconds."""
    return [
        {"mask": "none", **pair}
        for pair in pairs
        if pair["metric"] in METRICS and pair["horizon_s"] % 1.0 == 0
    ]


def _lines(rows: list[dict[str, Any]], horizons: list[float]) -> list[dict[str, Any]]:
    lines: dict[tuple, dict[str, Any]] = {}
    for row in rows:
        key = (row["row"], row["input"], row.get("mask", "none"), row["ego_mode"])
        line = lines.setdefault(
            key,
            {
                "row": key[0],
                "input": key[1],
                "mask": key[2],
                "ego_mode": key[3],
                "values": {metric: [None] * len(horizons) for metric in METRICS},
            },
        )
        place = horizons.index(row["horizon_s"])
        for metric in METRICS:
            line["values"][metric][place] = row.get(metric)
    return list(lines.values())


def _films(file: Path) -> tuple[list[dict[str, Any]], int]:
    """Evenly chosen windows, at most MAX_FILMS, and how many there are."""
    if not file.exists():
        return [], 0
    try:
        with np.load(file, allow_pickle=False) as archive:
            frames = {name: archive[name] for name in archive.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(f"not a readable archive ({error})", file=file, fix=AGAIN) from error
    for name in ("scene_id", "keyframe", "true_bev", "predicted_bev", "extent_m", "horizon_s"):
        if name not in frames:
            raise InputError("array is missing", file=file, field=name, fix=AGAIN)
    total = len(frames["scene_id"])
    for name in ("keyframe", "true_bev", "predicted_bev", "cameras", "camera_front"):
        if name in frames and (not frames[name].ndim or len(frames[name]) != total):
            raise InputError(f"does not hold {total} windows", file=file, field=name, fix=AGAIN)
    if frames["true_bev"].shape != frames["predicted_bev"].shape or frames["true_bev"].ndim != 4:
        raise InputError("is not [W, H, X, Y] twice", file=file, field="true_bev", fix=AGAIN)
    chosen = np.unique(np.linspace(0, total - 1, min(total, MAX_FILMS)).round().astype(int))
    return [_film(frames, int(w)) for w in chosen], total


def _film(frames: dict[str, np.ndarray], w: int) -> dict[str, Any]:
    pair = np.stack([frames["true_bev"][w], frames["predicted_bev"][w]]).astype(np.uint8)
    return {
        "scene": str(frames["scene_id"][w]),
        "keyframe": int(frames["keyframe"][w]),
        "shape": list(pair.shape),  # true and predicted, H + 1, X, Y
        "extent": frames["extent_m"].astype(float).tolist(),
        "horizons": frames["horizon_s"].astype(float).tolist(),
        "images": _images(frames, w),
        "cells": packing.bytes_blob(pair.tobytes()),
    }


def _images(frames: dict[str, np.ndarray], w: int) -> list[dict[str, str]]:
    if "cameras" in frames:
        six = frames["cameras"][w]
        # without names the pictures come in the order of the channels' names
        named = dict(zip(frames.get("channels", np.array(sorted(CHANNELS))).tolist(), six))
        return [
            {
                "name": channel.removeprefix("CAM_").replace("_", " ").lower(),
                "src": _data_uri(named[channel]),
            }
            for channel in CHANNELS
            if channel in named
        ]
    if "camera_front" in frames:
        return [{"name": "front", "src": _data_uri(frames["camera_front"][w])}]
    return []


def _data_uri(image: np.ndarray) -> str:
    picture = Image.fromarray(image)
    picture.thumbnail((FRONT_PX, FRONT_PX))
    buffer = io.BytesIO()
    picture.save(buffer, format="WEBP", quality=70, method=4)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
