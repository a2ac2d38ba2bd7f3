"""`pull`: each voxel of the grid pulls the image features at its projection.

The lifting of Simple-BEV (Harley et al., 2023) with cached sparse weights, then a small BEV net.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from drivewm.config import Config
from drivewm.models.encoders.base import CameraBatch
from drivewm.models.encoders.images import SmallConvNet
from drivewm.models.encoders.projection import PullCache, voxel_points
from drivewm.models.grid import GridConfig
from drivewm.models.layers import BevUNet, ConvBlock


class PullConfig(Config):
    image_height: int = 128
    image_width: int = 224
    image_channels: int = 32
    image_width_channels: int = 16  # channels of the first image layer
    heights_m: tuple[float, ...] = (0.0, 0.8, 1.6, 3.2)


class PullEncoder(nn.Module):
    """Six (or any number of) cameras to BEV features at half the grid's resolution."""

    place: Tensor  # [1, 3, X, Y]

    def __init__(self, config: PullConfig, grid: GridConfig, channels: int) -> None:
        super().__init__()
        self.config, self.grid, self.channels = config, grid, channels
        self.backbone = SmallConvNet(config.image_channels, config.image_width_channels)
        self.cache = PullCache(grid, config.heights_m, self.backbone.stride)
        lifted = config.image_channels * len(config.heights_m)
        self.reduce = nn.Sequential(nn.Conv2d(lifted + 3, channels // 2, 1), nn.SiLU())
        self.fine = ConvBlock(channels // 2, channels // 2)
        self.halve = ConvBlock(channels // 2, channels, stride=2)
        self.bev = BevUNet(channels, channels * 2)
        self.register_buffer("place", _place(grid), persistent=False)

    def forward(self, observation: CameraBatch) -> Tensor:
        images = observation.images
        if images.dtype == torch.uint8:
            images = images.float() / 255.0
        b, n = images.shape[:2]
        size = (images.shape[-2], images.shape[-1])
        features = self.backbone(images.flatten(0, 1)).unflatten(0, (b, n))
        voxels = self.cache.pull(
            features, observation.intrinsics, observation.ego_from_camera, observation.present, size
        )  # [B, V, C]
        nx, ny, _ = self.grid.shape
        bev = voxels.reshape(b, nx, ny, -1).permute(0, 3, 1, 2)
        bev = torch.cat([bev, self.place.expand(b, -1, -1, -1)], 1)
        return self.bev(self.halve(self.fine(self.reduce(bev))))


def _place(grid: GridConfig) -> Tensor:
    """Where each cell is: x, y and distance, scaled to about one; [1, 3, X, Y]."""
    points = torch.from_numpy(voxel_points(grid, (0.0,))[:, :2]).float()
    scaled = torch.cat([points, points.norm(dim=1, keepdim=True)], 1) / 40.0
    nx, ny, _ = grid.shape
    return scaled.T.reshape(1, 3, nx, ny)
