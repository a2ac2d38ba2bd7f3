"""The sizes that the presets document."""

import re
from importlib import resources

import pytest
import torch

from drivewm.config import load
from drivewm.models.dynamics.base import COMPLETE
from drivewm.models.dynamics.registry import BACKBONES, build_dynamics
from drivewm.training.config import TrainConfig


def parameters(preset: str, name: str) -> int:
    model = load(TrainConfig, f"train/{preset}").model
    with torch.device("meta"):
        dynamics = build_dynamics(name, getattr(model, name), model.grid, model.channels, COMPLETE)
    return sum(p.numel() for p in dynamics.parameters())


@pytest.mark.parametrize("preset", ["base", "large"])
def test_documented_parameters_are_true(preset):
    text = resources.files("drivewm.conf").joinpath(f"train/{preset}.yaml").read_text()
    line = re.search(r"Parameters of the dynamics: (.*);", text)
    stated = dict(part.split(" ", 1) for part in line[1].split(", "))
    assert stated.keys() == BACKBONES.keys()
    for name, size in stated.items():
        millions = float(size.removesuffix(" M"))
        assert parameters(preset, name) / 1e6 == pytest.approx(millions, rel=0.02)


@pytest.mark.parametrize("preset", ["smoke", "tiny"])
def test_small_presets_are_of_one_size(preset):
    sizes = [parameters(preset, name) for name in BACKBONES]
    assert max(sizes) < 2.0 * min(sizes)
