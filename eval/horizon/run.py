"""An evaluation of long imagination: windows, rows, readings, tables, pictures; one folder."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

import drivewm
from drivewm import progress
from drivewm.errors import InputError
from drivewm.eval.forecast.checkpoints import features_of, load_all, trained_on
from drivewm.eval.forecast.figures import save
from drivewm.eval.forecast.truth import SceneTruth, load_truth
from drivewm.eval.forecast.windows import STEP_S, frame_times, regular
from drivewm.eval.horizon import films, store
from drivewm.eval.horizon.names import LOG
from drivewm.eval.horizon.plots import drift_sheet
from drivewm.eval.horizon.rows import Told, log_reading, window_rows
from drivewm.eval.horizon.tables import tables
from drivewm.eval.horizon.text import markdown
from drivewm.logs.fleet import Fleet
from drivewm.models import checkpoint
from drivewm.models.world_model import WorldModel
from drivewm.storage import write_text

ABOUT, TABLE, FIGURES = "horizon.json", "table.md", "figures"
KNOWN = (ABOUT, TABLE, store.FRAMES, FIGURES)
STRIPS = 4  # filmstrips


@dataclass(frozen=True, kw_only=True)
class Options:
    """What a table is of, beside the checkpoints and the fleet."""

    split: str | None = None
    scene_ids: tuple[str, ...] | None = None
    seconds: float = 30.0
    windows: int = 2  # a scene
    threads: int = 2

    @property
    def steps(self) -> int:
        return round(self.seconds / STEP_S)


def horizon(
    runs: Sequence[str | Path], fleet: Fleet, output: str | Path, options: Options
) -> dict[str, Any]:
    """Imagines every window to the end and writes the folder.

    Returns:
        the content of ``horizon.json``.

    Raises:
        InputError: no scene is long enough, or a checkpoint, the fleet or the folder is unusable.
    """
    torch.set_num_threads(options.threads)
    output = Path(output)
    check_output(output)
    models = load_all(runs)
    chosen = choose_windows(fleet, models[0], options)
    steps = films.shown_steps(options.steps)
    listed = [(scene, k) for scene, ks in chosen.items() for k in ks]
    strips = {listed[i] for i in np.linspace(0, len(listed) - 1, STRIPS).round().astype(int)}
    lines: list[dict[str, Any]] = []
    logged: list[int] = []
    bar = progress.bar("windows", total=len(listed))
    for scene_id, keyframes in chosen.items():
        truth = load_truth(fleet, scene_id, models[0].config)
        features = [features_of(model, truth.frames) for model in models]
        lines += _pool(truth)
        for k in keyframes:
            for run, model in enumerate(models):
                shown = steps if run == 0 and (scene_id, k) in strips else ()
                rows, ego = window_rows(model, truth, features[run], k, options.steps, shown)
                lines += _lines(run, scene_id, k, rows)
                if shown:
                    _film(output, scene_id, k, rows, steps, model)
            logged.append(ego.recorded)
            bar.update()
    bar.close()
    about = _about(runs, fleet, models[0], chosen, logged, options)
    store.write(output / store.FRAMES, lines, about)
    return write_tables(output)


def choose_windows(fleet: Fleet, model: WorldModel, options: Options) -> dict[str, list[int]]:
    """scene -> the frames that are *now*: after the first whole history, and others spread over
    the first half of those that leave at least a forecast's length of log behind them.

    Raises:
        InputError: no scene has such a frame, or an option is out of range.
    """
    config = model.config
    if options.steps < config.imagined_steps:
        raise InputError(
            f"is {options.seconds:g}, the model imagined {config.imagined_steps * STEP_S:g} s in "
            "training", field="--seconds", fix="ask for a longer horizon",
        )  # fmt: skip
    out: dict[str, list[int]] = {}
    for info in fleet.select(options.split, options.scene_ids):
        steady = regular(frame_times(fleet, info.id, config.encoder))
        first, last = config.observed_steps - 1, len(steady) - config.imagined_steps
        # From the first seen frame to the log's end there is no gap.
        usable = [k for k in range(first, last + 1) if steady[k - first :].all()]
        if usable:
            usable = usable[: (len(usable) + 1) // 2]
            picks = np.linspace(0, len(usable) - 1, min(options.windows, len(usable)))
            out[info.id] = sorted({usable[i] for i in picks.round().astype(int)})
    if not out:
        raise InputError(
            f"no scene has {config.observed_steps + config.imagined_steps} frames 0.5 s apart up "
            "to its end", file=fleet.path, field="--split", fix="choose longer scenes",
        )  # fmt: skip
    return out


def _pool(truth: SceneTruth) -> list[dict[str, Any]]:
    readings = [log_reading(truth, k) for k in range(len(truth.times_us))]
    return store.lines_of(store.NOBODY, store.POOL_ROW, truth.scene.id, -1, readings)


def _lines(run: int, scene: str, keyframe: int, rows: dict[str, Told]) -> list[dict[str, Any]]:
    """The lines of a window; the log's once."""
    out = []
    for row, told in rows.items():
        if row != LOG or run == 0:
            owner = store.NOBODY if row == LOG else run
            out += store.lines_of(owner, row, scene, keyframe, told.readings)
    return out


def _film(
    output: Path, scene: str, keyframe: int, rows: dict[str, Told], steps: list[int],
    model: WorldModel,
) -> None:  # fmt: skip
    frames = {row: told.shown for row, told in rows.items()}
    strip = films.filmstrip(f"{scene}, keyframe {keyframe}", frames, steps, model.config.grid)
    save(output / FIGURES / f"{scene}-{keyframe:03d}.png", strip)


def write_tables(folder: str | Path) -> dict[str, Any]:
    """``horizon.json``, ``table.md`` and ``figures/drift.png`` from the folder's frames.

    Raises:
        InputError: they are not there, or damaged.
    """
    folder = Path(folder)
    lines, about = store.read(folder)
    content = {"about": about, **tables(lines)}
    write_text(folder / ABOUT, json.dumps(content, indent=1) + "\n")
    write_text(folder / TABLE, markdown(content))
    save(folder / FIGURES / "drift.png", drift_sheet(content))
    return content


def check_output(output: Path) -> None:
    """Makes the folder now, so that no work is lost for want of a place.

    Raises:
        InputError: it holds something else.
    """
    found = [p.name for p in output.iterdir()] if output.is_dir() else []
    if any(name not in KNOWN and not name.startswith(".") for name in found):
        raise InputError("holds other files than an evaluation of long horizons", file=output,
                         field="--output", fix="choose another folder")  # fmt: skip
    output.mkdir(parents=True, exist_ok=True)


def _about(
    runs: Sequence[str | Path], fleet: Fleet, model: WorldModel, chosen: dict[str, list[int]],
    logged: Sequence[int], options: Options,
) -> dict[str, Any]:  # fmt: skip
    """What the tables are of."""
    seen = trained_on(runs, fleet)
    return {
        "drivewm": drivewm.__version__, "models": [Path(run).name for run in runs],
        "weights": [checkpoint.digest(run) for run in runs], "fleet": fleet.content_hash,
        "encoder": model.config.encoder, "dynamics": model.config.dynamics,
        "windows": sum(len(k) for k in chosen.values()), "scenes": len(chosen),
        "seconds": options.steps * STEP_S,
        "log_s": [min(logged) * STEP_S, max(logged) * STEP_S],
        "judged_scenes_trained_on": [s for s in chosen if s in seen],
        "ego": "as recorded while the log lasts; after it the speed of the last second is kept "
        "along the scene's route",
        "reference": "the logs of the same windows at the same horizon (same); once they last in "
        "fewer than half of the scenes, with every recorded frame of the scenes (pool)",
        "interval": "95 %, Bayesian bootstrap over scenes, paired, 1000 draws",
        "log_range": "what 95 % of 200 random splits of the scenes stay below, one half's logs "
        "against the other's; a row has left it at the first of two steps beyond it",
    }  # fmt: skip
