"""A small model and hand-built occupancy for tests."""

from __future__ import annotations

import numpy as np
import torch

from drivewm.config import load
from drivewm.models.grid import GridConfig
from drivewm.models.world_model import ModelConfig, WorldModel, certain_logits
from drivewm.scene import OccClass
from drivewm.training.config import TrainConfig


def smoke_config(**changes) -> TrainConfig:
    config = load(TrainConfig, "train/smoke")
    return config.model_copy(update=changes)


def privileged_model() -> WorldModel:
    torch.manual_seed(0)
    config = smoke_config().model
    return WorldModel(
        config.model_copy(update={"encoder": "privileged", "imagined_steps": 6})
    ).eval()


def road_with_car(grid: GridConfig, car_x_m: float, car_y_m: float) -> np.ndarray:
    """uint8 [X, Y, Z]: road everywhere below, one car of 4.8 x 1.6 m with its rear at car_x_m."""
    nx, ny, nz = grid.shape
    out = np.full((nx, ny, nz), OccClass.FREE, np.uint8)
    out[..., 0] = OccClass.DRIVEABLE_SURFACE
    ix = round((car_x_m - grid.x_min_m) / grid.cell_m)
    iy = round((car_y_m - grid.y_min_m) / grid.cell_m)
    out[ix : ix + round(4.8 / grid.cell_m), iy : iy + round(1.6 / grid.cell_m), :2] = OccClass.CAR
    return out


def logits_of(occupancy: np.ndarray) -> torch.Tensor:
    """[1, K, Z, X, Y] logits that are sure of ``occupancy`` [X, Y, Z]."""
    return certain_logits(torch.from_numpy(occupancy).long()[None])


def action(dx_m: float, dy_m: float = 0.0, dyaw_rad: float = 0.0) -> torch.Tensor:
    """One action [1, 6] of half a second."""
    from drivewm.models.dynamics.base import make_action

    return make_action(torch.tensor([[dx_m, dy_m, dyaw_rad]]), torch.tensor([0.5]))


__all__ = [
    "ModelConfig", "action", "logits_of", "privileged_model", "road_with_car", "smoke_config",
]  # fmt: skip
