import torch
from hypothesis import given
from hypothesis import strategies as st

from drivewm.models.dynamics.fsq import FSQ


@given(st.lists(st.integers(2, 9), min_size=1, max_size=4), st.integers(0, 9))
def test_every_value_is_a_level_and_indices_fit(levels, seed):
    fsq = FSQ(levels)
    x = 3 * torch.randn(2, len(levels), 3, 3, generator=torch.Generator().manual_seed(seed))
    code, index = fsq(x)
    torch.testing.assert_close(code, fsq.values(index))
    whole = fsq.index_of_whole(index)
    size = int(torch.tensor(levels).prod())
    assert int(whole.min()) >= 0 and int(whole.max()) < size
    assert all(int(index[:, d].max()) < level for d, level in enumerate(levels))


def test_codes_are_numbered_without_gaps():
    fsq = FSQ([3, 2])
    index = torch.tensor([[a, b] for a in range(3) for b in range(2)])[..., None, None]
    assert fsq.index_of_whole(index).flatten().tolist() == list(range(6))


def test_indices_are_exact_under_autocast():
    fsq = FSQ([8, 5, 5, 5])
    x = torch.randn(1, 4, 16, 16)
    with torch.autocast("cpu", torch.bfloat16):
        _, index = fsq(x)
    assert torch.equal(index, fsq(x)[1])


def test_gradients_pass_straight_through():
    x = torch.zeros(1, 2, 1, 1, requires_grad=True)
    FSQ([5, 5])(x)[0].sum().backward()
    torch.testing.assert_close(x.grad, torch.ones_like(x))


def test_loss_is_zero_when_the_codes_are_certain():
    fsq = FSQ([3, 2])
    index = torch.tensor([2, 1])[None, :, None, None]
    logits = torch.tensor([-50.0, -50.0, 50.0, -50.0, 50.0])[None, :, None, None]
    assert float(fsq.loss(logits, index)) < 1e-6
