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


def test_every_kind_of_difference_is_told_with_both_versions(folder):
    from safetensors.torch import load_file, save_file

    path = folder / checkpoint.WEIGHTS
    weights = load_file(path)
    del weights["gain"]
    weights["stranger"] = torch.zeros(3)
    weights["motion.out.bias"] = torch.zeros(5)
    save_file(weights, path)
    content = json.loads((folder / checkpoint.CONFIG).read_text())
    content["provenance"]["drivewm"] = "0.0.9"
    (folder / checkpoint.CONFIG).write_text(json.dumps(content))
    with pytest.raises(InputError) as caught:
        checkpoint.load(folder)
    text = str(caught.value)
    assert "1 missing (gain)" in text and "1 unexpected (stranger)" in text
    assert "1 of another shape (motion.out.bias: the file has [5], this model wants [12])" in text
    assert "written by drivewm 0.0.9" in text and "start_from" in text


def test_a_new_model_starts_from_what_fits_and_says_what_does_not(folder):
    from drivewm.models.heads.config import HeadsConfig
    from drivewm.models.world_model import WorldModel

    old = checkpoint.load(folder)
    config = old.config.model_copy(update={"heads": HeadsConfig(value=True)})
    new = WorldModel(config)
    line = checkpoint.start_from(new, folder)
    assert torch.equal(new.see.out.weight, old.see.out.weight)
    missing = len(new.state_dict()) - len(old.state_dict())
    assert missing > 0 and f"{missing} missing (heads.value." in line


def test_a_start_from_another_grid_is_refused(folder):
    from drivewm.models.grid import GridConfig
    from drivewm.models.world_model import WorldModel

    config = checkpoint.load(folder).config
    other = config.model_copy(update={"grid": GridConfig(x_max_m=19.2, cell_m=1.6)})
    with pytest.raises(
        InputError, match=r"grid with x_max_m = 38\.4, this one has 19\.2"
    ) as caught:
        checkpoint.start_from(WorldModel(other), folder)
    assert caught.value.field == "model.grid.x_max_m"


def test_weights_of_another_grid_are_told_from_a_config_that_was_edited(folder):
    path = folder / checkpoint.CONFIG
    content = json.loads(path.read_text())
    content["model"]["grid"] |= {"y_min_m": -28.8, "y_max_m": 22.4}  # every tensor still fits
    path.write_text(json.dumps(content))
    with pytest.raises(InputError, match=r"made for a grid with y_min_m = -25\.6") as caught:
        checkpoint.load(folder)
    assert caught.value.field == "model.grid.y_min_m"
