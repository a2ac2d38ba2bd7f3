"""Boxes from the BEV state: targets, what an overfitted head says, and which slots are empty."""

import math

import numpy as np
import torch

from drivewm.models.grid import GridConfig
from drivewm.models.heads.agents import AGENT_CLASSES, AgentHead
from drivewm.models.heads.config import HeadsConfig
from drivewm.scene import OccClass

GRID = GridConfig(x_min_m=-12.8, x_max_m=12.8, y_min_m=-12.8, y_max_m=12.8, cell_m=0.8)
CAR, WALKER = (AGENT_CLASSES.index(c) for c in (OccClass.CAR, OccClass.PEDESTRIAN))
TRUTH = [
    (5.1, 2.3, 0.4, 4.5, 1.9, 1.6, 3.0, 1.0, CAR),
    (-6.2, -3.0, -2.8, 4.9, 2.0, 1.5, 0.0, 0.0, CAR),
    (2.0, -7.5, 1.2, 0.6, 0.7, 1.8, 0.5, -1.0, WALKER),
]


def labels(slots: int = 6) -> tuple[torch.Tensor, torch.Tensor]:
    boxes, classes = torch.zeros(1, slots, 8), torch.full((1, slots), -1)
    for m, (*box, kind) in enumerate(TRUTH):
        boxes[0, m], classes[0, m] = torch.tensor(box), kind
    return boxes, classes


def inputs() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    features = torch.randn(1, 8, 16, 16, generator=generator)
    return features, torch.rand(1, 18, 4, 32, 32, generator=generator), torch.zeros(1, 2, 32, 32)


def head() -> AgentHead:
    torch.manual_seed(0)
    return AgentHead(8, GRID, HeadsConfig(agent_slots=6))


def test_a_centre_is_one_at_its_cell_and_nowhere_else():
    heat, cell = head().targets(*labels())
    assert int((heat == 1.0).sum()) == 3
    assert (cell[0, 3:] == -1).all()
    assert heat[0, CAR].flatten()[cell[0, 0]] == 1.0
    row, column = divmod(int(cell[0, 0]), 32)
    assert (row, column) == (int((5.1 + 12.8) / 0.8), int((2.3 + 12.8) / 0.8))
    assert 0.1 < float(heat[0, CAR, row + 1, column]) < 1.0


def test_an_agent_off_the_grid_is_no_target():
    boxes, classes = labels()
    boxes[0, 0, 0] = 40.0
    heat, cell = head().targets(boxes, classes)
    assert cell[0, 0] == -1 and int((heat == 1.0).sum()) == 2


def test_an_overfitted_head_says_the_boxes_it_was_taught():
    torch.set_num_threads(1)
    model, given, (boxes, classes) = head(), inputs(), labels()
    optimizer = torch.optim.AdamW(model.parameters(), 5e-3)
    losses = []
    for _ in range(150):
        heat, box = model.loss(model(*given), boxes, classes)
        optimizer.zero_grad()
        (heat + box).backward()
        optimizer.step()
        losses.append((heat + box).item())
    assert losses[-1] < 0.05 * losses[0]
    said, kinds = model.boxes(model(*given))
    sure = said[0, :, 8] > 0.5
    assert int(sure.sum()) == 3
    for *box_truth, kind in TRUTH:
        gaps = (said[0, sure, :2] - torch.tensor(box_truth[:2])).norm(dim=1)
        m = int(gaps.argmin())
        found = said[0, sure][m].tolist()
        assert float(gaps[m]) < 0.2
        turn = found[2] - box_truth[2]
        assert abs(math.remainder(turn, 2 * math.pi)) < 0.1
        np.testing.assert_allclose(found[3:6], box_truth[3:6], rtol=0.1)
        np.testing.assert_allclose(found[6:8], box_truth[6:8], atol=0.5)
        assert int(kinds[0, sure][m]) == kind


def test_an_unknown_velocity_teaches_nothing_and_harms_nothing():
    model, given, (boxes, classes) = head(), inputs(), labels()
    boxes[0, :, 6:] = float("nan")
    _, box = model.loss(model(*given), boxes, classes)
    box.backward()
    gradient = model.box.weight.grad
    assert torch.isfinite(gradient).all() and (gradient[7:] == 0).all()


def test_a_frame_without_agents_has_a_finite_loss_and_no_box_loss():
    model, given = head(), inputs()
    boxes, classes = torch.zeros(1, 6, 8), torch.full((1, 6), -1)
    heat, box = model.loss(model(*given), boxes, classes)
    assert torch.isfinite(heat) and box.item() == 0.0


def test_untrained_boxes_move_as_the_flow_says():
    model, (features, probability, flow) = head(), inputs()
    with torch.no_grad():
        still = model(features, probability, flow).box
        model.mix = torch.nn.Identity()  # no other path from the flow to the box

        class Same(torch.nn.Module):
            def forward(self, x):
                return torch.zeros_like(still)

        model.box, model.heat = Same(), Same()
        moved = model(features, probability, flow + 2.0).box
    assert torch.equal(moved[:, 7:], torch.full_like(moved[:, 7:], 2.0))
