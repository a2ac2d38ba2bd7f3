"""The closed loop of one scene at 10 Hz. Shapes: T steps, N tracks, H poses."""

from __future__ import annotations

from typing import Any

import numpy as np

from drivewm.scene import Planner, Scene, Tracks, Trajectory
from drivewm.sim.asking import PlannerFailure, ask, guarded, trajectory_problem
from drivewm.sim.compiled_drive import can_run_compiled, drive_compiled, patience_s
from drivewm.sim.config import DT_S, DT_US, SimConfig
from drivewm.sim.observation import CameraSource, Observer, known_at_start
from drivewm.sim.plan import Plan
from drivewm.sim.rollout import Rollout
from drivewm.sim.trackers import LogPlayback, LqrTracker, PerfectTracker, Tracker
from drivewm.sim.traffic import Traffic
from drivewm.sim.vehicle import with_vehicle

__all__ = ["PlannerFailure", "rollout", "trajectory_problem"]


def rollout(
    scene: Scene,
    planner: Planner,
    config: SimConfig,
    traffic: Traffic,
    cameras: CameraSource | None = None,
    mode: str | None = None,
) -> Rollout:
    """Drives the planner through the scene; a failing planner ends in a failed Rollout.

    The planner sees cameras when ``cameras`` is given (mode ``sensor``: and no tracks, map or
    lights), else what ``mode`` shows (default: the configured one, or everything:
    ``privileged``). Optional attributes of a planner:
    ``replan_interval_s`` (default 0.1), ``replays_log`` (the recorded ego is played back; such a
    planner alone gets the scene with its future).
    """
    scene = with_vehicle(scene, config)
    mode = (mode or config.mode or "privileged") if cameras is None else "sensor"
    own_s: float = getattr(planner, "replan_interval_s", DT_S)
    interval_s = config.replan_interval_s or own_s
    every = max(1, round(interval_s / DT_S))
    steps = scene.steps - 1
    if config.duration_s is not None:
        steps = min(steps, round(config.duration_s / DT_S))
    if cameras is None and not traffic.is_scripted and can_run_compiled(planner, config, mode):
        return drive_compiled(scene, planner, config, traffic, every, steps)
    observer = Observer(scene, mode, cameras, config)
    tracker = _tracker(scene, planner, config, traffic)
    recorder = _Recorder(scene, traffic, steps + 1)
    status, reason = "ok", None
    ego, now_us = getattr(tracker, "start", scene.ego[0]).copy(), int(scene.times_us[0])
    recorder.record(0, ego, traffic)
    try:
        limit_s = patience_s(planner, config)
        _reset(planner, scene, mode, limit_s)
        for step in range(steps):
            observer.watch(ego, traffic)
            if step % every == 0:
                seen = observer.observe(step, step * DT_S, ego, traffic)
                answer = ask(planner, seen, every * DT_S, limit_s)
                tracker.follow(recorder.planned(now_us, ego, *answer))
            following = tracker.step(ego, now_us)
            traffic.step_to(ego, following, scene.vehicle)
            ego, now_us = following, now_us + DT_US
            recorder.record(step + 1, ego, traffic)
            if traffic.is_over:
                break
    except PlannerFailure as failure:
        status, reason = "failed", str(failure)
    return recorder.finish(status, reason, mode, every * DT_S)


def _tracker(scene: Scene, planner: Planner, config: SimConfig, traffic: Traffic) -> Tracker:
    if getattr(planner, "drives_by_script", False):
        return traffic.ego_tracker(scene.vehicle)
    if getattr(planner, "replays_log", False):
        return LogPlayback(scene)
    if config.tracker == "perfect":
        return PerfectTracker(scene.vehicle)
    return LqrTracker(scene.vehicle, config)


def _reset(planner: Planner, scene: Scene, mode: str, limit_s: float) -> None:
    whole = getattr(planner, "replays_log", False)
    shown = scene if whole else known_at_start(scene, mode)
    guarded("reset", limit_s, planner.reset, [shown])


class _Recorder:
    """Collects a run step by step."""

    def __init__(self, scene: Scene, traffic: Traffic, length: int) -> None:
        count, lights = len(traffic.ids), len(traffic.light_lane_ids)
        self._scene, self._traffic, self._steps = scene, traffic, 0
        self._times_us = scene.times_us[0] + np.arange(length, dtype=np.int64) * DT_US
        self._ego = np.zeros((length, scene.ego.shape[1]))
        self._state = np.zeros((count, length, 6))
        self._valid = np.zeros((count, length), bool)
        self._lights = np.zeros((lights, length), np.int8)
        self._plans: list[tuple[int, Trajectory, float]] = []

    def record(self, step: int, ego: np.ndarray, traffic: Traffic) -> None:
        self._ego[step], self._steps = ego, step + 1
        self._state[:, step], self._valid[:, step] = traffic.state, traffic.valid
        self._lights[:, step] = traffic.light_status

    def planned(self, now_us: int, ego: np.ndarray, answer: Trajectory, took_s: float) -> Plan:
        self._plans.append((now_us, answer, took_s))
        after_us = np.rint(np.asarray(answer.times_s) * 1e6).astype(np.int64)
        poses = np.asarray(answer.poses, float)[0]
        if after_us[0] == 0:  # the plan says where it starts
            return Plan(times_us=now_us + after_us, poses=poses)
        return Plan(
            times_us=np.concatenate([[now_us], now_us + after_us]),
            poses=np.concatenate([ego[None, :3], poses]),
        )

    def finish(self, status: Any, reason: str | None, mode: str, interval_s: float) -> Rollout:
        traffic, end = self._traffic, self._steps
        return Rollout(
            scene_id=self._scene.id,
            status=status,
            reason=reason,
            mode=mode,
            replan_interval_s=interval_s,
            times_us=self._times_us[:end],
            ego=self._ego[:end],
            vehicle=self._scene.vehicle,
            tracks=Tracks(
                ids=traffic.ids,
                categories=traffic.categories,
                score_type=traffic.score_type,
                occ_class=traffic.occ_class,
                size_m=traffic.size_m,
                state=self._state[:, :end],
                valid=self._valid[:, :end],
            ),
            light_lane_ids=traffic.light_lane_ids,
            light_status=self._lights[:, :end],
            plan_times_us=np.array([now for now, _, _ in self._plans], np.int64),
            plan_poses=tuple(np.asarray(a.poses, float)[0] for _, a, _ in self._plans),
            plan_horizons_s=tuple(np.asarray(a.times_s, float) for _, a, _ in self._plans),
            plan_wall_s=tuple(took_s for _, _, took_s in self._plans),
            info=tuple(None if a.info is None else a.info[0] for _, a, _ in self._plans),
        )
