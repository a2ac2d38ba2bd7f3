import pytest
import torch

from drivewm.errors import InputError
from drivewm.models import checkpoint
from drivewm.models.export import Imagination, example, export
from drivewm.models.world_model import WorldModel
from tests.models.hand import smoke_config


def model(**changes) -> WorldModel:
    """A small model whose every weight is random, so that no part of it is silent."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    given = WorldModel(smoke_config().model.model_copy(update={"imagined_steps": 2, **changes}))
    with torch.no_grad():
        for parameter in given.parameters():
            parameter += 0.05 * torch.randn_like(parameter)
    return given.eval()


def test_an_exported_file_says_what_the_model_says(tmp_path):
    given = model()
    check = export(given, tmp_path / "model.pt2")
    assert check.passed and set(check.differences) == {"probability", "flow", "reward", "cont"}
    alone = torch.export.load(tmp_path / "model.pt2").module()
    other = example(given, seed=7)
    with torch.no_grad():
        for ours, theirs in zip(Imagination(given)(*other), alone(*other)):
            torch.testing.assert_close(theirs, ours, atol=1e-5, rtol=1e-5)
    assert [p.name for p in tmp_path.iterdir()] == ["model.pt2"]


def test_the_exported_future_hangs_on_the_actions():
    given = model()
    features, past, future = example(given)
    with torch.no_grad():
        one = Imagination(given)(features, past, future)[0]
        other = Imagination(given)(features, past, future * 0.5)[0]
    assert float((one - other).abs().max()) > 0.01


def test_onnx_without_its_packages_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(InputError, match="pip install onnx onnxscript onnxruntime"):
        export(model(), tmp_path / "model.onnx", "onnx")


def test_the_command_prints_the_check_and_fails_on_a_difference(tmp_path, capsys, monkeypatch):
    from drivewm.cli import main
    from drivewm.models import export as module

    checkpoint.save(tmp_path / "run", model(), {"parameters": 1, "scenes": []}, "# card\n")
    said = {"probability": 0.0, "flow": 0.5}
    monkeypatch.setattr(module, "export", lambda *_: module.Check(differences=said, batch=1))
    assert main(["export", str(tmp_path / "run"), "-o", str(tmp_path / "m.pt2")]) == 1
    assert "NOT equal" in capsys.readouterr().out
