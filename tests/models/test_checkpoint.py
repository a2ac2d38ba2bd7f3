import json

import pytest
import torch

from drivewm.errors import InputError
from drivewm.models import checkpoint
from tests.models.hand import privileged_model


@pytest.fixture
def folder(tmp_path):
    facts = {"parameters": 1, "scenes": []}
    checkpoint.save(tmp_path / "run", privileged_model(), facts, "# card\n")
    return tmp_path / "run"


def test_a_published_model_comes_back_equal(folder):
    again, model = checkpoint.load(folder), privileged_model()
    for name, value in model.state_dict().items():
        assert torch.equal(value, again.state_dict()[name]), name
    assert checkpoint.provenance(folder)["parameters"] == 1


def test_a_folder_without_a_model_is_named(tmp_path):
    with pytest.raises(InputError, match="no published model"):
        checkpoint.load(tmp_path)


def test_a_truncated_weight_file_is_named(folder):
    path = folder / checkpoint.WEIGHTS
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(InputError, match=r"model\.safetensors"):
        checkpoint.load(folder)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"model": {}}', b"\xff\xfe"])
def test_a_damaged_config_is_named(folder, content):
    (folder / checkpoint.CONFIG).write_bytes(content)
    with pytest.raises(InputError, match=r"config\.json: not a model config"):
        checkpoint.load(folder)


@pytest.mark.parametrize(
    ("model", "provenance", "field"),
    [(3, {"parameters": 1, "scenes": []}, None), ({}, 3, "provenance.parameters"),
     ({}, {"parameters": 1}, "provenance.scenes")],
)  # fmt: skip
def test_a_config_of_other_parts_is_named(folder, model, provenance, field):
    text = json.dumps({"model": model, "provenance": provenance})
    (folder / checkpoint.CONFIG).write_text(text)
    with pytest.raises(InputError, match=r"config\.json") as caught:
        checkpoint.load(folder)
    assert caught.value.field == field


@pytest.mark.parametrize("content", [None, b"", b"\xff" * 5000])
def test_damaged_weights_are_named(folder, content):
    path = folder / checkpoint.WEIGHTS
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=r"model\.safetensors"):
        checkpoint.load(folder)


def test_the_weights_are_as_readable_as_the_config(folder):
    modes = {(folder / name).stat().st_mode for name in (checkpoint.WEIGHTS, checkpoint.CONFIG)}
    assert len(modes) == 1


def test_a_config_of_another_size_names_the_first_tensor_that_differs(folder):
    path = folder / checkpoint.CONFIG
    content = json.loads(path.read_text())
    content["model"]["channels"] = 24
    path.write_text(json.dumps(content))
    with pytest.raises(InputError, match=r"dynamics.*wants"):
        checkpoint.load(folder)


def test_a_config_with_an_unknown_field_is_named(folder):
    path = folder / checkpoint.CONFIG
    content = json.loads(path.read_text())
    content["model"]["colour"] = "blue"
    path.write_text(json.dumps(content))
    with pytest.raises(InputError, match="colour"):
        checkpoint.load(folder)
