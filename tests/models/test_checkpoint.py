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
