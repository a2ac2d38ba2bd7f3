"""Which image features each voxel sees, as a sparse matrix.

Exact pinhole projection through each camera's own pose and intrinsics; a matrix is built once per
rig and kept. Shapes: N cameras, V voxels, h, w feature map.
"""

from __future__ import annotations

import warnings
from collections import OrderedDict

import numpy as np
import torch
from torch import Tensor

from drivewm.models.grid import GridConfig, cell_centers

MIN_DEPTH_M = 0.5
_KEPT = 64  # rigs remembered


def voxel_points(grid: GridConfig, heights_m: tuple[float, ...]) -> np.ndarray:
    """Sampling points of the pull operator in the ego frame; [V, 3], height fastest."""
    plane = cell_centers(grid).reshape(-1, 1, 2)
    heights = np.broadcast_to(np.asarray(heights_m)[None, :, None], (len(plane), len(heights_m), 1))
    return np.concatenate([np.repeat(plane, len(heights_m), 1), heights], -1).reshape(-1, 3)


def pull_weights(
    points_m: np.ndarray,
    intrinsics: np.ndarray,
    ego_from_camera: np.ndarray,
    image_size: tuple[int, int],
    stride: int,
    present: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Bilinear weights of every voxel over the features of all cameras, averaged over views.

    Args:
        points_m: [V, 3] in the ego frame.
        intrinsics: [N, 3, 3] in pixels of the input image.
        ego_from_camera: [N, 4, 4].
        image_size: (height, width) of the input image, pixels.
        stride: input pixels per feature cell.
        present: bool [N]; absent cameras see nothing.

    Returns:
        rows (voxel), columns (camera * h * w + row * w + column), weights; COO triplets.
    """
    h, w = image_size[0] // stride, image_size[1] // stride
    rows, columns, weights = [], [], []
    for n in np.flatnonzero(present):
        camera_from_ego = np.linalg.inv(ego_from_camera[n])
        local = points_m @ camera_from_ego[:3, :3].T + camera_from_ego[:3, 3]
        depth = local[:, 2]
        front = depth > MIN_DEPTH_M
        pixel = local @ intrinsics[n].T
        safe = np.where(front, depth, 1.0)
        u = pixel[:, 0] / safe / stride - 0.5  # feature columns, cell centres at integers
        v = pixel[:, 1] / safe / stride - 0.5
        seen = np.flatnonzero(front & (u > -0.5) & (u < w - 0.5) & (v > -0.5) & (v < h - 0.5))
        u0, v0 = np.floor(u[seen]), np.floor(v[seen])
        fu, fv = u[seen] - u0, v[seen] - v0
        for dv, du in ((0, 0), (0, 1), (1, 0), (1, 1)):
            weight = (fv if dv else 1 - fv) * (fu if du else 1 - fu)
            column = np.clip(v0 + dv, 0, h - 1) * w + np.clip(u0 + du, 0, w - 1)
            rows.append(seen)
            columns.append(n * h * w + column.astype(np.int64))
            weights.append(weight)
    if not rows:
        empty = np.zeros(0, np.int64)
        return empty, empty, np.zeros(0)
    row, column, weight = map(np.concatenate, (rows, columns, weights))
    total = np.bincount(row, weight, minlength=len(points_m))  # number of views of each voxel
    return row, column, weight / total[row]


class _Pull(torch.autograd.Function):
    """Sparse times dense with the transposed matrix at hand for the backward pass.

    In single precision whatever the features have: sparse products know no bfloat16 on the CPU.
    """

    @staticmethod
    def forward(ctx, features, matrix, transposed):  # features [P, C] -> [V, C]
        ctx.transposed = transposed
        with torch.autocast(features.device.type, enabled=False):
            return (matrix @ features.float()).to(features.dtype)

    @staticmethod
    def backward(ctx, gradient):
        with torch.autocast(gradient.device.type, enabled=False):
            back = ctx.transposed @ gradient.float().contiguous()
        return back.to(gradient.dtype), None, None


class PullCache:
    """Builds and remembers the pull matrices of the rigs it has met."""

    def __init__(self, grid: GridConfig, heights_m: tuple[float, ...], stride: int) -> None:
        self.points_m = voxel_points(grid, heights_m)
        self.stride = stride
        self._known: OrderedDict[tuple, tuple[Tensor, Tensor]] = OrderedDict()

    def _matrices(
        self, intrinsics: Tensor, ego_from_camera: Tensor, present: Tensor, size: tuple[int, int]
    ) -> tuple[Tensor, Tensor]:
        arrays = [t.detach().cpu().double().numpy() for t in (intrinsics, ego_from_camera)]
        mask = present.detach().cpu().numpy().astype(bool)
        key = (
            size,
            str(intrinsics.device),
            *(a.round(6).tobytes() for a in arrays),
            mask.tobytes(),
        )
        if key in self._known:
            self._known.move_to_end(key)
            return self._known[key]
        row, column, weight = pull_weights(
            self.points_m, arrays[0], arrays[1], size, self.stride, mask
        )
        h, w = size[0] // self.stride, size[1] // self.stride
        shape = (len(self.points_m), len(mask) * h * w)
        triplets = torch.from_numpy(np.stack([row, column])), torch.from_numpy(weight).float()
        with warnings.catch_warnings():  # torch calls its CSR format beta
            warnings.simplefilter("ignore", UserWarning)
            coo = torch.sparse_coo_tensor(*triplets, shape).coalesce().to(intrinsics.device)
            pair = coo.to_sparse_csr(), coo.t().coalesce().to_sparse_csr()
        self._known[key] = pair
        if len(self._known) > _KEPT:
            self._known.popitem(last=False)
        return pair

    def pull(
        self,
        features: Tensor,
        intrinsics: Tensor,
        ego_from_camera: Tensor,
        present: Tensor,
        size: tuple[int, int],
    ) -> Tensor:
        """[B, N, C, h, w] features -> [B, V, C] voxel features (zero where no camera looks)."""
        out = []
        for b in range(len(features)):
            matrix, transposed = self._matrices(intrinsics[b], ego_from_camera[b], present[b], size)
            flat = features[b].permute(0, 2, 3, 1).reshape(-1, features.shape[2])
            out.append(_Pull.apply(flat, matrix, transposed))
        return torch.stack(out)
