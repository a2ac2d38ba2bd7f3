"""Temporal fusion: BEV features of earlier frames, moved by the ego's motion into the present one.

As BEVDet4D and SOLOFusion do it (concatenation of aligned BEV features), as a residual whose last
layer starts at zero: untrained, the fused encoder is the encoder of single frames. Earlier frames
get no gradient. Shapes: B batch, P earlier frames, C channels, h, w BEV cells.
"""

from __future__ import annotations

from collections import deque

import torch
from torch import Tensor, nn

from drivewm.models import warp
from drivewm.models.encoders.base import CameraBatch, Past
from drivewm.models.grid import GridConfig
from drivewm.models.layers import ConvBlock, zero_init


class TemporalEncoder(nn.Module):
    """An encoder of single frames and what it remembers of ``frames`` - 1 earlier ones."""

    def __init__(self, single: nn.Module, grid: GridConfig, channels: int, frames: int) -> None:
        super().__init__()
        self.single, self.grid, self.channels, self.frames = single, grid, channels, frames
        self.squeeze = nn.Conv2d(channels + 1, channels // 2, 1)
        inputs = channels + (channels // 2) * (frames - 1)
        self.mix = ConvBlock(inputs, channels)
        self.add = zero_init(nn.Conv2d(channels, channels, 1))

    def forward(self, observation: CameraBatch, past: Past | None = None) -> Tensor:
        """[B, C, h, w]; without ``past`` as at the start of a recording."""
        return self.fuse(self.single(observation), past)

    def fuse(self, now: Tensor, past: Past | None) -> Tensor:
        """Features of the present frame [B, C, h, w] with those of earlier ones."""
        b, c, h, w = now.shape
        older = now.new_zeros(b, self.frames - 1, c + 1, h, w)
        if past is not None:
            count = min(past.features.shape[1], self.frames - 1)
            for p in range(1, count + 1):  # newest last in both
                older[:, -p] = aligned(
                    past.features[:, -p], past.motion[:, -p], past.known[:, -p], self.grid
                )
        squeezed = self.squeeze(older.flatten(0, 1)).unflatten(0, (b, -1)).flatten(1, 2)
        return now + self.add(self.mix(torch.cat([now, squeezed], 1)))


def aligned(features: Tensor, motion: Tensor, known: Tensor, grid: GridConfig) -> Tensor:
    """Earlier features [B, C, h, w] in the present frame, and where they are known.

    Args:
        motion: [B, 3] of the ego since then, in the frame of then.
        known: bool [B]; rows that are not are zero.

    Returns:
        [B, C + 1, h, w].
    """
    factor = grid.shape[0] // features.shape[2]
    cells = warp.centers(grid, features).expand(len(features), -1, -1, -1)
    points = warp.to_previous_frame(warp.resize_points(cells, factor), motion)
    ones = torch.ones_like(features[:, :1])
    moved = warp.sample(torch.cat([features, ones], 1), points, grid)
    return moved * known[:, None, None, None]


class BevMemory:
    """The streaming state of an encoder: feed it every frame in order."""

    def __init__(self, encoder: nn.Module) -> None:
        self.encoder = encoder
        self.fused = isinstance(encoder, TemporalEncoder)
        frames = encoder.frames if isinstance(encoder, TemporalEncoder) else 1
        self._features: deque[Tensor] = deque(maxlen=max(frames - 1, 1))
        self._motion: deque[Tensor] = deque(maxlen=max(frames - 1, 1))

    def encode(self, observation: CameraBatch | Tensor, motion: Tensor | None) -> Tensor:
        """[B, C, h, w] features of the frame that follows the last one fed.

        Args:
            motion: [B, 3] of the ego since the last frame; None when there was none, or when too
                much time has passed: what was remembered is then forgotten.
        """
        if not isinstance(self.encoder, TemporalEncoder):
            return self.encoder(observation)
        if motion is None:
            self._features.clear()
            self._motion.clear()
        else:
            self._motion = deque(
                (warp.compose(m, motion) for m in self._motion), self._motion.maxlen
            )
        now = self.encoder.single(observation)
        fused = self.encoder.fuse(now, self._past())
        self._features.append(now.detach())
        self._motion.append(torch.zeros_like(now[:, :3, 0, 0]))
        return fused

    def _past(self) -> Past | None:
        if not self._features:
            return None
        features, motion = torch.stack(list(self._features), 1), torch.stack(list(self._motion), 1)
        known = torch.ones(motion.shape[:2], dtype=torch.bool, device=motion.device)
        return Past(features=features, motion=motion, known=known)
