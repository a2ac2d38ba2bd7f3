"""Planners by name, ``module:Class`` or file path, each with ``?key=value&key=value`` options.

A word before the rest wraps what is no planner of this library: ``nuplan:module:Class``,
``navsim:module:Class``, ``exec:COMMAND``.
"""

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
from drivewm.sim.config import IsolationConfig

GROUP = "drivewm.planners"
MODES = ("privileged", "visible", "sensor")
BUILT_IN = {  # also declared in pyproject.toml; here so that a source tree works uninstalled
    "careful": "drivewm.planners.careful:Careful",
    "constant_velocity": "drivewm.planners.constant_velocity:ConstantVelocity",
    "defect": "drivewm.planners.defects:Defect",
    "idm": "drivewm.planners.idm:IDM",
    "imagine": "drivewm.planners.imagine:Imagine",
    "log_replay": "drivewm.planners.log_replay:LogReplay",
    "nuplan_idm": "drivewm.planners.nuplan_idm:NuplanIdm",
    "nuplan_simple": "drivewm.planners.nuplan_simple:NuplanSimple",
    "pdm_closed": "drivewm.planners.pdm_closed:PdmClosed",
    "perceived": "drivewm.planners.perceived:Perceived",
    "scripted": "drivewm.sim.script.ego:ScriptedEgo",
}
WRAPPERS = {  # word -> its class, and the method that tells the wrapped class in a file
    "exec": ("drivewm.planners.external:ExternalPlanner", ""),
    "navsim": ("drivewm.planners.navsim:NavsimPlanner", "compute_trajectory"),
    "nuplan": ("drivewm.planners.nuplan:NuplanPlanner", "compute_planner_trajectory"),
}


@dataclass(frozen=True, kw_only=True)
class PlannerSpec:
    """A parsed planner argument."""

    text: str  # as the user wrote it
    target: str  # name, module:Class, path[:Class], or a command
    wrapper: str | None = None  # a word of WRAPPERS
    options: dict[str, Any] = field(default_factory=dict)


def parse(text: str) -> PlannerSpec:
    """Splits ``target?key=value&key=value``; values are Python literals where they read as such.

    Raises:
        InputError: an option is not ``key=value`` or comes twice.
    """
    word, colon, rest = text.partition(":")
    wrapper = word if colon and word in WRAPPERS else None
    target, query = _split(rest if wrapper else text, is_command=wrapper == "exec")
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
    return PlannerSpec(text=text, target=target, wrapper=wrapper, options=options)


def _split(text: str, is_command: bool) -> tuple[str, str]:
    """Target and options; a command may hold question marks of its own, before its last word."""
    if not is_command:
        target, _, query = text.partition("?")
        return target, query
    target, mark, query = text.rpartition("?")
    return (target, query) if mark and "=" in query and " " not in query else (text, "")


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


def files_of(text: str) -> list[Path]:
    """Files that a planner's text names; with an edited one it is another planner."""
    spec = parse(text)
    if spec.wrapper == "exec":
        named = [Path(word) for word in spec.target.split()]
        return [path for path in named if path.is_file()]
    path = Path(spec.target.partition(":")[0])
    return [path] if path.suffix == ".py" and path.is_file() else []


def load_class(spec: PlannerSpec) -> Any:
    """The planner's class; where a wrapper is named, the class (or function) that it wraps.

    Raises:
        InputError: unknown name, missing file or class, or its import failed (the cause follows).
    """
    target, method = spec.target, "plan"
    if spec.wrapper is not None:
        method = WRAPPERS[spec.wrapper][1]
    path_text, _, class_name = target.partition(":")
    if path_text.endswith(".py"):
        return _pick(_module_from_file(Path(path_text), target), class_name, target, method)
    names = known()
    location = target if spec.wrapper else names.get(target, target)
    module_name, _, class_name = location.partition(":")
    if not class_name:
        raise InputError(
            f"unknown planner '{target}'",
            fix=f"known: {', '.join(names)}; or give module:Class or a .py file",
        )
    with _naming(target):
        module = importlib.import_module(module_name)
    return _pick(module, class_name, target, method)


def create(text: str, isolation: IsolationConfig | None = None) -> Planner:
    """Builds the planner a command line names, in a process of its own where asked.

    Raises:
        InputError: see :func:`load_class`; or the constructor refuses the options.
    """
    if isolation is not None and isolation.is_on:
        from drivewm.planners.process import ProcessPlanner

        return ProcessPlanner(text, isolation)
    spec = parse(text)
    if spec.wrapper is None:
        planner = _build(load_class(spec), text, spec.options)
    else:
        module_name, _, class_name = WRAPPERS[spec.wrapper][0].partition(":")
        wrapper = getattr(importlib.import_module(module_name), class_name)
        if spec.wrapper == "exec":
            planner = _build(wrapper, text, {"command": spec.target, **spec.options})
        else:
            planner = wrapper(_build(load_class(spec), text, spec.options))
    _check(planner, text)
    return planner


def _build(cls: Any, text: str, options: dict[str, Any]) -> Any:
    """Calls the class with the options.

    Raises:
        InputError: it takes others, or it raised.
    """
    try:
        inspect.signature(cls).bind(**options)
    except TypeError as error:
        parameters = [p for p in inspect.signature(cls).parameters if p != "self"]
        fix = f"options of {cls.__name__}: {', '.join(parameters) or 'none'}"
        raise InputError(str(error), field=text, fix=fix) from error
    with _naming(text):
        return cls(**options)


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


def _pick(module: ModuleType, class_name: str, target: str, method: str) -> Any:
    """The named class, or the module's only own class with the method; to be wrapped, also a
    function that makes one."""
    if class_name:
        cls = getattr(module, class_name, None)
        if not (inspect.isclass(cls) or (method != "plan" and callable(cls))):
            raise InputError(f"no class '{class_name}' in {module.__name__}", field=target)
        return cls
    own = [
        value
        for value in vars(module).values()
        if inspect.isclass(value)
        and value.__module__ == module.__name__
        and callable(getattr(value, method, None))
    ]
    if len(own) != 1:
        names = ", ".join(cls.__name__ for cls in own) or "none"
        raise InputError(
            f"need one class with a {method}() method, found: {names}",
            file=target,
            fix="name it: path/file.py:Class",
        )
    return own[0]
