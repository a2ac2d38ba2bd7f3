"""A forecast evaluation: windows, rows, tables, pictures; written to one folder."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

import drivewm
from drivewm import progress
from drivewm.errors import InputError
from drivewm.eval.forecast.rows import WindowResult, forecast_window
from drivewm.eval.forecast.tables import outcomes, table
from drivewm.eval.forecast.windows import Window, all_windows, digest
from drivewm.logs.fleet import Fleet
from drivewm.models import checkpoint
from drivewm.models.world_model import STEP_S, WorldModel
from drivewm.storage import write_npz, write_text
from drivewm.training.clips import Frames, load_frames
from drivewm.training.train import keep_features
from drivewm.viz.occupancy import seen_from_above

SHOWN = 6  # windows kept as pictures


def forecast(
    run: str | Path,
    fleet: Fleet,
    scene_ids: Sequence[str],
    output: str | Path,
    stride: int = 1,
    threads: int = 2,
) -> dict[str, Any]:
    """Forecasts every window of the scenes and writes ``forecast.json`` and ``frames.npz``.

    Returns:
        the content of ``forecast.json``.

    Raises:
        InputError: no window is long enough, or the model's folder is not one.
    """
    torch.set_num_threads(threads)
    output = Path(output)
    _check_output(output)
    model = checkpoint.load(run)
    scenes = [
        load_frames(fleet, i, model.config)
        for i in progress.track(scene_ids, "frames", len(scene_ids))
    ]
    length = model.config.observed_steps + model.config.imagined_steps
    windows = all_windows(scenes, length, stride)
    if not windows:
        raise InputError(
            f"no scene has {length} frames 0.5 s apart in a row",
            file=fleet.path,
            fix="choose longer scenes",
        )
    features = {s.scene_id: f.float() for s, f in zip(scenes, keep_features(model, scenes))}
    by_id = {s.scene_id: s for s in scenes}
    results = [
        forecast_window(model, by_id[w.scene_id], features[w.scene_id], w.first)
        for w in progress.track(windows, "windows", len(windows))
    ]
    rows, comparisons = table(results, STEP_S, "gt")
    content = {
        "rows": rows, "comparisons": comparisons, "outcomes": outcomes(results),
        "windows": len(windows), "windows_sha": digest(windows),
        "window_list": [[w.scene_id, w.first] for w in windows],
        "provenance": _provenance(run, fleet, model),
    }  # fmt: skip
    _write_frames(output / "frames.npz", windows, results, by_id, model)
    _write_counts(output / "counts.npz", results)
    write_text(output / "forecast.json", json.dumps(content, indent=1) + "\n")
    return content


def _check_output(output: Path) -> None:
    """Makes the folder now, so that an hour's work is not lost for want of a place.

    Raises:
        InputError: it holds something else.
    """
    known = ("forecast.json", "frames.npz", "counts.npz")
    found = [p.name for p in output.iterdir()] if output.is_dir() else []
    if any(name not in known and not name.startswith(".") for name in found):
        raise InputError(
            "holds other files than a forecast", file=output, field="--output",
            fix="choose another folder",
        )  # fmt: skip
    output.mkdir(parents=True, exist_ok=True)


def _provenance(run: str | Path, fleet: Fleet, model: WorldModel) -> dict[str, Any]:
    trained = checkpoint.provenance(run)
    return {
        "drivewm": drivewm.__version__, "model": Path(run).name,
        "fleet": fleet.content_hash, "encoder": model.config.encoder,
        "dynamics": model.config.dynamics, "parameters": trained["parameters"],
        "trained_on_scenes": len(trained["scenes"]), "grid": model.config.grid.model_dump(),
        "interval": "95 % paired bootstrap over windows, 1000 resamples",
    }  # fmt: skip


def _write_counts(path: Path, results: Sequence[WindowResult]) -> None:
    """The int64 counts of every window, from which any table can be made again."""
    counts = {
        "|".join(key): np.stack([r.counts[key] for r in results]) for key in results[0].counts
    }
    write_npz(path, counts)


def _write_frames(
    path: Path,
    windows: Sequence[Window],
    results: Sequence[WindowResult],
    scenes: dict[str, Frames],
    model: WorldModel,
) -> None:
    """A few windows, spread over the scenes, as pictures for the report."""
    chosen = np.unique(np.linspace(0, len(windows) - 1, 2 * SHOWN + 1).astype(int)[1::2])
    now = model.config.observed_steps - 1
    content: dict[str, Any] = {
        "scene_id": np.array([windows[i].scene_id for i in chosen]),
        "keyframe": np.array([windows[i].first + now for i in chosen]),
        "true_bev": np.stack([seen_from_above(results[i].true) for i in chosen]),
        "predicted_bev": np.stack([seen_from_above(results[i].predicted) for i in chosen]),
        "extent_m": np.array(model.config.grid.extent_m),
        "horizon_s": np.arange(model.config.imagined_steps + 1) * STEP_S,
    }
    if model.config.encoder == "pull":
        pictures = [scenes[windows[i].scene_id].images[windows[i].first + now] for i in chosen]  # type: ignore[index]
        content["cameras"] = np.stack(pictures)
    write_npz(path, content)
