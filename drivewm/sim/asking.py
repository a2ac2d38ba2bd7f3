"""Asking a planner, which may be anybody's code. Shapes: H poses."""

from __future__ import annotations

import time
import traceback
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from drivewm.scene import Observation, Planner, Trajectory
from drivewm.sim.config import DT_S
from drivewm.sim.plan import FARTHEST, TELEPORT_MPS
from drivewm.sim.watchdog import TookTooLong, time_limit


class PlannerFailure(Exception):
    """The planner raised, or answered something that cannot be driven."""


def guarded(what: str, limit_s: float, call: Any, *args: Any) -> Any:
    """Runs a planner's method; whatever it raises becomes a PlannerFailure with the place."""
    try:
        with time_limit(limit_s):
            return call(*args)
    except PlannerFailure as failure:  # of a planner's own process
        raise PlannerFailure(f"{what}() {failure}") from failure
    except TookTooLong as hung:
        raise PlannerFailure(f"{what}() hung: no answer after {limit_s:g} s") from hung
    except (Exception, SystemExit) as error:  # foreign code may raise anything: the row says what
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{place.filename.rsplit('/', 1)[-1]}:{place.lineno}"
        text = " ".join(str(error).split())[:300]
        name = type(error).__name__
        raise PlannerFailure(f"{what}() raised {name} at {where}: {text}") from error


def ask(
    planner: Planner, seen: Observation, until_s: float, limit_s: float
) -> tuple[Trajectory, float]:
    here = seen.ego[0].copy()  # the observation is the planner's to change
    started = time.perf_counter()
    answer = guarded("plan", limit_s, planner.plan, seen)
    took_s = time.perf_counter() - started
    problem = trajectory_problem(answer, until_s, here)
    if problem is not None:
        raise PlannerFailure(f"plan() at {seen.time_s:.1f} s: {problem}")
    return answer, took_s


def trajectory_problem(answer: Any, until_s: float, ego: np.ndarray | None = None) -> str | None:
    """What is wrong with a planner's answer for one scene, or None.

    Args:
        answer: should be a Trajectory with poses [1, H, 3].
        until_s: when the next plan comes; the trajectory must reach it.
        ego: its state [11] now; the trajectory must begin near it (None: not asked).
    """
    if not isinstance(answer, Trajectory):
        return f"returned {type(answer).__name__}, not a Trajectory"
    if np.iscomplexobj(answer.times_s) or np.iscomplexobj(answer.poses):
        return "times or poses are not real numbers"
    try:
        times, poses = np.asarray(answer.times_s, float), np.asarray(answer.poses, float)
    except (TypeError, ValueError):
        return "times or poses are not numbers"
    if times.ndim != 1 or len(times) == 0 or poses.shape != (1, len(times), 3):
        return f"poses {poses.shape} and times {times.shape} are not [1, H, 3] and [H]"
    if not np.isfinite(times).all() or not np.isfinite(poses).all():
        return "poses or times are not finite"
    if np.abs(poses).max() > FARTHEST:
        return f"a pose is as large as {np.abs(poses).max():g}"
    if times[0] < 0 or (np.diff(times) <= 0).any():
        return "times are not positive and strictly increasing"
    if times[-1] < until_s - 1e-6:
        return f"the trajectory ends at {times[-1]:g} s, before the next plan at {until_s:g} s"
    jump = _teleport(times, poses[0], ego)
    if jump is not None:
        return jump
    info = answer.info
    if info is not None and not (
        isinstance(info, Sequence) and len(info) == 1 and isinstance(info[0], Mapping | None)
    ):
        return "info is not a list of one dict per scene"
    return None


def _teleport(times: np.ndarray, poses: np.ndarray, ego: np.ndarray | None) -> str | None:
    """Says where the poses [H, 3] move faster than anything on a road; None where they do not."""
    if ego is not None:
        times, poses = np.append(0.0, times), np.concatenate([ego[None, :3], poses])
    steps_s = np.maximum(np.diff(times), DT_S)
    speeds = np.linalg.norm(np.diff(poses[:, :2], axis=0), axis=1) / steps_s
    if len(speeds) == 0 or speeds.max() <= TELEPORT_MPS:
        return None
    worst = int(speeds.argmax())
    return f"the trajectory jumps at {times[worst + 1]:g} s ({speeds[worst]:.0f} m/s)"
