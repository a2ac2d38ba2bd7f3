"""The metric grid of a model and its occupancy labels.

Shapes: X, Y, Z model cells; Occ3D's own grid is 200 x 200 x 16 at 0.4 m.
"""

from __future__ import annotations

import numpy as np
from pydantic import model_validator

from drivewm.config import Config
from drivewm.scene import OccClass

OCC3D_VOXEL_M = 0.4
OCC3D_ORIGIN_M = (-40.0, -40.0, -1.0)  # lower corner, ego frame (Occ3D-nuScenes)
OCC3D_SHAPE = (200, 200, 16)
OCC3D_CLASSES = 18
STEP_S = 0.5  # one model step, from frame to frame

# When several classes share a coarse cell the rarest that matters for driving wins.
_PRIORITY = np.array(
    [
        OccClass.PEDESTRIAN, OccClass.BICYCLE, OccClass.MOTORCYCLE, OccClass.TRAFFIC_CONE,
        OccClass.BARRIER, OccClass.CAR, OccClass.TRUCK, OccClass.BUS, OccClass.TRAILER,
        OccClass.CONSTRUCTION_VEHICLE, OccClass.OTHERS, OccClass.MANMADE, OccClass.VEGETATION,
        OccClass.DRIVEABLE_SURFACE, OccClass.SIDEWALK, OccClass.OTHER_FLAT, OccClass.TERRAIN,
        OccClass.FREE,
    ]
)  # fmt: skip
_RANK = np.argsort(_PRIORITY).astype(np.uint8)  # class -> rank, 0 wins


class GridConfig(Config):
    """Where the model looks: a box in the ego frame (x forward, y left), metres."""

    x_min_m: float = -12.8
    x_max_m: float = 32.0
    y_min_m: float = -19.2
    y_max_m: float = 19.2
    cell_m: float = 0.8  # horizontal, a multiple of 0.4
    layer_m: float = 1.6  # vertical, a multiple of 0.4; layers span Occ3D's -1.0..5.4 m

    @model_validator(mode="after")
    def _aligned(self) -> GridConfig:
        lower = (self.x_min_m, self.y_min_m)
        for name, value in (("cell_m", self.cell_m), ("layer_m", self.layer_m)):
            if not _is_multiple(value, OCC3D_VOXEL_M):
                raise ValueError(f"{name} must be a multiple of {OCC3D_VOXEL_M} m")
        for low, high in zip(lower, (self.x_max_m, self.y_max_m)):
            if low < -40.0 or high > 40.0 or not _is_multiple(high - low, self.cell_m):
                raise ValueError("the grid must lie in -40..40 m and hold whole cells")
            if low > -40.0 and not _is_multiple(low + 40.0, OCC3D_VOXEL_M):
                raise ValueError("the grid must start on an Occ3D voxel border")
        return self

    @property
    def shape(self) -> tuple[int, int, int]:
        """Cells along x, y, z."""
        return (
            round((self.x_max_m - self.x_min_m) / self.cell_m),
            round((self.y_max_m - self.y_min_m) / self.cell_m),
            round(OCC3D_SHAPE[2] * OCC3D_VOXEL_M / self.layer_m),
        )

    @property
    def extent_m(self) -> tuple[float, float, float, float]:
        return self.x_min_m, self.x_max_m, self.y_min_m, self.y_max_m


def _is_multiple(value: float, unit: float) -> bool:
    return abs(value / unit - round(value / unit)) < 1e-6 and value > 1e-9


def cell_centers(grid: GridConfig) -> np.ndarray:
    """Centres of the horizontal cells in the ego frame; [X, Y, 2] metres."""
    nx, ny, _ = grid.shape
    x = grid.x_min_m + (np.arange(nx) + 0.5) * grid.cell_m
    y = grid.y_min_m + (np.arange(ny) + 0.5) * grid.cell_m
    return np.stack(np.meshgrid(x, y, indexing="ij"), -1)


def pool_labels(semantics: np.ndarray, grid: GridConfig) -> np.ndarray:
    """Occ3D semantics on the model grid; [200, 200, 16] uint8 -> [X, Y, Z] uint8.

    A coarse cell takes the class of highest driving priority among its voxels.
    """
    nx, ny, nz = grid.shape
    step = round(grid.cell_m / OCC3D_VOXEL_M)
    height = round(grid.layer_m / OCC3D_VOXEL_M)
    ix = round((grid.x_min_m - OCC3D_ORIGIN_M[0]) / OCC3D_VOXEL_M)
    iy = round((grid.y_min_m - OCC3D_ORIGIN_M[1]) / OCC3D_VOXEL_M)
    cut = semantics[ix : ix + nx * step, iy : iy + ny * step, : nz * height]
    blocks = _RANK[cut].reshape(nx, step, ny, step, nz, height)
    return _PRIORITY[blocks.min(axis=(1, 3, 5))].astype(np.uint8)


def pool_mask(mask: np.ndarray, grid: GridConfig) -> np.ndarray:
    """A coarse cell is observed when any of its voxels is; [200, 200, 16] -> [X, Y, Z] bool."""
    nx, ny, nz = grid.shape
    step = round(grid.cell_m / OCC3D_VOXEL_M)
    height = round(grid.layer_m / OCC3D_VOXEL_M)
    ix = round((grid.x_min_m - OCC3D_ORIGIN_M[0]) / OCC3D_VOXEL_M)
    iy = round((grid.y_min_m - OCC3D_ORIGIN_M[1]) / OCC3D_VOXEL_M)
    cut = mask[ix : ix + nx * step, iy : iy + ny * step, : nz * height].astype(bool)
    return cut.reshape(nx, step, ny, step, nz, height).any(axis=(1, 3, 5))
