"""Losses of the optional heads in a window, their scaling, and their labels."""

import numpy as np
import pytest
import torch

from drivewm.models.heads.config import HeadsConfig
from drivewm.models.world_model import WorldModel
from drivewm.training.agent_labels import agent_label, returns
from drivewm.training.head_losses import LossScale, ego_target
from drivewm.training.stages import DynamicsStage, window_losses
from tests.models.hand import smoke_config

EVERY = {"agents": True, "value": True, "ego_action": True, "ensemble": 2, "agent_slots": 3}


def stage(joint: bool, **changes) -> DynamicsStage:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    config = smoke_config(**changes)
    heads = HeadsConfig(**EVERY, joint=joint)
    model = config.model.model_copy(update={"encoder": "privileged", "heads": heads})
    config = config.model_copy(update={"model": model})
    return DynamicsStage(WorldModel(model), config, torch.ones(18), 10)


def window(model: WorldModel, batch: int = 2) -> dict[str, torch.Tensor]:
    length = model.config.observed_steps + model.config.imagined_steps
    nx, ny, nz = model.config.grid.shape
    labels = torch.randint(0, 18, (batch, length, nx, ny, nz), dtype=torch.uint8)
    with torch.no_grad():
        features = torch.stack([model.encode(labels[:, t]) for t in range(length)], 1)
    boxes = torch.zeros(batch, length, 3, 8)
    boxes[..., 0, :] = torch.tensor([5.0, 1.0, 0.2, 4.5, 1.9, 1.6, 2.0, 0.0])
    kinds = torch.full((batch, length, 3), -1)
    kinds[..., 0] = 2
    return {
        "features": features, "occupancy": labels, "flow": torch.zeros(batch, length, 2, nx, ny),
        "flow_known": torch.ones(batch, length, nx, ny, dtype=torch.bool),
        "action": torch.rand(batch, length - 1, 6), "reward": torch.rand(batch, length - 1),
        "cont": torch.ones(batch, length - 1), "agents": boxes, "agent_class": kinds,
        "value": torch.rand(batch, length),
    }  # fmt: skip


@pytest.mark.parametrize("joint", [False, True])
def test_heads_shape_the_latents_only_when_trained_jointly(joint):
    given = stage(joint)
    losses = window_losses(given, window(given.model))
    names = ("agent_centres", "agent_boxes", "value", "ego_action", "ensemble")
    sum(losses[n] for n in names).backward()
    heads = [p for n, p in given.model.named_parameters() if n.startswith("heads.")]
    rest = [p for n, p in given.model.named_parameters() if not n.startswith("heads.")]
    assert sum(p.grad is not None and bool(p.grad.abs().sum() > 0) for p in heads) > 10
    assert any(p.grad is not None and bool(p.grad.abs().sum() > 0) for p in rest) == joint


def test_one_step_lowers_every_loss_on_the_batch_it_saw():
    given = stage(True)
    batch = window(given.model)
    optimizer, seen = torch.optim.AdamW(given.trained(), 3e-3), []
    for _ in range(12):
        losses = window_losses(given, batch)
        optimizer.zero_grad()
        given.total(losses).backward()
        optimizer.step()
        seen.append({n: v.item() for n, v in losses.items()})
    assert sorted(seen[0]) == sorted(given.loss_names())
    for name in ("perceived", "imagined", "reward", "agent_centres", "value", "ensemble"):
        if name != "perceived":  # what was given is what is there
            assert seen[-1][name] < seen[0][name], name


def test_scaled_losses_weigh_the_same_whatever_their_units():
    scale = LossScale(["small", "large"], decay=0.5)
    for value in (1.0, 2.0, 4.0):
        out = scale({"small": torch.tensor(1e-3 * value), "large": torch.tensor(1e3 * value)})
    assert float(out["small"]) == pytest.approx(float(out["large"]), rel=1e-3)
    mean = (0.5 * 16 + 0.25 * 4 + 0.125 * 1) / (1 - 0.125)
    assert float(out["large"]) == pytest.approx(4.0 / mean**0.5, rel=1e-6)
    again = LossScale(["small", "large"], decay=0.5)
    again.load_state_dict(scale.state_dict())
    more = {"small": torch.tensor(1.0), "large": torch.tensor(1.0)}
    assert {n: float(v) for n, v in again(more).items()} == {
        n: float(v) for n, v in scale(more).items()
    }


def test_ego_targets_add_up_motions_and_end_with_the_window():
    action = torch.zeros(1, 3, 6)
    action[0, :, 0] = 2.0
    action[0, 0, 2] = torch.pi / 2  # turns left in the first step
    target = ego_target(action, 0, 4)[0]
    torch.testing.assert_close(target[0], torch.tensor([2.0, 0.0, torch.pi / 2]))
    torch.testing.assert_close(target[2], torch.tensor([2.0, 4.0, torch.pi / 2]), atol=1e-5, rtol=0)
    assert target[3].isnan().all()
    torch.testing.assert_close(ego_target(action, 2, 1)[0, 0], torch.tensor([2.0, 0.0, 0.0]))


def test_returns_are_known_where_enough_follows_or_the_drive_ends():
    reward, cont = np.array([1.0, 2.0, 4.0, 8.0]), np.ones(4)
    np.testing.assert_allclose(returns(reward, cont, 2, 0.5), [2.0, 4.0, 8.0, np.nan, np.nan])
    cont[3] = 0.0
    np.testing.assert_allclose(returns(reward, cont, 2, 0.5), [2.0, 4.0, 8.0, 8.0, np.nan])


def test_labels_are_the_nearest_agents_in_the_ego_frame(small_fleet):
    from drivewm.models.heads.agents import AGENT_CLASSES
    from drivewm.scene import EgoColumn

    scene = small_fleet.scene(small_fleet.scenes[0].id)
    grid = smoke_config().model.grid
    boxes, classes = agent_label(scene, 10, grid, 20)
    count = int((classes >= 0).sum())
    assert count >= 1 and (classes[count:] == -1).all()
    gaps = np.hypot(boxes[:count, 0], boxes[:count, 1])
    assert (np.diff(gaps) >= 0).all()
    ego = scene.ego[10]
    cos, sin = np.cos(ego[EgoColumn.HEADING]), np.sin(ego[EgoColumn.HEADING])
    x, y = boxes[0, :2]
    at = ego[:2] + np.array([cos * x - sin * y, sin * x + cos * y])
    near = np.hypot(*(scene.tracks.state[:, 10, :2] - at).T) + 1e3 * ~scene.tracks.valid[:, 10]
    n = int(near.argmin())
    assert near[n] < 1e-3 and scene.tracks.occ_class[n] == AGENT_CLASSES[classes[0]]
    few, _ = agent_label(scene, 10, grid, 1)
    np.testing.assert_array_equal(few[0], boxes[0])
