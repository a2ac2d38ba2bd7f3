"""Transformer parts. Shapes: B batch, N tokens, D width, P past instants."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from drivewm.models.layers import zero_init


class RMSNorm(nn.Module):
    """Scale to unit root mean square over the last axis."""

    def __init__(self, width: int, learned: bool = True) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width)) if learned else None

    def forward(self, x: Tensor) -> Tensor:
        weight = None if self.weight is None else self.weight.to(x.dtype)
        return F.rms_norm(x, x.shape[-1:], weight, 1e-6)


class SpatialAttention(nn.Module):
    """Attention among the tokens of one instant, queries and keys normalised; [B, N, D]."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)
        self.norm_q, self.norm_k = RMSNorm(width // heads), RMSNorm(width // heads)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = self.qkv(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(self.norm_q(q), self.norm_k(k), v)
        return self.out(y.transpose(1, 2).flatten(2))


class TimeAttention(nn.Module):
    """Each cell attends to itself at its own and earlier instants: causal, and from a cache.

    What is cached of an instant are its keys and values as planes, which the model warps into the
    frame of now like everything else.
    """

    def __init__(self, width: int, heads: int, past: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)
        self.norm_q, self.norm_k = RMSNorm(width // heads), RMSNorm(width // heads)
        self.age = nn.Parameter(torch.zeros(heads, past + 1))  # bias per instant, newest first

    def forward(self, x: Tensor, keys: Tensor, values: Tensor, known: Tensor) -> tuple:
        """
        Args:
            x: [B, N, D] tokens of now.
            keys, values: [B, N, P, D] of earlier instants, newest first.
            known: [B, N, P] share of the cell that lay on the grid then.

        Returns:
            [B, N, D] and the keys and values of now [B, N, D].
        """
        q, k, v = self.qkv(x).chunk(3, -1)
        every_k = torch.cat([k[:, :, None], keys], 2).unflatten(-1, (self.heads, -1))
        every_v = torch.cat([v[:, :, None], values], 2).unflatten(-1, (self.heads, -1))
        query = self.norm_q(q.unflatten(-1, (self.heads, -1)))  # [B, N, heads, d]
        score = torch.einsum("bnhd,bnphd->bnhp", query, self.norm_k(every_k))
        score = score / math.sqrt(query.shape[-1]) + self.age
        seen = torch.cat([torch.ones_like(known[:, :, :1]), known], 2)[:, :, None]
        weight = (score + seen.clamp(1e-6).log()).softmax(-1)
        y = torch.einsum("bnhp,bnphd->bnhd", weight, every_v).flatten(2)
        return self.out(y), k, v


class Mlp(nn.Sequential):
    def __init__(self, width: int, factor: int = 3) -> None:
        super().__init__(
            nn.Linear(width, factor * width), nn.SiLU(), nn.Linear(factor * width, width)
        )


class Modulation(nn.Module):
    """adaLN-zero (Peebles and Xie, 2023): shift, scale and gate from a condition, zero at first."""

    def __init__(self, condition: int, width: int, parts: int) -> None:
        super().__init__()
        self.parts = parts
        self.line = zero_init(nn.Linear(condition, parts * width))

    def forward(self, condition: Tensor) -> tuple[Tensor, ...]:
        """[B, condition] -> ``parts`` tensors [B, 1, D]."""
        return self.line(F.silu(condition))[:, None].chunk(self.parts, -1)


def sines(x: Tensor, width: int, longest: float) -> Tensor:
    """Sine and cosine features of positions or levels; [...] -> [..., width] (width even)."""
    octaves = torch.arange(width // 2, device=x.device, dtype=x.dtype) / (width // 2)
    angle = x[..., None] * (2 * math.pi) * longest**-octaves
    return torch.cat([angle.sin(), angle.cos()], -1)


def places(rows: int, columns: int, width: int, cell_m: float, extent: tuple) -> Tensor:
    """Position features of a metric token grid [rows * columns, width]; width divisible by 4.

    Positions are metres in the ego frame, so that another grid has the same features at the same
    place.
    """
    x = extent[0] + (torch.arange(rows) + 0.5) * cell_m
    y = extent[2] + (torch.arange(columns) + 0.5) * cell_m
    across = sines(x / 6.4, width // 2, 64.0)[:, None].expand(-1, columns, -1)
    along = sines(y / 6.4, width // 2, 64.0)[None].expand(rows, -1, -1)
    return torch.cat([across, along], -1).flatten(0, 1)
