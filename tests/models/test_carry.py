import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from drivewm.models import carry
from drivewm.models.foresight import MOVABLE_CLASSES, flow_of, points_now
from drivewm.models.grid import GridConfig
from drivewm.scene import OccClass
from tests.models.hand import logits_of, road_with_car

GRID = GridConfig(x_min_m=-12.8, x_max_m=38.4, y_min_m=-25.6, y_max_m=25.6, cell_m=0.8)
DT = torch.tensor([0.5])


def found(occupancy: np.ndarray, velocity: tuple[float, float] = (4.0, 0.0), where=None):
    """(columns, occupancy without them) of hand-built labels whose flow is one velocity."""
    flow = torch.zeros(1, 2, *occupancy.shape[:2])
    inside = np.ones(occupancy.shape[:2], bool) if where is None else where
    flow[0, :, torch.from_numpy(inside)] = torch.tensor(velocity)[:, None]
    return carry.find(logits_of(occupancy).softmax(1), flow, MOVABLE_CLASSES, GRID)


def two_cars(gap_m: float) -> np.ndarray:
    """One car beside the other, ``gap_m`` of road between them."""
    first = road_with_car(GRID, 9.6, 0.0)
    second = road_with_car(GRID, 9.6, 1.6 + gap_m)
    return np.where(second == OccClass.CAR, second, first)


def test_a_moving_car_is_one_object_and_leaves_road_behind():
    occupancy = road_with_car(GRID, 9.6, 0.0)
    moving, rest = found(occupancy)
    count = int((occupancy == OccClass.CAR).any(-1).sum())
    assert int(moving.used.sum()) == count
    members = moving.member[moving.used > 0]
    assert members.unique().numel() == 1
    centre = moving.centre_m[0, members[0]].numpy()
    np.testing.assert_allclose(centre, [12.0, 0.8], atol=1e-5)
    classes = rest.argmax(1)[0].permute(1, 2, 0).numpy()  # [X, Y, Z]
    assert (classes[..., 0] == OccClass.DRIVEABLE_SURFACE).all()
    assert (classes[..., 1:] == OccClass.FREE).all()


def test_a_standing_car_stays_static():
    occupancy = road_with_car(GRID, 9.6, 0.0)
    moving, rest = found(occupancy, (0.3, 0.0))
    assert not moving.used.any()
    torch.testing.assert_close(rest, logits_of(occupancy).softmax(1))


def test_two_touching_cars_of_different_speed_are_two_objects():
    occupancy = two_cars(0.0)
    flow = torch.zeros(1, 2, *GRID.shape[:2])
    flow[:, 0] = 8.0
    left = round((1.6 - GRID.y_min_m) / GRID.cell_m)
    flow[:, 0, :, left:] = 3.0
    moving, _ = carry.find(logits_of(occupancy).softmax(1), flow, MOVABLE_CLASSES, GRID)
    speeds = moving.velocity_mps[0, moving.used[0] > 0, 0]
    assert sorted(speeds.unique().tolist()) == pytest.approx([3.0, 8.0])


def test_the_flow_over_an_object_is_averaged():
    occupancy = road_with_car(GRID, 9.6, 0.0)
    flow = torch.zeros(1, 2, *GRID.shape[:2])
    flow[0, 0] = 4.0 + 0.1 * torch.arange(GRID.shape[0])[:, None]
    car = torch.from_numpy((occupancy == OccClass.CAR).any(-1))
    moving, _ = carry.find(logits_of(occupancy).softmax(1), flow, MOVABLE_CLASSES, GRID)
    expected = flow[0, 0][car].mean()
    got = moving.velocity_mps[0, moving.used[0] > 0, 0]
    torch.testing.assert_close(got, expected.expand_as(got))


def test_a_blurred_rim_goes_with_its_object():
    probability = logits_of(road_with_car(GRID, 9.6, 0.0)).softmax(1)
    car = (probability[0, OccClass.CAR] > 0.5).any(0)
    ix, iy = (int(v) for v in torch.nonzero(car)[0])
    probability[0, :, 1, ix - 1, iy] = 0.0
    probability[0, OccClass.CAR, 1, ix - 1, iy] = 0.3
    probability[0, OccClass.FREE, 1, ix - 1, iy] = 0.7
    flow = torch.full((1, 2, *GRID.shape[:2]), 3.0)
    moving, rest = carry.find(probability, flow, MOVABLE_CLASSES, GRID)
    assert int(moving.used.sum()) == int(car.sum()) + 1
    assert float(rest[0, OccClass.CAR].sum()) == pytest.approx(0.0, abs=1e-6)


def test_a_push_is_felt_as_even_acceleration():
    moving, _ = found(road_with_car(GRID, 9.6, 0.0), (4.0, 0.0))
    before = moving.centre_m.clone()
    push = torch.zeros_like(moving.velocity_mps)
    push[..., 0] = -2.0
    after = moving.moved(DT).changed(push, DT)
    here = moving.used[0] > 0
    gone = (after.centre_m - before)[0, here, 0]
    torch.testing.assert_close(gone, torch.full_like(gone, 0.5 * (4.0 + 2.0) / 2))
    assert after.velocity_mps[0, here, 0].unique().tolist() == [2.0]


def test_a_car_turns_with_its_velocity():
    moving, _ = found(road_with_car(GRID, 9.6, 0.0), (5.0, 0.0))
    push = torch.zeros_like(moving.velocity_mps)
    push[..., 0], push[..., 1] = -5.0, 5.0  # now to the left
    after = moving.changed(push, DT)
    here = after.used[0] > 0
    torch.testing.assert_close(after.turn_rad[0, here], torch.full((int(here.sum()),), np.pi / 2))
    spread = after.points_m[0, here].amax(0) - after.points_m[0, here].amin(0)
    torch.testing.assert_close(spread, torch.tensor([0.8, 4.0]), atol=1e-4, rtol=0)


def test_nearly_standing_things_do_not_spin():
    moving, _ = found(road_with_car(GRID, 9.6, 0.0), (1.2, 0.0))
    push = torch.full_like(moving.velocity_mps, 0.0)
    push[..., 0] = -1.5  # backwards at 0.3 m/s
    assert not moving.changed(push, DT).turn_rad.any()


@settings(max_examples=30, deadline=None)
@given(st.floats(-6, 6), st.floats(-6, 6))
def test_what_is_laid_down_inside_keeps_its_mass_and_place(x, y):
    values = torch.rand(1, 3, 2, generator=torch.Generator().manual_seed(1))
    points = torch.tensor([[[10.0, 0.0], [12.0, 3.0], [7.0, -2.0]]]) + torch.tensor([x, y])
    laid = carry.lay_down(values, points, -12.8, -25.6, 0.8, (64, 64))
    torch.testing.assert_close(laid.sum((2, 3)), values.sum(1))
    cells = torch.stack(torch.meshgrid(
        -12.8 + 0.8 * (torch.arange(64) + 0.5), -25.6 + 0.8 * (torch.arange(64) + 0.5),
        indexing="ij"))  # fmt: skip
    centre = (laid[:, :1] * cells).sum((2, 3)) / laid[:, :1].sum((2, 3))
    expected = (values[..., :1] * points).sum(1) / values[..., :1].sum(1)
    torch.testing.assert_close(centre, expected, atol=1e-3, rtol=0)


def test_what_is_laid_down_outside_is_lost():
    laid = carry.lay_down(torch.ones(1, 1, 1), torch.full((1, 1, 2), 500.0), 0, 0, 1.0, (4, 4))
    assert not laid.any()


def test_flow_follows_the_object_into_the_ego_frame():
    moving, _ = found(road_with_car(GRID, 9.6, 0.0), (4.0, 0.0))
    motion = torch.tensor([[2.0, 0.0, np.pi / 2]])
    flow = flow_of(moving.moved(DT), motion, GRID)
    points = points_now(moving.moved(DT), motion)[0, moving.used[0] > 0]
    ix = ((points[:, 0] - GRID.x_min_m) / GRID.cell_m).floor().long()
    iy = ((points[:, 1] - GRID.y_min_m) / GRID.cell_m).floor().long()
    torch.testing.assert_close(
        flow[0, :, ix, iy], torch.tensor([[0.0], [-4.0]]).expand(-1, len(ix)), atol=1e-4, rtol=0
    )
    assert not flow[0, :, 0, 0].any()


def test_gradients_reach_the_flow_and_the_push():
    occupancy = road_with_car(GRID, 9.6, 0.0)
    flow = torch.full((1, 2, *GRID.shape[:2]), 4.0, requires_grad=True)
    moving, _ = carry.find(logits_of(occupancy).softmax(1), flow, MOVABLE_CLASSES, GRID)
    push = torch.full_like(moving.velocity_mps, 0.1, requires_grad=True)
    points = moving.moved(DT).changed(push, DT).points_m
    laid = carry.lay_down(moving.mass, points, -12.8, -25.6, 0.8, (64, 64))
    (laid * torch.rand_like(laid)).sum().backward()
    assert flow.grad.isfinite().all() and flow.grad.abs().sum() > 0
    assert push.grad.isfinite().all() and push.grad.abs().sum() > 0
