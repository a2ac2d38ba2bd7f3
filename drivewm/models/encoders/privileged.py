"""`privileged`: occupancy rasterised from annotations instead of pictures."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from drivewm.models.grid import OCC3D_CLASSES, GridConfig
from drivewm.models.layers import BevUNet, ConvBlock


class PrivilegedEncoder(nn.Module):
    """Occupancy labels [B, X, Y, Z] uint8 to BEV features at half the grid's resolution."""

    def __init__(self, grid: GridConfig, channels: int) -> None:
        super().__init__()
        self.grid, self.channels = grid, channels
        self.enter = nn.Conv2d(OCC3D_CLASSES * grid.shape[2], channels // 2, 1)
        self.halve = ConvBlock(channels // 2, channels, stride=2)
        self.bev = BevUNet(channels, channels * 2)

    def forward(self, observation: Tensor) -> Tensor:
        one_hot = F.one_hot(observation.long(), OCC3D_CLASSES)  # [B, X, Y, Z, K]
        planes = one_hot.permute(0, 4, 3, 1, 2).flatten(1, 2).float()
        return self.bev(self.halve(F.silu(self.enter(planes))))
