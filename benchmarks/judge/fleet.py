"""A whole scoring run, streaming: scenes per second, memory, and where the time goes.

    DRIVEWM_FIXTURES=... python benchmarks/judge/fleet.py [--fleet FLEET] [--scenes 100 1000]
        [--workers 1 2] [--agents replay nuplan_idm] [--rollouts] [--start]

Every run is a process of its own: planner nuplan_idm on 15 s of each scene, score nuplan_cls, all
tables written. The rate is that between the smallest and the largest number of scenes, so that
starting up and compiling are left out. Memory is the peak of the parent, and that of its largest
worker. ``--start`` times the start instead: from the birth of a process to its first drive,
with an empty kernel cache and with the one that this left.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

for _name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[_name] = "1"

STEPS = {  # name -> (module, owner or "", function) that it is the time of
    "read": ("fleet_scenes", "Repeated", "scene"),
    "simulate": ("drivewm.eval.drives", "", "rollout"),
    "judge": ("drivewm.eval.drives", "Judge", "_judge"),
    "archive": ("drivewm.eval.archive", "", "save"),
    "journal": ("drivewm.eval.writer", "ResultsWriter", "add"),
    "tables": ("drivewm.eval.writer", "ResultsWriter", "finish"),
}
MIB = 1024.0  # in KiB


def measure(args: argparse.Namespace) -> dict[str, Any]:
    """One run in this process."""
    from fleet_scenes import RepeatedFixtures, RepeatedFleet

    from drivewm.eval.scores.registry import load_config
    from drivewm.eval.scoring import ScoringRun, score_planners
    from drivewm.sim.config import SimConfig

    kind, folder = RepeatedFleet, args.fleet
    if folder is None:
        kind, folder = RepeatedFixtures, os.environ["DRIVEWM_FIXTURES"]
    spent = _watched()
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as out:
        run = ScoringRun(
            planners=["nuplan_idm"], fleet=str(folder), out=Path(out) / "r", scene_ids=None,
            split=None, sim=SimConfig(agents=args.agents[0], duration_s=14.9),
            score=load_config("nuplan_cls"), workers=args.workers[0], overwrite=False,
            rollouts=args.rollouts, command="benchmark",
        )  # fmt: skip
        rows = score_planners(run, kind(Path(folder), args.scenes[0]))
        wrote = sum(path.stat().st_size for path in Path(out).rglob("*") if path.is_file())
    failed = [row["reason"] for row in rows if row["status"] != "ok"]
    assert not failed and len(rows) == args.scenes[0], failed[:1]
    mine, theirs = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return {
        "scenes": args.scenes[0], "workers": args.workers[0], "agents": args.agents[0],
        "wall_s": time.perf_counter() - started,
        "cpu_s": mine.ru_utime + mine.ru_stime + theirs.ru_utime + theirs.ru_stime,
        "parent_cpu_s": mine.ru_utime + mine.ru_stime,
        "parent_mib": _peak_kib() / MIB,
        "worker_mib": theirs.ru_maxrss / MIB if args.workers[0] > 1 else 0.0,
        "wrote_mib": wrote / 2**20, "spent_s": spent,
    }  # fmt: skip


def _peak_kib() -> float:
    status = Path("/proc/self/status").read_text()
    return float(status.split("VmHWM:")[1].split()[0])


def _watched() -> dict[str, float]:
    """CPU seconds of this process by step, filled while it runs."""
    from importlib import import_module

    spent: dict[str, float] = defaultdict(float)
    for step, (module, owner, function) in STEPS.items():
        place: Any = import_module(module)
        place = getattr(place, owner) if owner else place
        setattr(place, function, _timed(getattr(place, function), step, spent))
    return spent


def _timed(call: Callable[..., Any], step: str, spent: dict[str, float]) -> Callable[..., Any]:
    @wraps(call)
    def timed(*args: Any, **options: Any) -> Any:
        started = time.process_time()
        try:
            return call(*args, **options)
        finally:
            spent[step] += time.process_time() - started
            if step == "journal" and "first_at" not in spent:
                spent["first_cpu_s"], spent["first_at"] = time.process_time(), time.time()

    return timed


def in_own_process(
    args: argparse.Namespace, agents: str, workers: int, scenes: int, **variables: str
) -> dict[str, Any]:
    """The same in a fresh process."""
    command = [sys.executable, __file__, "--one", "--agents", agents, "--workers", str(workers)]
    command += ["--scenes", str(scenes), *(["--rollouts"] if args.rollouts else [])]
    command += ["--fleet", str(args.fleet)] if args.fleet else []
    born = time.time()
    done = subprocess.run(
        command, stdout=subprocess.PIPE, text=True, check=True, env=os.environ | variables
    )
    found = json.loads(done.stdout.splitlines()[-1])
    return found | {"first_s": found["spent_s"]["first_at"] - born}


def start(args: argparse.Namespace) -> None:
    """Prints how long a process takes to its first finished drive."""
    print("| kernel cache | to the first drive, s | CPU s |")
    print("| --- | ---: | ---: |")
    with tempfile.TemporaryDirectory() as cache:
        for kept in ("empty", "of the first process", "of the first process"):
            found = in_own_process(args, args.agents[0], 1, 1, NUMBA_CACHE_DIR=cache)
            cpu_s = found["spent_s"]["first_cpu_s"]
            print(f"| {kept} | {found['first_s']:.2f} | {cpu_s:.2f} |", flush=True)


def report(few: dict[str, Any], many: dict[str, Any]) -> str:
    """A row of the table; times per scene are those between the two runs."""
    scenes = many["scenes"] - few["scenes"]
    wall, cpu = (many[k] - few[k] for k in ("wall_s", "cpu_s"))
    memory = [f"{run['parent_mib']:.0f} + {run['worker_mib']:.0f}" for run in (few, many)]
    row = [
        many["agents"], many["workers"], f"{scenes / wall:.1f}", f"{1e3 * cpu / scenes:.2f}",
        *memory, f"{1024 * (many['wrote_mib'] - few['wrote_mib']) / scenes:.0f}",
    ]  # fmt: skip
    return "| " + " | ".join(map(str, row)) + " |"


def shares(few: dict[str, Any], many: dict[str, Any]) -> str:
    """Where one process's time goes, milliseconds per scene."""
    scenes = many["scenes"] - few["scenes"]
    parts = {s: many["spent_s"].get(s, 0.0) - few["spent_s"].get(s, 0.0) for s in STEPS}
    parts["other"] = many["cpu_s"] - few["cpu_s"] - sum(parts.values())
    return ", ".join(f"{name} {1e3 * spent / scenes:.2f}" for name, spent in parts.items())


def main() -> None:
    """Prints a table, and the shares of one process."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fleet", type=Path, help="a fleet to repeat (default: the fixtures)")
    parser.add_argument("--scenes", type=int, nargs="+", default=[100, 1000])
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--agents", nargs="+", default=["replay", "nuplan_idm"])
    parser.add_argument("--rollouts", action="store_true", help="archive the drives too")
    parser.add_argument("--start", action="store_true", help="time the start of a process")
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        print(json.dumps(measure(args)))
        return
    if args.start:
        start(args)
        return
    few, many = min(args.scenes), max(args.scenes)
    told = []
    heads = ["agents", "workers", "scenes/s", "CPU ms a scene", f"MiB at {few}", f"MiB at {many}"]
    print(f"| {' | '.join(heads)} | KiB a scene |")
    print(f"| ---{' | ---:' * len(heads)} |")
    for agents in args.agents:
        for workers in args.workers:
            runs = [in_own_process(args, agents, workers, count) for count in (few, many)]
            print(report(*runs), flush=True)
            if workers == 1:
                told.append(f"{agents}, ms a scene: {shares(*runs)}")
    print("\n" + "\n".join(told))


if __name__ == "__main__":
    main()
