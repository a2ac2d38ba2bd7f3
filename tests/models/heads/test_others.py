"""Value, ego action, ensemble and contact: each learns a tiny batch, and what it says means it."""

import pytest
import torch

from drivewm.errors import InputError
from drivewm.models.grid import GridConfig
from drivewm.models.heads.config import HeadsConfig
from drivewm.models.heads.contact import ContactTerm
from drivewm.models.heads.ensemble import Ensemble, column_shares, disagreement
from drivewm.models.heads.extra import ExtraHeads
from drivewm.models.heads.value import EgoActionHead, ValueHead
from drivewm.models.world_model import WorldModel
from tests.models.hand import action, logits_of, road_with_car, smoke_config

GRID = GridConfig(x_min_m=-12.8, x_max_m=38.4, y_min_m=-25.6, y_max_m=25.6, cell_m=1.6)


@pytest.fixture(autouse=True)
def repeatable():
    torch.set_num_threads(1)
    torch.manual_seed(0)


def fit(parameters, loss, steps: int) -> list[float]:
    optimizer, seen = torch.optim.AdamW(parameters, 5e-3), []
    for _ in range(steps):
        value = loss()
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        seen.append(value.item())
    return seen


def test_value_learns_returns_and_says_zero_before():
    head, latents = ValueHead(8), torch.randn(3, 8, 16, 16)
    target = torch.tensor([-5.0, 0.0, 4.0])
    assert head.mean(head(latents)).abs().max() == 0.0
    fit(head.parameters(), lambda: head.two_hot.loss(head(latents), target).mean(), 80)
    torch.testing.assert_close(head.mean(head(latents)), target, atol=0.4, rtol=0.1)


def test_ego_action_learns_two_ways_of_going_on_from_one_state():
    head = EgoActionHead(8, HeadsConfig(ego_modes=2, ego_steps=3))
    latents = torch.randn(1, 8, 16, 16).expand(2, -1, -1, -1)
    ahead = torch.tensor([[4.0, 0, 0], [8.0, 0, 0], [12.0, 0, 0]])
    left = torch.tensor([[3.0, 1, 0.3], [5.0, 4, 0.6], [6.0, 8, 0.9]])
    target = torch.stack([ahead, left])
    fit(head.parameters(), lambda: head.loss(*head(latents), target), 200)
    motion, logits = head(latents[:1])
    gaps = [(motion[0] - one).abs().amax((1, 2)).min().item() for one in (ahead, left)]
    assert max(gaps) < 0.7
    assert 0.3 < logits.softmax(1)[0, 0].item() < 0.7


def test_steps_past_the_end_of_a_window_teach_nothing():
    head, latents = EgoActionHead(8, HeadsConfig(ego_steps=3)), torch.randn(2, 8, 16, 16)
    target = torch.zeros(2, 3, 3)
    short = target.clone()
    short[:, 2], short[1] = torch.nan, torch.nan
    loss = head.loss(*head(latents), short)
    loss.backward()
    assert torch.isfinite(loss)
    assert all(torch.isfinite(p.grad).all() for p in head.parameters())
    assert float(head.loss(*head(latents), torch.full((2, 3, 3), torch.nan))) == 0.0


def test_members_agree_on_what_they_were_taught_and_not_on_what_is_new():
    head = Ensemble(8, 5)
    known = torch.randn(4, 8, 16, 16)
    kinds = torch.where(known[:, 0] > 0, 4, 11)  # what a cell holds can be read off its features
    labels = kinds.repeat_interleave(2, 1).repeat_interleave(2, 2)[..., None].expand(-1, -1, -1, 4)
    every = torch.ones(4, 5, dtype=torch.bool)
    seen = fit(head.parameters(), lambda: head.loss(head(known), labels, every), 150)
    assert seen[-1] < 0.2 * seen[0]
    old, new = (
        disagreement(head(known)).mean(),
        disagreement(head(3.0 * torch.randn_like(known))).mean(),
    )
    assert float(new) > 2.0 * float(old)


def test_equal_members_do_not_disagree_and_shares_sum_to_one():
    said = torch.randn(2, 1, 18, 4, 4).log_softmax(2).expand(-1, 6, -1, -1, -1)
    assert float(disagreement(said).max()) < 1e-5
    shares = column_shares(torch.randint(0, 18, (2, 8, 8, 4)))
    torch.testing.assert_close(shares.sum(1), torch.ones(2, 4, 4))


def test_a_drive_into_a_car_is_likelier_to_end_before_anything_is_learned():
    config = smoke_config().model.model_copy(
        update={"encoder": "privileged", "heads": HeadsConfig(outcome="contact")}
    )
    model = WorldModel(config).eval()
    start = model.start_from(
        model.initial(1), logits_of(road_with_car(GRID, 8.0, -0.8)), torch.zeros(1, 2, 32, 32)
    )
    with torch.no_grad():
        chances = [model.imagine(start, action(x)).cont.sigmoid().item() for x in (0.0, 6.4)]
    assert chances[0] > 0.85 and chances[1] < 0.4


def test_contact_looks_at_the_height_of_a_car_and_departure_at_the_road():
    term = ContactTerm(GRID)
    solid, road = torch.zeros(1, 4, 32, 32), torch.zeros(1, 4, 32, 32)
    road[:, 0] = 1.0
    assert float(term(solid, road)) == 0.0
    above = solid.clone()
    above[:, 3] = 1.0  # a bridge
    assert float(term(above, road)) == 0.0
    assert float(term(solid, torch.zeros_like(road))) == pytest.approx(2.0)
    here = solid.clone()
    here[:, 1, 8, 16] = 1.0  # x 0..1.6 m, y 0..1.6 m
    assert float(term(here, road)) == pytest.approx(4.0)


def test_a_head_that_is_not_there_says_how_to_get_it():
    heads = ExtraHeads(8, GRID, HeadsConfig())
    for call, name in ((heads.novelty, "ensemble"), (heads.expected_return, "value")):
        with pytest.raises(InputError, match=rf"model\.heads\.{name}="):
            call(torch.zeros(1, 8, 16, 16))


def test_a_model_starts_the_same_with_and_without_heads():
    config = smoke_config().model
    every = HeadsConfig(agents=True, value=True, ego_action=True, ensemble=3, outcome="contact")
    torch.manual_seed(3)
    plain = WorldModel(config).state_dict()
    torch.manual_seed(3)
    full = WorldModel(config.model_copy(update={"heads": every})).state_dict()
    assert all(torch.equal(full[name], value) for name, value in plain.items())
    assert len(full) > len(plain)
