"""An evaluation of novelty detection: clips with one thing changed, scores, tables, pictures."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

import drivewm
from drivewm import progress
from drivewm.errors import InputError
from drivewm.eval.counterfactual.branches import stage_of
from drivewm.eval.forecast.checkpoints import load_all, trained_on
from drivewm.eval.novelty import clips, figures, tables
from drivewm.eval.novelty.clips import Camera, Drive
from drivewm.eval.novelty.names import CAMERA, ID, LAYOUT, OBJECT, WEATHER
from drivewm.eval.novelty.scores import clip_length, novelty_scores
from drivewm.eval.novelty.training import Trained, spec_of, trained_conditions, whether
from drivewm.logs.fleet import Fleet, SceneInfo
from drivewm.models import checkpoint
from drivewm.models.grid import STEP_S
from drivewm.models.world_model import WorldModel
from drivewm.scene import classify
from drivewm.scene.classes import NUSCENES
from drivewm.training.clips import GAP_S, Frames, load_frames
from drivewm.worlds.build import build
from drivewm.worlds.plan import UNSEEN_LAYOUT
from drivewm.worlds.simulate import simulate
from drivewm.worlds.world import Weather

USUAL: tuple[Weather, ...] = ("night", "rain")  # where training held every weather, or is not known
OTHERS: tuple[Weather, ...] = ("dusk", "night", "rain")


@dataclass(frozen=True, kw_only=True)
class Options:
    """What a table is of, beside the checkpoints and the fleet."""

    split: str | None = None  # of the familiar scenes; None: every scene that was not trained on
    scene_ids: tuple[str, ...] | None = None
    stride: int = 5  # frames between clips
    category: str = "vehicle.construction"  # of the unseen object, a nuScenes category
    cameras: tuple[str, ...] = ("CAM_FRONT",)  # that die
    threads: int = 2


@dataclass(frozen=True, kw_only=True)
class Clip:
    """One clip to be scored."""

    kind: str  # ID or one of KINDS
    what: str  # which weather, layout, category or camera
    scene: str
    keyframe: int
    frames: Frames


def novelty(
    runs: Sequence[str | Path], fleet: Fleet, output: str | Path, options: Options
) -> dict[str, Any]:
    """Scores every clip with every checkpoint and writes the folder.

    Returns:
        the content of ``novelty.json``.

    Raises:
        InputError: the fleet holds no familiar scene that can be recorded again, or a checkpoint,
            an option or the folder is not usable.
    """
    torch.set_num_threads(options.threads)
    output = Path(output)
    tables.check_output(output)
    models = load_all(runs)
    seen = trained_on(runs, fleet)
    trained = trained_conditions(fleet, seen)
    familiar = familiar_scenes(fleet, seen, trained, options)
    rows: list[dict[str, Any]] = []
    shown = figures.Examples()
    bar = progress.bar("scenes", total=len(familiar))
    for info in familiar:
        for clip in _clips(fleet, info, models[0], trained, options):
            for run, model in enumerate(models):
                scores, seen_map = novelty_scores(model, clip.frames)
                rows += tables.lines_of(
                    run, clip.kind, clip.what, clip.scene, clip.keyframe, scores
                )
                if run == 0:
                    shown.add(clip.kind, clip.what, clip.frames, seen_map)
        bar.update()
    bar.close()
    about = _about(runs, fleet, models[0], familiar, trained, options)
    tables.write(output, rows, about)
    shown.write(output, models[0].config.grid)
    return tables.write_tables(output)


def familiar_scenes(
    fleet: Fleet, seen: set[str], trained: Trained, options: Options
) -> list[SceneInfo]:
    """The scenes that are to be found familiar: not trained on, of a layout and weather that
    training held (or, where that is not known, of a usual layout).

    Raises:
        InputError: there is none, or the object's category is unknown.
    """
    if options.category not in NUSCENES:
        raise InputError(f"no nuScenes category '{options.category}'", field="--object",
                         fix=f"use one of {', '.join(sorted(NUSCENES))}")  # fmt: skip
    out = []
    for info in fleet.select(options.split, options.scene_ids):
        spec = spec_of(info)
        if spec is None or info.id in seen or spec.layout == UNSEEN_LAYOUT:
            continue
        known = trained.layouts is None or spec.layout in trained.layouts
        if known and (trained.weathers is None or spec.weather in trained.weathers):
            out.append(info)
    if not out:
        raise InputError(
            "no synthetic scene is left that was not trained on and whose layout and weather were",
            file=fleet.path, field="--split", fix="use held-out scenes of the training's fleet",
        )  # fmt: skip
    return out


def _clips(
    fleet: Fleet, info: SceneInfo, model: WorldModel, trained: Trained, options: Options
) -> Iterator[Clip]:
    """The clips of one familiar scene: as recorded, and with each novelty."""
    config, spec = model.config, spec_of(info)
    assert spec is not None
    stage, recorded = stage_of(fleet, info.id), load_frames(fleet, info.id, config)
    size = _picture_size(fleet, info.id)
    drive = Drive(world=stage.world, log=stage.log, size=size)
    length, grid = clip_length(model), config.grid
    lasts = _lasts(recorded, length, options.stride)

    def clip(kind: str, what: str, last: int, frames: Frames) -> Clip:
        return Clip(kind=kind, what=what, scene=info.id, keyframe=last, frames=frames)

    for last in lasts:
        yield clip(ID, spec.weather, last, clips.cut(recorded, last, length))
    change, agents = clips.disguised(drive, options.category)
    camera = Camera(drive, config, change)
    for last in lasts:
        if clips.on_grid(drive, last, agents, grid):
            yield clip(OBJECT, options.category, last, camera.clip(recorded, last, length))
    road = spec.model_copy(update={"layout": UNSEEN_LAYOUT})
    world = build(road)
    other = Drive(world=world, log=simulate(world), size=size)
    camera, frames = Camera(other, config), clips.elsewhere(other, recorded)
    for last in _lasts(frames, length, options.stride):
        yield clip(LAYOUT, UNSEEN_LAYOUT, last, camera.clip(frames, last, length))
    if config.cameras is None:
        return
    for weather in novel_weathers(trained):
        if weather != spec.weather:
            camera = Camera(drive.under(weather), config)
            for last in lasts:
                yield clip(WEATHER, weather, last, camera.clip(recorded, last, length))
    for channel in options.cameras:
        for last in lasts:
            dead = clips.without_camera(clips.cut(recorded, last, length), channel)
            yield clip(CAMERA, channel, last, dead)


def novel_weathers(trained: Trained) -> tuple[Weather, ...]:
    """Those that training lacked; else the usual ones, which the tables then call seen."""
    lacked = tuple(w for w in OTHERS if trained.weathers is not None and w not in trained.weathers)
    return lacked or USUAL


def _lasts(frames: Frames, length: int, stride: int) -> list[int]:
    """The last frames of clips without a gap."""
    steady = np.abs(frames.dt_s - STEP_S) <= GAP_S
    ends = range(length - 1, len(frames.occupancy))
    return [k for k in ends if steady[k - length + 1 : k].all()][::stride]


def _picture_size(fleet: Fleet, scene: str) -> tuple[int, int]:
    rows = fleet.camera_rows(scene)
    return (rows[0].width, rows[0].height) if rows else (448, 256)


def _about(
    runs: Sequence[str | Path], fleet: Fleet, model: WorldModel, familiar: Sequence[SceneInfo],
    trained: Trained, options: Options,
) -> dict[str, Any]:  # fmt: skip
    """What the tables are of."""
    occ_class = int(classify("nuscenes", options.category)[1])
    status = {f"{OBJECT}|{options.category}": whether(occ_class, trained.classes),
              f"{LAYOUT}|{UNSEEN_LAYOUT}": whether(UNSEEN_LAYOUT, trained.layouts)}  # fmt: skip
    for weather in novel_weathers(trained):
        status[f"{WEATHER}|{weather}"] = whether(weather, trained.weathers)
    for channel in options.cameras:
        status[f"{CAMERA}|{channel}"] = "unseen"
    config = checkpoint.provenance(runs[0]).get("config") or {}
    dropped = float(config.get("camera_dropout") or 0.0)
    left_out = [] if model.config.cameras else [f"{WEATHER}, {CAMERA}: the model reads no pictures"]
    if model.heads.ensemble is None:
        left_out.append("disagreement: the model has no ensemble head "
                        "(train one with --set model.heads.ensemble=5)")  # fmt: skip
    return {
        "drivewm": drivewm.__version__, "models": [Path(run).name for run in runs],
        "weights": [checkpoint.digest(run) for run in runs], "fleet": fleet.content_hash,
        "encoder": model.config.encoder, "dynamics": model.config.dynamics,
        "ensemble": model.config.heads.ensemble, "camera_dropout": dropped,
        "scenes": [info.id for info in familiar], "stride": options.stride,
        "weathers": {info.id: json.loads(info.world_spec or "{}")["weather"] for info in familiar},
        "trained_weathers": trained.weathers, "trained_layouts": trained.layouts,
        "status": status, "left_out": left_out,
        "interval": "95 %, Bayesian bootstrap over scenes, paired, 1000 draws",
    }  # fmt: skip
