"""Maps jobs over worker processes; results come as they are ready."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path

from drivewm.eval.drives import Job, Judge, SceneSource, failed_part
from drivewm.eval.results import Part
from drivewm.eval.scores.base import ScoreConfig
from drivewm.sim.config import SimConfig
from drivewm.workers import pool

_ONE_THREAD = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "NUMBA_NUM_THREADS",
)
_judge: Judge | None = None  # of a worker process


def run_jobs(
    jobs: Sequence[Job],
    source: SceneSource,
    sim: SimConfig,
    score: ScoreConfig,
    rollouts: Path | None,
    workers: int,
) -> Iterator[Part]:
    """Yields one part per job, in any order; the same parts for any number of workers.

    A worker that dies (killed, out of memory) costs only the drive it was at: that one fails.
    """
    if workers <= 1:
        judge = Judge(source, sim, score, rollouts)
        yield from (judge.run(job) for job in jobs)
        return
    setup = (source, sim, score, rollouts)
    left = list(jobs)
    with _one_thread_each():
        for part in _pooled(jobs, setup, workers):
            left = [job for job in left if not _is_of(part, job)]
            yield part
        for job in left:  # the pool broke: each remaining drive in a process of its own
            parts = list(_pooled([job], setup, 1))
            yield parts[0] if parts else _died(job, sim)


def _pooled(jobs: Sequence[Job], setup: tuple, workers: int) -> Iterator[Part]:
    """Parts of the jobs until all are done or a worker dies."""
    try:
        with pool(workers, _start, setup) as submit:
            for future in as_completed([submit(_run, job) for job in jobs]):
                yield future.result()
    except BrokenProcessPool:
        return


def _is_of(part: Part, job: Job) -> bool:
    row = part["scores"]
    return row["planner"] == job.label and row["scene_id"] == job.scene_id


def _died(job: Job, sim: SimConfig) -> Part:
    known = {"agents": sim.agents, "tracker": sim.tracker, "seed": sim.seed}
    return failed_part(job, "the worker process died (killed, or out of memory)", known)


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Children started inside inherit one thread per library."""
    before = {name: os.environ.get(name) for name in _ONE_THREAD}
    os.environ.update(dict.fromkeys(_ONE_THREAD, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _start(source: SceneSource, sim: SimConfig, score: ScoreConfig, rollouts: Path | None) -> None:
    global _judge
    _judge = Judge(source, sim, score, rollouts)


def _run(job: Job) -> Part:
    assert _judge is not None, "the pool's initializer ran"
    return _judge.run(job)
