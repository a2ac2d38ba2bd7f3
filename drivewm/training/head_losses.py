"""Losses of the optional heads over a window, and the scaling of losses. Shapes: B, X, Y, Z."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from drivewm.models import warp
from drivewm.models.world_model import Imagined, WorldModel
from drivewm.seeds import generator
from drivewm.training.batches import Batch
from drivewm.training.losses import masked_mean


def head_losses(
    model: WorldModel, states: Sequence[tuple[int, Imagined]], batch: Batch, seed: int
) -> dict[str, Tensor]:
    """Mean loss of each head that the model has, over instants seen and imagined.

    Args:
        states: (frame of the window, the state there).
        seed: of the run and its step; decides which clips an ensemble member learns from.
    """
    heads, joint = model.heads, model.config.heads.joint
    out: dict[str, list[Tensor]] = {}
    for at, now in states:
        features = now.latent.features if joint else now.latent.features.detach()
        if heads.agents is not None:
            there, flow = now.probability, now.flow
            there, flow = (there, flow) if joint else (there.detach(), flow.detach())
            maps = heads.agents(features, there, flow)
            found = heads.agents.loss(maps, batch["agents"][:, at], batch["agent_class"][:, at])
            for name, value in zip(("agent_centres", "agent_boxes"), found):
                out.setdefault(name, []).append(value)
        if heads.value is not None:
            target = batch["value"][:, at]
            known = torch.isfinite(target)
            each = heads.value.two_hot.loss(heads.value(features).float(), torch.nan_to_num(target))
            out.setdefault("value", []).append(masked_mean(each, known))
        if heads.ego_action is not None:
            motion, logits = heads.ego_action(features)
            target = ego_target(batch["action"], at, heads.ego_action.steps)
            out.setdefault("ego_action", []).append(heads.ego_action.loss(motion, logits, target))
        if heads.ensemble is not None:
            drawn = generator("ensemble", seed, at).random((len(features), heads.ensemble.members))
            half = torch.from_numpy(drawn < 0.5).to(features.device)
            said = heads.ensemble(features)
            found_loss = heads.ensemble.loss(said, batch["occupancy"][:, at], half)
            out.setdefault("ensemble", []).append(found_loss)
    return {name: torch.stack(values).mean() for name, values in out.items()}


def ego_target(action: Tensor, at: int, steps: int) -> Tensor:
    """Motions since frame ``at`` of the window after 1 .. ``steps`` actions; NaN past its end.

    Args:
        action: [B, T - 1, 6].

    Returns:
        [B, steps, 3] in the ego frame of ``at``.
    """
    out = action.new_full((len(action), steps, 3), float("nan"))
    motion = action.new_zeros(len(action), 3)
    for h in range(min(steps, action.shape[1] - at)):
        motion = warp.compose(motion, action[:, at + h, :3])
        out[:, h] = motion
    return out


class LossScale(nn.Module):
    """Divides each loss by the running root mean square of its values.

    Losses then weigh as configured whatever their units (as Dreamer 4 does). The running values
    are buffers, so that a resumed run goes on with them.
    """

    square: Tensor  # [N] running mean of squares, not yet corrected for its start at 0
    seen: Tensor  # how often it was fed

    def __init__(self, names: Sequence[str], decay: float = 0.99) -> None:
        super().__init__()
        self.names, self.decay = list(names), decay
        self.register_buffer("square", torch.zeros(len(self.names), dtype=torch.float64))
        self.register_buffer("seen", torch.zeros((), dtype=torch.int64))

    def forward(self, losses: dict[str, Tensor]) -> dict[str, Tensor]:
        """The scaled losses; unknown names pass as they are."""
        values = torch.stack([losses[n].detach().double() for n in self.names if n in losses])
        rows = [i for i, n in enumerate(self.names) if n in losses]
        with torch.no_grad():
            self.square[rows] = self.decay * self.square[rows] + (1 - self.decay) * values**2
            self.seen += 1
            mean = self.square / (1 - self.decay ** int(self.seen))
        scale = {n: float(mean[i].sqrt().clamp(min=1e-6)) for i, n in enumerate(self.names)}
        return {n: v / scale[n] if n in scale else v for n, v in losses.items()}
