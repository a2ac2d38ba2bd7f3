"""The pytest plugin: scenarios are tests; without its options it does nothing."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

from drivewm.storage import write_text

SUITE = """schema_version: 1
title: Two of one family
scenarios:
  - {family: stalled_car.yaml, samples: 2, sampling: sobol}
"""
OWN_TEST = "def test_own():\n    assert True\n"
INSTALLED = any(e.name == "drivewm" for e in metadata.entry_points(group="pytest11"))
HEAVY = ("numpy", "numba", "pydantic", "drivewm.scenarios.source", "drivewm.eval.scoring")


@pytest.fixture
def folder(repository: Path, tmp_path: Path) -> Path:
    """A repository with one test, a suite and its family."""
    family = repository / "examples/planner-repo/scenarios/stalled_car.yaml"
    write_text(tmp_path / "stalled_car.yaml", family.read_text(encoding="utf-8"))
    write_text(tmp_path / "suite.yaml", SUITE)
    write_text(tmp_path / "test_own.py", OWN_TEST)
    return tmp_path


def run_pytest(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """As a user calls it; the plugin is named where an older installation does not know it."""
    named = [] if INSTALLED else ["-p", "drivewm.eval.pytest_plugin"]
    command = [sys.executable, "-P", "-m", "pytest", *named, "-p", "no:cacheprovider", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_one_test_per_scenario_beside_the_others(folder):
    done = run_pytest(folder, "--drivewm-suite", "suite.yaml", "--drivewm-planner",
                      "constant_velocity", "--collect-only", "-q")  # fmt: skip
    assert done.stdout.splitlines()[:3] == [
        "test_own.py::test_own",
        "drivewm-suite::stalled_car/sobol0_000",
        "drivewm-suite::stalled_car/sobol0_001",
    ], done.stdout + done.stderr


def test_failing_scenario_tells_the_reason_and_what_replays_it(folder):
    done = run_pytest(folder, "--drivewm-suite", "suite.yaml", "--drivewm-planner",
                      "constant_velocity", "-k", "sobol0_000")  # fmt: skip
    assert done.returncode == 1
    assert "stalled_car/sobol0_000: at-fault collision at" in done.stdout
    assert (
        "replay: drivewm score constant_velocity --suite suite.yaml "
        "--scenes stalled_car/sobol0_000 -o runs/replay --overwrite"
    ) in done.stdout
    assert "Traceback" not in done.stdout and "1 failed, 2 deselected" in done.stdout


def test_passing_scenario_and_kept_results(folder):
    done = run_pytest(folder, "--drivewm-suite", "suite.yaml", "--drivewm-planner", "careful",
                      "-k", "sobol0_001", "--drivewm-out", "kept")  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert (folder / "kept/stalled_car-sobol0_001/scenario.parquet").exists()


@pytest.mark.parametrize(
    "arguments, problem",
    [
        (["--drivewm-suite", "smok", "--drivewm-planner", "careful"], "did you mean 'smoke'"),
        (["--drivewm-suite", "smoke", "--drivewm-planner", "carefull"], "unknown planner"),
        (["--drivewm-planner", "careful"], "need each other"),
        (["--drivewm-suite", "smoke"], "need each other"),
    ],
)
def test_bad_options_are_one_line(folder, arguments, problem):
    done = run_pytest(folder, *arguments)
    assert done.returncode == 4
    assert problem in done.stderr + done.stdout
    assert "Traceback" not in done.stderr + done.stdout


def test_nothing_is_imported_where_the_options_are_absent(folder):
    report = f"import sys\ndef pytest_unconfigure():\n    print('HEAVY', [n for n in {HEAVY!r} if n in sys.modules])\n"  # noqa: E501
    write_text(folder / "conftest.py", report)
    done = run_pytest(folder, "-p", "no:hypothesispytest", "-p", "no:hydra_pytest", "-s")
    assert "HEAVY []" in done.stdout and "1 passed" in done.stdout, done.stdout


def test_entry_point_is_this_module(repository):
    project = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["entry-points"]["pytest11"] == {"drivewm": "drivewm.eval.pytest_plugin"}
