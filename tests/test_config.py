"""Every YAML file in conf/ composes; wrong fields and overrides are named."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from drivewm.config import Config, _by_hydra, compose, load, validate
from drivewm.errors import InputError
from tests.source_tree import ROOT

CONF = ROOT / "conf"
NAMES = sorted(str(path.relative_to(CONF).with_suffix("")) for path in CONF.rglob("*.yaml"))


class Camera(Config):
    width_px: int
    height_px: int = 256


class Rig(Config):
    front: Camera


@pytest.mark.parametrize("name", NAMES)
def test_every_yaml_composes(name: str) -> None:
    values = compose(name)
    assert isinstance(values, dict) and values
    assert "???" not in str(values)


@pytest.mark.parametrize("name", NAMES)
def test_a_file_read_alone_is_what_hydra_makes_of_it(name: str) -> None:
    assert compose(name) == _by_hydra(name, name.rpartition("/")[0], [])


def test_config_is_frozen_keyword_only_and_closed() -> None:
    camera = Camera(width_px=448)
    with pytest.raises(ValidationError):
        camera.width_px = 1  # type: ignore[misc]
    with pytest.raises(ValidationError):
        Camera(width_px=448, heigth_px=256)  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        Camera(448)  # type: ignore[call-arg]


def test_validate_builds_nested_configs() -> None:
    rig = validate(Rig, {"front": {"width_px": 448}}, file="rig.yaml")
    assert rig == Rig(front=Camera(width_px=448, height_px=256))


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"front": {"width_px": "wide"}}, "front.width_px"),
        ({"front": {"width_px": 448, "depth": 1}}, "front.depth"),
        ({}, "front"),
    ],
)
def test_a_wrong_field_is_named_with_its_file(values, field) -> None:
    with pytest.raises(InputError) as caught:
        validate(Rig, values, file="rig.yaml")
    assert (caught.value.file, caught.value.field) == ("rig.yaml", field)
    assert caught.value.fix


def test_a_missing_file_is_an_input_error() -> None:
    with pytest.raises(InputError, match="no_such_preset"):
        compose("model/no_such_preset")
    with pytest.raises(InputError, match="no_such_preset"):
        load(Rig, "no_such_preset")


@pytest.mark.parametrize("name", ["../demo", "train/../demo", "train/__init__"])
def test_a_name_outside_its_folder_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="no such configuration"):
        compose(name)


@pytest.mark.parametrize("preset", ["tiny", "smoke"])
def test_any_field_can_be_set_named_in_the_file_or_not(preset: str) -> None:
    from drivewm.training.config import TrainConfig

    settings = ["perception_steps=3", "seed=5", "model.encoder=privileged",
                "holdout_scenes=[scene-0103,scene-0916]"]  # fmt: skip
    config = load(TrainConfig, f"train/{preset}", settings)
    assert (config.perception_steps, config.seed, config.model.encoder) == (3, 5, "privileged")
    assert config.holdout_scenes == ("scene-0103", "scene-0916")


@pytest.mark.parametrize(
    ("override", "field", "says"),
    [
        ("no_such_field=1", "no_such_field", "known: .*perception_steps"),
        ("model.no_such=1", "model.no_such", "known: .*encoder"),
        ("perception_steps=many", "perception_steps", "integer"),
        ("perception_steps=-1", "perception_steps", "greater"),
        ("learning_rate=nan", "learning_rate", "greater"),
        ("model=3", "model", "valid dictionary"),
        ("model.encoder=sonar", "model.encoder", "'pull'"),
    ],
)
def test_a_wrong_override_is_named(override: str, field: str, says: str) -> None:
    from drivewm.training.config import TrainConfig

    with pytest.raises(InputError, match=says) as caught:
        load(TrainConfig, "train/tiny", [override])
    assert caught.value.field == field


@pytest.mark.parametrize("override", ["seed", "==", "=1", "a b=1", "~seed=1"])
def test_an_override_that_is_no_setting_is_named(override: str) -> None:
    with pytest.raises(InputError, match="KEY=VALUE"):
        compose("train/tiny", [override])
