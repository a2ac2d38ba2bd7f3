"""The stage that learns from video alone: no label is read.

From this frame's BEV features and the ego's motion the next frame's are predicted (as a slow copy
of the encoder sees them) and the colours that its voxels show; an inverse-dynamics head tells the
ego's motion from the two frames. Where the motion is not told, the head's answer takes its place,
so that logs without actions count too. Shapes as in ``encoders/selfsup.py``.
"""

from __future__ import annotations

import copy
from pathlib import Path

import torch
from safetensors.torch import load_file
from safetensors.torch import save as serialise
from torch import Tensor
from torch.nn import functional as F

from drivewm.errors import InputError
from drivewm.models.encoders.backbones.build import trainable
from drivewm.models.encoders.selfsup import (
    MOTION_SCALE,
    ColourTarget,
    InverseDynamics,
    NextFrame,
    colour_loss,
    feature_loss,
    spread_loss,
)
from drivewm.models.encoders.temporal import TemporalEncoder
from drivewm.models.world_model import WorldModel
from drivewm.storage import atomic_file
from drivewm.training.batches import Batch
from drivewm.training.clips import Frames
from drivewm.training.config import TrainConfig
from drivewm.training.failures import Names
from drivewm.training.losses import masked_mean
from drivewm.training.pairs import cameras_of, pair
from drivewm.training.stages import Stage

INVERSE = "inverse_dynamics.safetensors"
FOLLOW = 0.99  # share of itself that the slow copy keeps at a step
WEIGHTS = {"feature": 1.0, "colour": 2.0, "inverse": 1.0, "spread": 0.5}


class PretrainStage(Stage):
    """The encoder of single frames, on pairs of frames."""

    label = "pretrain"

    def __init__(
        self,
        model: WorldModel,
        config: TrainConfig,
        weights: Tensor,
        steps: int,
        names: Names | None = None,
    ) -> None:
        super().__init__(model, config, weights, steps, names)
        with torch.random.fork_rng(devices=[]):  # the stages after it start as without it
            torch.manual_seed(config.seed)
            self.next_frame = NextFrame(config.model.grid, config.model.channels)
            self.inverse = InverseDynamics(config.model.channels)
        self.teacher = copy.deepcopy(single_of(model)).requires_grad_(False)
        self.colours = ColourTarget(config.model.grid)

    def loss_names(self) -> list[str]:
        return list(WEIGHTS)

    def trained(self) -> list[torch.nn.Parameter]:
        heads = [m for n in ("next_frame", "inverse") if (m := getattr(self, n, None)) is not None]
        return [*trainable(single_of(self.model)), *(p for m in heads for p in m.parameters())]

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        encoder = single_of(self.model)
        earlier, later = cameras_of(batch, True), cameras_of(batch, False)
        before, after = encoder(earlier), encoder(later)
        told = torch.isfinite(batch["motion"]).all(1)
        guess = self.inverse(before, after)
        scale = guess.new_tensor(MOTION_SCALE)
        truth = torch.nan_to_num(batch["motion"])
        error = F.smooth_l1_loss(guess * scale, truth * scale, reduction="none").mean(1)
        motion = torch.where(told[:, None], truth, guess.detach())
        features, colours, known = self.next_frame(before, motion)
        with torch.no_grad():
            target = self.teacher(later)
        return {
            "feature": feature_loss(features, target, known),
            "colour": colour_loss(colours, *self.colours(later)),
            "inverse": masked_mean(error, told),
            "spread": spread_loss(after),
        }

    def total(self, losses: dict[str, Tensor]) -> Tensor:
        return torch.stack([WEIGHTS[name] * value for name, value in losses.items()]).sum()

    @torch.no_grad()
    def on_train_batch_end(self, *_) -> None:
        """The slow copy follows the encoder."""
        for slow, fast in zip(self.teacher.parameters(), single_of(self.model).parameters()):
            slow.lerp_(fast, 1.0 - FOLLOW)


def single_of(model: WorldModel) -> torch.nn.Module:
    """The encoder of single frames."""
    encoder = model.encoder
    return encoder.single if isinstance(encoder, TemporalEncoder) else encoder


def save_inverse(run: Path, stage: PretrainStage) -> None:
    """Keeps the inverse-dynamics head beside the run's weights."""
    with atomic_file(run / INVERSE) as partial:
        weights = {k: v.contiguous() for k, v in stage.inverse.state_dict().items()}
        partial.write_bytes(serialise(weights))


def load_inverse(run: Path, model: WorldModel) -> InverseDynamics:
    """The head that ``save_inverse`` kept.

    Raises:
        InputError: the run has none.
    """
    path = Path(run) / INVERSE
    if not path.is_file():
        raise InputError(
            "the run has no inverse-dynamics head", file=path,
            fix="train with stages=[pretrain,encoder,dynamics]",
        )  # fmt: skip
    head = InverseDynamics(model.config.channels)
    head.load_state_dict(load_file(path))
    return head.eval()


@torch.no_grad()
def recover_motion(model: WorldModel, head: InverseDynamics, scene: Frames) -> Tensor:
    """Ego motion [K - 1, 3] between a scene's frames, told from its pictures alone."""
    encoder, out = single_of(model), []
    for k in range(len(scene.occupancy) - 1):
        batch = {key: value[None] for key, value in pair(scene, k, False).items()}
        out.append(head(encoder(cameras_of(batch, True)), encoder(cameras_of(batch, False)))[0])
    return torch.stack(out)
