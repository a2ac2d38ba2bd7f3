"""Reward and continue heads: what happens to the ego itself. Shapes: B batch, K bins."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from drivewm.models.dynamics.base import ACTION_COLUMNS, scale_action
from drivewm.models.grid import GridConfig
from drivewm.models.layers import ConvBlock, symexp, symlog, zero_init

PROGRESS_SCALE_M = 5.0  # metres of progress that are worth a reward of 1 (measures/reward.py)
REACH_M = (-4.8, 14.4, -7.2, 7.2)  # x0, x1, y0, y1: where contacts within a step can come from


class TwoHot:
    """Scalars as two neighbouring bins of a symmetric symlog grid (DreamerV3, symexp two-hot)."""

    def __init__(self, bins: int = 63, limit: float = 4.0) -> None:
        half = torch.linspace(-limit, 0.0, bins // 2 + 1)
        self.edges = torch.cat([half, -half[:-1].flip(0)])  # symlog space, mirrored exactly

    def loss(self, logits: Tensor, target: Tensor) -> Tensor:
        """Cross-entropy of [..., K] logits with [...] targets; [...]."""
        edges = self.edges.to(target)
        value = symlog(target).clamp(edges[0], edges[-1])
        upper = torch.searchsorted(edges, value.contiguous()).clamp(1, len(edges) - 1)
        low, high = edges[upper - 1], edges[upper]
        share = (value - low) / (high - low)
        logp = logits.log_softmax(-1)
        at = torch.stack([upper - 1, upper], -1)
        picked = logp.gather(-1, at)
        return -(picked[..., 0] * (1 - share) + picked[..., 1] * share)

    def mean(self, logits: Tensor) -> Tensor:
        """Expected value of [..., K] logits; sums the two sides apart so that zero is exact."""
        weighted = logits.softmax(-1) * symexp(self.edges.to(logits))
        half = logits.shape[-1] // 2
        left, right = weighted[..., :half].flip(-1), weighted[..., half + 1 :]
        return (left + right).sum(-1)


def travelled_reward(action: Tensor) -> Tensor:
    """What the distance of an action [..., 6] alone is worth; the head learns the rest."""
    return action[..., :2].norm(dim=-1) / PROGRESS_SCALE_M


class ScalarHeads(nn.Module):
    """Reward and continue of the step that led to a state, from the cells around the ego.

    The reward logits stand for the reward less ``travelled_reward`` of the action.
    """

    def __init__(self, channels: int, grid: GridConfig, occupancy_channels: int) -> None:
        super().__init__()
        self.two_hot = TwoHot()
        x0, _, y0, _ = grid.extent_m
        size = 2 * grid.cell_m
        self.rows = slice(*(round((v - x0) / size) for v in REACH_M[:2]))
        self.columns = slice(*(round((v - y0) / size) for v in REACH_M[2:]))
        self.local = nn.Sequential(
            ConvBlock(channels + occupancy_channels, 32), ConvBlock(32, 32, stride=2),
            ConvBlock(32, 32, stride=2), nn.Flatten(),
        )  # fmt: skip
        with torch.no_grad():
            cells = torch.zeros(1, channels + occupancy_channels, *(n // 2 for n in grid.shape[:2]))
            width = self.local(cells[..., self.rows, self.columns]).shape[1]
        self.mix = nn.Sequential(nn.Linear(width + ACTION_COLUMNS, 64), nn.SiLU())
        self.reward = zero_init(nn.Linear(64, len(self.two_hot.edges)))
        self.cont = zero_init(nn.Linear(64, 1))

    def forward(self, features: Tensor, occupancy: Tensor, action: Tensor) -> tuple[Tensor, Tensor]:
        """
        Args:
            features: [B, C, X/2, Y/2] state after the step.
            occupancy: [B, O, X/2, Y/2] predicted occupancy after the step.
            action: [B, 6] the step.

        Returns:
            reward logits [B, K] and continue logits [B].
        """
        near = torch.cat([features, occupancy], 1)[..., self.rows, self.columns]
        mixed = self.mix(torch.cat([self.local(near), scale_action(action)], 1))
        return self.reward(mixed), self.cont(mixed)[:, 0] + 3.0
