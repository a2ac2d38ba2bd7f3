"""A training run: prepare frames, train perception, keep its features, train dynamics, publish.

A run that was stopped continues from its last checkpoint; a finished run returns at once.
"""

from __future__ import annotations

import json
import logging
import threading
import warnings
from collections.abc import Sequence
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.loggers import TensorBoardLogger
from torch import Tensor
from torch.utils.data import DataLoader

import drivewm
from drivewm import progress
from drivewm.errors import InputError
from drivewm.logs.fleet import Fleet
from drivewm.models import checkpoint
from drivewm.models.grid import OCC3D_CLASSES
from drivewm.models.world_model import WorldModel
from drivewm.storage import naming, write_text
from drivewm.training.batches import ClipBatches, FrameBatches, SteppedBatches, frame, observation
from drivewm.training.callbacks import Pictures, Progress, WholeCheckpoints
from drivewm.training.card import model_card
from drivewm.training.clips import Frames, load_frames
from drivewm.training.config import TrainConfig
from drivewm.training.forcing import forcing_of
from drivewm.training.losses import class_weights
from drivewm.training.stages import DynamicsStage, PerceptionStage, Stage

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
    origin = {
        "config": config.model_dump(mode="json"),
        "fleets": [{"hash": f.content_hash, "scenes": len(f.scenes)} for f in fleets],
    }
    _check_folder(run, origin)
    if (run / checkpoint.WEIGHTS).exists():
        return run
    _quiet()
    torch.set_num_threads(config.threads)
    torch.manual_seed(config.seed)
    scenes = _load(fleets, config)
    write_text(run / RUN, json.dumps(origin, indent=2) + "\n")  # from here on the folder is its
    model = WorldModel(config.model)
    weights = class_weights(_class_counts(scenes), config.class_power)
    frames = FrameBatches(
        scenes, config.perception_batch, config.seed, config.perception_steps,
        mirror=config.mirror, repaint=config.repaint,
    )  # fmt: skip
    stage: Stage = PerceptionStage(model, config, weights, config.perception_steps)
    s, k = frames.index[len(frames.index) // 2]
    example = {key: value[None] for key, value in frame(scenes[s], k).items()}
    _fit(stage, frames, run, "perception", example, config)
    features = keep_features(model, scenes)
    observed, length = config.model.observed_steps, _window_length(config)
    forced = forcing_of(config.forcing, config.model.dynamics) != "self"
    clips = ClipBatches(
        scenes, features, length, length if forced else observed, config.dynamics_batch,
        config.seed, config.dynamics_steps,
    )  # fmt: skip
    stage = DynamicsStage(model, config, weights, config.dynamics_steps)
    example = {key: value[:1] for key, value in clips.batch(0).items()}
    _fit(stage, clips, run, "dynamics", example, config)
    facts = _provenance(fleets, scenes, model, origin)
    checkpoint.save(run, model, facts, model_card(config, facts))
    return run


def training_scenes(fleet: Fleet, holdout: Sequence[str]) -> list[str]:
    """Scenes of the splits called train; every scene where the fleet has no such split."""
    wanted = [s.id for s in fleet.scenes if "train" in s.split]
    return [i for i in wanted or [s.id for s in fleet.scenes] if i not in holdout]


def _load(fleets: Sequence[Fleet], config: TrainConfig) -> list[Frames]:
    wanted = [(f, i) for f in fleets for i in training_scenes(f, config.holdout_scenes)]
    if not wanted:
        names = ", ".join(str(f.path) for f in fleets)
        raise InputError("no scene to train on", file=names, fix="ingest scenes or free a holdout")
    known = [s.id for f in fleets for s in f.scenes]
    for name in config.holdout_scenes:
        if name not in known:
            raise InputError(
                f"no fleet has a scene '{name}'",
                field="holdout_scenes",
                fix=f"the fleets have {', '.join(known[:8])}{', ...' if len(known) > 8 else ''}",
            )
    scenes = [
        load_frames(f, i, config.model) for f, i in progress.track(wanted, "frames", len(wanted))
    ]
    length = _window_length(config)
    if not any(len(s.starts(length)) for s in scenes):
        raise InputError(
            f"no scene has {length} frames 0.5 s apart in a row",
            field="model.imagined_steps",
            fix="use longer scenes or fewer steps",
        )
    return scenes


def _window_length(config: TrainConfig) -> int:
    return config.model.observed_steps + config.model.imagined_steps


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


def _fit(
    stage: Stage,
    batches: SteppedBatches,
    run: Path,
    name: str,
    example: dict[str, Tensor],
    config: TrainConfig,
) -> None:
    """Runs one stage to its last step, from its last checkpoint where there is one."""
    folder = run / "checkpoints" / name
    last = folder / "last.ckpt"
    trainer = lightning.Trainer(
        accelerator="auto", devices=1, max_steps=stage.steps, max_epochs=-1,
        logger=TensorBoardLogger(run, name="tensorboard", version=name),
        log_every_n_steps=10, enable_progress_bar=False, enable_model_summary=False,
        gradient_clip_val=config.clip_norm, use_distributed_sampler=False,
        plugins=[WholeCheckpoints()],
        callbacks=[
            Progress(name), Pictures(example, config.picture_every),
            ModelCheckpoint(
                folder, save_last=True, save_top_k=0, every_n_train_steps=config.checkpoint_every,
            ),
        ],
    )  # fmt: skip
    state: dict[str, Any] = {}
    if last.exists():
        state = _read_state(last)
        batches.first_step = state["global_step"]
    if batches.first_step < stage.steps:
        loader = DataLoader(batches, batch_size=None)
        try:
            with naming(run):
                trainer.fit(stage, loader, ckpt_path=last if state else None, weights_only=True)
        except SystemExit as stop:  # Lightning turns Ctrl-C into exit code 1
            raise KeyboardInterrupt from stop
        trainer.save_checkpoint(last)
    else:
        stage.load_state_dict(state["state_dict"])


def _read_state(path: Path) -> dict[str, Any]:
    """A stage's checkpoint.

    Raises:
        InputError: the file is damaged.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        return {**state, "global_step": int(state["global_step"])}
    except (RuntimeError, EOFError, KeyError, TypeError, UnpicklingError) as error:
        text = str(error).split(".")[0] or "cut off"
        raise InputError(
            f"not a readable checkpoint ({text})",
            file=path,
            fix="delete it: the stage then starts anew",
        ) from error


@torch.no_grad()
def keep_features(model: WorldModel, scenes: Sequence[Frames]) -> list[Tensor]:
    """The trained encoder's features of every frame, float16 [K, C, X/2, Y/2] a scene."""
    training = model.training
    model.eval()
    kept = []
    for scene in progress.track(scenes, "features", len(scenes)):
        parts = []
        for first in range(0, len(scene.occupancy), 8):
            ks = range(first, min(first + 8, len(scene.occupancy)))
            frames = [frame(scene, k) for k in ks]
            batch = {key: torch.stack([f[key] for f in frames]) for key in frames[0]}
            parts.append(model.encode(observation(batch)).half())
        kept.append(torch.cat(parts))
    model.train(training)
    return kept


def _class_counts(scenes: Sequence[Frames]) -> Tensor:
    counts = [torch.from_numpy(s.occupancy).flatten().long() for s in scenes]
    return torch.stack([torch.bincount(c, minlength=OCC3D_CLASSES) for c in counts]).sum(0)


def _provenance(
    fleets: Sequence[Fleet], scenes: Sequence[Frames], model: WorldModel, origin: dict[str, Any]
) -> dict[str, Any]:
    return {
        **origin,
        "drivewm": drivewm.__version__,
        "torch": torch.__version__,
        "parameters": sum(p.numel() for p in model.parameters()),
        "scenes": [s.scene_id for s in scenes],
        "frames": sum(len(s.occupancy) for s in scenes),
        "licences": sorted({s.licence for f in fleets for s in f.scenes if s.licence}),
    }
