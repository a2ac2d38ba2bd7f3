"""Exponential moving average of the trained weights; what is published is the average."""

from __future__ import annotations

from typing import Any

import lightning
import torch
from torch import Tensor


class Average(lightning.Callback):
    """Keeps the average beside the weights, in the checkpoints too.

    The decay grows with the steps, min(decay, (1 + n) / (10 + n)), so that a short run is not an
    average over its beginning.
    """

    def __init__(self, decay: float) -> None:
        self.decay, self.steps = decay, 0
        self.values: dict[str, Tensor] = {}
        self.used = False  # whether the average already is in the weights

    def on_train_start(self, trainer, module) -> None:
        if not self.values:
            self.values = {n: p.detach().clone() for n, p in _trained(module)}

    @torch.no_grad()
    def on_train_batch_end(self, trainer, module, outputs, batch, batch_idx) -> None:
        if trainer.global_step == self.steps:  # gradients are still being gathered
            return
        self.steps = trainer.global_step
        decay = min(self.decay, (1 + self.steps) / (10 + self.steps))
        for name, parameter in _trained(module):
            self.values[name].lerp_(parameter.detach(), 1.0 - decay)

    @torch.no_grad()
    def use(self, module: lightning.LightningModule) -> None:
        """Puts the average into the weights, once."""
        if self.used or not self.values:
            return
        for name, parameter in _trained(module):
            parameter.copy_(self.values[name])
        self.used = True

    def state_dict(self) -> dict[str, Any]:
        return {"values": self.values, "steps": self.steps, "used": self.used}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.values = {n: v.clone() for n, v in state["values"].items()}
        self.steps, self.used = int(state["steps"]), bool(state["used"])


def _trained(module: lightning.LightningModule) -> list[tuple[str, torch.nn.Parameter]]:
    return [(n, p) for n, p in module.named_parameters() if p.requires_grad]
