"""What an encoder sees and gives. Shapes: B batch, N cameras, X, Y, Z cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class CameraBatch:
    """Pictures of one instant. Absent cameras are zero pictures with ``present`` False."""

    images: Tensor  # uint8 or float in 0..1 [B, N, 3, H, W]
    intrinsics: Tensor  # [B, N, 3, 3] for this picture size
    ego_from_camera: Tensor  # [B, N, 4, 4] at the instant of the frame
    present: Tensor  # bool [B, N]


class Encoder(Protocol):
    """Images or occupancy to BEV features."""

    channels: int

    def __call__(self, observation: CameraBatch | Tensor) -> Tensor:
        """One instant of B scenes -> [B, channels, X / 2, Y / 2]."""
