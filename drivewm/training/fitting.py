"""Runs one stage with Lightning: from its last checkpoint where there is one, to its last step."""

from __future__ import annotations

from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.loggers import TensorBoardLogger
from lightning.pytorch.strategies import DDPStrategy, FSDPStrategy, Strategy
from torch import Tensor
from torch.utils.data import DataLoader

from drivewm.errors import InputError
from drivewm.storage import naming
from drivewm.training.average import Average
from drivewm.training.batches import SteppedBatches
from drivewm.training.callbacks import Pictures, Progress, WholeCheckpoints
from drivewm.training.config import TrainConfig
from drivewm.training.stages import Stage
from drivewm.training.throughput import Throughput, Timed


def fit(
    stage: Stage,
    batches: SteppedBatches,
    run: Path,
    name: str,
    example: dict[str, Tensor],
    config: TrainConfig,
) -> None:
    """Trains ``stage`` on ``batches``; afterwards its model holds the weights to publish.

    Raises:
        InputError: a damaged checkpoint; a loss that is no number or memory that ran out, with
            the batch that it happened on.
    """
    folder = run / "checkpoints" / name
    last = folder / "last.ckpt"
    state = _read_state(last) if last.exists() else {}
    average = Average(config.average_decay) if config.average_decay else None
    done = state.get("global_step", 0)
    if done >= stage.steps and state:
        stage.load_state_dict(state["state_dict"])
        if average is not None and average.state_key in state["callbacks"]:
            average.load_state_dict(state["callbacks"][average.state_key])
            average.use(stage)
        return
    if not stage.steps:
        return
    batches.first_step = done * config.accumulate
    loader = Timed(_loader(batches, config))
    speed = Throughput(run, name, loader)
    trainer = _trainer(stage, run, name, example, config, [speed, *([average] if average else [])])
    try:
        with naming(run), stage.witness.naming_memory():
            trainer.fit(stage, loader, ckpt_path=last if state else None, weights_only=True)
    except SystemExit as stop:  # Lightning turns Ctrl-C into exit code 1
        raise KeyboardInterrupt from stop
    if average is not None:
        average.use(stage)
    trainer.save_checkpoint(last)


def _trainer(
    stage: Stage,
    run: Path,
    name: str,
    example: dict[str, Tensor],
    config: TrainConfig,
    more: list[lightning.Callback],
) -> lightning.Trainer:
    checkpoints = ModelCheckpoint(
        run / "checkpoints" / name, save_last=True, save_top_k=0,
        every_n_train_steps=config.checkpoint_every,
    )  # fmt: skip
    return lightning.Trainer(
        accelerator="auto", devices=config.devices, num_nodes=config.nodes,
        strategy=_strategy(config), max_steps=stage.steps, max_epochs=-1,
        precision="bf16-mixed" if config.precision == "bf16" else "32-true",
        accumulate_grad_batches=config.accumulate,
        logger=TensorBoardLogger(run, name="tensorboard", version=name),
        log_every_n_steps=10, enable_progress_bar=False, enable_model_summary=False,
        gradient_clip_val=config.clip_norm, use_distributed_sampler=False,
        plugins=[WholeCheckpoints()], 
        callbacks=[Progress(name), Pictures(example, config.picture_every), *more, checkpoints],
    )  # fmt: skip


def _strategy(config: TrainConfig) -> str | Strategy:
    """One device needs none. Not every head is used in every step, hence the search for unused."""
    if config.strategy == "fsdp":
        return FSDPStrategy(state_dict_type="full", use_orig_params=True)
    if config.devices * config.nodes > 1:
        return DDPStrategy(find_unused_parameters=True)
    return "auto"


def _loader(batches: SteppedBatches, config: TrainConfig) -> DataLoader:
    """With ``stream``, loader processes read ahead; their order is that of the steps."""
    if not config.stream or not config.workers:
        return DataLoader(batches, batch_size=None)
    return DataLoader(
        batches, batch_size=None, num_workers=config.workers, prefetch_factor=config.prefetch,
        pin_memory=torch.cuda.is_available(), multiprocessing_context="spawn",
    )  # fmt: skip


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
