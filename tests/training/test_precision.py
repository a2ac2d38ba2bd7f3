"""The precision of a run hangs on the machine only where it was left to it."""

import pytest
import torch

from drivewm.config import load
from drivewm.training.config import TrainConfig
from drivewm.training.precision import precision_of


@pytest.mark.parametrize("named", ["32", "bf16", "auto"])
def test_every_precision_can_be_named_on_the_command_line(named):
    assert load(TrainConfig, "train/tiny", [f"precision={named}"]).precision == named


@pytest.mark.parametrize("named", ["32", "bf16"])
def test_a_named_precision_is_kept_on_every_machine(named, monkeypatch):
    for tiles in (True, False):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda t=tiles: {"amx_bf16": t})
        assert precision_of(named) == named


@pytest.mark.parametrize(("capabilities", "expected"), [
    ({"amx_bf16": True}, "bf16"), ({"amx_bf16": False, "avx512_bf16": True}, "32"), ({}, "32"),
])  # fmt: skip
def test_auto_is_bf16_only_where_tiles_multiply_it(capabilities, expected, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities)
    assert precision_of("auto") == expected
