"""Which columns of the grid belong together: connected ones of one kind and about one flow.

Shapes: B batch, X, Y cells.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

ALIKE_MPS = 2.0  # neighbouring columns whose flow differs by more are two objects
NEIGHBOURS = ((-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1))
_ROUNDS = 12  # of merging labels; each reaches twice as far as the one before


def connected(present: Tensor, kind: Tensor, flow: Tensor) -> Tensor:
    """A cell of the same object for every cell; int64 [B, X, Y].

    Args:
        present: bool [B, X, Y]; what is not is an object of its own.
        kind: int64 [B, X, Y]; neighbours of another kind are other objects.
        flow: [B, 2, X, Y] m/s.
    """
    b, nx, ny = present.shape
    label = torch.arange(nx * ny, device=flow.device).view(1, nx, ny).expand(b, -1, -1)
    links = [
        present & shift(present, s, 0.0) & (kind == shift(kind, s, -1))
        & ((flow - shift(flow, s, 1e9)).norm(dim=1) < ALIKE_MPS)
        for s in NEIGHBOURS
    ]  # fmt: skip
    for _ in range(_ROUNDS):
        for linked, s in zip(links, NEIGHBOURS):
            label = torch.where(linked, torch.maximum(label, shift(label, s, 0)), label)
        flat = label.flatten(1)
        label = flat.gather(1, flat).view(b, nx, ny)
    return label


def shift(planes: Tensor, by: tuple[int, int], fill: float) -> Tensor:
    """Planes [..., X, Y] whose cell (x, y) holds what was at (x, y) + ``by``."""
    dx, dy = by
    nx, ny = planes.shape[-2:]
    kind = planes.dtype
    whole = planes.to(torch.uint8) if kind == torch.bool else planes
    padded = F.pad(whole, (1, 1, 1, 1), value=fill)
    return padded[..., 1 + dx : 1 + dx + nx, 1 + dy : 1 + dy + ny].to(kind)


def mean_of(values: Tensor, label: Tensor, weight: Tensor) -> Tensor:
    """Weighted mean of values [B, X * Y, D] over each label, at every cell."""
    index = label[..., None].expand(-1, -1, values.shape[-1])
    total = torch.zeros_like(values).scatter_add(1, index, values * weight[..., None])
    count = torch.zeros_like(weight).scatter_add(1, label, weight)
    return (total / count.clamp(min=1.0)[..., None]).gather(1, index)
