"""Drives a scene with a compiled planner and packs what is left. Shapes: T steps, K plans."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

import numpy as np

from drivewm.scene import Planner, Scene, Tracks, Trajectory
from drivewm.sim.asking import PlannerFailure, guarded, trajectory_problem
from drivewm.sim.compiled import Compiled, Run, make_run
from drivewm.sim.config import DT_S, DT_US, SimConfig
from drivewm.sim.observation import known_at_start
from drivewm.sim.rollout import Rollout
from drivewm.sim.traffic import Traffic

PATIENCE_S = 3600.0  # kernels of our own do not hang, but compiling them may take a while


def patience_s(planner: Planner, config: SimConfig) -> float:
    """How long one call of the planner may last: ours may have to compile first."""
    own = isinstance(vars(type(planner)).get("compiled"), Compiled)
    return PATIENCE_S if own else config.hang_limit_s


def can_run_compiled(planner: Planner, config: SimConfig, mode: str) -> bool:
    """Whether the planner brings kernels and the run asks for nothing that they lack."""
    compiled = vars(type(planner)).get("compiled")  # not inherited: a subclass may plan otherwise
    return (
        isinstance(compiled, Compiled)
        and mode == "privileged"
        and config.tracker == "lqr"
        and not config.isolation.is_on
    )


def drive_compiled(
    scene: Scene, planner: Any, config: SimConfig, traffic: Traffic, every: int, steps: int
) -> Rollout:
    """The drive that the Python loop would make, byte for byte, in one kernel call.

    The time of a plan is the drive's mean time per plan: its parts cannot be told apart.

    Args:
        planner: ``can_run_compiled``; its ``options`` go to the set-up.
        traffic: fresh; it is moved to the end of the drive.
    """
    shown = known_at_start(scene, "privileged")
    setup = partial(planner.compiled.setup, shown, **planner.options)
    try:
        known = guarded("reset", PATIENCE_S, setup)
    except PlannerFailure as failure:
        run = make_run(scene, traffic, np.array([DT_US]), config, 1, 0)
        return _pack(scene, traffic, run, "failed", str(failure), every, 0.0)
    until_s = every * DT_S
    reach_s = float(known.offsets_us[-1]) / 1e6
    if reach_s < until_s - 1e-6:
        run = make_run(scene, traffic, known.offsets_us, config, every, 0)
        reason = f"the trajectory ends at {reach_s:g} s, before the next plan at {until_s:g} s"
        return _pack(scene, traffic, run, "failed", f"plan() at 0.0 s: {reason}", every, 0.0)
    run = make_run(scene, traffic, known.offsets_us, config, every, steps)
    started = time.perf_counter()
    try:
        failed_at = guarded("plan", PATIENCE_S, planner.compiled.drive, known, run, traffic.world)
    except PlannerFailure as failure:  # how far the kernel came is not known
        traffic.moved(0)
        return _pack(scene, traffic, _cut(run, 0, every), "failed", str(failure), every, 0.0)
    took_s = time.perf_counter() - started
    if failed_at < 0:
        traffic.moved(steps)
        return _pack(scene, traffic, run, "ok", None, every, took_s, planner, known)
    traffic.moved(failed_at)
    poses, ego = run.plans[failed_at // every], run.ego[failed_at]
    answer = Trajectory(times_s=known.offsets_us / 1e6, poses=poses[None])
    problem = trajectory_problem(answer, until_s, ego)
    reason = f"plan() at {failed_at * DT_S:.1f} s: {problem}"
    run = _cut(run, failed_at, every)
    return _pack(scene, traffic, run, "failed", reason, every, took_s, planner, known)


def _cut(run: Run, steps: int, every: int) -> Run:
    """The first ``steps`` steps of a drive, with the plans made before their end."""
    return run._replace(
        steps=steps, ego=run.ego[: steps + 1], state=run.state[:, : steps + 1],
        valid=run.valid[:, : steps + 1], lights=run.lights[: steps + 1],
        plans=run.plans[: -(-steps // every)],
    )  # fmt: skip


def _pack(
    scene: Scene, traffic: Traffic, run: Run, status: Any, reason: str | None, every: int,
    took_s: float, planner: Any = None, known: Any = None,
) -> Rollout:  # fmt: skip
    count, start = len(run.plans), scene.times_us[0]
    notes = None if planner is None else planner.compiled.notes
    info = (None,) * count if notes is None else tuple(notes(known, count))
    horizon_s = run.offsets_us / 1e6
    return Rollout(
        scene_id=scene.id, status=status, reason=reason, mode="privileged",
        replan_interval_s=every * DT_S,
        times_us=start + np.arange(len(run.ego), dtype=np.int64) * DT_US, ego=run.ego,
        vehicle=scene.vehicle,
        tracks=Tracks(
            ids=traffic.ids, categories=traffic.categories, score_type=traffic.score_type,
            occ_class=traffic.occ_class, size_m=traffic.size_m, state=run.state, valid=run.valid,
        ),
        light_lane_ids=traffic.light_lane_ids,
        light_status=np.ascontiguousarray(run.lights[: len(run.ego)].T),
        plan_times_us=start + np.arange(count, dtype=np.int64) * every * DT_US,
        plan_poses=tuple(run.plans), plan_horizons_s=(horizon_s,) * count,
        plan_wall_s=(took_s / max(count, 1),) * count, info=info,
    )  # fmt: skip
