import itertools

import torch
from hypothesis import given
from hypothesis import strategies as st

from drivewm.training.losses import occupancy_loss
from drivewm.training.lovasz import jaccard_growth, lovasz_softmax
from drivewm.training.perception import lovasz


def jaccard_loss(truth: list[int], wrong: set[int]) -> float:
    """1 - IoU of one class when the voxels in ``wrong`` are answered wrongly."""
    answer = [t != (i in wrong) for i, t in enumerate(truth)]
    both = sum(a and t for a, t in zip(answer, truth))
    either = sum(a or t for a, t in zip(answer, truth))
    return 1.0 - both / either if either else 0.0


@given(st.lists(st.integers(0, 1), min_size=1, max_size=8).filter(any))
def test_the_growth_is_that_of_the_jaccard_loss(truth):
    growth = jaccard_growth(torch.tensor(truth, dtype=torch.float64))
    for n in range(1, len(truth) + 1):
        expected = jaccard_loss(truth, set(range(n)))
        assert abs(float(growth[:n].sum()) - expected) < 1e-9


def test_on_certain_answers_the_loss_is_one_minus_iou():
    for answer in itertools.product((0, 1), repeat=4):
        target, said = torch.tensor([1, 1, 0, 0]), torch.tensor(answer)
        sure = torch.nn.functional.one_hot(said, 2).double()
        each = []
        for k in (0, 1):
            both = ((said == k) & (target == k)).sum()
            each.append(1.0 - float(both) / float(((said == k) | (target == k)).sum()))
        assert abs(float(lovasz_softmax(sure, target)) - sum(each) / 2) < 1e-9


def test_descending_it_finds_the_truth():
    torch.manual_seed(0)
    target = torch.randint(0, 3, (40,))
    logits = torch.zeros(40, 3, requires_grad=True)
    optimizer = torch.optim.Adam([logits], lr=0.2)
    for _ in range(60):
        loss = lovasz_softmax(logits.softmax(1), target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert torch.equal(logits.argmax(1), target) and float(loss.detach()) < 0.1


def test_voxels_outside_the_mask_change_no_loss():
    torch.manual_seed(0)
    logits = torch.randn(1, 18, 2, 4, 4)
    target = torch.randint(0, 18, (1, 4, 4, 2))
    visible = torch.rand(1, 4, 4, 2) < 0.5
    other = torch.where(visible, target, (target + 5) % 18)
    weights = torch.rand(18) + 0.5
    assert not torch.equal(target, other)
    for one, two in zip(
        occupancy_loss(logits, target, weights, visible),
        occupancy_loss(logits, other, weights, visible),
    ):
        assert torch.equal(one, two)
    assert torch.equal(lovasz(logits, target, visible), lovasz(logits, other, visible))
    everywhere = torch.ones_like(visible)
    for one, two in zip(
        occupancy_loss(logits, target, weights, everywhere),
        occupancy_loss(logits, target, weights),
    ):
        torch.testing.assert_close(one, two)


def test_nothing_visible_is_no_loss():
    logits = torch.randn(1, 18, 2, 4, 4, requires_grad=True)
    nothing = torch.zeros(1, 4, 4, 2, dtype=torch.bool)
    target = torch.zeros(1, 4, 4, 2, dtype=torch.long)
    losses = [*occupancy_loss(logits, target, torch.ones(18), nothing)]
    losses.append(lovasz(logits, target, nothing))
    assert [float(x.detach()) for x in losses] == [0.0] * 3
