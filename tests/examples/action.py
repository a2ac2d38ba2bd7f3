"""Runs a composite action's shell steps as GitHub would, the parts of it that are used here."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

HOLE = re.compile(r"\$\{\{\s*([\w.-]+)\s*\}\}")
PIP = '#!/bin/sh\necho "pip $*" >> "$PIP_LOG"\n'
DRIVEWM = '#!/bin/sh\nexec "{python}" -P -m drivewm.cli "$@"\n'


@dataclass(frozen=True)
class Job:
    """What a job left."""

    codes: dict[str, int]  # step -> exit code; a step after a failed one is not run
    outputs: dict[str, str]
    summary: str
    log: str
    pip: str  # calls of pip


def read(path: Path) -> dict[str, Any]:
    """The YAML of an action or a workflow."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def run_action(folder: Path, work: Path, inputs: dict[str, str], tmp: Path) -> Job:
    """Runs the action in ``folder`` with the checkout ``work``."""
    action = read(folder / "action.yml")
    known = {name: str(spec.get("default", "")) for name, spec in action["inputs"].items()}
    unknown = set(inputs) - set(known)
    assert not unknown, f"no such input: {unknown}"
    values = {f"inputs.{name}": value for name, value in (known | inputs).items()}
    values["github.action_path"] = str(folder)
    env = _environment(tmp, work)
    codes, log = {}, ""
    for step in action["runs"]["steps"]:
        if "run" not in step or any(codes.values()):
            continue
        own = {key: HOLE.sub(lambda m: values[m.group(1)], text)
               for key, text in step.get("env", {}).items()}  # fmt: skip
        assert "${{" not in step["run"], "inputs reach a script through its environment only"
        script = tmp / f"{len(codes)}.sh"
        script.write_text(step["run"], encoding="utf-8")
        command = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", str(script)]
        done = subprocess.run(command, cwd=work, env=env | own, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, check=False)  # fmt: skip
        codes[step["name"]] = done.returncode
        log += done.stdout + done.stderr
    written = Path(env["GITHUB_OUTPUT"]).read_text(encoding="utf-8").splitlines()
    return Job(
        codes=codes, outputs=dict(line.split("=", 1) for line in written), log=log,
        summary=Path(env["GITHUB_STEP_SUMMARY"]).read_text(encoding="utf-8"),
        pip=Path(env["PIP_LOG"]).read_text(encoding="utf-8"),
    )  # fmt: skip


def _environment(tmp: Path, work: Path) -> dict[str, str]:
    """GitHub's files, and programs of this environment; pip only writes down what it is told."""
    programs = tmp / "bin"
    programs.mkdir(parents=True)
    for name, text in (("pip", PIP), ("drivewm", DRIVEWM.format(python=sys.executable))):
        path = programs / name
        path.write_text(text, encoding="utf-8")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
    files = {}
    for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_ENV", "GITHUB_PATH", "PIP_LOG"):
        files[name] = str(tmp / name.lower())
        Path(files[name]).touch()
    path = os.pathsep.join([str(programs), os.environ["PATH"]])
    runner = {
        "CI": "true",
        "GITHUB_ACTIONS": "true",
        "GITHUB_WORKSPACE": str(work),
        "GITHUB_EVENT_NAME": "pull_request",
        "RUNNER_OS": "Linux",
        "RUNNER_TEMP": str(tmp),
    }
    return os.environ | files | runner | {"PATH": path}
