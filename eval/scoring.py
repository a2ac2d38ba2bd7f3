"""A scoring run from settings to results: what ``drivewm score`` does."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from drivewm import __version__
from drivewm.errors import InputError
from drivewm.eval.engine import run_jobs
from drivewm.eval.results import SCHEMA_VERSION, ResultsWriter, is_complete, read_table
from drivewm.eval.scores.base import ScoreConfig
from drivewm.eval.suites import jobs_of, label_planners, source_digest
from drivewm.logs.fleet import Fleet
from drivewm.progress import bar
from drivewm.sim.config import SimConfig


@dataclass(frozen=True, kw_only=True)
class ScoringRun:
    """Everything that decides a run."""

    planners: Sequence[str]
    fleet: str
    out: Path
    scene_ids: Sequence[str] | None
    split: str | None
    sim: SimConfig
    score: ScoreConfig
    workers: int
    overwrite: bool
    command: str


def score_planners(run: ScoringRun) -> list[dict[str, Any]]:
    """Drives, judges and writes results; returns the rows of ``scores.parquet``.

    A run that was stopped goes on; one that is complete returns its rows at once.

    Raises:
        InputError: unknown planner, scene or split; results of another run in the folder.
    """
    fleet = Fleet.open(run.fleet)
    chosen = fleet.select(split=run.split, ids=run.scene_ids)
    if not chosen:
        raise InputError("no scene selected", file=run.fleet, fix="check --scenes and --split")
    labelled = label_planners(run.planners)
    manifest = _manifest(run, labelled, [(info.id, info.content_hash) for info in chosen])
    if not run.overwrite and is_complete(run.out, manifest["fingerprint"]):
        return read_table(run.out, "scores").to_pylist()
    writer = ResultsWriter(run.out, manifest, overwrite=run.overwrite)
    jobs = jobs_of(labelled, chosen)
    left = [job for job in jobs if not writer.has(job.label, job.scene_id)]
    with bar("score", total=len(jobs)) as progress:
        progress.update(len(jobs) - len(left))
        rollouts = run.out / "rollouts"
        for part in run_jobs(left, fleet, run.sim, run.score, rollouts, run.workers):
            writer.add(part)
            progress.update()
    return writer.finish([(label, info.id) for label in labelled for info in chosen])


def _manifest(
    run: ScoringRun, labelled: dict[str, str], scenes: list[tuple[str, str]]
) -> dict[str, Any]:
    hashes = json.dumps(scenes).encode()
    decisive = {
        "schema_version": SCHEMA_VERSION,
        "drivewm_version": __version__,
        "config": {
            "planners": labelled,
            "planner_files": {label: source_digest(text) for label, text in labelled.items()},
            "sim": run.sim.model_dump(mode="json"),
            "score": run.score.model_dump(mode="json"),
        },
        "fleet": {
            "path": run.fleet, "scenes": [name for name, _ in scenes],
            "content_hash": hashlib.blake2b(hashes, digest_size=16).hexdigest(),
        },
    }  # fmt: skip
    text = json.dumps(decisive, sort_keys=True).encode()
    return {
        **decisive,
        "fingerprint": hashlib.blake2b(text, digest_size=16).hexdigest(),
        "git_commit": _git_commit(),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": run.command,
        "score": {
            "name": run.score.name, "multipliers": list(run.score.multipliers),
            "weights": run.score.weights, "missing": run.score.missing,
        },
    }  # fmt: skip


def _git_commit() -> str | None:
    """Commit of the source tree, None when it is installed or git is absent."""
    folder = Path(__file__).resolve().parent
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), "rev-parse", "HEAD"], capture_output=True, text=True,
            timeout=10, check=False,
        )  # fmt: skip
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None
