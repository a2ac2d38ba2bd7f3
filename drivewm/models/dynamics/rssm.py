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
from drivewm.models import warp
from drivewm.models.dynamics.base import ACTION_COLUMNS, Latent, scale_action
from drivewm.models.grid import GridConfig
from drivewm.models.layers import BevUNet, ConvBlock

UNIMIX = 0.01


class RSSMConfig(Config):
    deter: int = 40
    stoch_groups: int = 4
    stoch_classes: int = 8
    deep: int = 64
    free_nats: float = 0.1  # per cell


class RSSM(nn.Module):
    def __init__(self, config: RSSMConfig, grid: GridConfig, embed: int) -> None:
        super().__init__()
        self.config, self.grid = config, grid
        deter, stoch = config.deter, config.stoch_groups * config.stoch_classes
        self.enter = ConvBlock(deter + stoch + ACTION_COLUMNS + 1, deter)
        self.wide = BevUNet(deter, config.deep)
        self.gates = nn.Conv2d(2 * deter, 2 * deter, 1)
        self.prior = nn.Sequential(ConvBlock(deter, deter), nn.Conv2d(deter, stoch, 1))
        self.posterior = nn.Sequential(ConvBlock(deter + embed, deter), nn.Conv2d(deter, stoch, 1))

    @property
    def channels(self) -> int:
        return self.config.deter + self.config.stoch_groups * self.config.stoch_classes

    def initial(self, batch: int, like: Tensor) -> Latent:
        nx, ny, _ = self.grid.shape
        stoch = self.config.stoch_groups * self.config.stoch_classes
        return Latent(
            deter=like.new_zeros(batch, self.config.deter, nx // 2, ny // 2),
            stoch=like.new_zeros(batch, stoch, nx // 2, ny // 2),
        )

    def _step(self, state: Latent, action: Tensor) -> Tensor:
        """The deterministic part after one action; [B, deter, h, w]."""
        cells = warp.centers(self.grid, action).expand(len(action), -1, -1, -1)
        points = warp.to_previous_frame(warp.resize_points(cells, 2), action[:, :3])
        ones = torch.ones_like(state.deter[:, :1])
        moved = warp.sample(torch.cat([state.features, ones], 1), points, self.grid)
        deter = moved[:, : self.config.deter]
        spread = scale_action(action)[:, :, None, None].expand(-1, -1, *deter.shape[2:])
        candidate = self.wide(self.enter(torch.cat([moved, spread], 1)))
        update, value = self.gates(torch.cat([deter, candidate], 1)).chunk(2, 1)
        update = torch.sigmoid(update - 1.0)
        return update * torch.tanh(value) + (1 - update) * deter

    def _log_probs(self, logits: Tensor) -> Tensor:
        """[B, G * K, h, w] -> log-probabilities [B, G, K, h, w] with the uniform mix."""
        c = self.config
        probs = logits.unflatten(1, (c.stoch_groups, c.stoch_classes)).softmax(2)
        return ((1 - UNIMIX) * probs + UNIMIX / c.stoch_classes).log()

    def _draw(self, log_probs: Tensor, generator: torch.Generator | None) -> Tensor:
        """Straight-through categorical; the mode when no generator is given."""
        probs = log_probs.exp()
        if generator is None:
            index = probs.argmax(2, keepdim=True)
        else:
            noise = torch.rand(probs.shape, generator=generator, device=probs.device)
            index = (log_probs - (-noise.clamp(1e-9).log()).log()).argmax(2, keepdim=True)
        hard = torch.zeros_like(probs).scatter_(2, index, 1.0)
        return (hard + probs - probs.detach()).flatten(1, 2)

    def observe(
        self, state: Latent, action: Tensor, embed: Tensor, generator: torch.Generator | None = None
    ) -> tuple[Latent, Tensor]:
        """The state after ``action`` given what was then seen, and its KL loss (a scalar)."""
        deter = self._step(state, action)
        prior = self._log_probs(self.prior(deter))
        posterior = self._log_probs(self.posterior(torch.cat([deter, embed], 1)))
        latent = Latent(deter=deter, stoch=self._draw(posterior, generator))
        return latent, self._kl(posterior, prior)

    def imagine(
        self, state: Latent, action: Tensor, generator: torch.Generator | None = None
    ) -> Latent:
        """The state after ``action`` when nothing is seen: the mode, or a sample."""
        deter = self._step(state, action)
        prior = self._log_probs(self.prior(deter))
        return Latent(deter=deter, stoch=self._draw(prior, generator))

    def _kl(self, posterior: Tensor, prior: Tensor) -> Tensor:
        def per_cell(p: Tensor, q: Tensor) -> Tensor:
            divergence = (p.exp() * (p - q)).sum((1, 2))  # [B, h, w]
            return F.relu(divergence.mean() - self.config.free_nats) + self.config.free_nats

        return per_cell(posterior.detach(), prior) + 0.1 * per_cell(posterior, prior.detach())
