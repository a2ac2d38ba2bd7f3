"""Every YAML file in conf/ composes; wrong fields and overrides are named."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from drivewm.config import Config, compose, load, validate
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


@pytest.mark.skipif(not NAMES, reason="conf/ holds no YAML yet")
def test_an_override_of_an_unknown_field_is_an_input_error() -> None:
    with pytest.raises(InputError):
        compose(NAMES[0], ["no_such_field=1"])
