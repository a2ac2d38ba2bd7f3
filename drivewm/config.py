"""Configuration files: composed by Hydra from ``drivewm.conf``, checked by pydantic."""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib import resources
from threading import Lock
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from drivewm.errors import InputError


class Config(BaseModel):
    """Base of every configuration class: frozen, keyword-only, unknown fields refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


C = TypeVar("C", bound=Config)
_COMPOSED = re.compile(r"^(defaults:|# *@package)", re.MULTILINE)  # what Hydra is for


def compose(name: str, overrides: Sequence[str] = ()) -> dict[str, Any]:
    """The plain dict of ``conf/<name>.yaml`` with ``key=value`` overrides applied.

    An override may name a field that the file leaves out; whether the field exists is for the
    configuration class to say.

    Raises:
        InputError: the file does not exist, or an override is not ``key=value``.
    """
    group = name.rpartition("/")[0]
    _check_exists(name, group)
    text = resources.files("drivewm.conf").joinpath(f"{name}.yaml").read_text(encoding="utf-8")
    if not overrides and not _COMPOSED.search(text):
        return _alone(text)
    return _by_hydra(name, group, overrides)


def _alone(text: str) -> dict[str, Any]:
    """A file that builds on no other: Hydra would give the same, a tenth of a second later."""
    from omegaconf import OmegaConf

    return OmegaConf.to_container(OmegaConf.create(text), resolve=True)  # type: ignore[return-value]


_COMPOSING = Lock()  # Hydra's state is one for the process


def _by_hydra(name: str, group: str, overrides: Sequence[str]) -> dict[str, Any]:
    from hydra import compose as hydra_compose
    from hydra import initialize_config_module
    from hydra.errors import HydraException
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    addressed = [_addressed(override, group) for override in overrides]
    try:
        with _COMPOSING, initialize_config_module(config_module="drivewm.conf", version_base="1.3"):
            composed = hydra_compose(config_name=name, overrides=addressed)
    except (HydraException, OmegaConfBaseException) as error:
        text = str(error).splitlines()[0]
        raise InputError(text, file=f"conf/{name}.yaml", fix="write KEY=VALUE") from error
    plain = OmegaConf.to_container(composed, resolve=True)
    for part in filter(None, group.split("/")):  # Hydra packages a group's file under its name
        plain = plain.get(part, plain) if isinstance(plain, dict) else plain
    return plain  # type: ignore[return-value]


def _check_exists(name: str, group: str) -> None:
    folder = resources.files("drivewm.conf").joinpath(group)
    known = sorted(
        entry.name.removesuffix(".yaml")
        for entry in (folder.iterdir() if folder.is_dir() else ())
        if entry.name.endswith(".yaml")
    )
    if name.rpartition("/")[2] not in known or ".." in name:
        fix = f"conf/{group} has {', '.join(known) or 'none'}"
        raise InputError("no such configuration", file=f"conf/{name}.yaml", fix=fix)


def _addressed(override: str, group: str) -> str:
    """The override as Hydra wants it: under the group's package, new keys allowed."""
    key, equals, value = override.partition("=")
    if not equals or not all(part.isidentifier() for part in key.split(".")):
        raise InputError(f"'{override}' is not KEY=VALUE", fix="write for example seed=1")
    return f"++{'.'.join([*filter(None, group.split('/')), key])}={value}"


def load(cls: type[C], name: str, overrides: Sequence[str] = ()) -> C:
    """Composes ``conf/<name>.yaml`` and checks it against ``cls``.

    Raises:
        InputError: a field is unknown, missing or out of range.
    """
    return validate(cls, compose(name, overrides), file=f"conf/{name}.yaml")


def validate(cls: type[C], values: dict[str, Any], *, file: str) -> C:
    """Builds ``cls`` from plain values; the first problem becomes an InputError."""
    try:
        return cls.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        problem, fix = first["msg"], "correct the field"
        if first["type"] == "extra_forbidden":
            known = _fields(cls, [str(part) for part in first["loc"][:-1]])
            problem, fix = "unknown field", f"known: {', '.join(known)}" if known else fix
        field = ".".join(map(str, first["loc"])) or None
        raise InputError(problem, file=file, field=field, fix=fix) from error


def _fields(cls: type[BaseModel], path: Sequence[str]) -> list[str]:
    """Fields of the configuration at ``path``, none where that is no plain nested class."""
    for name in path:
        inner = cls.model_fields[name].annotation if name in cls.model_fields else None
        if not (isinstance(inner, type) and issubclass(inner, BaseModel)):
            return []
        cls = inner
    return list(cls.model_fields)
