"""Drives one scenario with the planner of one revision, in a fresh process."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from drivewm.errors import InputError
from drivewm.eval.gate.bisect import Trial
from drivewm.eval.gate.facts import Drive
from drivewm.eval.gate.findings import RULES
from drivewm.eval.gate.runs import read_run

LABEL = "bisect"


@dataclass(frozen=True, kw_only=True)
class Setup:
    """What every trial shares."""

    planner: str  # a file's path is relative to the repository
    source: tuple[str, str]  # --suite NAME or --fleet FOLDER
    scenario: str
    seed: int
    options: Sequence[str] = ()  # of `drivewm score`


def planner_text(text: str, root: Path) -> str:
    """The planner with a file's path relative to the repository, so that it is every revision's
    own.

    Raises:
        InputError: the file is outside of the repository.
    """
    target, mark, query = text.partition("?")
    path_text, colon, name = target.partition(":")
    if not path_text.endswith(".py"):
        return text
    path = Path(path_text)
    if (Path.cwd() / path).resolve().is_relative_to(root.resolve()):
        path = (Path.cwd() / path).resolve().relative_to(root.resolve())
    elif path.is_absolute() or ".." in path.parts:
        raise InputError("the planner is not in the repository", file=path, field="--planner",
                         fix=f"give a file below {root}")  # fmt: skip
    return f"{path.as_posix()}{colon}{name}{mark}{query}"


def try_revision(tree: Path, setup: Setup) -> Trial:
    """One drive by the planner in a folder.

    A planner that cannot be loaded gives a trial without a drive; one that fails on the way gives
    a failed drive.
    """
    with tempfile.TemporaryDirectory(prefix="drivewm-trial-") as folder:
        out = Path(folder) / "results"
        done = _score(tree, setup, out)
        if done.returncode:
            lines = [line for line in done.stderr.strip().splitlines() if line.strip()]
            return Trial(drive=None, text=lines[-1] if lines else f"exit code {done.returncode}")
        drives = list(read_run(out, LABEL).drives.values())
    drive = next((d for d in drives if d.seed == setup.seed), None)
    if drive is None:
        return Trial(drive=None, text="no drive of the scenario in the results")
    return Trial(drive=drive, text=_text(drive))


def _score(tree: Path, setup: Setup, out: Path) -> subprocess.CompletedProcess[str]:
    """`drivewm score` of this installation, with the planner's own modules from ``tree``."""
    arguments = [
        f"{LABEL}={setup.planner}", *setup.source, "--scenes", setup.scenario,
        "--seed", str(setup.seed), "--no-rollouts", *setup.options, "-o", str(out),
    ]  # fmt: skip
    file = setup.planner.partition("?")[0].partition(":")[0]
    own = [str(tree), str((tree / file).parent)] if file.endswith(".py") else [str(tree)]
    paths = [*dict.fromkeys(own), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(paths), "PYTHONDONTWRITEBYTECODE": "1",
    }  # fmt: skip
    # -P: the evaluator must not come from the folder it is started in.
    command = [sys.executable, "-P", "-m", "drivewm.cli", "score", *arguments]
    return subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True,
                          check=False)  # fmt: skip


def _text(drive: Drive) -> str:
    if drive.failed:
        return f"failed: {drive.reason}"
    events = [RULES[name] for name, happened in drive.events.items() if happened]
    return ", ".join([f"score {drive.score:.3f}", *events])
