"""What a run shows while it trains: progress with remaining time, scalars, pictures."""

from __future__ import annotations

import io

import lightning
import numpy as np
import torch
from lightning.pytorch.plugins.io import TorchCheckpointIO

from drivewm import progress
from drivewm.storage import atomic_file
from drivewm.training.batches import observation
from drivewm.training.stages import DynamicsStage, PerceptionStage, Stage
from drivewm.viz.occupancy import draw_comparison, seen_from_above


class Progress(lightning.Callback):
    """One bar per stage with the loss and the time left."""

    def __init__(self, label: str) -> None:
        self.label = label

    def on_train_start(self, trainer, module) -> None:
        self.bar = None
        if trainer.is_global_zero:
            self.bar = progress.bar(self.label, total=module.steps)
            self.bar.update(trainer.global_step)

    def on_train_batch_end(self, trainer, module, outputs, batch, batch_idx) -> None:
        if self.bar is None:
            return
        self.bar.update(trainer.global_step - self.bar.n)
        if trainer.global_step % 10 == 0:
            self.bar.set_postfix(loss=f"{float(outputs['loss']):.3f}", refresh=False)

    def on_train_end(self, trainer, module) -> None:
        if self.bar is not None:
            self.bar.close()


class WholeCheckpoints(TorchCheckpointIO):
    """Checkpoints that are there whole or not at all, also when the disk is full."""

    def save_checkpoint(self, checkpoint, path, storage_options=None) -> None:
        whole = io.BytesIO()
        torch.save(checkpoint, whole)
        with atomic_file(path) as partial:
            partial.write_bytes(whole.getbuffer())


class Pictures(lightning.Callback):
    """True beside predicted occupancy from above in TensorBoard.

    In the perception stage: one frame; in the dynamics stage: the last imagined instant.
    """

    def __init__(self, example: dict[str, torch.Tensor], every: int) -> None:
        self.example, self.every = example, every

    def on_train_batch_end(self, trainer, module, outputs, batch, batch_idx) -> None:
        if trainer.global_step % self.every or trainer.logger is None or not self.example:
            return
        example = {key: value.to(module.device) for key, value in self.example.items()}
        with torch.no_grad():
            name, true, predicted = _look(module, example)
        picture = draw_comparison(seen_from_above(true), seen_from_above(predicted), cell_px=4)
        trainer.logger.experiment.add_image(
            name, np.asarray(picture), trainer.global_step, dataformats="HWC"
        )


def _look(module: Stage, example: dict[str, torch.Tensor]) -> tuple[str, np.ndarray, np.ndarray]:
    model = module.model
    if isinstance(module, PerceptionStage):
        logits = model.glance(model.encode(observation(example)))
        name, true = "occupancy/now", example["occupancy"][0]
    elif isinstance(module, DynamicsStage):
        now = imagine_window(module, example)
        logits, name, true = now.logits, "occupancy/imagined", example["occupancy"][0, -1]
    classes = logits[0].argmax(0).permute(1, 2, 0).to(torch.uint8)
    return name, true.cpu().numpy(), classes.cpu().numpy()


def imagine_window(module: Stage, batch: dict[str, torch.Tensor]):
    """Observes the first frames of a window and imagines to its end."""
    model, action = module.model, batch["action"]
    latent, observed = model.initial(len(action)), model.config.observed_steps
    for t in range(observed):
        before = action[:, t - 1] if t else torch.zeros_like(action[:, 0])
        latent, _ = model.observe(latent, before, batch["features"][:, t])
    now = model.start(latent, batch["features"][:, observed - 1])
    for t in range(observed - 1, action.shape[1]):
        now = model.imagine(now, action[:, t])
    return now
