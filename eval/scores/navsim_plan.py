"""Asks a planner for one plan at a moment. Shapes: T steps, P poses, H poses of the answer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drivewm.eval.moments import cut, step_of
from drivewm.eval.scores.navsim_config import MomentsConfig
from drivewm.geometry.se2 import wrap_angle
from drivewm.scene import EgoColumn, Planner, Scene, Trajectory
from drivewm.sim.asking import PlannerFailure, ask, guarded
from drivewm.sim.compiled_drive import patience_s
from drivewm.sim.config import DT_S, DT_US, SimConfig
from drivewm.sim.observation import CameraSource, Observer, known_at_start
from drivewm.sim.plan import Plan
from drivewm.sim.plan_poses import HORIZON_S, POSES
from drivewm.sim.traffic import replay_traffic


@dataclass(frozen=True, kw_only=True)
class AskedPlan:
    """A planner's answer at a moment."""

    ego: np.ndarray  # [11], at the moment
    poses: np.ndarray  # [41, 3] absolute, 0 ... 4 s, the first being the ego's
    answer: Trajectory
    took_s: float


def plan_at(
    scene: Scene,
    planner: Planner,
    step: int,
    offset: tuple[float, float, float],
    sim: SimConfig,
    mode: str,
    cameras: CameraSource | None,
    moments: MomentsConfig,
) -> AskedPlan:
    """The plan at ``step`` of a recording, after the planner has seen what came before.

    The planner is reset where its history begins and asked every ``history_step_s`` along the
    recorded drive; only its last answer counts. ``offset`` moves the ego (see ``moments.cut``).

    Raises:
        PlannerFailure: the planner raised or answered what cannot be driven.
    """
    back = min(step_of(moments.history_s), step)
    every = max(step_of(moments.history_step_s), 1)
    past = cut(scene, step - back, offset)
    whole = getattr(planner, "replays_log", False)
    limit_s = patience_s(planner, sim)
    guarded("reset", limit_s, planner.reset, [past if whole else known_at_start(past, mode)])
    observer, traffic = Observer(past, mode, cameras, sim), replay_traffic(past)
    for k in range(back):
        observer.watch(past.ego[k], traffic)
        if (back - k) % every == 0:
            seen = observer.observe(k, k * DT_S, past.ego[k], traffic)
            ask(planner, seen, DT_S, limit_s)
        traffic.step(past.ego[k], past.vehicle)
    ego = past.ego[back]
    observer.watch(ego, traffic)
    seen = observer.observe(back, back * DT_S, ego, traffic)
    answer, took_s = ask(planner, seen, DT_S, limit_s)
    return AskedPlan(ego=ego, poses=four_seconds(ego, answer), answer=answer, took_s=took_s)


def four_seconds(ego: np.ndarray, answer: Trajectory) -> np.ndarray:
    """[41, 3] poses every 0.1 s: linear between the answer's, on at its last speed beyond its end
    (NAVSIM's agents always plan 4 s; shorter plans are continued)."""
    times = np.asarray(answer.times_s, float)
    ahead = times > 0
    known = np.concatenate([ego[None, :3], np.asarray(answer.poses, float)[0][ahead]])
    known_s = np.concatenate([[0.0], times[ahead]])
    if known_s[-1] < HORIZON_S:
        known, known_s = _continued(known, known_s)
    plan = Plan(times_us=np.rint(known_s * 1e6).astype(np.int64), poses=known)
    return plan.at(np.arange(POSES) * DT_US)


def _continued(known: np.ndarray, known_s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if len(known) < 2:
        raise PlannerFailure("plan() holds no pose after now")
    step, span_s = known[-1] - known[-2], known_s[-1] - known_s[-2]
    heading, left_s = known[-1, 2], HORIZON_S - known_s[-1]
    way_m = (np.cos(heading) * step[0] + np.sin(heading) * step[1]) / span_s * left_s
    end = known[-1] + [way_m * np.cos(heading), way_m * np.sin(heading), 0.0]
    return np.vstack([known, end]), np.append(known_s, HORIZON_S)


def recorded_plan(scene: Scene, step: int) -> np.ndarray:
    """[41, 3] poses of the recorded ego from a step on."""
    poses = scene.ego[step : step + POSES, : EgoColumn.HEADING + 1].copy()
    poses[:, 2] = wrap_angle(poses[:, 2])
    return poses
