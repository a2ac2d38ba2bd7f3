"""Arrows point one way, every module imports, and nothing heavy comes along unasked."""

from __future__ import annotations

import importlib
import importlib.metadata as metadata
import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.source_tree import Module, imported_names, imports_of, is_within, modules

ALL = modules()
HEAVY = ("torch", "numba", "lightning", "pytorch_lightning", "nuscenes")
OPTIONAL = {  # module -> the extra that it asks for
    "drivewm.sim.env": "gym",
    "drivewm.eval.pytest_plugin": "dev",  # pytest itself imports it
    "drivewm.scenarios.osc.exporting": "osc",
    "drivewm.scenarios.osc.export_actions": "osc",
    "drivewm.scenarios.osc.export_conditions": "osc",
    "drivewm.scenarios.osc.export_scenario": "osc",
}
ASKED_FOR = {"drivewm.models.export": {"onnxruntime"}}  # imported after saying what to install
LIBRARY = ("config", "errors", "progress", "seeds", "storage")  # may be imported from anywhere

# package -> the only drivewm packages it may import
ALLOWED = {
    "geometry": ("geometry", "errors"),
    "scene": ("scene", "geometry", "errors"),
    "measures": ("measures", "scene", "geometry", "errors", "config"),
    "planners": ("planners", "sim", "measures", "scene", "geometry", "models", *LIBRARY),
}
# package -> drivewm packages it must not import
FORBIDDEN = {
    "sim": ("planners", "worlds", "models", "training", "logs", "viz"),
    "models": ("training", "logs", "worlds", "planners"),
    "logs": ("planners", "models", "training"),
    "worlds": ("planners", "models", "training"),
    "scenarios": ("eval",),
}
JUDGE = ("drivewm.eval", "drivewm.scenarios")


def broken_arrow(module: str, imported: str) -> str | None:
    """What is wrong with ``module`` importing ``imported``; None when it may."""
    package = module.split(".")[1] if "." in module else ""
    is_judge = any(is_within(module, part) for part in JUDGE)
    if not is_judge and any(is_within(imported, part) for part in JUDGE):
        return "the library never imports its judge"
    if is_within(imported, "nuscenes") and not module.startswith("drivewm.logs.sources.nuscenes"):
        return "only logs/sources/nuscenes* may import nuscenes-devkit"
    if not imported.startswith("drivewm."):
        return None
    target = imported.split(".")[1]
    if package in ALLOWED and target not in (*ALLOWED[package], "__version__"):
        return f"{package} may import {', '.join(ALLOWED[package])} only"
    if target in FORBIDDEN.get(package, ()):
        return f"{package} must not import {target}"
    return None


@pytest.mark.parametrize("module", ALL, ids=lambda m: m.name)
def test_arrows_point_one_way(module: Module) -> None:
    found = [(name, broken_arrow(module.name, name)) for name in imports_of(module)]
    assert [pair for pair in found if pair[1]] == []


@pytest.mark.parametrize(
    ("source", "module"),
    [
        ("from drivewm.eval.scores import x", "drivewm.sim.loop"),
        ("def f():\n    from drivewm import scenarios", "drivewm.commands.doctor"),
        ("import drivewm.planners.idm", "drivewm.sim.loop"),
        ("from ..planners import idm", "drivewm.sim.loop"),
        ("from drivewm.logs.fleet import Fleet", "drivewm.models.world_model"),
        ("from drivewm.seeds import generator", "drivewm.geometry.boxes"),
        ("from nuscenes.nuscenes import NuScenes", "drivewm.viz.bev"),
        ("from drivewm.worlds import world", "drivewm.planners.imagine"),
        ("from drivewm import eval", "drivewm.scenarios.library"),
    ],
)
def test_a_wrong_arrow_is_caught(source: str, module: str) -> None:
    assert any(broken_arrow(module, name) for name in imported_names(source, module, False))


@pytest.mark.parametrize(
    ("source", "module"),
    [
        ("from drivewm.scenarios import suites", "drivewm.eval.suite"),
        ("from drivewm.sim import loop", "drivewm.eval.rollouts"),
        ("from drivewm.sim.traffic import Traffic", "drivewm.worlds.build"),
        ("import nuscenes", "drivewm.logs.sources.nuscenes_tables"),
        ("from drivewm import __version__", "drivewm.cli"),
    ],
)
def test_a_right_arrow_passes(source: str, module: str) -> None:
    assert not any(broken_arrow(module, name) for name in imported_names(source, module, False))


@pytest.mark.parametrize("module", ALL, ids=lambda m: m.name)
def test_module_imports(module: Module) -> None:
    importlib.import_module(module.name)


def modules_loaded_by(code: str) -> set[str]:
    """Top-level names in ``sys.modules`` after the code ran in a fresh interpreter."""
    report = "import sys, json; print(json.dumps(sorted({n.split('.')[0] for n in sys.modules})))"
    command = [sys.executable, "-c", f"{code}\n{report}"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    return set(json.loads(result.stdout.splitlines()[-1]))


def test_commands_import_nothing_heavy() -> None:
    commands = [m.name for m in ALL if ".commands." in m.name]
    assert commands
    loaded = modules_loaded_by(f"import {', '.join(commands)}")
    assert loaded.isdisjoint(HEAVY)
    assert "drivewm" in loaded


def test_the_evaluator_does_not_import_torch() -> None:
    free = ("geometry", "scene", "measures", "sim", "logs", "planners", "eval")
    model_users = (
        "drivewm.planners.imagine", "drivewm.planners.looking", "drivewm.planners.perceived",
        "drivewm.eval.forecast", "drivewm.eval.counterfactual", "drivewm.eval.horizon",
        "drivewm.eval.novelty",
    )  # fmt: skip
    names = [
        module.name
        for module in ALL
        if any(is_within(module.name, f"drivewm.{part}") for part in free)
        and not any(is_within(module.name, part) for part in model_users)
    ]
    assert modules_loaded_by(f"import {', '.join(names)}").isdisjoint({"torch", "lightning"})


def test_every_imported_distribution_is_declared(repository: Path) -> None:
    project = tomllib.loads((repository / "pyproject.toml").read_text())["project"]
    declared = {canonicalize_name(Requirement(line).name) for line in project["dependencies"]}
    providers = metadata.packages_distributions()
    undeclared = []
    for module in ALL:
        known = {"drivewm", *ASKED_FOR.get(module.name, ())}
        for name in {name.split(".")[0] for name in imports_of(module)} - known:
            if name in sys.stdlib_module_names:
                continue
            owners = {canonicalize_name(owner) for owner in providers.get(name, ["(unknown)"])}
            extra = project["optional-dependencies"].get(OPTIONAL.get(module.name), [])
            allowed = declared | {canonicalize_name(Requirement(line).name) for line in extra}
            if owners.isdisjoint(allowed):
                undeclared.append(f"{module.name} imports {name}")
    assert sorted(undeclared) == []
