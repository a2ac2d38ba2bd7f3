"""Every backbone learns a tiny batch by heart, better than the ego warp that it starts as."""

import pytest
import torch

from drivewm.models.dynamics.base import make_action
from drivewm.models.rollout import classes, imagine_all, observe_all
from drivewm.models.world_model import WorldModel
from drivewm.scene import OccClass
from drivewm.training.stages import DynamicsStage, window_losses
from tests.models.dynamics.test_backbones import BACKBONES
from tests.models.hand import road_with_car, smoke_config

STEPS = {"gru": 80, "rssm": 80, "transformer": 90, "flow": 60}


def drives(grid) -> dict[str, torch.Tensor]:
    """Two drives of 5 frames: a car ahead that pulls away, and one that crosses."""
    occupancy, length = [], 5
    paths = ((4.8, 0.0, 0.0), (1.6, 3.2, -8.0))  # metres a frame ahead and to the left; start
    for forward, sideways, y in paths:
        frames = [road_with_car(grid, 8.0 + t * (forward - 1.6), y + t * sideways)
                  for t in range(length)]  # fmt: skip
        occupancy.append(torch.stack([torch.from_numpy(f) for f in frames]))
    velocity = torch.tensor([path[:2] for path in paths]) / 0.5
    motion = torch.tensor([1.6, 0.0, 0.0]).expand(2, length - 1, 3)
    return {
        "occupancy": torch.stack(occupancy), 
        "flow": velocity[:, None, :, None, None].expand(2, length, 2, *grid.shape[:2]),
        "flow_known": torch.ones(2, length, *grid.shape[:2], dtype=torch.bool),
        "action": make_action(motion, torch.full((2, length - 1), 0.5)),
        "reward": torch.full((2, length - 1), float("nan")),
        "cont": torch.full((2, length - 1), float("nan")),
    }  # fmt: skip


@pytest.mark.parametrize("name", BACKBONES)
def test_a_tiny_batch_is_learned(name):
    torch.manual_seed(0)
    config = smoke_config()
    changes = {"encoder": "privileged", "dynamics": name, "imagined_steps": 3, "observed_steps": 2}
    config = config.model_copy(update={"model": config.model.model_copy(update=changes)})
    model = WorldModel(config.model).train()
    weights = torch.ones(18)
    weights[OccClass.CAR] = 30.0
    stage = DynamicsStage(model, config, weights, STEPS[name])
    batch = drives(config.model.grid)
    with torch.no_grad():
        frames = [model.encode(batch["occupancy"][:, t]) for t in range(5)]
    batch["features"] = torch.stack(frames, 1)
    optimizer = torch.optim.AdamW(stage.trained(), lr=1e-2)
    first = last = None
    for _ in range(STEPS[name]):
        losses = window_losses(stage, batch)
        optimizer.zero_grad()
        (losses["imagined"] + 0.5 * losses["flow"] + 0.1 * losses["kl"]).backward()
        optimizer.step()
        first = first or {k: float(v.detach()) for k, v in losses.items()}
        last = {k: float(v.detach()) for k, v in losses.items()}
    learned, warped = car_iou(model.eval(), batch, True), car_iou(model, batch, False)
    print(name, first["imagined"], last["imagined"], first["kl"], last["kl"], learned, warped)
    assert last["imagined"] < 0.75 * first["imagined"]
    assert name == "gru" or last["kl"] < first["kl"]
    assert learned > warped + 0.1


@torch.no_grad()
def car_iou(model: WorldModel, batch: dict[str, torch.Tensor], learned: bool) -> float:
    """Of the car after 1.5 s, with or without what was learned."""
    action, frames = batch["action"], batch["features"]
    latent = observe_all(model, [frames[:, 0], frames[:, 1]], [action[:, 0]])
    start = model.start(latent, frames[:, 1], learned)
    last = imagine_all(model, start, action[:, 1:], learned)[-1]
    found, true = classes(last.logits) == OccClass.CAR, batch["occupancy"][:, -1] == OccClass.CAR
    return float((found & true).sum() / (found | true).sum())
