"""A training run: train perception, keep its features, train velocities and dynamics, publish.

A run that was stopped continues from its last checkpoint; a finished run returns at once.
"""

from __future__ import annotations

import json
import logging
import threading
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

import drivewm
from drivewm.errors import InputError
from drivewm.logs.fleet import Fleet
from drivewm.models import checkpoint
from drivewm.models.encoders.backbones.build import start_backbone
from drivewm.models.grid import OCC3D_CLASSES
from drivewm.models.world_model import WorldModel
from drivewm.storage import write_text
from drivewm.training.batches import frame
from drivewm.training.card import model_card
from drivewm.training.config import TrainConfig
from drivewm.training.data import TrainingData, prepare, with_labels
from drivewm.training.fitting import fit
from drivewm.training.losses import class_weights
from drivewm.training.parallel import check
from drivewm.training.precision import precision_of
from drivewm.training.pretrain import PretrainStage, save_inverse
from drivewm.training.stages import DynamicsStage, MotionStage, PerceptionStage, Stage

RUN = "run.json"  # what a run is made of: its configuration and fleets


def train(fleets: Sequence[Fleet], run: str | Path, config: TrainConfig) -> Path:
    """Trains a world model and publishes it in the folder ``run``.

    Returns:
        the run folder, with model.safetensors, config.json, README.md and TensorBoard logs.

    Raises:
        InputError: no scene to train on, too few frames for a window, or the folder holds a run
            with another configuration.
    """
    run = Path(run)
    config = config.model_copy(update={"precision": precision_of(config.precision)})
    origin = {
        "config": config.model_dump(mode="json"),
        "fleets": [{"hash": f.content_hash, "scenes": len(f.scenes)} for f in fleets],
    }
    rank, ranks = check(config)
    if rank == 0:
        _check_folder(run, origin)
    if (run / checkpoint.WEIGHTS).exists():
        return run
    _quiet()
    torch.set_num_threads(config.threads)
    torch.manual_seed(config.seed)
    data = prepare(fleets, with_labels(fleets, config))
    if rank == 0:  # from here on the folder is its
        write_text(run / RUN, json.dumps(origin, indent=2) + "\n")
    model = WorldModel(config.model)
    if config.start_from is not None:
        print(checkpoint.start_from(model, config.start_from))
    start_backbone(model.encoder, config.model.cameras)
    weights = class_weights(data.class_counts(), config.class_power)
    if "pretrain" in config.stages:
        _pretrain(fleets, data, model, run, config, (rank, ranks))
    stage: Stage
    if "encoder" in config.stages:
        frames = data.frames(config, (rank, ranks))
        stage = PerceptionStage(model, config, weights, config.perception_steps, frames.names)
        s, k = frames.index[len(frames.index) // 2]
        example = {key: value[None] for key, value in frame(data.scenes[s], k).items()}
        fit(stage, frames, run, "perception", example, config)
    features = []
    if "motion" in config.stages or "dynamics" in config.stages:
        features = data.features(model, run, (rank, ranks))
    if "motion" in config.stages:
        glimpses = data.glimpses(config, features, (rank, ranks))
        stage = MotionStage(model, config, weights, config.motion_steps, glimpses.names)
        fit(stage, glimpses, run, "motion", {}, config)
    if "dynamics" in config.stages:
        clips = data.clips(config, features, (rank, ranks))
        stage = DynamicsStage(model, config, weights, config.dynamics_steps, clips.names)
        example = {key: value[:1] for key, value in clips.batch(0).items()}
        fit(stage, clips, run, "dynamics", example, config)
    if rank == 0:
        facts = _provenance(fleets, data, model, origin)
        checkpoint.save(run, model, facts, model_card(config, facts))
    return run


def _pretrain(
    fleets: Sequence[Fleet],
    data: TrainingData,
    model: WorldModel,
    run: Path,
    config: TrainConfig,
    shard: tuple[int, int],
) -> None:
    """The stage on video alone: over all training scenes, also those whose labels are not used."""
    video = data if config.label_share == 1.0 else prepare(fleets, config)
    pairs = video.pairs(config, shard)
    weights = torch.ones(OCC3D_CLASSES)
    stage = PretrainStage(model, config, weights, config.pretrain_steps, pairs.names)
    fit(stage, pairs, run, "pretrain", {}, config)
    if shard[0] == 0:
        save_inverse(run, stage)


def _check_folder(run: Path, origin: dict[str, Any]) -> None:
    """The folder is new, holds this very run, or nothing of what a run writes.

    Raises:
        InputError: it holds something else.
    """
    path, fix = run / RUN, "choose another run folder or delete this one"
    if not path.exists():
        found = [p.name for p in run.iterdir()] if run.is_dir() else []
        if any(name != "fleet" and not name.startswith(".") for name in found):
            raise InputError("is not empty and holds no run", file=run, fix="choose another folder")
        return
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise InputError("not JSON", file=path, fix=fix) from error
    if not isinstance(known, dict):
        raise InputError("not a JSON object", file=path, fix=fix)
    for part, value in origin.items():
        if known.get(part) != value:
            raise InputError(
                "the folder holds a run made with another one",
                file=path,
                field=part,
                fix=fix,
            )


def _quiet() -> None:
    """Lightning's advice on workers and loggers is not for this data path (all in memory)."""
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="lightning.*")
    warnings.filterwarnings("ignore", message=".*Sparse (CSR|invariant).*")
    threading.excepthook = _of_thread


def _of_thread(failed: threading.ExceptHookArgs) -> None:
    """TensorBoard's writer says nothing of a full disk: the run itself meets it and says so."""
    if not isinstance(failed.exc_value, OSError):
        threading.__excepthook__(failed)


def _provenance(
    fleets: Sequence[Fleet], data: TrainingData, model: WorldModel, origin: dict[str, Any]
) -> dict[str, Any]:
    return {
        **origin,
        "drivewm": drivewm.__version__,
        "torch": torch.__version__,
        "parameters": sum(p.numel() for p in model.parameters()),
        "scenes": [t.scene_id for t in data.times],
        "frames": sum(t.count for t in data.times),
        "windows": data.windows_digest(),
        "licences": sorted({s.licence for f in fleets for s in f.scenes if s.licence}),
    }
