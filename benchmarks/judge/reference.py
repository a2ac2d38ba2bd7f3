"""Times of the reference implementations for the very same cases.

Best: measured beside drivewm, by a harness that runs the unmodified reference and prints one JSON
object ``{"seconds": {name: CPU seconds}, "rows": {name: {"folder", "kind", "row"}}}``; its command
is given with ``--reference``. Otherwise the figures of the fixtures' ``TIMINGS.md``, scaled by the
yardstick ``calibration.c`` that lies beside them.
"""

from __future__ import annotations

import json
import shlex
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

STORED_YARDSTICK_S = 0.17
STORED = {  # name -> (seconds on the machine of TIMINGS.md, kind of case, case)
    "nuPlan metrics, fixture scenes": (0.0373, "nuplan_cls", None),
    "closed loop, nuplan_idm, replay": (0.111, "nuplan_closed_loop", "cl_21001_idm_replay"),
    "closed loop, nuplan_idm, nuplan_idm": (0.106, "nuplan_closed_loop", "cl_21001_idm_idm"),
    "closed loop, nuplan_simple, replay": (0.065, "nuplan_closed_loop", "cl_21001_simple_replay"),
    "closed loop, nuplan_simple, nuplan_idm": (
        0.074, "nuplan_closed_loop", "cl_21001_simple_idm",
    ),
    "closed loop, pdm_closed, replay": (0.70, "nuplan_closed_loop", "cl_21001_pdm_replay"),
    "closed loop, pdm_closed, nuplan_idm": (0.71, "nuplan_closed_loop", "cl_21001_pdm_idm"),
}  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """One timed thing of the reference, and the case to time ours on."""

    name: str
    seconds: float
    folder: Path
    kind: str
    row: str | list[str] | None  # None: the first 110 cases


def measured(command: str) -> list[Entry]:
    """Runs the harness; its progress goes to the terminal."""
    done = subprocess.run(shlex.split(command), capture_output=True, text=True, check=True)
    found = json.loads(done.stdout.strip().splitlines()[-1])
    rows = found["rows"]
    return [
        Entry(name, s, Path(rows[name]["folder"]), rows[name]["kind"], rows[name]["row"])
        for name, s in found["seconds"].items()
    ]


def stored(fixtures: Path) -> list[Entry]:
    """The published figures on this machine's scale."""
    folder = fixtures / "dev" if (fixtures / "dev").is_dir() else fixtures
    scale = yardstick_s(fixtures / "calibration.c") / STORED_YARDSTICK_S
    return [
        Entry(name, seconds * scale, folder, kind, row)
        for name, (seconds, kind, row) in STORED.items()
    ]


def yardstick_s(source: Path) -> float:
    """What ``calibration.c`` prints here."""
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "calibration"
        command = ["cc", "-O3", "-march=native", str(source), "-lm", "-o", str(program)]
        subprocess.run(command, check=True)
        return float(subprocess.run([program], capture_output=True, text=True).stdout.split()[0])
