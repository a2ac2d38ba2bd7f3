import numpy as np
import pytest
import torch

from drivewm.models import warp
from drivewm.models.rollout import classes, imagine_all, observe_all
from drivewm.models.world_model import WorldModel
from drivewm.scene import OccClass
from tests.models.dynamics.test_backbones import build, shaken
from tests.models.hand import action, logits_of, privileged_model, road_with_car, smoke_config


@pytest.fixture(scope="module")
def model() -> WorldModel:
    return privileged_model()


def start_of(model: WorldModel, occupancy: np.ndarray, flow: torch.Tensor | None = None):
    latent = model.initial(1)
    zero = torch.zeros(1, 2, *occupancy.shape[:2])
    return model.start_from(latent, logits_of(occupancy), zero if flow is None else flow)


@torch.no_grad()
def test_the_untrained_model_is_the_ego_warp(model):
    torch.manual_seed(1)
    occupancy = torch.randint(0, 18, (1, *model.config.grid.shape)).to(torch.uint8)
    latent, _ = model.observe(model.initial(1), torch.zeros(1, 6), model.encode(occupancy))
    start = model.start(latent, model.encode(occupancy))
    actions = torch.stack([action(4.0, 0.3, 0.2)] * 4, 1)
    learned = imagine_all(model, start, actions)
    plain = imagine_all(model, start, actions, learned=False)
    for ours, theirs in zip(learned, plain):
        torch.testing.assert_close(ours.logits, theirs.logits, atol=2e-3, rtol=0)


@torch.no_grad()
def test_ego_warp_of_a_parked_car_comes_nearer_by_the_distance_driven(model):
    grid = model.config.grid
    now = start_of(model, road_with_car(grid, 16.0, 0.0))
    for _ in range(2):
        now = model.imagine(now, action(3.2), learned=False)
    expected = road_with_car(grid, 16.0 - 6.4, 0.0)
    car = classes(now.probability)[0].numpy() == OccClass.CAR
    np.testing.assert_array_equal(car, expected == OccClass.CAR)


@torch.no_grad()
def test_a_car_as_fast_as_the_ego_stays_where_it_is_seen(model):
    grid = model.config.grid
    occupancy = road_with_car(grid, 16.0, 0.0)
    flow = torch.zeros(1, 2, *grid.shape[:2])
    flow[:, 0] = 6.4  # m/s ahead
    now = start_of(model, occupancy, flow)
    for _ in range(4):
        now = model.imagine(now, action(3.2))
    car = classes(now.logits)[0].numpy() == OccClass.CAR
    np.testing.assert_array_equal(car, occupancy == OccClass.CAR)


@torch.no_grad()
def test_a_crossing_car_keeps_its_course_while_the_ego_turns(model):
    grid = model.config.grid
    occupancy = road_with_car(grid, 12.8, -9.6)
    flow = torch.zeros(1, 2, *grid.shape[:2])
    flow[:, 1] = 6.4  # to the left
    now = start_of(model, occupancy, flow)
    for _ in range(3):
        now = model.imagine(now, action(0.0, 0.0, 0.1))
    car = (classes(now.logits)[0].numpy() == OccClass.CAR).any(-1)
    cells = warp.centers(grid, flow)[None]
    there = warp.to_previous_frame(cells, now.motion)[0].numpy()[car].mean(0)
    expected = np.array([12.8 + 2.4, -9.6 + 0.8 + 3 * 3.2])  # box centre, three steps on
    assert np.linalg.norm(there - expected) < 0.9


def test_action_t_moves_state_t_to_t_plus_1(model, monkeypatch):
    """Frame 0 is observed after standing still, frame t + 1 after action t."""
    seen = []

    def record(state, before, embed):
        seen.append((float(before[0, 0]), float(embed.mean())))
        return state, None

    monkeypatch.setattr(model, "observe", record)
    frames = [torch.full((1, model.config.channels, 16, 16), float(t)) for t in range(3)]
    observe_all(model, frames, [action(10.0), action(11.0)])
    assert seen == [(0.0, 0.0), (10.0, 1.0), (11.0, 2.0)]


@torch.no_grad()
def test_candidates_imagined_together_equal_one_by_one(model):
    occupancy = torch.from_numpy(road_with_car(model.config.grid, 12.8, 1.6))[None]
    embed = model.encode(occupancy)
    latent, _ = model.observe(model.initial(1), action(2.0), embed)
    start = model.start(latent, embed)
    pair = torch.cat([action(1.0), action(4.0, 0.2, 0.1)])
    together = model.imagine(start.repeat(2), pair)
    for n in range(2):
        alone = model.imagine(start, pair[n : n + 1])
        torch.testing.assert_close(together.logits[n : n + 1], alone.logits, atol=1e-4, rtol=0)


@torch.no_grad()
def test_what_was_in_view_is_not_redrawn():
    """However wrong the learned part: the carried scene keeps its classes, the rest is drawn."""
    model = shaken(build("gru", redraws="unseen"))
    model.push.weight.data.zero_()
    model.push.bias.data.zero_()
    model.foresee.out.weight.data.mul_(50.0)
    grid = model.config.grid
    now = start_of(model, road_with_car(grid, 9.6, 0.0))
    for _ in range(2):
        now, plain = model.imagine(now, action(3.2)), model.imagine(now, action(3.2), learned=False)
    new = round(6.4 / grid.cell_m)  # rows that have come into view
    seen, true = classes(now.logits)[0], classes(plain.logits)[0]
    assert torch.equal(seen[:-new], true[:-new])
    assert not torch.equal(seen[-new:], true[-new:])


@pytest.mark.parametrize("redraws", ["all", "unseen"])
def test_every_trained_part_gets_a_gradient(redraws):
    from drivewm.training.stages import DynamicsStage

    config = smoke_config()
    changed = config.model.model_copy(update={"redraws": redraws})
    config = config.model_copy(update={"model": changed})
    model = WorldModel(config.model)
    for parameter in model.parameters():  # zero-initialised layers would block what is before them
        torch.nn.init.normal_(parameter, std=0.05) if parameter.ndim > 1 else None
    torch.nn.init.constant_(model.motion.out.bias, 3.0)  # something moves
    stage = DynamicsStage(model, config, torch.ones(18), 10)
    length, observed = 5, 2
    shape = config.model.grid.shape
    batch = {
        "features": torch.rand(2, observed, config.model.channels, 16, 16),
        "occupancy": torch.randint(0, 18, (2, length, *shape)),
        "flow": torch.rand(2, length, 2, *shape[:2]),
        "flow_known": torch.ones(2, length, *shape[:2], dtype=torch.bool),
        "action": torch.stack([action(3.0).expand(2, -1)] * (length - 1), 1),
        "reward": torch.rand(2, length - 1),
        "cont": torch.ones(2, length - 1),
    }
    stage.log = stage.log_dict = lambda *_, **__: None
    stage.training_step(batch, 0).backward()
    missing = [
        name
        for name, p in model.named_parameters()
        if not name.startswith(("encoder.", "motion."))
        and (p.grad is None or not p.grad.abs().sum() > 0)
    ]
    assert missing == []


@torch.no_grad()
def test_privileged_input_is_perceived_exactly(model):
    torch.manual_seed(2)
    occupancy = torch.randint(0, 18, (2, *model.config.grid.shape), dtype=torch.uint8)
    embed = model.encode(occupancy).half().float()  # as kept between the training stages
    latent, _ = model.observe(model.initial(2), torch.zeros(2, 6), embed)
    assert torch.equal(classes(model.start(latent, embed).logits), occupancy)
