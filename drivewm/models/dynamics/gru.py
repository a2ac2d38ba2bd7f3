"""`gru`: the reference, a convolutional GRU on the BEV grid (deterministic).

Step 0 is the SE(2) warp of the state; what is then seen goes through a second gate.
Shapes: B batch, h, w state cells.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from drivewm.config import Config
from drivewm.models.dynamics.base import (
    ACTION_COLUMNS,
    COMPLETE,
    AblationConfig,
    Latent,
    Noise,
)
from drivewm.models.dynamics.rssm import gated
from drivewm.models.dynamics.spatial import SpatialDynamics
from drivewm.models.grid import GridConfig
from drivewm.models.layers import BevUNet, ConvBlock


class GRUConfig(Config):
    deter: int = 56
    deep: int = 48


class ConvGRU(SpatialDynamics):
    stochastic = False

    def __init__(
        self,
        config: GRUConfig,
        grid: GridConfig,
        embed: int,
        ablation: AblationConfig = COMPLETE,
    ) -> None:
        deter = config.deter
        super().__init__(grid, deter, 0, ablation)
        self.enter = ConvBlock(deter + ACTION_COLUMNS + 1, deter)
        self.wide = BevUNet(deter, config.deep)
        self.gates = nn.Conv2d(2 * deter, 2 * deter, 1)
        self.look = ConvBlock(deter + embed, deter)
        self.look_gates = nn.Conv2d(2 * deter, 2 * deter, 1)
        self.add_pooling()

    def imagine(self, state: Latent, action: Tensor, noise: Noise | None = None) -> Latent:
        """The state after ``action`` [B, A]; noise changes nothing."""
        moved = self.moved(state.deter, action)
        candidate = self.wide(self.enter(torch.cat([moved, self.spread(action)], 1)))
        deter = gated(self.gates, moved[:, :-1], candidate)
        return self.shaped(Latent(deter=deter, stoch=deter[:, :0]))

    def observe(
        self, state: Latent, action: Tensor, embed: Tensor, noise: Noise | None = None
    ) -> tuple[Latent, Tensor]:
        """The state after ``action`` given the features [B, E, h, w] then seen; no loss."""
        before = self.imagine(state, action).deter
        seen = self.look(torch.cat([before, embed], 1))
        deter = gated(self.look_gates, before, seen)
        return self.shaped(Latent(deter=deter, stoch=deter[:, :0])), deter.new_zeros(())
