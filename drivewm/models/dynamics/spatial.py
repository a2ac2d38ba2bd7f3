"""What all backbones share: step 0 is the SE(2) warp of the state by the ego's motion.

Shapes: B batch, C channels, h, w state cells.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from drivewm.models import warp
from drivewm.models.dynamics.base import AblationConfig, Latent, scale_action
from drivewm.models.grid import GridConfig


class SpatialDynamics(nn.Module):
    """Warp, action planes and the pooled-latent ablation."""

    stochastic = True

    def __init__(self, grid: GridConfig, deter: int, stoch: int, ablation: AblationConfig) -> None:
        super().__init__()
        self.grid, self.ablation = grid, ablation
        self.deter, self.stoch = deter, stoch
        self.cells = (grid.shape[0] // 2, grid.shape[1] // 2)

    @property
    def channels(self) -> int:
        """Channels of ``Latent.features``."""
        return self.deter + self.stoch

    def add_pooling(self) -> None:
        """Parameters of the vector latent; called last, so that they change no other's start."""
        if self.ablation.latent == "vector":
            scale = torch.randn(2, self.deter + self.stoch, *self.cells)
            self.unpooled = nn.Parameter(torch.stack([1.0 + 0.5 * scale[0], 0.1 * scale[1]]))

    def initial(self, batch: int, like: Tensor) -> Latent:
        """The empty state."""
        return Latent(
            deter=like.new_zeros(batch, self.deter, *self.cells),
            stoch=like.new_zeros(batch, self.stoch, *self.cells),
        )

    def moved(self, values: Tensor, action: Tensor) -> Tensor:
        """Planes of the last frame in the frame after ``action``, and a validity plane.

        [B, C, h', w'] at any resolution -> [B, C + 1, h', w']; cells from outside the grid are 0.
        """
        ones = torch.ones_like(values[:, :1])
        both = torch.cat([values, ones], 1)
        if not self.ablation.warp:
            return both
        cells = warp.centers(self.grid, action).expand(len(action), -1, -1, -1)
        factor = self.grid.shape[0] // values.shape[2]
        points = warp.to_previous_frame(warp.resize_points(cells, factor), action[:, :3])
        return warp.sample(both, points, self.grid)

    def spread(self, action: Tensor) -> Tensor:
        """The scaled action as planes; [B, A] -> [B, A, h, w]."""
        return scale_action(action)[:, :, None, None].expand(-1, -1, *self.cells)

    def shaped(self, latent: Latent) -> Latent:
        """The latent as it is, or pooled to a vector and spread out by learned planes."""
        if self.ablation.latent == "spatial":
            return latent
        vector = latent.features.mean((2, 3), keepdim=True)
        deter, stoch = (vector * self.unpooled[0] + self.unpooled[1]).split(
            [self.deter, self.stoch], 1
        )
        return replace(latent, deter=deter, stoch=stoch)
