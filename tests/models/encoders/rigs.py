"""Hand-built cameras whose pictures are known."""

from __future__ import annotations

import numpy as np
import torch

from drivewm.models.encoders.base import CameraBatch
from drivewm.models.encoders.build import build_encoder
from drivewm.models.grid import GridConfig
from drivewm.models.world_model import ModelConfig

GRID = GridConfig(x_max_m=38.4, y_min_m=-25.6, y_max_m=25.6, cell_m=1.6)
SMALL = {"image_height": 64, "image_width": 112, "image_channels": 8, "image_width_channels": 4}
LENS = np.array([[90.0, 0.0, 56.0], [0.0, 90.0, 32.0], [0.0, 0.0, 1.0]])
NAMES = ("pull", "lift", "query")


def looking(yaw_rad: float) -> np.ndarray:
    """[4, 4] a level camera 1.5 m above the rear axle that looks along ``yaw_rad``."""
    cos, sin = np.cos(yaw_rad), np.sin(yaw_rad)
    pose = np.eye(4)
    pose[:3, :3] = np.array([[sin, 0, cos], [-cos, 0, sin], [0, -1, 0]])
    pose[:3, 3] = [0.0, 0.0, 1.5]
    return pose


def model_config(encoder: str, **changes) -> ModelConfig:
    """A small model with the given encoder; ``changes`` are of the encoder's own block."""
    block = {**SMALL, **changes.pop("block", {})}
    return ModelConfig.model_validate(
        {"encoder": encoder, "grid": GRID, "channels": 16, encoder: block, **changes}
    )


def encoder_of(name: str, **changes) -> torch.nn.Module:
    """An untrained encoder, always the same."""
    torch.manual_seed(0)
    return build_encoder(model_config(name, **changes)).eval()


def cameras(yaws_rad: tuple[float, ...] = (0.0, 1.2, -1.2), batch: int = 1) -> CameraBatch:
    """Random pictures of level cameras that look along ``yaws_rad``."""
    generator = torch.Generator().manual_seed(1)
    count = len(yaws_rad)
    images = torch.rand(batch, count, 3, 64, 112, generator=generator)
    lens = torch.from_numpy(LENS).float().expand(batch, count, 3, 3)
    poses = torch.from_numpy(np.stack([looking(y) for y in yaws_rad])).float()
    return CameraBatch(
        images=(images * 255).to(torch.uint8), intrinsics=lens,
        ego_from_camera=poses.expand(batch, count, 4, 4),
        present=torch.ones(batch, count, dtype=torch.bool),
    )  # fmt: skip
