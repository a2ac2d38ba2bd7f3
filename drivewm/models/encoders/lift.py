"""`lift`: image features spread along their rays by a predicted depth distribution.

Lift-Splat (Philion and Fidler, 2020): each feature is weighted by the probability of each depth
and added to the cell it falls into. Here by one ``index_add`` over points that lie in the grid,
with indices kept per rig. Shapes: B batch, N cameras, D depths, h, w feature cells.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from drivewm.models.encoders.base import CameraBatch
from drivewm.models.encoders.config import LiftConfig
from drivewm.models.encoders.frustum import LiftCache
from drivewm.models.encoders.pull import BevEncoder
from drivewm.models.grid import GridConfig


class LiftEncoder(BevEncoder):
    """Any number of cameras to BEV features at half the grid's resolution."""

    def __init__(self, config: LiftConfig, grid: GridConfig, channels: int) -> None:
        layers = len(config.height_edges_m) - 1
        super().__init__(config, grid, config.image_channels * layers, channels)
        self.config = config
        self.step = self.stride * config.pool  # input pixels per lifted feature
        self.depth = nn.Conv2d(config.image_channels, config.depth_bins, 1)
        self.context = nn.Conv2d(config.image_channels, config.image_channels, 1)
        self.cache = LiftCache(grid, config.height_edges_m, depth_centers(config), self.step)

    def forward(self, observation: CameraBatch) -> Tensor:
        return self.with_depth(observation)[0]

    def with_depth(self, observation: CameraBatch) -> tuple[Tensor, Tensor]:
        """BEV features, and the depth logits [B, N, D, h, w] that lifted them."""
        features = self.image_features(observation)
        rows, features = features.shape[:2], F.avg_pool2d(features.flatten(0, 1), self.config.pool)
        logits = self.depth(features).unflatten(0, rows)
        context = self.context(features).unflatten(0, rows)
        return self.bev_features(self._pool(logits, context, observation)), logits

    def _pool(self, logits: Tensor, context: Tensor, observation: CameraBatch) -> Tensor:
        """[B, C * layers, X, Y]; in float32 whatever the autocast: thousands of terms are added."""
        nx, ny, _ = self.grid.shape
        layers, c = len(self.config.height_edges_m) - 1, context.shape[2]
        weight = logits.float().softmax(2)
        out = []
        for b in range(len(logits)):
            cell, point, pixel = self.cache.indices(
                observation.intrinsics[b], observation.ego_from_camera[b], observation.present[b],
                (logits.shape[-2], logits.shape[-1]),
            )  # fmt: skip
            flat = context[b].float().permute(0, 2, 3, 1).reshape(-1, c)
            terms = flat[pixel] * weight[b].reshape(-1)[point, None]  # [K, C]
            pooled = flat.new_zeros(nx * ny * layers, c).index_add_(0, cell, terms)
            out.append(pooled.view(nx, ny, layers * c).permute(2, 0, 1))
        return torch.stack(out).to(context.dtype)


def depth_centers(config: LiftConfig) -> Tensor:
    """The middle of each depth bin, [D] metres."""
    width = (config.depth_max_m - config.depth_min_m) / config.depth_bins
    return config.depth_min_m + (torch.arange(config.depth_bins) + 0.5) * width


def depth_loss(logits: Tensor, depth_m: Tensor, config: LiftConfig) -> Tensor:
    """Cross-entropy of the depth distribution where a lidar point gives the depth.

    Args:
        logits: [B, N, D, h, w].
        depth_m: [B, N, h, w] along the optical axis; NaN where no point fell.
    """
    share = (depth_m - config.depth_min_m) / (config.depth_max_m - config.depth_min_m)
    known = torch.isfinite(share) & (share >= 0) & (share < 1)
    if not bool(known.any()):
        return logits.sum() * 0.0
    bins = (share[known] * config.depth_bins).long()
    return F.cross_entropy(logits.movedim(2, -1)[known].float(), bins)
