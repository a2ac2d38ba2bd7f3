"""Planners by name, ``module:Class`` or file path, each with ``?key=value&key=value`` options."""

from __future__ import annotations

import ast
import hashlib
import importlib
import importlib.util
import inspect
import math
import sys
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import parse_qsl

from drivewm.errors import InputError
from drivewm.scene import Planner

GROUP = "drivewm.planners"
MODES = ("privileged", "visible", "sensor")
BUILT_IN = {  # also declared in pyproject.toml; here so that a source tree works uninstalled
    "constant_velocity": "drivewm.planners.constant_velocity:ConstantVelocity",
    "idm": "drivewm.planners.idm:IDM",
    "imagine": "drivewm.planners.imagine:Imagine",
    "log_replay": "drivewm.planners.log_replay:LogReplay",
}


@dataclass(frozen=True, kw_only=True)
class PlannerSpec:
    """A parsed planner argument."""

    text: str  # as the user wrote it
    target: str  # name, module:Class, or path[:Class]
    options: dict[str, Any] = field(default_factory=dict)


def parse(text: str) -> PlannerSpec:
    """Splits ``target?key=value&key=value``; values are Python literals where they read as such.

    Raises:
        InputError: an option is not ``key=value`` or comes twice.
    """
    target, _, query = text.partition("?")
    options: dict[str, Any] = {}
    fix = "write planner?key=value&key=value"
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=True) if query else []
    except ValueError as error:
        raise InputError(f"bad options '{query}'", field=text, fix=fix) from error
    for key, value in pairs:
        if key in options or not key.isidentifier():
            raise InputError(f"bad or repeated option '{key}'", field=text, fix=fix)
        options[key] = _literal(value)
    return PlannerSpec(text=text, target=target, options=options)


def _literal(value: str) -> Any:
    try:
        return ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return {"true": True, "false": False, "none": None}.get(value.lower(), value)


def known() -> dict[str, str]:
    """Names of all registered planners -> ``module:Class``.

    Raises:
        InputError: two packages register one name.
    """
    names = dict(BUILT_IN)
    for entry in sorted(entry_points(group=GROUP), key=lambda e: (e.name, e.value)):
        if names.setdefault(entry.name, entry.value) != entry.value:
            raise InputError(
                f"planner '{entry.name}' is registered by {names[entry.name]} and {entry.value}",
                fix="uninstall one of the packages, or name the class as module:Class",
            )
    return dict(sorted(names.items()))


def load_class(spec: PlannerSpec) -> type:
    """The planner's class.

    Raises:
        InputError: unknown name, missing file or class, or its import failed (the cause follows).
    """
    target = spec.target
    path_text, _, class_name = target.partition(":")
    if path_text.endswith(".py"):
        return _pick(_module_from_file(Path(path_text), target), class_name, target)
    names = known()
    location = names.get(target, target)
    module_name, _, class_name = location.partition(":")
    if not class_name:
        raise InputError(
            f"unknown planner '{target}'",
            fix=f"known: {', '.join(names)}; or give module:Class or a .py file",
        )
    with _naming(target):
        module = importlib.import_module(module_name)
    return _pick(module, class_name, target)


def create(text: str) -> Planner:
    """Builds the planner a command line names.

    Raises:
        InputError: see :func:`load_class`; or the constructor refuses the options.
    """
    spec = parse(text)
    cls = load_class(spec)
    try:
        inspect.signature(cls).bind(**spec.options)
    except TypeError as error:
        parameters = [p for p in inspect.signature(cls).parameters if p != "self"]
        fix = f"options of {cls.__name__}: {', '.join(parameters) or 'none'}"
        raise InputError(str(error), field=text, fix=fix) from error
    with _naming(text):
        planner = cls(**spec.options)
    _check(planner, text)
    return planner


def _check(planner: Any, text: str) -> None:
    """What the loop will ask of a planner, asked before the first drive.

    Raises:
        InputError: a method is missing, or an attribute is not what it should be.
    """
    for name in ("reset", "plan"):
        if not callable(getattr(planner, name, None)):
            raise InputError(f"the planner has no method {name}()", field=text,
                             fix="write reset(scenes) and plan(observation)")  # fmt: skip
    every = getattr(planner, "replan_interval_s", 0.1)
    if not isinstance(every, int | float) or not 0 < every < math.inf:
        raise InputError(f"replan_interval_s is {every!r}", field=text,
                         fix="make it a number of seconds above 0")  # fmt: skip
    modes = getattr(planner, "modes", None) or (getattr(planner, "mode", "privileged"),)
    if not isinstance(modes, tuple | list) or any(mode not in MODES for mode in modes):
        raise InputError(f"modes are {modes!r}", field=text, fix=f"use {' or '.join(MODES)}")


class _naming:
    """Turns any failure of foreign code into one line that names the planner and the cause."""

    def __init__(self, target: str) -> None:
        self._target = target

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, Exception | SystemExit) and not isinstance(error, InputError):
            cause = f"{type(error).__name__}: {error}"
            raise InputError(
                f"planner '{self._target}' could not be loaded: {cause}",
                fix="mend the planner's module, or install what it needs",
            ) from error


def _module_from_file(path: Path, target: str) -> ModuleType:
    if not path.is_file():
        raise InputError("planner file not found", file=path, fix="check the path")
    digest = hashlib.blake2b(str(path.resolve()).encode(), digest_size=4).hexdigest()
    name = f"_drivewm_planner_{path.stem}_{digest}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise InputError("not a Python file", file=path, fix="give a .py file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        with _naming(target):
            spec.loader.exec_module(module)
    except InputError:
        del sys.modules[name]
        raise
    return module


def _pick(module: ModuleType, class_name: str, target: str) -> type:
    """The named class, or the module's only own class with a plan() method."""
    if class_name:
        cls = getattr(module, class_name, None)
        if not inspect.isclass(cls):
            raise InputError(f"no class '{class_name}' in {module.__name__}", field=target)
        return cls
    own = [
        value
        for value in vars(module).values()
        if inspect.isclass(value)
        and value.__module__ == module.__name__
        and callable(getattr(value, "plan", None))
    ]
    if len(own) != 1:
        names = ", ".join(cls.__name__ for cls in own) or "none"
        raise InputError(
            f"need one class with a plan() method, found: {names}",
            file=target,
            fix="name it: path/file.py:Class",
        )
    return own[0]
