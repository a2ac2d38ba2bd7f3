"""A cached kernel is used again, and made anew when what was compiled into it is edited."""

import os
import shutil
import subprocess
import sys

import pytest

import drivewm
from drivewm import kernel_cache
from tests.source_tree import ROOT

INNER = """
from numba import njit

@njit(cache=True)
def scaled(x):
    return {factor} * x
"""
OUTER = """
from numba import njit

from drivewm.parts import scaled

@njit(cache=True)
def call(x):
    return scaled(x) + 1
"""
ASK = "from drivewm.outer import call; print(call(3), sum(call.stats.cache_hits.values()))"


@pytest.fixture
def package(tmp_path):
    """A drivewm of two kernels; one calls the other through the ``__init__`` of ``parts``."""
    folder = tmp_path / "drivewm"
    (folder / "parts").mkdir(parents=True)
    for name in ("__init__.py", "kernel_cache.py"):
        shutil.copy(ROOT / "drivewm" / name, folder / name)
    (folder / "parts" / "inner.py").write_text(INNER.format(factor=2))
    (folder / "parts" / "__init__.py").write_text("from drivewm.parts.inner import scaled\n")
    (folder / "outer.py").write_text(OUTER)
    return folder


def ask(package, **variables):
    """What the kernel returns in a fresh process, and how often it came from the cache."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("NUMBA_CACHE")}
    done = subprocess.run(
        [sys.executable, "-c", ASK], cwd=package.parent, text=True, check=True, timeout=300,
        capture_output=True, env=kept | {"PYTHONPATH": str(package.parent)} | variables,
    )  # fmt: skip
    return tuple(int(word) for word in done.stdout.split())


def test_a_kernel_comes_from_the_cache_until_what_it_calls_is_edited(package):
    assert ask(package) == (7, 0)
    assert ask(package) == (7, 1)
    (package / "parts" / "inner.py").write_text(INNER.format(factor=5))
    assert ask(package) == (16, 0)
    assert ask(package) == (16, 1)
    assert list((package / "__pycache__").glob("outer.call-*.nbi"))


def test_the_folder_of_numba_s_own_variable_is_used(package, tmp_path):
    folder = tmp_path / "elsewhere"
    assert ask(package, NUMBA_CACHE_DIR=str(folder)) == (7, 0)
    assert ask(package, NUMBA_CACHE_DIR=str(folder)) == (7, 1)
    assert list(folder.rglob("outer.call-*.nbi"))
    assert not list((package / "__pycache__").glob("*.nbi"))


def reached(name):
    found = kernel_cache._reached(str(ROOT / "drivewm" / name))
    return {os.path.relpath(path, ROOT / "drivewm") for path in found}


def test_files_are_reached_through_packages_and_other_files():
    assert reached("scene/vehicle.py") == {"scene/vehicle.py"}
    assert {"scene/vehicle.py", "scene/columns.py"} <= reached("sim/loop.py")
    assert "scene/__init__.py" not in reached("sim/loop.py")  # names count where they come from


def test_files_of_others_keep_numba_s_stamp(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("import numpy\n")
    assert kernel_cache.stamp(str(path), b"numba") == b"numba"
    path = tmp_path / "planner.py"
    path.write_text("import numpy\nfrom drivewm.scene import (\n    Trajectory,  # a plan\n)\n")
    assert kernel_cache.stamp(str(path), b"numba") != b"numba"


def test_numba_asks_the_classes_of_drivewm():
    names = os.environ[drivewm.KERNEL_CACHE].split(",")
    assert all(isinstance(getattr(kernel_cache, n.rsplit(".", 1)[1]), type) for n in names)
