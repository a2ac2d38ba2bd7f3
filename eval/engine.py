"""Maps jobs over worker processes; results come as they are ready."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import islice

from drivewm.eval.drives import Bench, Judge, setting_of
from drivewm.eval.parts import failed_part
from drivewm.eval.schema import Part, cell_of
from drivewm.eval.suites import Job
from drivewm.workers import pool

WAITING = 3  # drives handed out per worker
_ONE_THREAD = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "NUMBA_NUM_THREADS",
)
_judge: Judge | None = None  # of a worker process


def run_jobs(jobs: Sequence[Job], bench: Bench, workers: int) -> Iterator[Part]:
    """Yields one part per job, in any order; the same parts for any number of workers.

    A worker that dies (killed, out of memory) costs only the drive it was at: that one fails.
    Few drives wait at a time, so that memory does not grow with their number.
    """
    if workers <= 1:
        judge = Judge(bench)
        yield from (judge.run(job) for job in jobs)
        return
    left = {job.cell: job for job in jobs}
    with _one_thread_each():
        for part in _pooled(jobs, bench, workers):
            del left[cell_of(part["scores"])]
            yield part
        for job in left.values():  # the pool broke: each remaining drive in a process of its own
            parts = list(_pooled([job], bench, 1))
            yield parts[0] if parts else _died(job, bench)


def _pooled(jobs: Sequence[Job], bench: Bench, workers: int) -> Iterator[Part]:
    """Parts of the jobs until all are done or a worker dies."""
    queue = iter(jobs)
    try:
        with pool(workers, _start, (bench,)) as submit:
            running = {submit(_run, job) for job in islice(queue, WAITING * workers)}
            while running:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                running |= {submit(_run, job) for job in islice(queue, len(done))}
                for future in done:
                    yield future.result()
    except BrokenProcessPool:
        return


def _died(job: Job, bench: Bench) -> Part:
    reason = "the worker process died (killed, or out of memory)"
    return failed_part(job, reason, setting_of(None, bench.sim, bench.score))


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


def _start(bench: Bench) -> None:
    global _judge
    _judge = Judge(bench)


def _run(job: Job) -> Part:
    assert _judge is not None, "the pool's initializer ran"
    return _judge.run(job)
