import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from drivewm.models.encoders.projection import PullCache, pull_weights, voxel_points
from drivewm.models.grid import GridConfig

GRID = GridConfig(x_max_m=38.4, y_min_m=-25.6, y_max_m=25.6, cell_m=1.6)
SIZE, STRIDE = (64, 112), 4


def forward_camera() -> tuple[np.ndarray, np.ndarray]:
    """A level camera 1.5 m up that looks along +x."""
    intrinsics = np.array([[90.0, 0.0, 56.0], [0.0, 90.0, 32.0], [0.0, 0.0, 1.0]])
    ego_from_camera = np.eye(4)
    ego_from_camera[:3, :3] = np.array([[0, 0, 1], [-1, 0, 0], [0, -1, 0]])
    ego_from_camera[:3, 3] = [1.0, 0.0, 1.5]
    return intrinsics[None], ego_from_camera[None]


@given(st.floats(3, 35), st.floats(-8, 8), st.floats(0, 3))
def test_a_seen_point_reads_the_feature_at_its_pixel(x, y, z):
    intrinsics, pose = forward_camera()
    point = np.array([[x, y, z]])
    pixel = np.array([90 * -y / (x - 1) + 56, 90 * (1.5 - z) / (x - 1) + 32])
    row, column, weight = pull_weights(point, intrinsics, pose, SIZE, STRIDE, np.ones(1, bool))
    inside = (pixel > 0).all() and pixel[0] < SIZE[1] and pixel[1] < SIZE[0]
    if not inside:
        assert len(row) == 0
        return
    assert np.isclose(weight.sum(), 1.0)
    u = (column % 28 + 0.5) * STRIDE
    v = (column // 28 + 0.5) * STRIDE
    half = STRIDE / 2  # pictures end half a cell beyond the outer feature centres
    assert abs((weight * u).sum() - np.clip(pixel[0], half, SIZE[1] - half)) < 1e-6
    assert abs((weight * v).sum() - np.clip(pixel[1], half, SIZE[0] - half)) < 1e-6


def test_what_is_behind_or_absent_is_not_seen():
    intrinsics, pose = forward_camera()
    behind = np.array([[-5.0, 0.0, 0.0]])
    assert len(pull_weights(behind, intrinsics, pose, SIZE, STRIDE, np.ones(1, bool))[0]) == 0
    ahead = np.array([[10.0, 0.0, 0.5]])
    assert len(pull_weights(ahead, intrinsics, pose, SIZE, STRIDE, np.zeros(1, bool))[0]) == 0


def test_two_equal_cameras_average_and_the_backward_pass_is_the_transpose():
    intrinsics, pose = (np.repeat(a, 2, 0) for a in forward_camera())
    cache = PullCache(GRID, (0.0, 1.0), STRIDE)
    features = torch.rand(1, 2, 3, 16, 28, requires_grad=True)
    args = (
        torch.from_numpy(intrinsics)[None].float(), torch.from_numpy(pose)[None].float(),
        torch.ones(1, 2, dtype=torch.bool), SIZE,
    )  # fmt: skip
    voxels = cache.pull(features, *args)
    only = features.detach().mean(1, keepdim=True).expand(-1, 2, -1, -1, -1)
    torch.testing.assert_close(voxels, cache.pull(only, *args), atol=1e-5, rtol=0)
    gradient = torch.rand_like(voxels)
    voxels.backward(gradient)
    matrix = cache._known[next(iter(cache._known))][0].to_dense()
    expected = (matrix.T @ gradient[0]).reshape(2, 16, 28, 3).permute(0, 3, 1, 2)
    torch.testing.assert_close(features.grad[0], expected, atol=1e-5, rtol=0)


def test_voxel_points_lie_on_the_cell_centres():
    points = voxel_points(GRID, (0.0, 2.0)).reshape(*GRID.shape[:2], 2, 3)
    assert np.allclose(points[0, 0, 0], [-12.0, -24.8, 0.0])
    assert np.allclose(points[-1, -1, 1], [37.6, 24.8, 2.0])
