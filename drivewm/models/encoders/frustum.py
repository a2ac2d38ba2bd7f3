"""Points on the rays of image features, and points of the ego frame in the pictures.

Exact pinhole geometry through each camera's own pose and intrinsics.
Shapes: B batch, N cameras, D depths, Q points, h, w feature cells.
"""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import Tensor

from drivewm.models.grid import GridConfig

MIN_DEPTH_M = 0.5
_KEPT = 64  # rigs remembered


def frustum_points(
    intrinsics: Tensor, ego_from_camera: Tensor, depths_m: Tensor, shape: tuple[int, int], step: int
) -> Tensor:
    """Ego-frame points [N, D, h, w, 3] at depths along the rays through the feature cells' centres.

    Args:
        intrinsics: [N, 3, 3] in input pixels.
        ego_from_camera: [N, 4, 4].
        depths_m: [D] along the optical axis.
        shape: (h, w) of the features.
        step: input pixels per feature cell.
    """
    h, w = shape
    v = (torch.arange(h, dtype=torch.float64) + 0.5) * step
    u = (torch.arange(w, dtype=torch.float64) + 0.5) * step
    pixels = torch.stack(
        [u[None].expand(h, w), v[:, None].expand(h, w), torch.ones(h, w, dtype=torch.float64)], -1
    )
    rays = torch.einsum("nij,hwj->nhwi", torch.linalg.inv(intrinsics.double()), pixels)
    rays = rays / rays[..., 2:]
    local = rays[:, None] * depths_m.double()[:, None, None, None]  # [N, D, h, w, 3]
    pose = ego_from_camera.double()
    turned = torch.einsum("nij,ndhwj->ndhwi", pose[:, :3, :3], local)
    return turned + pose[:, None, None, None, :3, 3]


def cells_of(points_m: Tensor, grid: GridConfig, height_edges_m: tuple[float, ...]) -> Tensor:
    """The BEV cell and height layer of points [..., 3]; int64 [...], -1 outside.

    Numbered ((ix * Y) + iy) * layers + layer.
    """
    nx, ny, _ = grid.shape
    ix = torch.floor((points_m[..., 0] - grid.x_min_m) / grid.cell_m).long()
    iy = torch.floor((points_m[..., 1] - grid.y_min_m) / grid.cell_m).long()
    edges = torch.tensor(height_edges_m, dtype=points_m.dtype)
    layer = torch.bucketize(points_m[..., 2].contiguous(), edges, right=True) - 1
    layers = len(edges) - 1
    inside = (
        (ix >= 0) & (ix < nx) & (iy >= 0) & (iy < ny) & (layer >= 0) & (layer < layers)
    )  # fmt: skip
    return torch.where(inside, (ix * ny + iy) * layers + layer, -1)


class LiftCache:
    """Which frustum points fall into which cell, worked out once per rig.

    Points outside the grid are dropped, so that nothing is computed for them.
    """

    def __init__(
        self, grid: GridConfig, height_edges_m: tuple[float, ...], depths_m: Tensor, step: int
    ) -> None:
        self.grid, self.edges, self.depths_m, self.step = grid, height_edges_m, depths_m, step
        self._known: OrderedDict[tuple, tuple[Tensor, Tensor, Tensor]] = OrderedDict()

    def indices(
        self, intrinsics: Tensor, ego_from_camera: Tensor, present: Tensor, shape: tuple[int, int]
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Of one rig: (cell, point, pixel), int64 [K] each, for the K points inside the grid.

        ``point`` counts over [N, D, h, w], ``pixel`` over [N, h, w].
        """
        rig = [t.detach().cpu().double() for t in (intrinsics, ego_from_camera)]
        key = (
            shape, str(intrinsics.device), present.detach().cpu().numpy().tobytes(),
            *(t.numpy().round(6).tobytes() for t in rig),
        )  # fmt: skip
        if key not in self._known:
            found = self._work_out(rig[0], rig[1], present.detach().cpu(), shape)
            self._known[key] = tuple(t.to(intrinsics.device) for t in found)  # type: ignore
            if len(self._known) > _KEPT:
                self._known.popitem(last=False)
        self._known.move_to_end(key)
        return self._known[key]

    def _work_out(
        self, intrinsics: Tensor, ego_from_camera: Tensor, present: Tensor, shape: tuple[int, int]
    ) -> tuple[Tensor, Tensor, Tensor]:
        points = frustum_points(intrinsics, ego_from_camera, self.depths_m, shape, self.step)
        cells = cells_of(points, self.grid, self.edges)
        cells[~present] = -1
        point = torch.nonzero(cells.flatten() >= 0)[:, 0]
        cell = cells.flatten()[point]
        order = torch.argsort(cell, stable=True)  # neighbours in memory are neighbours in the grid
        cell, point = cell[order], point[order]
        n, depth, area = len(intrinsics), len(self.depths_m), shape[0] * shape[1]
        pixel = point // (depth * area) * area + point % area
        assert n * depth * area == cells.numel()
        return cell, point, pixel


def project(
    points_m: Tensor,
    intrinsics: Tensor,
    ego_from_camera: Tensor,
    present: Tensor,
    size: tuple[int, int],
) -> tuple[Tensor, Tensor]:
    """Where ego-frame points [Q, 3] appear in every picture.

    Args:
        size: (height, width) of the input pictures.

    Returns:
        positions [B, N, Q, 2] as shares of the picture's width and height (0 = left or upper
        edge, 1 = right or lower edge), and bool [B, N, Q]: in front of a camera that is present,
        and inside its picture.
    """
    rotation, origin = ego_from_camera[..., :3, :3].double(), ego_from_camera[..., :3, 3].double()
    offset = points_m.double() - origin[..., None, :]  # [B, N, Q, 3]
    local = torch.einsum("bnji,bnqj->bnqi", rotation, offset)
    image = torch.einsum("bnij,bnqj->bnqi", intrinsics.double(), local)
    depth = local[..., 2]
    front = depth > MIN_DEPTH_M
    pixel = image[..., :2] / torch.where(front, depth, 1.0)[..., None]
    share = pixel / pixel.new_tensor([size[1], size[0]])
    inside = ((share > 0) & (share < 1)).all(-1)
    return share.to(intrinsics.dtype), front & inside & present[..., None]
