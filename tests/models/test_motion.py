import math

import pytest
import torch

from drivewm.models import warp
from drivewm.models.grid import STEP_S, GridConfig
from drivewm.models.motion import (
    FRAMES,
    GROUPS,
    MotionHead,
    groups_of,
    groups_of_labels,
    look,
    side_by_side,
)
from drivewm.scene import MOVABLE, OccClass
from tests.models.hand import action, logits_of, road_with_car

GRID = GridConfig(x_min_m=-12.8, x_max_m=38.4, y_min_m=-25.6, y_max_m=25.6, cell_m=1.6)


def seen(car_x_m: float, car_y_m: float = 0.0) -> torch.Tensor:
    return groups_of(logits_of(road_with_car(GRID, car_x_m, car_y_m)).softmax(1))


def test_the_groups_are_the_movables():
    assert sorted(c for group in GROUPS for c in group) == sorted(int(c) for c in MOVABLE)


def test_labels_and_probabilities_say_the_same():
    labels = torch.from_numpy(road_with_car(GRID, 9.6, 0.0))
    labels[3, 4, 1] = OccClass.PEDESTRIAN
    both = groups_of(logits_of(labels.numpy()).softmax(1)), groups_of_labels(labels[None].long())
    torch.testing.assert_close(both[0], both[1].float())
    assert both[1][0, 1].sum() == 1


def test_a_parked_car_lies_on_itself_while_the_ego_drives():
    sight = look(None, torch.zeros(1, 6), seen(16.0))
    sight = look(sight, action(3.2), seen(16.0 - 3.2))
    sight = look(sight, action(1.6), seen(16.0 - 4.8))
    planes = side_by_side(sight, GRID).unflatten(1, (FRAMES, 3))[0]
    for older in planes[1:]:
        torch.testing.assert_close(older[0], planes[0, 0], atol=1e-4, rtol=0)


def test_a_parked_car_lies_on_itself_while_the_ego_turns():
    sight = look(None, torch.zeros(1, 6), seen(8.0, 0.0))
    turned = torch.rot90(seen(8.0, 0.0), -1, (2, 3))  # the grid is not centred: only its shape
    assert turned.shape == (1, 2, 32, 32)
    sight = look(sight, action(0.0, 0.0, math.pi / 2), torch.zeros(1, 2, 32, 32))
    old = side_by_side(sight, GRID).unflatten(1, (FRAMES, 3))[0, 1, 0]
    x, y = torch.nonzero(old > 0.5).float().mean(0)
    ahead = -12.8 + 1.6 * (float(x) + 0.5)
    left = -25.6 + 1.6 * (float(y) + 0.5)
    assert ahead == pytest.approx(0.8, abs=0.9) and left == pytest.approx(-10.4, abs=0.9)


def test_what_was_not_seen_is_marked():
    sight = look(None, torch.zeros(1, 6), seen(8.0))
    planes = side_by_side(sight, GRID).unflatten(1, (FRAMES, 3))[0]
    assert (planes[0, 2] == 1).all() and not planes[1:].any()
    sight = look(sight, action(6.4), seen(8.0))
    looked = side_by_side(sight, GRID).unflatten(1, (FRAMES, 3))[0, 1, 2]
    assert not looked[-1].any() and looked[0].all()  # what comes into view was not looked at


def test_untrained_nothing_moves():
    assert not MotionHead(16, GRID)(torch.rand(1, 3 * FRAMES, 32, 32)).any()


def drives(length_m: float, mps: float, ego: tuple[float, float], cell_m: float):
    """Planes of a vehicle that goes straight on, seen from an ego that drives and turns (m, rad a
    step); with the vehicle's cells now."""
    grid = GridConfig(x_min_m=-25.6, x_max_m=25.6, y_min_m=-25.6, y_max_m=25.6, cell_m=cell_m)
    cells = warp.centers(grid, torch.zeros(1))
    step, pose, sight = torch.tensor([[ego[0], 0.0, ego[1]]]), torch.zeros(1, 3), None
    for t in range(FRAMES):
        there = warp.to_previous_frame(cells[None], pose)[0]  # in the frame of the first one
        off = there - torch.tensor([12.0 + t * mps * STEP_S, 3.0])
        seen_now = (off[..., 0].abs() <= length_m / 2) & (off[..., 1].abs() <= 1.0)
        groups = torch.stack([seen_now, torch.zeros_like(seen_now)])[None].float()
        sight = look(sight, action(ego[0], 0.0, ego[1]) if t else torch.zeros(1, 6), groups)
        pose = warp.compose(pose, step)
    heading = -ego[1] * (FRAMES - 1)  # of the vehicle, in the ego's frame now
    way = torch.tensor([math.cos(heading), math.sin(heading)])
    return grid, side_by_side(sight, grid), way


@pytest.mark.parametrize("cell_m", [0.8, 0.4])
@pytest.mark.parametrize("ego", [(0.0, 0.0), (3.4, 0.0), (3.4, 0.1)])
@pytest.mark.parametrize("length_m", [4.5, 12.0])
@pytest.mark.parametrize(
    ("mps", "told_mps", "counts"),
    [(3.0, 3.0, True), (6.0, 6.0, True), (0.0, 6.0, False), (0.0, 2.0, False), (6.0, -6.0, False)],
)
def test_a_velocity_must_tell_where_the_object_was(length_m, mps, told_mps, counts, ego, cell_m):
    """A whole vehicle moves or none of it, however long it is and however the ego drives."""
    grid, planes, way = drives(length_m, mps, ego, cell_m)
    head = MotionHead(16, grid, evidence=True)
    velocity = (told_mps * way)[None, :, None, None].expand(1, 2, *grid.shape[:2])
    head.both = lambda planes: (velocity, torch.full_like(planes[:, 0], 5.0))
    there = planes[:, 0] > 0.5
    moving = head(planes).norm(dim=1)[there] > 0
    assert moving.all() if counts else not moving.any()


def test_without_evidence_what_has_just_come_into_view_stands():
    head = MotionHead(16, GRID, evidence=True)
    sight = look(None, torch.zeros(1, 6), seen(6.4))
    planes = side_by_side(sight, GRID)
    velocity = torch.full((1, 2, *GRID.shape[:2]), 5.0)
    head.both = lambda planes: (velocity, torch.full_like(planes[:, 0], 5.0))
    assert not head(planes).any()
    head.evidence = False
    assert head(planes).all()
