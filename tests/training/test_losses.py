import torch

from drivewm.scene import OccClass
from drivewm.training.losses import class_weights, flow_loss, masked_mean, occupancy_loss


def one_car() -> torch.Tensor:
    target = torch.full((1, 4, 4, 2), int(OccClass.FREE))
    target[0, 1, 1, 0] = OccClass.CAR
    return target


def sure(target: torch.Tensor) -> torch.Tensor:
    one_hot = torch.nn.functional.one_hot(target, 18).permute(0, 4, 3, 1, 2)
    return one_hot.float() * 40.0


def test_the_truth_has_no_loss_and_a_missed_car_costs_its_whole_iou():
    target, weights = one_car(), torch.ones(18)
    cross, jaccard = occupancy_loss(sure(target), target, weights)
    assert float(cross) < 1e-6 and float(jaccard) < 1e-6
    missed = sure(torch.full_like(target, int(OccClass.FREE)))
    assert abs(float(occupancy_loss(missed, target, weights)[1]) - 1.0) < 1e-6


def test_rare_classes_weigh_more_and_absent_ones_nothing():
    weights = class_weights(torch.tensor([900.0, 100.0, 0.0]), power=0.5)
    assert weights[1] > weights[0] > 0 and weights[2] == 0
    assert torch.isclose((weights * torch.tensor([0.9, 0.1, 0.0])).sum(), torch.tensor(1.0))


def test_flow_counts_only_where_a_movable_is_near():
    target = torch.zeros(1, 2, 4, 4)
    wrong = torch.full_like(target, 9.0)
    assert float(flow_loss(wrong, target, torch.zeros(1, 4, 4, dtype=torch.bool))) == 0.0
    assert float(flow_loss(wrong, target, torch.ones(1, 4, 4, dtype=torch.bool))) > 5.0


def test_unknown_values_are_left_out_of_a_mean():
    values = torch.tensor([1.0, float("nan"), 3.0])
    assert float(masked_mean(values, torch.isfinite(values))) == 2.0
