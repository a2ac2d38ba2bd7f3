import math

import pytest
import torch

from drivewm.models.dynamics.base import make_action
from drivewm.models.rollout import observe_all
from drivewm.models.world_model import WorldModel
from drivewm.training import frozen
from drivewm.training.config import TrainConfig
from drivewm.training.labels import NEAR_M
from drivewm.training.stages import DynamicsStage, MotionStage, flipped
from tests.models.hand import road_with_car, smoke_config


@pytest.fixture
def config() -> TrainConfig:
    config = smoke_config()
    return config.model_copy(
        update={"model": config.model.model_copy(update={"encoder": "privileged"})}
    )


def drives(model: WorldModel) -> dict[str, torch.Tensor]:
    """A car that leaves at 9.6 m/s and one that crosses at 6.4 m/s; the ego drives at 3.2 m/s."""
    grid, length = model.config.grid, 3
    occupancy, velocity = [], torch.tensor([[9.6, 0.0], [0.0, 6.4]])
    for (forward, sideways), y in zip(velocity.tolist(), (0.0, -8.0)):
        frames = [road_with_car(grid, 8.0 + t * (forward - 3.2) / 2, y + t * sideways / 2)
                  for t in range(length)]  # fmt: skip
        occupancy.append(torch.stack([torch.from_numpy(f) for f in frames]))
    labels = torch.stack(occupancy)
    with torch.no_grad():
        features = torch.stack([model.encode(labels[:, t]) for t in range(length)], 1)
    motion = torch.tensor([1.6, 0.0, 0.0]).expand(2, length - 1, 3)
    car = (labels == 4).any(-1)
    flow = velocity[:, None, :, None, None].expand(2, length, 2, *grid.shape[:2])
    return {
        "features": features, "flow": flow, "flow_known": car,
        "action": make_action(motion, torch.full((2, length - 1), 0.5)),
    }  # fmt: skip


def test_velocities_are_learned_from_a_few_frames(config):
    torch.manual_seed(0)
    model = WorldModel(config.model)
    plain = config.model_copy(update={"mirror": False})
    stage = MotionStage(model, plain, torch.ones(18), 60)
    batch = drives(model)
    optimizer = torch.optim.AdamW(stage.trained(), lr=3e-3)
    for _ in range(60):
        loss = stage.total(stage.losses(batch))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        frames = list(batch["features"].unbind(1))
        latent = observe_all(model, frames, list(batch["action"].unbind(1)))
        flow = model.start(latent, frames[-1]).flow
    for b, expected in enumerate(([9.6, 0.0], [0.0, 6.4])):
        seen = flow[b][:, batch["flow_known"][b, -1]].mean(1)
        torch.testing.assert_close(seen, torch.tensor(expected), atol=1.0, rtol=0)


def test_each_stage_has_its_own_parameters(config):
    model = WorldModel(config.model)
    weights = torch.ones(18)
    moving = {id(p) for p in MotionStage(model, config, weights, 1).trained()}
    dynamics = {id(p) for p in DynamicsStage(model, config, weights, 1).trained()}
    assert moving == {id(p) for p in model.motion.parameters()}
    assert not moving & dynamics


def test_mirrored_windows_say_the_mirrored_velocity(config):
    """With rows in a mirror the loss of a head that is right stays zero."""
    model = WorldModel(config.model)
    stage = MotionStage(model, config, torch.ones(18), 1)
    batch = drives(model)

    def told(planes):  # what crosses moves to the side that it came from not
        newest, older = planes[:, 0], planes[:, 3]
        left = torch.arange(planes.shape[-1], dtype=torch.float)
        where = [(p * left).sum((1, 2)) / p.sum((1, 2)).clamp(min=1.0) for p in (newest, older)]
        way = torch.sign((where[0] - where[1]).round())
        ahead = torch.where(way == 0, 9.6, 0.0)
        velocity = torch.stack([ahead, 6.4 * way], 1)[:, :, None, None]
        return velocity.expand(-1, -1, *planes.shape[2:]), torch.full_like(newest, 20.0)

    model.motion.both = told
    losses = {name: float(loss) for name, loss in stage.losses(batch).items()}
    assert losses == pytest.approx({"flow": 0.0, "moves": 0.0}, abs=1e-6)


def test_what_stands_is_learned_to_stand(config):
    torch.manual_seed(0)
    model = WorldModel(config.model)
    stage = MotionStage(model, config, torch.ones(18), 40)
    batch = drives(model)
    batch["flow"] = torch.zeros_like(batch["flow"])  # as if both were parked
    optimizer = torch.optim.AdamW(stage.trained(), lr=3e-3)
    for _ in range(40):
        loss = stage.total(stage.losses(batch))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        frames = list(batch["features"].unbind(1))
        latent = observe_all(model, frames, list(batch["action"].unbind(1)))
        start = model.start(latent, frames[-1])
    assert not start.flow.any() and not start.moving.used.any()


def test_frozen_windows_teach_standing(config, monkeypatch):
    """Both cars drive; with every window frozen whole the head learns that nothing moves."""
    monkeypatch.setattr(frozen, "WHOLE", 1.0)
    torch.manual_seed(0)
    model = WorldModel(config.model)
    stage = MotionStage(model, config.model_copy(update={"freeze_share": 1.0}), torch.ones(18), 1)
    batch = drives(model)
    shown, stands = stage.seen(batch)
    assert stands.any(-1).any(-1).all()
    assert not torch.equal(shown[:, 0], model.there(batch["features"][:, 0]))
    losses = stage.losses(batch)
    assert losses["flow"] == 0.0 and losses["moves"] > 0.0  # no velocity is told, only standing


def test_beside_what_was_frozen_no_velocity_is_told(config):
    stage = MotionStage(WorldModel(config.model), config, torch.ones(18), 1)
    shape = config.model.grid.shape[:2]
    told, stands = torch.ones(1, *shape, dtype=torch.bool), torch.zeros(1, *shape, dtype=torch.bool)
    shown = torch.zeros(1, 2, *shape)
    assert torch.equal(stage.known(told, shown, stands), told)
    stands[:, :4] = True
    shown[:, 0, 2, 3] = 1.0
    known = stage.known(told, shown, stands)
    reach = math.ceil(NEAR_M / config.model.grid.cell_m)
    assert known[0, :4].nonzero().tolist() == [[2, 3]]
    assert not known[:, 4 : 4 + reach].any() and known[:, 4 + reach :].all()


def test_flipping_takes_chosen_rows_only():
    planes = torch.arange(8.0).view(2, 1, 2, 2)
    out = flipped(planes, torch.tensor([False, True]))
    assert torch.equal(out[0], planes[0]) and torch.equal(out[1], planes[1].flip(-1))
