"""Configuration files: composed by Hydra from ``drivewm.conf``, checked by pydantic."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from drivewm.errors import InputError


class Config(BaseModel):
    """Base of every configuration class: frozen, keyword-only, unknown fields refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


C = TypeVar("C", bound=Config)


def compose(name: str, overrides: Sequence[str] = ()) -> dict[str, Any]:
    """The plain dict of ``conf/<name>.yaml`` with ``key=value`` overrides applied.

    Raises:
        InputError: the file, a group or an override does not exist.
    """
    from hydra import compose as hydra_compose
    from hydra import initialize_config_module
    from hydra.errors import HydraException
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    group = "/".join(name.split("/")[:-1])
    try:
        with initialize_config_module(config_module="drivewm.conf", version_base="1.3"):
            composed = hydra_compose(config_name=name, overrides=list(overrides))
    except (HydraException, OmegaConfBaseException) as error:
        text = str(error).splitlines()[0]
        fix = f"see the YAML files under conf/{group}"
        raise InputError(text, file=f"conf/{name}.yaml", fix=fix) from error
    plain = OmegaConf.to_container(composed, resolve=True)
    for part in filter(None, group.split("/")):  # Hydra packages a group's file under its name
        plain = plain.get(part, plain) if isinstance(plain, dict) else plain
    return plain  # type: ignore[return-value]


def load(cls: type[C], name: str, overrides: Sequence[str] = ()) -> C:
    """Composes ``conf/<name>.yaml`` and checks it against ``cls``.

    Raises:
        InputError: a field is unknown, missing or out of range.
    """
    return validate(cls, compose(name, overrides), file=f"conf/{name}.yaml")


def validate(cls: type[C], values: dict[str, Any], *, file: str) -> C:
    """Builds ``cls`` from plain values; the first problem becomes an InputError."""
    try:
        return cls(**values)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        raise InputError(first["msg"], file=file, field=field, fix="correct the field") from error
