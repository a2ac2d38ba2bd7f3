"""A forecast evaluation: windows, rows, counts, tables, pictures; written to one folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

import drivewm
from drivewm import progress
from drivewm.errors import InputError
from drivewm.eval.forecast import ego, outcomes, presets, store, windows
from drivewm.eval.forecast.checkpoints import features_of, load_all
from drivewm.eval.forecast.judge import Judge
from drivewm.eval.forecast.names import (
    BEST_OF_SAMPLES,
    BOXES,
    COPY,
    MAP,
    MEAN_OF_SAMPLES,
    MODEL,
    PERCEIVED,
    PRIOR,
    WARP,
)
from drivewm.eval.forecast.parts import Part, Parts
from drivewm.eval.forecast.pictures import Pictures
from drivewm.eval.forecast.prior import MapPrior, learn_prior, training_scenes
from drivewm.eval.forecast.results import write_tables
from drivewm.eval.forecast.rows import Key, model_rows, true_rows
from drivewm.eval.forecast.samples import drawn_forecasts, sample_rows
from drivewm.eval.forecast.truth import SceneTruth, load_truth, road_columns
from drivewm.eval.forecast.windows import Window, WindowList
from drivewm.logs.fleet import Fleet
from drivewm.models import checkpoint
from drivewm.models.world_model import WorldModel
from drivewm.planners.registry import create
from drivewm.scene import Planner

WINDOWS = "windows.json"
SHARED = -1  # the run of a row that no checkpoint has part in
Entry = tuple[int, str, str, list[store.StepCounts]]  # run, row, input, counts
IN_PICTURES = ((MODEL, PERCEIVED), (WARP, PERCEIVED), (BOXES, PERCEIVED))


@dataclass(frozen=True, kw_only=True)
class Options:
    """What a table is of, beside the checkpoints and the fleet."""

    windows: str = presets.ALL  # or a published list, or a file
    split: str | None = None  # scenes of ``all``
    scene_ids: tuple[str, ...] | None = None
    history: int | None = None  # frames; None = as the model was trained
    horizon: int | None = None
    stride: int = 1
    ego: str = "gt"
    planner: str = "idm"  # of ego = planner
    compare_in: str = "true"
    ray_origins: int = 1
    samples: int = 1  # futures drawn from stochastic models, beside the likeliest
    threads: int = 2


def forecast(
    runs: Sequence[str | Path], fleet: Fleet, output: str | Path, options: Options
) -> dict[str, Any]:
    """Forecasts every window with every checkpoint and writes the folder.

    A run that was interrupted goes on where it was: the files are the same byte for byte.

    Returns:
        the content of ``forecast.json``.

    Raises:
        InputError: the windows, the fleet's labels, a checkpoint or the folder are not usable.
    """
    torch.set_num_threads(options.threads)
    output = Path(output)
    check_output(output)
    models = load_all(runs)
    chosen = choose_windows(fleet, options, models[0])
    planner = create(options.planner) if options.ego == "planner" else None
    prior = _prior(fleet, runs, chosen, models[0])
    about = _about(runs, fleet, models[0], chosen, options, prior)
    windows.save(output / WINDOWS, chosen)
    pictures = Pictures(chosen, models[0].config)
    finished = Parts(output, about)
    _forecast_missing(fleet, chosen, models, options, planner, prior, pictures, finished)
    said: list[dict[str, Any]] = []
    with store.writing(output / store.COUNTS, about) as counts:
        for listed in chosen.by_scene().values():
            for window in listed:
                part = finished.read(window)
                counts.add(part.counts)
                said += part.said
                pictures.add(window, part.pictures)
            counts.end_scene()
    outcomes.write(output / outcomes.FILE, said)
    pictures.write(output, fleet)
    content = write_tables(output)
    finished.delete()
    return content


def _forecast_missing(
    fleet: Fleet,
    chosen: WindowList,
    models: Sequence[WorldModel],
    options: Options,
    planner: Planner | None,
    prior: MapPrior | None,
    pictures: Pictures,
    finished: Parts,
) -> None:
    """Writes the part of every window that has none yet."""
    bar = progress.bar("windows", total=len(chosen.windows))
    for scene_id, listed in chosen.by_scene().items():
        left = [window for window in listed if window not in finished]
        bar.update(len(listed) - len(left))
        if not left:
            continue
        truth = load_truth(fleet, scene_id, models[0].config)
        features = [features_of(model, truth.frames) for model in models]
        for window in left:
            one = _Window(truth, window, models, options, planner, prior)
            finished.write(window, one.judge(features, pictures))
            bar.update()
    bar.close()


def choose_windows(fleet: Fleet, options: Options, model: WorldModel) -> WindowList:
    """The windows that the options name.

    Raises:
        InputError: there is none, or one does not fit the fleet.
    """
    own = options.windows == presets.ALL
    narrowed = {"--split": options.split, "--scenes": options.scene_ids,
                "--history": options.history, "--horizon": options.horizon}  # fmt: skip
    given = [name for name, value in narrowed.items() if value is not None]
    given += ["--stride"] if options.stride != 1 else []
    if not own and given:
        raise InputError(f"--windows {options.windows} says itself which windows", field=given[0],
                         fix="leave one of the two out")  # fmt: skip
    ids = [info.id for info in fleet.select(options.split, options.scene_ids)] if own else []
    config = model.config
    return presets.choose(
        options.windows, fleet, ids, config.encoder, options.history or config.observed_steps,
        options.horizon or config.imagined_steps, options.stride,
    )  # fmt: skip


class _Window:
    """One window: its truth, the ego motion it is given, and every row judged."""

    def __init__(
        self,
        scene: SceneTruth,
        window: Window,
        models: Sequence[WorldModel],
        options: Options,
        planner: Planner | None,
        prior: MapPrior | None,
    ) -> None:
        self.scene, self.window, self.models, self.options = scene, window, models, options
        self.truth = scene.window(window, options.ray_origins)
        self.assumed = ego.assumed_poses(options.ego, scene, window, planner)
        self.prior, self.grid = prior, models[0].config.grid

    def judge(self, features: Sequence[torch.Tensor], pictures: Pictures) -> Part:
        """Every row of the window, counted, with what the heads said of the outcome."""
        judge, said, shown = Judge(self.truth, self.grid), [], {}
        entries: list[Entry] = []
        shared = true_rows(self.models[0], self.scene, self.window, self.truth, self.assumed)
        if self.prior is not None:
            road = road_columns(
                self.scene.scene, int(self.scene.steps[self.window.keyframe]), self.assumed,
                self.grid,
            )  # fmt: skip
            shared[PRIOR, MAP] = self.prior.forecast(road, len(self.assumed))
        for key, made in shared.items():
            entries.append((SHARED, *key, judge.counts(self._placed(key[0], made))))
        for run, model in enumerate(self.models):
            rows, outcome = model_rows(model, self.scene, self.window, features[run], self.assumed)
            frames, recorded = self.scene.frames, self.options.ego == "gt"
            said += outcomes.outcome_rows(run, self.window, frames, outcome, recorded)
            placed = {key: self._placed(key[0], made) for key, made in rows.items()}
            if run == 0:
                kept = {key[0]: placed[key].classes for key in IN_PICTURES}
                shown = pictures.part(self.window, self.scene, self.truth, kept)
            placed |= self._sampled(model, features[run])
            entries += [(run, *key, judge.counts(made)) for key, made in placed.items()]
        return Part(counts=store.table_of(entries, self.window), said=said, pictures=shown)

    def _sampled(self, model: WorldModel, features: torch.Tensor) -> dict[Key, ego.Forecast]:
        """The mean of the samples and the best of them, where they were asked for."""
        if self.options.samples < 2 or not model.dynamics.stochastic:
            return {}
        drawn = drawn_forecasts(
            model, self.scene, self.window, features, self.assumed, self.options.samples
        )

        def place(made: ego.Forecast) -> ego.Forecast:
            return self._placed(MODEL, made)

        return sample_rows(drawn, self.truth.occupancy, place)

    def _placed(self, row: str, made: ego.Forecast) -> ego.Forecast:
        """One forecast in the frame in which it is compared; copy knows no ego motion."""
        if self.options.ego != "gt" and self.options.compare_in == "true" and row != COPY:
            return ego.in_true_frame(made, self.assumed, self.truth, self.grid)
        return made


def _prior(
    fleet: Fleet, runs: Sequence[str | Path], chosen: WindowList, model: WorldModel
) -> MapPrior | None:
    trained = [str(s) for run in runs for s in checkpoint.provenance(run)["scenes"]]
    ids = training_scenes(fleet, trained, list(chosen.by_scene()))
    return learn_prior(fleet, ids, model.config.grid) if ids else None


def check_output(output: Path) -> None:
    """Makes the folder now, so that an hour's work is not lost for want of a place.

    Raises:
        InputError: it holds something else.
    """
    known = ("forecast.json", "frames.npz", store.COUNTS, outcomes.FILE, WINDOWS, "table.md",
             "rows.parquet", "comparisons.parquet", "figures")  # fmt: skip
    found = [p.name for p in output.iterdir()] if output.is_dir() else []
    if any(name not in known and not name.startswith(".") for name in found):
        raise InputError(
            "holds other files than a forecast", file=output, field="--output",
            fix="choose another folder",
        )  # fmt: skip
    output.mkdir(parents=True, exist_ok=True)


def _about(
    runs: Sequence[str | Path],
    fleet: Fleet,
    model: WorldModel,
    chosen: WindowList,
    options: Options,
    prior: MapPrior | None,
) -> dict[str, Any]:
    """What the table is of; kept with the counts."""
    trained = checkpoint.provenance(runs[0])
    seen = {str(s) for run in runs for s in checkpoint.provenance(run)["scenes"]}
    both = [scene for scene in chosen.by_scene() if scene in seen]
    labelled = [fleet.info(scene).has_occupancy > 0 for scene in chosen.by_scene()]
    return {
        "drivewm": drivewm.__version__, "models": [Path(run).name for run in runs],
        "weights": [checkpoint.digest(run) for run in runs], "fleet": fleet.content_hash,
        "encoder": model.config.encoder, "dynamics": model.config.dynamics,
        "parameters": trained["parameters"], "trained_on_scenes": len(trained["scenes"]),
        "judged_scenes_trained_on": both, "grid": model.config.grid.model_dump(),
        "windows_name": chosen.name, "windows_hash": chosen.hash,
        "windows": len(chosen.windows), "scenes": len(chosen.by_scene()),
        "ego_mode": f"planner:{options.planner}" if options.ego == "planner" else options.ego,
        "compared_in": "true" if options.ego == "gt" else options.compare_in,
        "rays": f"14,040 a frame (39 elevations x 360 degrees), {_origins(options.ray_origins)}",
        "interval": "95 % paired Bayesian bootstrap over scenes, 1000 draws",
        "baselines": "cv-boxes: connected movable columns of one class with their mean flow; "
        + _prior_text(prior),
        "samples": _samples_text(model, options.samples),
        "labels": f"recorded in {sum(labelled)} of {len(labelled)} scenes, else boxes and road",
    }  # fmt: skip


def _samples_text(model: WorldModel, samples: int) -> str:
    if samples < 2:
        return "none drawn: the likeliest future"
    if not model.dynamics.stochastic:
        return f"none drawn: {model.config.dynamics} has one future"
    return (
        f"{samples} a window. Row '{MEAN_OF_SAMPLES}' is their mean probability; "
        f"'{BEST_OF_SAMPLES}' is the one with the highest mIoU in each window: it has looked at "
        "the truth, and can only be compared with other best-of-N"
    )


def _origins(number: int) -> str:
    if number == 1:
        return "from the lidar's place on the ego"
    return f"from {number} of the lidar's places in the scene within 39 m"


def _prior_text(prior: MapPrior | None) -> str:
    if prior is None:
        return "map-prior: left out, the fleet holds no training scene"
    given = "given the drivable area" if prior.mapped else "of all frames, as no map is known"
    return (
        f"map-prior: most frequent class of each voxel {given}, from {prior.frames} frames of "
        f"{prior.scenes} training scenes"
    )
