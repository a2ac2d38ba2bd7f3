"""Agents from the BEV state: a heatmap of centres per class, and a box at each centre.

Recipe: CenterPoint (Yin, Zhou, Krahenbuhl, CVPR 2021). Boxes stand on the ground of the ego frame.
Shapes: B batch, X, Y grid cells, A agent classes, M slots.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from drivewm.models import warp
from drivewm.models.grid import GridConfig
from drivewm.models.heads.config import HeadsConfig
from drivewm.models.layers import ConvBlock, ResidualBlock
from drivewm.scene import MOVABLE, OccClass, ScoreType

AGENT_CLASSES = (*MOVABLE, OccClass.BARRIER, OccClass.TRAFFIC_CONE)
SCORE_TYPES = {
    OccClass.BICYCLE: ScoreType.BICYCLE, OccClass.PEDESTRIAN: ScoreType.PEDESTRIAN,
    OccClass.BARRIER: ScoreType.BARRIER, OccClass.TRAFFIC_CONE: ScoreType.CONE,
}  # fmt: skip  # every other agent class is a vehicle
# Typical length, width, height, metres: what a box is before anything is learned.
_SIZES = {
    OccClass.BICYCLE: (1.7, 0.6, 1.3), OccClass.BUS: (11.0, 2.9, 3.5),
    OccClass.CAR: (4.6, 1.9, 1.7),
    OccClass.CONSTRUCTION_VEHICLE: (6.4, 2.8, 3.2), OccClass.MOTORCYCLE: (2.1, 0.8, 1.5),
    OccClass.PEDESTRIAN: (0.7, 0.7, 1.8), OccClass.TRAILER: (12.3, 2.9, 3.9),
    OccClass.TRUCK: (6.9, 2.5, 2.8), OccClass.BARRIER: (0.5, 2.5, 1.0),
    OccClass.TRAFFIC_CONE: (0.4, 0.4, 1.1),
}  # fmt: skip
BOX_COLUMNS = 9  # x, y, heading, length, width, height, vx, vy in the ego frame; score
_OFFSET, _TURN, _SIZE, _SPEED = slice(0, 2), slice(2, 4), slice(4, 7), slice(7, 9)
_RARE = -4.0  # logit of a centre before training: few cells are one


@dataclass(frozen=True, kw_only=True)
class AgentMaps:
    """What the head says of every cell."""

    heat: Tensor  # [B, A, X, Y] logits of an agent's centre
    box: Tensor  # [B, 9, X, Y]: offset (2) m, cos and sin, log size over typical (3), velocity (2)


class AgentHead(nn.Module):
    """Reads latent features, occupancy and flow at the grid's full resolution."""

    typical: Tensor  # [A, 3]

    def __init__(self, channels: int, grid: GridConfig, config: HeadsConfig) -> None:
        super().__init__()
        width, self.grid, self.config = config.agent_channels, grid, config
        self.narrow = nn.Conv2d(channels, width // 2, 1)
        self.mix = nn.Sequential(
            ConvBlock(width // 2 + len(AGENT_CLASSES) + 2, width), ResidualBlock(width),
            ResidualBlock(width),
        )  # fmt: skip
        self.heat = nn.Conv2d(width, len(AGENT_CLASSES), 1)
        self.box = nn.Conv2d(width, 9, 1)
        nn.init.constant_(self.heat.bias, _RARE)  # type: ignore[arg-type]
        typical = torch.tensor([_SIZES[c] for c in AGENT_CLASSES])
        self.register_buffer("typical", typical, persistent=False)

    def forward(self, features: Tensor, probability: Tensor, flow: Tensor) -> AgentMaps:
        """
        Args:
            features: [B, C, X/2, Y/2] of the latent.
            probability: [B, K, Z, X, Y] occupancy.
            flow: [B, 2, X, Y] m/s; the velocity a box has before anything is learned.
        """
        latent = F.interpolate(self.narrow(features), scale_factor=2.0)
        there = probability[:, [int(c) for c in AGENT_CLASSES]].amax(2)
        mixed = self.mix(torch.cat([latent, there, flow * 0.1], 1))
        box = self.box(mixed)
        return AgentMaps(
            heat=self.heat(mixed), box=torch.cat([box[:, :7], box[:, _SPEED] + flow], 1)
        )

    def loss(self, maps: AgentMaps, boxes: Tensor, classes: Tensor) -> tuple[Tensor, Tensor]:
        """
        Args:
            boxes: [B, M, 8] x, y, heading, length, width, height, vx, vy; ego frame; velocity NaN
                where unknown.
            classes: int64 [B, M] rows of ``AGENT_CLASSES``; -1 in empty slots.

        Returns:
            two scalars: of the centres (penalty-reduced focal loss), of the boxes at them.
        """
        target, cell = self.targets(boxes, classes)
        chance = maps.heat.float().sigmoid().clamp(1e-4, 1 - 1e-4)
        centre = target == 1.0
        hit = (1 - chance) ** 2 * chance.log()
        miss = (1 - target) ** 4 * chance**2 * (1 - chance).log()
        count = centre.sum().clamp(min=1)
        heat = -torch.where(centre, hit, miss).sum() / count
        there = cell >= 0
        said = maps.box.flatten(2).gather(2, cell.clamp(min=0)[:, None].expand(-1, 9, -1))
        wanted = self._encoded(boxes, classes, cell)  # [B, 9, M]
        known = there[:, None] & torch.isfinite(wanted)
        error = (said.float() - torch.nan_to_num(wanted)).abs() * known
        weight = error.new_tensor([1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.2, 0.2])[None, :, None]
        return heat, (error * weight).sum() / count

    def targets(self, boxes: Tensor, classes: Tensor) -> tuple[Tensor, Tensor]:
        """Heatmap [B, A, X, Y], 1 at centres, falling off around them; cell [B, M], -1: none."""
        x0, _, y0, _ = self.grid.extent_m
        nx, ny, _ = self.grid.shape
        row = ((boxes[..., 0] - x0) / self.grid.cell_m).floor().long()
        column = ((boxes[..., 1] - y0) / self.grid.cell_m).floor().long()
        inside = (classes >= 0) & (row >= 0) & (row < nx) & (column >= 0) & (column < ny)
        cell = torch.where(inside, row * ny + column, -1)
        at = warp.centers(self.grid, boxes).flatten(0, 1)  # [X Y, 2]
        middle = at[cell.clamp(min=0)]  # [B, M, 2]: of the cell, so that its own value is 1
        spread = (0.35 * boxes[..., 4]).clamp(0.6 * self.grid.cell_m, 3.0)
        gap = ((at - middle[:, :, None]) ** 2).sum(-1)  # [B, M, X Y]
        bump = torch.exp(-gap / (2 * spread[..., None] ** 2)) * inside[..., None]
        owner = F.one_hot(classes.clamp(min=0), len(AGENT_CLASSES)).bool() & inside[..., None]
        heat = (bump[:, :, None] * owner[..., None]).amax(1)  # [B, A, X Y]
        return heat.unflatten(2, (nx, ny)), cell

    def _encoded(self, boxes: Tensor, classes: Tensor, cell: Tensor) -> Tensor:
        middle = warp.centers(self.grid, boxes).flatten(0, 1)[cell.clamp(min=0)]
        heading = boxes[..., 2:3]
        size = (boxes[..., 3:6].clamp(min=0.1) / self.typical[classes.clamp(min=0)]).log()
        parts = [boxes[..., :2] - middle, heading.cos(), heading.sin(), size, boxes[..., 6:8]]
        return torch.cat(parts, -1).transpose(1, 2)

    @torch.no_grad()
    def boxes(self, maps: AgentMaps) -> tuple[Tensor, Tensor]:
        """The best centres: [B, M, 9] boxes with score (``BOX_COLUMNS``), int64 [B, M] classes.

        A centre is a local maximum over its class; of two classes at one place the surer wins.
        """
        chance = maps.heat.float().sigmoid()
        best, kind = chance.max(1)  # [B, X, Y]
        peak = best == F.max_pool2d(best[:, None], 3, 1, 1)[:, 0]
        slots = min(self.config.agent_slots, best[0].numel())
        score, cell = (best * peak).flatten(1).topk(slots)
        said = maps.box.float().flatten(2).gather(2, cell[:, None].expand(-1, 9, -1))
        said = said.transpose(1, 2)  # [B, M, 9]
        kind = kind.flatten(1).gather(1, cell)
        middle = warp.centers(self.grid, said).flatten(0, 1)[cell]
        heading = torch.atan2(said[..., 3:4], said[..., 2:3])
        size = self.typical[kind] * said[..., _SIZE].clamp(-1.5, 1.5).exp()
        parts = [middle + said[..., _OFFSET], heading, size, said[..., _SPEED], score[..., None]]
        return torch.cat(parts, -1), kind
