import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from drivewm.models.encoders.config import LiftConfig
from drivewm.models.encoders.frustum import LiftCache, cells_of, frustum_points, project
from drivewm.models.encoders.lift import LiftEncoder, depth_centers, depth_loss
from tests.models.encoders.rigs import GRID, LENS, SMALL, cameras, looking

EDGES = (-1.0, 0.6, 2.2, 5.4)


@given(st.floats(-3, 3), st.integers(0, 7), st.integers(0, 13), st.floats(1, 40))
def test_a_frustum_point_projects_onto_the_cell_it_came_from(yaw, row, column, depth):
    pose = torch.from_numpy(looking(yaw))[None]
    lens = torch.from_numpy(LENS)[None]
    points = frustum_points(lens, pose, torch.tensor([depth]), (8, 14), 8)
    point = points[0, 0, row, column][None]
    there = torch.ones(1, 1, dtype=torch.bool)
    share, seen = project(point, lens[None], pose[None], there, (64, 112))
    assert bool(seen)
    expected = torch.tensor([(column + 0.5) / 14, (row + 0.5) / 8]).double()
    torch.testing.assert_close(share[0, 0, 0], expected, atol=1e-6, rtol=0)
    assert np.isclose(np.linalg.norm(np.linalg.inv(looking(yaw))[2] @ [*point[0], 1.0]), depth)


def test_cells_are_those_of_the_grid():
    points = torch.tensor(
        [[0.0, 0.0, 0.0], [38.3, 25.5, 5.3], [38.5, 0, 0], [0, 0, -1.1], [0, 0, 6]]
    )
    nx, ny, _ = GRID.shape
    cell = cells_of(points, GRID, EDGES)
    assert cell.tolist() == [(8 * ny + 16) * 3, (nx * ny - 1) * 3 + 2, -1, -1, -1]


@torch.no_grad()
def test_a_certain_depth_puts_the_feature_into_one_cell():
    """One lit pixel at 20.6 m straight ahead lights the cell there and no other."""
    torch.manual_seed(0)
    config = LiftConfig(**SMALL)
    encoder = LiftEncoder(config, GRID, 16)
    bins = depth_centers(config)
    logits = torch.full((1, 1, len(bins), 8, 14), 0.0)
    chosen = int((bins - 20.6).abs().argmin())
    logits[:, :, chosen] = 80.0
    context = torch.zeros(1, 1, 8, 8, 14)
    context[0, 0, :, 4, 7] = 1.0  # just below and right of the middle
    seen = cameras((0.0,))
    pooled = encoder._pool(logits, context, seen)
    where = torch.nonzero(pooled.abs().sum(1)[0] > 1e-6)
    assert len(where) == 1
    depth = float(bins[chosen])
    x = GRID.x_min_m + (float(where[0, 0]) + 0.5) * GRID.cell_m
    y = GRID.y_min_m + (float(where[0, 1]) + 0.5) * GRID.cell_m
    assert abs(x - depth) <= GRID.cell_m / 2 + 1e-6
    assert abs(y + (60.0 - 56.0) / 90.0 * depth) <= GRID.cell_m / 2 + 1e-6
    assert torch.isclose(pooled.sum(), torch.tensor(8.0))  # all of it, once


def test_the_cache_drops_what_lies_outside_and_answers_again_without_work(monkeypatch):
    cache = LiftCache(GRID, EDGES, torch.tensor([5.0, 200.0]), 8)
    seen = cameras((0.0,))
    args = (seen.intrinsics[0], seen.ego_from_camera[0], seen.present[0], (8, 14))
    cell, point, pixel = cache.indices(*args)
    assert (cell >= 0).all() and (point < 8 * 14).all()  # none at 200 m
    assert (pixel == point).all()
    monkeypatch.setattr(cache, "_work_out", None)
    assert cache.indices(*args)[0] is cell


def test_depth_is_learned_only_where_a_point_fell():
    config = LiftConfig(**SMALL, depth_bins=4, depth_min_m=2.0, depth_max_m=42.0)
    logits = torch.zeros(1, 1, 4, 2, 2, requires_grad=True)
    depth = torch.tensor([[[[7.0, float("nan")], [100.0, float("nan")]]]])
    loss = depth_loss(logits, depth, config)
    assert torch.isclose(loss, torch.log(torch.tensor(4.0)))
    loss.backward()
    assert (logits.grad[0, 0, :, 0, 0] != 0).all() and not logits.grad[0, 0, :, 1].any()
    nothing = depth_loss(logits, torch.full_like(depth, float("nan")), config)
    assert float(nothing.detach()) == 0.0
