import torch
from hypothesis import given
from hypothesis import strategies as st

from drivewm.models.heads.scalars import TwoHot


@given(st.floats(-50, 50, width=32))
def test_two_hot_reads_back_what_it_was_told(value):
    head = TwoHot()
    logits = torch.zeros(63, requires_grad=True)
    target = torch.tensor(value)
    optimal = torch.full((63,), -40.0)
    # The minimiser of the loss puts exactly the target's two shares on two bins.
    gradient = torch.autograd.grad(head.loss(logits, target), logits)[0]
    share = 1 / 63 - gradient
    optimal[share > 1e-6] = share[share > 1e-6].log()
    mean = float(head.mean(optimal))
    assert abs(mean - value) <= 0.01 * abs(value) + 0.01


def test_no_opinion_is_exactly_zero():
    assert float(TwoHot().mean(torch.zeros(63))) == 0.0


def test_travelled_reward_is_worth_what_the_measure_says():
    from drivewm.measures.reward import RewardConfig
    from drivewm.models.heads.scalars import PROGRESS_SCALE_M, travelled_reward
    from tests.models.hand import action

    assert RewardConfig().progress_scale_m == PROGRESS_SCALE_M
    assert abs(float(travelled_reward(action(3.0, 4.0))) - 1.0) < 1e-6
