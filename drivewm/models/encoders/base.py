"""What an encoder sees and gives. Shapes: B batch, N cameras, P earlier frames, X, Y, Z cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from drivewm.errors import InputError


@dataclass(frozen=True, kw_only=True)
class CameraBatch:
    """Pictures of one instant. Absent cameras are zero pictures with ``present`` False."""

    images: Tensor  # uint8 or float in 0..1 [B, N, 3, H, W]
    intrinsics: Tensor  # [B, N, 3, 3] for this picture size
    ego_from_camera: Tensor  # [B, N, 4, 4] at the instant of the frame
    present: Tensor  # bool [B, N]

    def unit_images(self) -> Tensor:
        """Float images [B, N, 3, H, W] in 0..1.

        Raises:
            InputError: a picture that is present holds a value that is no number.
        """
        if self.images.dtype == torch.uint8:
            return self.images.float() / 255.0
        finite = torch.isfinite(self.images).flatten(2).all(2) | ~self.present
        if not bool(finite.all()):
            b, n = (int(v) for v in torch.nonzero(~finite)[0])
            raise InputError(
                f"the picture of camera {n} in row {b} of the batch holds NaN or infinity",
                field="images", fix="mark the camera absent (present = False) or repair it",
            )  # fmt: skip
        return torch.where(self.present[..., None, None, None], self.images, 0.0)


@dataclass(frozen=True, kw_only=True)
class Past:
    """Features of earlier frames, newest last, and how the ego has moved since each."""

    features: Tensor  # [B, P, C, h, w]
    motion: Tensor  # [B, P, 3] from that frame to the present one, in the frame of then
    known: Tensor  # bool [B, P]; False where the recording had not begun


class Encoder(Protocol):
    """Images or occupancy to BEV features."""

    channels: int

    def __call__(self, observation: CameraBatch | Tensor) -> Tensor:
        """One instant of B scenes -> [B, channels, X / 2, Y / 2]."""
