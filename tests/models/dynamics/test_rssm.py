import torch
from hypothesis import given
from hypothesis import strategies as st

from drivewm.models.dynamics.base import Noise
from drivewm.models.dynamics.rssm import drawn, first_largest


@given(st.integers(0, 99), st.integers(1, 3))
def test_first_largest_is_argmax(seed, axis):
    values = torch.randint(0, 3, (2, 3, 4, 5), generator=torch.Generator().manual_seed(seed))
    expected = values.float().argmax(axis, keepdim=True)
    assert torch.equal(first_largest(values.float(), axis), expected)


def test_draws_have_the_probabilities_of_the_classes():
    probs = torch.tensor([0.7, 0.2, 0.1])
    logs = probs.log()[None, :, None].expand(1, -1, 20000)
    share = drawn(logs, 1, Noise([3])).mean((0, 2))
    torch.testing.assert_close(share, probs, atol=0.02, rtol=0)


def test_draws_pass_gradients_to_the_probabilities():
    logits = torch.zeros(1, 3, requires_grad=True)
    (drawn(logits.log_softmax(1), 1, None) * torch.tensor([1.0, 2.0, 3.0])).sum().backward()
    assert logits.grad.abs().sum() > 0
