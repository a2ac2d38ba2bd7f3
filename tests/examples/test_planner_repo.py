"""The example planner repository: its workflow, the action's steps as shell, its own tests."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from drivewm.eval.gate.waivers import read_waivers
from drivewm.scenarios.source import SuiteSource
from tests.examples.action import Job, read, run_action

PLANNER = "src/lane_follower/planner.py:LaneFollower"


@pytest.fixture(scope="module")
def example(repository: Path) -> Path:
    return repository / "examples" / "planner-repo"


@pytest.fixture(scope="module")
def action(repository: Path) -> Path:
    return repository / ".github" / "actions" / "gate"


@pytest.fixture(scope="module")
def checkout(example: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    ignored = shutil.ignore_patterns("runs", "__pycache__")
    return Path(shutil.copytree(example, tmp_path_factory.mktemp("checkout") / "w", ignore=ignored))


def run_with(action: Path, example: Path, checkout: Path, tmp: Path, planner: str) -> Job:
    """The workflow's own inputs with another planner."""
    return run_action(action, checkout, gate_inputs(example) | {"planner": planner}, tmp)


def gate_inputs(example: Path) -> dict[str, str]:
    """What the workflow gives the action."""
    steps = read(example / ".github/workflows/gate.yml")["jobs"]["gate"]["steps"]
    (step,) = [step for step in steps if "actions/gate" in step.get("uses", "")]
    return {key: str(value) for key, value in step["with"].items()}


def test_unchanged_planner_passes_the_gate(action, example, checkout, tmp_path):
    job = run_with(action, example, checkout, tmp_path, PLANNER)
    assert job.codes == {"Install": 0, "Score": 0, "Gate": 0}, job.log
    assert job.outputs == {"exit-code": "0", "report": "runs/gate/gate.html"}
    assert "drivewm gate: pass" in job.summary
    source = (action / "../../..").resolve()
    assert job.pip.split() == ["pip", "install", str(source), ".[test]"]


def test_planner_that_stops_late_fails_the_gate(action, example, checkout, tmp_path):
    job = run_with(action, example, checkout, tmp_path, f"{PLANNER}?gap_m=-8")
    assert job.codes == {"Install": 0, "Score": 0, "Gate": 1}, job.log
    assert job.outputs["exit-code"] == "1"
    assert "at-fault collision" in job.summary and "stalled_car" in job.summary
    assert "drivewm score" in job.summary  # what replays it
    errors = [line for line in job.log.splitlines() if line.startswith("::error ")]
    assert any("file=scenarios/stalled_car.yaml,line=" in line for line in errors)
    for name in ("junit.xml", "summary.md", "gate.json", "gate.html"):
        assert (checkout / "runs/gate" / name).stat().st_size > 0


def test_workflow_names_what_is_there(action, example):
    inputs, known = gate_inputs(example), read(action / "action.yml")["inputs"]
    assert set(inputs) <= set(known)
    needed = {name for name, spec in known.items() if spec.get("required")}
    assert needed <= set(inputs)
    for name in ("suite", "baseline", "waivers"):
        assert (example / inputs[name]).exists()
    assert (example / inputs["planner"].partition(":")[0]).exists()
    assert read_waivers(example / inputs["waivers"]) == ()


def test_what_the_workflow_runs_is_installed(example):
    steps = read(example / ".github/workflows/gate.yml")["jobs"]["gate"]["steps"]
    assert any(step.get("run", "").startswith("python -m pytest ") for step in steps)
    extras = tomllib.loads((example / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert any(name.startswith("pytest") for name in extras["optional-dependencies"]["test"])
    assert ".[test]" in gate_inputs(example)["install"].split()


def test_action_is_a_composite_action_whose_outputs_come_from_its_steps(action):
    content = read(action / "action.yml")
    assert content["runs"]["using"] == "composite"
    steps = content["runs"]["steps"]
    assert all(("run" in step) != ("uses" in step) for step in steps)
    assert all(step.get("shell") == "bash" for step in steps if "run" in step)
    assert {step["id"] for step in steps if "id" in step} == {"gate"}


def test_suite_holds_two_scenarios_of_every_family(example):
    source = SuiteSource.open(str(example / "suite.yaml"))
    families = [info.family for info in source.scenes]
    assert sorted(set(families)) == ["car_cuts_in", "stalled_car", "walker_crosses"]
    assert all(families.count(name) == 2 for name in families)


def test_planner_is_short_and_its_own_tests_pass(example):
    lines = (example / "src/lane_follower/planner.py").read_text(encoding="utf-8").splitlines()
    assert len(lines) < 70
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=example, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "3 passed" in done.stdout, done.stdout + done.stderr
