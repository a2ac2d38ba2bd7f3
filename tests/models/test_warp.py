import math

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from drivewm.geometry import se2
from drivewm.models import warp
from drivewm.models.grid import GridConfig

GRID = GridConfig(x_max_m=38.4, y_min_m=-25.6, y_max_m=25.6, cell_m=1.6)
MOTIONS = st.tuples(
    st.floats(-5, 5, width=32), st.floats(-2, 2, width=32), st.floats(-1, 1, width=32)
)


@given(MOTIONS, MOTIONS)
def test_compose_equals_the_numpy_poses(first, second):
    a, b = torch.tensor([first]).double(), torch.tensor([second]).double()
    expected = se2.compose(np.array(first, float), np.array(second, float))
    ours = warp.compose(a, b)[0].numpy()
    np.testing.assert_allclose(ours[:2], expected[:2], atol=1e-9)
    assert math.isclose(math.cos(ours[2] - expected[2]), 1.0, abs_tol=1e-12)


@given(MOTIONS)
def test_points_of_the_frame_after_a_motion_land_where_se2_says(motion):
    cells = warp.centers(GRID, torch.zeros(1, dtype=torch.float64))[None]
    moved = warp.to_previous_frame(cells, torch.tensor([motion]).double())[0].numpy()
    expected = se2.from_local(np.array(motion, float), cells[0].numpy())
    np.testing.assert_allclose(moved, expected, atol=1e-9)


def test_driving_one_cell_forward_moves_the_world_one_cell_back():
    nx, ny, _ = GRID.shape
    values = torch.rand(1, 2, nx, ny)
    cells = warp.centers(GRID, values)[None]
    step = torch.tensor([[GRID.cell_m, 0.0, 0.0]])
    moved = warp.sample(values, warp.to_previous_frame(cells, step), GRID)
    torch.testing.assert_close(moved[:, :, :-1], values[:, :, 1:], atol=1e-4, rtol=0)


def test_a_quarter_turn_to_the_left_puts_what_was_left_ahead():
    grid = GridConfig(x_min_m=-25.6, x_max_m=25.6, y_min_m=-25.6, y_max_m=25.6, cell_m=1.6)
    values = torch.zeros(1, 1, 32, 32)
    values[0, 0, 16, 26] = 1.0  # 0.8 m ahead, 16.8 m to the left
    cells = warp.centers(grid, values)[None]
    turned = warp.sample(
        values, warp.to_previous_frame(cells, torch.tensor([[0.0, 0.0, math.pi / 2]])), grid
    )
    assert torch.nonzero(turned[0, 0] > 0.5).tolist() == [[26, 15]]  # ahead, 0.8 m to the right


def test_velocities_turn_with_the_frame():
    ahead = torch.zeros(1, 2, 1, 1)
    ahead[0, 0] = 3.0
    turned = warp.rotate_vectors(ahead, torch.tensor([math.pi / 2]))[0, :, 0, 0]
    torch.testing.assert_close(turned, torch.tensor([0.0, -3.0]), atol=1e-6, rtol=0)


def test_moved_occupancy_is_a_distribution_and_free_beyond_the_grid():
    torch.manual_seed(0)
    start = torch.rand(2, 3, 2, *GRID.shape[:2]).softmax(1)
    cells = warp.centers(GRID, start).expand(2, -1, -1, -1)
    out = warp.moved_occupancy(start, cells + 3.3, GRID)
    torch.testing.assert_close(out.sum(1), torch.ones_like(out[:, 0]), atol=1e-5, rtol=0)
    assert (out >= 0).all() and (out[:, -1, :, -1, -1] == 1.0).all()


def test_a_place_ahead_comes_nearer():
    cells = torch.tensor([[[[10.0, 1.0]]]])
    there = warp.to_later_frame(cells, torch.tensor([[4.0, 0.0, 0.0], [4.0, 0.0, math.pi / 2]]))
    torch.testing.assert_close(there[0, 0, 0], torch.tensor([6.0, 1.0]))
    torch.testing.assert_close(there[1, 0, 0], torch.tensor([1.0, -6.0]), atol=1e-5, rtol=0)


@given(MOTIONS)
def test_to_a_later_frame_and_back_is_the_same(motion):
    points, there = warp.centers(GRID, torch.zeros(1))[None], torch.tensor([motion])
    back = warp.to_previous_frame(warp.to_later_frame(points, there), there)
    torch.testing.assert_close(back, points, atol=1e-3, rtol=0)
