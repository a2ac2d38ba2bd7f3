"""`query`: BEV cells ask the pictures for what they need.

The spatial cross-attention of BEVFormer (Li et al., 2022) in plain torch: every BEV cell is a query
with points at several heights; round each projected point it reads features at learned offsets,
weighted by learned attention over all points that some camera sees. Between the layers the cells
see their neighbours through a convolution instead of self-attention over all cells.
Shapes: B batch, N cameras, Q cells, P points of a cell (height x offset), E heads, C channels.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from drivewm.models.encoders.backbones.build import build_backbone
from drivewm.models.encoders.base import CameraBatch
from drivewm.models.encoders.config import QueryConfig
from drivewm.models.encoders.frustum import project
from drivewm.models.encoders.projection import voxel_points
from drivewm.models.grid import GridConfig
from drivewm.models.layers import BevUNet, ConvBlock, ResidualBlock


class QueryEncoder(nn.Module):
    """Any number of cameras to BEV features at half the grid's resolution."""

    points_m: Tensor  # [Q * heights, 3], height fastest
    place: Tensor  # [1, F, X/2, Y/2]

    def __init__(self, config: QueryConfig, grid: GridConfig, channels: int) -> None:
        super().__init__()
        self.config, self.grid, self.channels = config, grid, channels
        self.backbone = build_backbone(config)
        coarse = grid.model_copy(update={"cell_m": 2 * grid.cell_m})
        self.cells = (grid.shape[0] // 2, grid.shape[1] // 2)
        points = torch.from_numpy(voxel_points(coarse, config.heights_m)).float()
        self.register_buffer("points_m", points, persistent=False)
        ground = points.view(*self.cells, -1, 3)[:, :, 0, :2]
        self.register_buffer("place", _waves(ground), persistent=False)
        width = config.image_channels
        self.ask = nn.Sequential(
            nn.Conv2d(self.place.shape[1], width, 1), nn.SiLU(), nn.Conv2d(width, width, 1)
        )
        self.layers = nn.ModuleList(_Layer(config) for _ in range(config.layers))
        self.enter = ConvBlock(width, channels)
        self.bev = BevUNet(channels, channels * 2)

    def forward(self, observation: CameraBatch) -> Tensor:
        images = observation.unit_images()
        b, n = images.shape[:2]
        features = F.avg_pool2d(self.backbone(images.flatten(0, 1)), self.config.pool)
        seen = project(
            self.points_m, observation.intrinsics, observation.ego_from_camera,
            observation.present, (images.shape[-2], images.shape[-1]),
        )  # fmt: skip
        query = self.ask(self.place).expand(b, -1, -1, -1)
        for layer in self.layers:
            query = layer(query, features.unflatten(0, (b, n)), *seen)
        return self.bev(self.enter(query))


class _Layer(nn.Module):
    """Attention of the cells to the pictures, then to their neighbours."""

    def __init__(self, config: QueryConfig) -> None:
        super().__init__()
        width, points = config.image_channels, len(config.heights_m) * config.samples
        self.heads, self.heights, self.samples = (
            config.heads, len(config.heights_m), config.samples,
        )  # fmt: skip
        self.norm = nn.GroupNorm(1, width)
        self.value = nn.Conv2d(width, width, 1)
        self.offset = nn.Conv2d(width, config.heads * points * 2, 1)
        self.attention = nn.Conv2d(width, config.heads * points, 1)
        self.join = nn.Conv2d(width, width, 1)
        self.neighbours = ResidualBlock(width)
        nn.init.normal_(self.offset.weight, std=1e-3)
        with torch.no_grad():  # heads and samples look in different directions, one cell apart
            turns = torch.arange(config.heads * points) * 2.399963  # the golden angle
            ways = torch.stack([turns.cos(), turns.sin()], -1)
            self.offset.bias.copy_(ways.flatten())  # type: ignore[union-attr]

    def forward(self, query: Tensor, features: Tensor, share: Tensor, visible: Tensor) -> Tensor:
        """[B, C, X/2, Y/2] cells; features [B, N, C, h, w]; share, visible as of ``project``."""
        b, n, c, h, w = features.shape
        e, p = self.heads, self.heights * self.samples
        asked = self.norm(query)
        cells = asked.shape[2] * asked.shape[3]
        offset = self.offset(asked).view(b, e, p, 2, cells).permute(0, 1, 4, 2, 3)
        offset = offset / offset.new_tensor([w, h])  # [B, E, Q, P, 2]
        weight = self.attention(asked).view(b, e, p, cells).softmax(2).transpose(2, 3)
        spot = share.view(b, n, 1, cells, self.heights, 1, 2)
        spot = spot.expand(-1, -1, -1, -1, -1, self.samples, -1).flatten(4, 5)  # [B, N, 1, Q, P, 2]
        where = (spot + offset[:, None]) * 2 - 1  # [B, N, E, Q, P, 2]
        value = self.value(features.flatten(0, 1)).reshape(b * n * e, c // e, h, w)
        read = F.grid_sample(value, where.reshape(b * n * e, cells, p, 2), align_corners=False)
        read = read.view(b, n, e, c // e, cells, p)
        there = visible.view(b, n, 1, cells, self.heights, 1).expand(
            -1, -1, -1, -1, -1, self.samples
        )
        weight = weight[:, None] * there.flatten(4, 5)  # [B, N, E, Q, P]
        total = weight.sum((1, 4)).clamp(min=1e-6)  # [B, E, Q]
        mixed = torch.einsum("bneqp,bnecqp->becq", weight, read) / total[:, :, None]
        query = query + self.join(mixed.reshape(b, c, *query.shape[2:]))
        return self.neighbours(query)


def _waves(ground_m: Tensor) -> Tensor:
    """Sines and cosines of where a cell is; [h, w, 2] metres -> [1, F, h, w]."""
    rates = 2 * torch.pi / torch.tensor([160.0, 80.0, 40.0, 20.0, 10.0, 5.0])
    angles = (ground_m[..., None] * rates).flatten(2)  # [h, w, 12]
    distance = ground_m.norm(dim=-1, keepdim=True) / 40.0
    return torch.cat([angles.sin(), angles.cos(), distance], -1).permute(2, 0, 1)[None]
