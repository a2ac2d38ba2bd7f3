import pytest
import torch

from drivewm.models.world_model import WorldModel
from drivewm.training.forcing import forced_steps, forcing_of
from drivewm.training.stages import DynamicsStage, window_losses
from tests.models.hand import action, smoke_config


def test_modes():
    assert forced_steps("self", 0, 10, 6, 0.5, 0) == 0
    assert forced_steps("teacher", 9, 10, 6, 0.5, 0) == 6
    assert [forced_steps("suffix", s, 10, 6, 0.5, 0) for s in range(5)] == [6] * 5
    late = [forced_steps("suffix", s, 400, 6, 0.5, 0) for s in range(200, 400)]
    assert set(late) == set(range(6))
    assert late == [forced_steps("suffix", s, 400, 6, 0.5, 0) for s in range(200, 400)]


def test_auto_is_a_matter_of_the_backbone():
    assert forcing_of("auto", "rssm") == "self" and forcing_of("auto", "flow") == "suffix"
    assert forcing_of("teacher", "rssm") == "teacher"


@pytest.mark.parametrize("forced", [0, 1, 3])
def test_forced_steps_look_at_the_true_frame(forced, monkeypatch):
    """Frame t + 1 is looked at after action t, and only where forced."""
    config = smoke_config()
    stage = DynamicsStage(WorldModel(config.model), config, torch.ones(18), 10)
    shape, length, observed = config.model.grid.shape, 5, config.model.observed_steps
    looked = []
    observe = stage.model.observe

    def record(state, before, embed, noise=None):
        looked.append((float(before[0, 0]), float(embed[0, 0, 0, 0])))
        return observe(state, before, embed, noise)

    monkeypatch.setattr(stage.model, "observe", record)
    frames = torch.arange(length).float()[None, :, None, None, None]
    channels = config.model.channels
    batch = {
        "features": frames.expand(1, -1, channels, shape[0] // 2, shape[1] // 2).contiguous(),
        "occupancy": torch.randint(0, 18, (1, length, *shape)),
        "flow": torch.zeros(1, length, 2, *shape[:2]),
        "flow_known": torch.ones(1, length, *shape[:2], dtype=torch.bool),
        "action": torch.stack([action(float(t) + 10) for t in range(length - 1)], 1),
        "reward": torch.rand(1, length - 1),
        "cont": torch.ones(1, length - 1),
    }
    losses = window_losses(stage, batch, forced)
    assert all(torch.isfinite(v) for v in losses.values())
    every = [(0.0, 0.0), *((10.0 + t, t + 1.0) for t in range(length - 1))]
    assert looked == every[: min(observed + forced, length - 1)]
