"""`rssm`: a recurrent state-space model on the BEV grid.

DreamerV3's recipe (Hafner et al., 2023: categorical latents, straight-through gradients, 1 %
uniform mix, KL balance 1 : 0.1) made spatial: the KL is summed over groups and averaged over cells,
with free bits of 0.1 nat per cell. Step 0 is the SE(2) warp of the state by the ego's motion.
Shapes: B batch, G groups, K classes, h, w state cells.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from drivewm.config import Config
from drivewm.models.dynamics.base import (
    ACTION_COLUMNS,
    COMPLETE,
    AblationConfig,
    Latent,
    Noise,
)
from drivewm.models.dynamics.spatial import SpatialDynamics
from drivewm.models.grid import GridConfig
from drivewm.models.layers import BevUNet, ConvBlock

UNIMIX = 0.01


class RSSMConfig(Config):
    deter: int = 40
    stoch_groups: int = 4
    stoch_classes: int = 8
    deep: int = 64
    free_nats: float = 0.1  # per cell


class RSSM(SpatialDynamics):
    def __init__(
        self,
        config: RSSMConfig,
        grid: GridConfig,
        embed: int,
        ablation: AblationConfig = COMPLETE,
    ) -> None:
        deter, stoch = config.deter, config.stoch_groups * config.stoch_classes
        super().__init__(grid, deter, stoch, ablation)
        self.config = config
        self.enter = ConvBlock(deter + stoch + ACTION_COLUMNS + 1, deter)
        self.wide = BevUNet(deter, config.deep)
        self.gates = nn.Conv2d(2 * deter, 2 * deter, 1)
        self.prior = nn.Sequential(ConvBlock(deter, deter), nn.Conv2d(deter, stoch, 1))
        self.posterior = nn.Sequential(ConvBlock(deter + embed, deter), nn.Conv2d(deter, stoch, 1))
        self.add_pooling()

    def _step(self, state: Latent, action: Tensor) -> Tensor:
        """The deterministic part after one action; [B, deter, h, w]."""
        moved = self.moved(state.features, action)
        deter = moved[:, : self.config.deter]
        candidate = self.wide(self.enter(torch.cat([moved, self.spread(action)], 1)))
        return gated(self.gates, deter, candidate)

    def _log_probs(self, logits: Tensor) -> Tensor:
        """[B, G * K, h, w] -> log-probabilities [B, G, K, h, w] with the uniform mix."""
        c = self.config
        probs = logits.unflatten(1, (c.stoch_groups, c.stoch_classes)).softmax(2)
        return ((1 - UNIMIX) * probs + UNIMIX / c.stoch_classes).log()

    def observe(
        self, state: Latent, action: Tensor, embed: Tensor, noise: Noise | None = None
    ) -> tuple[Latent, Tensor]:
        """The state after ``action`` given what was then seen, and its KL loss (a scalar)."""
        deter = self._step(state, action)
        prior = self._log_probs(self.prior(deter))
        posterior = self._log_probs(self.posterior(torch.cat([deter, embed], 1)))
        latent = Latent(deter=deter, stoch=drawn(posterior, 2, noise).flatten(1, 2))
        return self.shaped(latent), self._kl(posterior, prior)

    def imagine(self, state: Latent, action: Tensor, noise: Noise | None = None) -> Latent:
        """The state after ``action`` when nothing is seen: the mode, or a sample."""
        deter = self._step(state, action)
        prior = self._log_probs(self.prior(deter))
        return self.shaped(Latent(deter=deter, stoch=drawn(prior, 2, noise).flatten(1, 2)))

    def _kl(self, posterior: Tensor, prior: Tensor) -> Tensor:
        def per_cell(p: Tensor, q: Tensor) -> Tensor:
            divergence = (p.exp() * (p - q)).sum((1, 2))  # [B, h, w]
            return F.relu(divergence.mean() - self.config.free_nats) + self.config.free_nats

        return per_cell(posterior.detach(), prior) + 0.1 * per_cell(posterior, prior.detach())


def gated(gates: nn.Module, deter: Tensor, candidate: Tensor) -> Tensor:
    """GRU update of the warped state; starts closed enough to remember. [B, deter, h, w]."""
    update, value = gates(torch.cat([deter, candidate], 1)).chunk(2, 1)
    update = torch.sigmoid(update - 1.0)
    return update * torch.tanh(value) + (1 - update) * deter


def drawn(log_probs: Tensor, axis: int, noise: Noise | None) -> Tensor:
    """Straight-through one-hot draw along ``axis``; the mode when there is no noise."""
    score = log_probs
    if noise is not None:
        score = score - (-noise.uniform(log_probs).clamp(1e-9, 1 - 1e-7).log()).log()
    count = score.shape[axis]
    shape = [count if d == axis else 1 for d in range(score.ndim)]
    numbers = torch.arange(count, device=score.device).view(shape)
    hard = (first_largest(score.detach(), axis) == numbers).to(log_probs.dtype)
    if not torch.is_grad_enabled():
        return hard
    probs = log_probs.exp()
    return hard + probs - probs.detach()


def first_largest(values: Tensor, axis: int) -> Tensor:
    """``values.argmax(axis, keepdim=True)`` for a few planes, plane by plane.

    Torch's own walks along the axis cell by cell, which takes tens of times longer here.
    """
    planes = values.unbind(axis)
    best, index = planes[0], torch.zeros_like(planes[0], dtype=torch.long)
    for k, plane in enumerate(planes[1:], 1):
        index = torch.where(plane > best, k, index)
        best = torch.maximum(best, plane)
    return index.unsqueeze(axis)
