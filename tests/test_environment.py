"""constraints.txt, environment.yml and pyproject.toml agree, and nothing is left unpinned."""

from __future__ import annotations

import importlib.metadata as metadata
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

# What a CUDA build of torch brings along; torch itself pins these.
TORCH_OWN = ("nvidia-", "cuda-", "triton")


def pins_of(lines: list[str]) -> dict[str, str]:
    """Name -> exact version of ``name==version`` lines."""
    pins: dict[str, str] = {}
    for line in lines:
        name, version = line.split("==")
        assert canonicalize_name(name) not in pins, f"{name} is pinned twice"
        pins[canonicalize_name(name)] = version
    return pins


@pytest.fixture(scope="module")
def project(repository: Path) -> dict:
    return tomllib.loads((repository / "pyproject.toml").read_text())["project"]


@pytest.fixture(scope="module")
def constraints(repository: Path) -> dict[str, str]:
    lines = (repository / "constraints.txt").read_text().splitlines()
    return pins_of([line for line in lines if line and not line.startswith("#")])


@pytest.fixture(scope="module")
def environment(repository: Path) -> dict:
    return yaml.safe_load((repository / "environment.yml").read_text())


def declared(project: dict) -> list[Requirement]:
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    return [Requirement(line) for group in groups for line in group]


def test_every_declared_dependency_is_pinned_within_its_range(project, constraints) -> None:
    for requirement in declared(project):
        version = constraints[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version), f"{requirement} but pinned {version}"


def test_every_transitive_dependency_is_pinned(project, constraints) -> None:
    reached: dict[str, None] = {}
    waiting = [(canonicalize_name(r.name), r.extras) for r in declared(project)]
    while waiting:
        name, extras = waiting.pop()
        for line in metadata.requires(name) or []:
            inner = Requirement(line)
            wanted = inner.marker is None or any(
                inner.marker.evaluate({"extra": extra}) for extra in ("", *sorted(extras))
            )
            inner_name = canonicalize_name(inner.name)
            if wanted and inner_name not in reached and not inner_name.startswith(TORCH_OWN):
                reached[inner_name] = None
                waiting.append((inner_name, inner.extras))
    assert len(reached) > 30
    assert sorted(reached.keys() - constraints.keys()) == []


def test_versions_that_numpy_1_allows(constraints) -> None:
    assert Version(constraints["numpy"]) < Version("2")
    assert Version(constraints["pyarrow"]) < Version("26")
    assert Version(constraints["pandas"]) < Version("3.1")
    assert Version(constraints["opencv-python-headless"]) < Version("4.12")


def test_pins_are_portable(constraints) -> None:
    assert all(not Version(v).local and "@" not in v for v in constraints.values())


def test_environment_pins_what_the_constraints_pin(environment, constraints) -> None:
    (pip,) = (item["pip"] for item in environment["dependencies"] if isinstance(item, dict))
    assert pip[-1] == "-e ."
    assert pins_of(pip[:-1]) == constraints


def test_environment_python_is_one_that_the_project_takes(environment, project) -> None:
    (python,) = (d for d in environment["dependencies"] if str(d).startswith("python="))
    assert SpecifierSet(project["requires-python"]).contains(python.split("=")[1] + ".0")


def test_environment_says_it_is_unverified(repository: Path) -> None:
    assert "unverified under conda" in (repository / "environment.yml").read_text().lower()


def test_workflow_covers_the_python_range(repository: Path, project) -> None:
    workflow = yaml.safe_load((repository / ".github/workflows/ci.yml").read_text())
    versions = workflow["jobs"]["check"]["strategy"]["matrix"]["python"]
    takes = SpecifierSet(project["requires-python"])
    assert versions == [f"3.{n}" for n in range(8, 20) if takes.contains(f"3.{n}.0")]
