"""`privileged`: occupancy rasterised from annotations instead of pictures."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from drivewm.models.grid import OCC3D_CLASSES, GridConfig
from drivewm.models.layers import BevUNet, ConvBlock


class PrivilegedEncoder(nn.Module):
    """Occupancy labels [B, X, Y, Z] uint8 to BEV features at half the grid's resolution.

    The labels themselves travel along as the last ``packed`` channels (class indices of the 2 x 2
    cells and Z layers under each feature cell), so that what was given is perceived exactly.
    """

    def __init__(self, grid: GridConfig, channels: int) -> None:
        super().__init__()
        self.grid, self.channels, self.packed = grid, channels, 4 * grid.shape[2]
        self.enter = nn.Conv2d(OCC3D_CLASSES * grid.shape[2], channels // 2, 1)
        self.halve = ConvBlock(channels // 2, channels, stride=2)
        self.bev = BevUNet(channels, channels * 2)

    def forward(self, observation: Tensor) -> Tensor:
        one_hot = F.one_hot(observation.long(), OCC3D_CLASSES)  # [B, X, Y, Z, K]
        planes = one_hot.permute(0, 4, 3, 1, 2).flatten(1, 2).float()
        features = self.bev(self.halve(F.silu(self.enter(planes))))
        labels = F.pixel_unshuffle(observation.permute(0, 3, 1, 2).float(), 2)
        return torch.cat([features, labels], 1)


def unpack(packed: Tensor) -> Tensor:
    """The labels in the last channels of privileged features; [B, 4 Z, h, w] -> [B, X, Y, Z]."""
    return F.pixel_shuffle(packed, 2).permute(0, 2, 3, 1).round().long()
