"""`pull`: each voxel of the grid pulls the image features at its projection.

The lifting of Simple-BEV (Harley et al., 2023) with cached sparse weights, then a small BEV net.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from drivewm.models.encoders.backbones.build import build_backbone
from drivewm.models.encoders.base import CameraBatch
from drivewm.models.encoders.config import STRIDES, CameraConfig, PullConfig
from drivewm.models.encoders.projection import PullCache, voxel_points
from drivewm.models.grid import GridConfig
from drivewm.models.layers import BevUNet, ConvBlock

__all__ = ["BevEncoder", "PullConfig", "PullEncoder"]


class BevEncoder(nn.Module):
    """An image backbone, and the BEV net behind whatever lifts its features."""

    place: Tensor  # [1, 3, X, Y]

    def __init__(self, config: CameraConfig, grid: GridConfig, lifted: int, channels: int) -> None:
        super().__init__()
        self.grid, self.channels = grid, channels
        self.backbone, self.stride = build_backbone(config), STRIDES[config.backbone.name]
        self.reduce = nn.Sequential(nn.Conv2d(lifted + 3, channels // 2, 1), nn.SiLU())
        self.fine = ConvBlock(channels // 2, channels // 2)
        self.halve = ConvBlock(channels // 2, channels, stride=2)
        self.bev = BevUNet(channels, channels * 2)
        self.register_buffer("place", _place(grid), persistent=False)

    def image_features(self, observation: CameraBatch) -> Tensor:
        """[B, N, C, h, w] at the backbone's stride."""
        images = observation.unit_images()
        return self.backbone(images.flatten(0, 1)).unflatten(0, images.shape[:2])

    def bev_features(self, lifted: Tensor) -> Tensor:
        """What was lifted [B, lifted, X, Y] -> [B, channels, X / 2, Y / 2]."""
        bev = torch.cat([lifted, self.place.expand(len(lifted), -1, -1, -1)], 1)
        return self.bev(self.halve(self.fine(self.reduce(bev))))


class PullEncoder(BevEncoder):
    """Six (or any number of) cameras to BEV features at half the grid's resolution."""

    def __init__(self, config: PullConfig, grid: GridConfig, channels: int) -> None:
        super().__init__(config, grid, config.image_channels * len(config.heights_m), channels)
        self.config = config
        self.cache = PullCache(grid, config.heights_m, self.stride)

    def forward(self, observation: CameraBatch) -> Tensor:
        size = (observation.images.shape[-2], observation.images.shape[-1])
        voxels = self.cache.pull(
            self.image_features(observation), observation.intrinsics, observation.ego_from_camera,
            observation.present, size,
        )  # [B, V, C]  # fmt: skip
        nx, ny, _ = self.grid.shape
        return self.bev_features(voxels.reshape(len(voxels), nx, ny, -1).permute(0, 3, 1, 2))


def _place(grid: GridConfig) -> Tensor:
    """Where each cell is: x, y and distance, scaled to about one; [1, 3, X, Y]."""
    points = torch.from_numpy(voxel_points(grid, (0.0,))[:, :2]).float()
    scaled = torch.cat([points, points.norm(dim=1, keepdim=True)], 1) / 40.0
    nx, ny, _ = grid.shape
    return scaled.T.reshape(1, 3, nx, ny)
