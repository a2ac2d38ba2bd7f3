"""Finite scalar quantisation (Mentzer et al., 2023): a code is a few small integers.

No codebook, nothing to collapse. Index arithmetic is int64 and float32 whatever the precision
around it (bfloat16 holds no integer above 256 exactly). Shapes: B batch, D code dimensions.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class FSQ(nn.Module):
    """Quantises [B, D, h, w] planes; dimension d has ``levels[d]`` values in -1..1."""

    reach: Tensor  # [D, 1, 1], half of the levels

    def __init__(self, levels: Sequence[int]) -> None:
        super().__init__()
        self.levels = tuple(levels)
        half = (torch.tensor(self.levels, dtype=torch.float32) - 1) / 2
        self.register_buffer("reach", half[:, None, None], persistent=False)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Code values in -1..1 [B, D, h, w] (straight-through) and level indices int64."""
        with torch.autocast(x.device.type, enabled=False):
            bounded = torch.tanh(x.float()) * self.reach  # -reach..reach
            index = (bounded + self.reach).round().long()
            soft = bounded / self.reach
            return soft + (self.values(index) - soft).detach(), index

    def values(self, index: Tensor) -> Tensor:
        """Level indices [B, D, h, w] -> values in -1..1."""
        return (index.float() - self.reach) / self.reach

    def split(self, logits: Tensor) -> tuple[Tensor, ...]:
        """Logits [B, sum of levels, h, w] of the factors; D of [B, levels[d], h, w]."""
        return logits.float().split(self.levels, 1)

    def loss(self, logits: Tensor, index: Tensor) -> Tensor:
        """Cross-entropy of the factorised prediction, summed over dimensions, mean over cells."""
        parts = self.split(logits)
        return torch.stack([F.cross_entropy(p, index[:, d]) for d, p in enumerate(parts)]).sum()

    def index_of_whole(self, index: Tensor) -> Tensor:
        """One number per code, int64 [B, h, w] below the product of the levels."""
        out = torch.zeros_like(index[:, 0])
        for d, level in enumerate(self.levels):
            out = out * level + index[:, d]
        return out
