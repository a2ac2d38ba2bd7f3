"""The built wheel holds every module and every data file, under the one import name."""

from __future__ import annotations

import configparser
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path, PurePosixPath

import pytest

from drivewm import __version__
from tests.source_tree import MOUNTS

BUILD_FILES = ("pyproject.toml", "setup.py", "LICENSE", "README.md")
CACHES = "__pycache__"  # of Python and of Numba


@pytest.fixture(scope="module")
def wheel(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel built from a copy of the sources, without network."""
    copy = tmp_path_factory.mktemp("sources")
    for folder in MOUNTS:
        ignore = shutil.ignore_patterns(CACHES, ".*")
        shutil.copytree(repository / folder, copy / folder, ignore=ignore)
    for name in BUILD_FILES:
        if (repository / name).exists():
            shutil.copy(repository / name, copy / name)
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "-o", "dist", "."]
    result = subprocess.run(command, cwd=copy, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stdout + result.stderr
    (path,) = (copy / "dist").glob("*.whl")
    return zipfile.ZipFile(path)


def shipped_name(path: Path, repository: Path) -> str:
    """Where a source file belongs inside the wheel."""
    folder, *rest = path.relative_to(repository).parts
    return str(PurePosixPath(MOUNTS[folder].replace(".", "/"), *rest))


def test_wheel_holds_every_source_file(wheel: zipfile.ZipFile, repository: Path) -> None:
    sources = [path for folder in MOUNTS for path in (repository / folder).rglob("*")]
    expected = {
        shipped_name(path, repository)
        for path in sources
        if path.is_file() and CACHES not in path.parts and not path.name.startswith(".")
    }
    assert expected - set(wheel.namelist()) == set()
    assert {"drivewm/cli.py", "drivewm/eval/__init__.py", "drivewm/conf/__init__.py"} <= expected


def test_wheel_has_no_other_top_level_name(wheel: zipfile.ZipFile) -> None:
    tops = {name.split("/")[0] for name in wheel.namelist()}
    assert tops == {"drivewm", f"drivewm-{__version__}.dist-info"}


def test_wheel_holds_no_tests_or_caches(wheel: zipfile.ZipFile) -> None:
    assert [n for n in wheel.namelist() if CACHES in n or "/tests/" in n] == []


def entry_points(wheel: zipfile.ZipFile) -> configparser.ConfigParser:
    text = wheel.read(f"drivewm-{__version__}.dist-info/entry_points.txt").decode()
    points = configparser.ConfigParser()
    points.read_string(text)
    return points


def test_wheel_installs_the_command(wheel: zipfile.ZipFile) -> None:
    assert entry_points(wheel)["console_scripts"]["drivewm"] == "drivewm.cli:main"


def test_wheel_holds_the_planners_it_names(wheel: zipfile.ZipFile) -> None:
    planners = entry_points(wheel)["drivewm.planners"]
    files = {name: f"{at.split(':')[0].replace('.', '/')}.py" for name, at in planners.items()}
    assert {n: f for n, f in files.items() if f not in wheel.namelist()} == {}


def test_wheel_names_its_version_and_licence(wheel: zipfile.ZipFile) -> None:
    metadata = wheel.read(f"drivewm-{__version__}.dist-info/METADATA").decode()
    assert f"\nVersion: {__version__}\n" in metadata
    assert "\nLicense-Expression: Apache-2.0\n" in metadata
    assert f"drivewm-{__version__}.dist-info/licenses/LICENSE" in wheel.namelist()
