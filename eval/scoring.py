"""A scoring run from settings to results: what ``drivewm score`` does."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from drivewm import __version__
from drivewm.config import load
from drivewm.errors import InputError
from drivewm.eval.drives import Bench
from drivewm.eval.engine import run_jobs
from drivewm.eval.map_needs import check_fleet
from drivewm.eval.moments import at_moments, settled
from drivewm.eval.schema import SCHEMA_VERSION
from drivewm.eval.scores.base import ScoreConfig
from drivewm.eval.scores.navsim_config import NavsimConfig
from drivewm.eval.scores.safety import SafetyConfig
from drivewm.eval.suites import cells_of, jobs_of, label_planners, source_digest
from drivewm.eval.writer import ResultsWriter, finished_rows
from drivewm.logs.caveats import caveats_of
from drivewm.logs.fleet import Fleet
from drivewm.progress import bar
from drivewm.sim.config import SimConfig


@dataclass(frozen=True, kw_only=True)
class ScoringRun:
    """Everything that decides a run."""

    planners: Sequence[str]
    fleet: str  # folder or address; of a suite its name or file
    out: Path
    scene_ids: Sequence[str] | None
    split: str | None
    sim: SimConfig
    score: ScoreConfig
    safety: SafetyConfig = field(default_factory=lambda: load(SafetyConfig, "safety/default"))
    seeds: int = 1  # drives per planner and scene; the first has the seed of ``sim``
    rollouts: bool = True  # archive every drive, for the report and for `drivewm explain`
    workers: int
    overwrite: bool
    command: str
    suite: bool = False  # ``fleet`` names a suite of scenarios
    given: frozenset[str] = frozenset()  # settings of ``sim`` that win over a scenario's own


def score_planners(run: ScoringRun, fleet: Any = None) -> list[dict[str, Any]]:
    """Drives, judges and writes results; returns the rows of ``scores.parquet``.

    A run that was stopped goes on; one that is complete returns its rows at once.

    Args:
        run: the settings.
        fleet: opened already, or what serves as one (``select`` and ``scene``; picklable);
            ``run.fleet`` is then its name alone.

    Raises:
        InputError: unknown planner, scene or split; a planner that no scene's map allows; results
            of another run in the folder.
    """
    fleet = fleet or _opened(run)
    chosen = fleet.select(split=run.split, ids=run.scene_ids)
    if not chosen:
        raise InputError("no scene selected", file=run.fleet, fix="check --scenes and --split")
    run = replace(run, score=settled(run.score, chosen, run.sim.agents))
    _check_seeds(run)
    labelled = label_planners(run.planners, run.sim.isolation)
    check_fleet(labelled, run.sim.agents, chosen)
    manifest = _manifest(run, labelled, [(info.id, info.content_hash) for info in chosen])
    if run.suite:
        manifest["suite"] = {"name": fleet.name, "file": fleet.file}
    manifest["caveats"] = caveats_of(chosen)
    manifest["scene_hashes"] = {info.id: info.content_hash for info in chosen}
    if not run.overwrite:
        rows = finished_rows(run.out, manifest["fingerprint"])
        if rows is not None:
            return rows
    jobs = jobs_of(labelled, chosen, range(run.sim.seed, run.sim.seed + run.seeds))
    jobs = at_moments(jobs, chosen, run.score)
    bench = Bench(
        source=fleet, sim=run.sim, score=run.score, safety=run.safety,
        rollouts=run.out / "rollouts" if run.rollouts else None, given=run.given,
    )  # fmt: skip
    with ResultsWriter(run.out, manifest, overwrite=run.overwrite) as writer:
        left = [job for job in jobs if not writer.has(job.cell)]
        with bar("score", total=len(jobs)) as progress:
            progress.update(len(jobs) - len(left))
            for part in run_jobs(left, bench, run.workers):
                writer.add(part)
                progress.update()
        return writer.finish(cells_of(jobs))


def _opened(run: ScoringRun) -> Any:
    """The fleet, or the suite.

    Raises:
        InputError: there is none; a score of single plans is asked for of a suite.
    """
    if not run.suite:
        return Fleet.open(run.fleet)
    from drivewm.scenarios.source import SuiteSource

    if isinstance(run.score, NavsimConfig):
        raise InputError(f"{run.score.name} judges moments of recordings", field="--score",
                         fix="use closed_loop or nuplan_cls for a suite")  # fmt: skip
    return SuiteSource.open(run.fleet)


def _check_seeds(run: ScoringRun) -> None:
    if run.seeds > 1 and run.sim.agents == "replay" and run.sim.mode != "visible":
        raise InputError("replayed agents do the same for every seed", field="--seeds",
                         fix="add --agents reactive, or leave --seeds out")  # fmt: skip


def _manifest(
    run: ScoringRun, labelled: dict[str, str], scenes: list[tuple[str, str]]
) -> dict[str, Any]:
    hashes = json.dumps(scenes).encode()
    decisive = {
        "schema_version": SCHEMA_VERSION,
        "drivewm_version": __version__,
        "config": {
            "planners": labelled,
            "planner_files": {
                label: source_digest(text, run.sim.isolation) for label, text in labelled.items()
            },
            "sim": run.sim.model_dump(mode="json"),
            "seeds": run.seeds,
            **({"given": sorted(run.given)} if run.suite else {}),
            "safety": run.safety.model_dump(mode="json"),
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
        # A plan's wall clock decides whether it came in time: another run may differ.
        "reproducible": run.sim.isolation.deadline_s is None,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": run.command,
        "score": {
            "name": run.score.name, "version": run.score.version,
            "multipliers": list(run.score.multipliers),
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
