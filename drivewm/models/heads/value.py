"""Value and ego-action heads: what the recorded policy earns from here, and what it does.

Shapes: B batch, K bins, M modes, H steps, h, w state cells.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from drivewm.models.heads.config import HeadsConfig
from drivewm.models.heads.scalars import TwoHot
from drivewm.models.layers import ConvBlock, zero_init

SCALE = (5.0, 1.0, 0.2)  # metres, metres, rad that count as one in the ego-action loss


class Summary(nn.Sequential):
    """The state as a vector: where things are is kept on a coarse 4 x 4 grid; [B, 256]."""

    width = 256

    def __init__(self, channels: int) -> None:
        super().__init__(
            ConvBlock(channels, 32, stride=2), ConvBlock(32, 16), nn.AdaptiveAvgPool2d(4),
            nn.Flatten(),
        )  # fmt: skip


class ValueHead(nn.Module):
    """Discounted return of the recorded policy over ``value_steps``, symexp two-hot."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.two_hot = TwoHot()
        self.summary = Summary(channels)
        self.mix = nn.Sequential(nn.Linear(Summary.width, 64), nn.SiLU())
        self.out = zero_init(nn.Linear(64, len(self.two_hot.edges)))

    def forward(self, features: Tensor) -> Tensor:
        """Logits [B, K] of a latent [B, C, h, w]."""
        return self.out(self.mix(self.summary(features)))

    def mean(self, logits: Tensor) -> Tensor:
        """Expected return [B]."""
        return self.two_hot.mean(logits)


class EgoActionHead(nn.Module):
    """The next ego motions in several modes, decoded from the latent that also gives occupancy."""

    def __init__(self, channels: int, config: HeadsConfig) -> None:
        super().__init__()
        self.modes, self.steps = config.ego_modes, config.ego_steps
        self.summary = Summary(channels)
        self.mix = nn.Sequential(nn.Linear(Summary.width, 64), nn.SiLU())
        self.out = nn.Linear(64, self.modes * (self.steps * 3 + 1))

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Motions [B, M, H, 3] since the start (dx, dy, dyaw, ego frame of now); logits [B, M]."""
        said = self.out(self.mix(self.summary(features))).unflatten(1, (self.modes, -1))
        motion = said[..., :-1].unflatten(2, (self.steps, 3))
        return motion * motion.new_tensor(SCALE), said[..., -1]

    def loss(self, motion: Tensor, logits: Tensor, target: Tensor) -> Tensor:
        """The nearest mode learns the motion, the logits learn which mode it was; a scalar.

        Args:
            target: [B, H, 3], NaN where the recording does not reach.
        """
        known = torch.isfinite(target).all(-1)  # [B, H]
        scale = motion.new_tensor(SCALE)
        gap = F.smooth_l1_loss(
            motion / scale, (torch.nan_to_num(target) / scale)[:, None].expand_as(motion),
            reduction="none",
        ).sum(-1)  # [B, M, H]  # fmt: skip
        reach = known.sum(1)
        error = (gap * known[:, None]).sum(2) / reach.clamp(min=1)[:, None]  # [B, M]
        best = error.detach().argmin(1)
        nearest = error.gather(1, best[:, None])[:, 0]
        choice = F.cross_entropy(logits, best, reduction="none")
        told = reach > 0
        return ((nearest + 0.2 * choice) * told).sum() / told.sum().clamp(min=1)
