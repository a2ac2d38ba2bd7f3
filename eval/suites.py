"""Which planners on which scenes: the cells of a results table."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drivewm.errors import InputError
from drivewm.eval.schema import Cell
from drivewm.logs.fleet import SceneInfo
from drivewm.planners import registry
from drivewm.sim.config import IsolationConfig

_LABEL = re.compile(r"^([A-Za-z][\w.-]*)=(?=[^=])")


@dataclass(frozen=True, kw_only=True)
class Job:
    """One drive to make and judge."""

    label: str  # the planner's name in the results
    planner: str  # its command-line text
    scene_id: str  # of the row: the recording's, or that of a moment of it (``recording@t``)
    recording: str  # the fleet's scene
    seed: int = 0  # of the agents; 0 = as they are
    start_s: float | None = None  # of the moment, from the recording's start
    stage: int | None = None  # of a two-stage score
    source: str
    split: str
    location: str
    scenario: Any = None  # of a suite: its ScenarioInfo

    @property
    def cell(self) -> Cell:
        """The key of its rows."""
        return Cell(self.label, self.scene_id, self.seed)


def label_planners(
    texts: Sequence[str], isolation: IsolationConfig | None = None
) -> dict[str, str]:
    """Label -> planner text, in order. ``LABEL=planner`` names one; else the planner's own name.

    Planners are built once here, so that a bad one is known before the first drive.

    Raises:
        InputError: a planner cannot be built, or two have one label.
    """
    labelled: dict[str, str] = {}
    for text in texts:
        match = _LABEL.match(text.partition("?")[0])
        spec = text[match.end() :] if match else text
        planner = registry.create(spec, isolation)
        label = match.group(1) if match else _own_name(planner, spec)
        if label in labelled:
            raise InputError(f"two planners are called '{label}'", field="planner",
                             fix=f"name them: first={labelled[label]} second={spec}")  # fmt: skip
        labelled[label] = spec
    return labelled


def _own_name(planner: object, spec: str) -> str:
    stem = Path(registry.parse(spec).target.partition(":")[0]).stem
    name = str(getattr(planner, "name", None) or stem)
    return re.sub(r"[^\w.-]+", "_", name).lstrip(".") or "planner"


def jobs_of(
    labelled: dict[str, str], scenes: Sequence[SceneInfo], seeds: Sequence[int]
) -> list[Job]:
    """All cells, scene by scene, so that a scene is read once for all planners and seeds."""
    return [
        Job(
            label=label, planner=text, scene_id=info.id, recording=info.id, seed=seed,
            source=info.source, split=info.split, location=info.location,
            scenario=info if hasattr(info, "family") else None,
        )
        for info in scenes
        for label, text in labelled.items()
        for seed in seeds
    ]  # fmt: skip


def cells_of(jobs: Sequence[Job]) -> list[Cell]:
    """The order of the tables: planner by planner, each in the order of the scenes and seeds."""
    labels = {label: n for n, label in enumerate(dict.fromkeys(job.label for job in jobs))}
    return [job.cell for job in sorted(jobs, key=lambda job: labels[job.label])]


def source_digest(text: str, isolation: IsolationConfig | None = None) -> str | None:
    """Hash of what a planner is beside its text: its file where it is given by path, and what it
    calls its ``fingerprint`` (a model's weights). An edited or retrained planner is another run."""
    parts = []
    for path in registry.files_of(text):
        parts.append(path.read_bytes())
    own = getattr(registry.create(text, isolation), "fingerprint", None)
    if own is not None:
        parts.append(str(own).encode())
    return hashlib.blake2b(b"\0".join(parts), digest_size=8).hexdigest() if parts else None
