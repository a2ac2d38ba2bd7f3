"""One cell of a results table: a planner driven through a scene and judged."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from drivewm.errors import InputError
from drivewm.eval import archive
from drivewm.eval.results import SERIES, TERMS, Part, finite_list
from drivewm.eval.scores.base import Judgement, ScoreConfig
from drivewm.eval.scores.registry import build
from drivewm.eval.surroundings import cameras_of, choose_mode, traffic_of
from drivewm.planners.registry import create
from drivewm.scene import Scene
from drivewm.sim.config import DT_S, SimConfig
from drivewm.sim.loop import rollout
from drivewm.sim.rollout import Rollout


class SceneSource(Protocol):
    """Where scenes come from; a Fleet is one. Must travel to another process."""

    def scene(self, scene_id: str) -> Scene:
        """The scene at 10 Hz."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """One drive to make and judge."""

    label: str  # the planner's name in the results
    planner: str  # its command-line text
    scene_id: str
    source: str
    split: str
    location: str


class Judge:
    """Makes drives and judges them; keeps planners and the last scene from job to job."""

    def __init__(
        self, source: SceneSource, sim: SimConfig, score: ScoreConfig, rollouts: Path | None
    ) -> None:
        self._source, self._sim, self._rollouts = source, sim, rollouts
        self._score = build(score)
        self._planners: dict[str, Any] = {}
        self._scene: Scene | None = None

    def run(self, job: Job) -> Part:
        """Drives, judges and archives one cell."""
        started = time.perf_counter()
        scene = self._get_scene(job.scene_id)
        planner = self._get_planner(job.planner)
        try:
            mode = choose_mode(planner, scene, self._sim.mode)
            cameras = cameras_of(planner, scene, mode)
        except InputError as error:
            interval_s = float(getattr(planner, "replan_interval_s", DT_S))
            known = self._setting(planner) | {"replan_interval_s": interval_s}
            return failed_part(job, str(error), known)
        traffic = traffic_of(scene, self._sim.agents)
        drive = rollout(scene, planner, self._sim, traffic, cameras, mode)
        judgement = self._score.judge(scene, drive) if drive.status == "ok" else None
        if self._rollouts is not None:
            archive.save(self._rollouts / job.label / f"{job.scene_id}.npz", scene, drive)
        return self._part(job, planner, drive, judgement, time.perf_counter() - started)

    def _get_scene(self, scene_id: str) -> Scene:
        if self._scene is None or self._scene.id != scene_id:
            self._scene = self._source.scene(scene_id)
        return self._scene

    def _get_planner(self, text: str) -> Any:
        if text not in self._planners:
            self._planners[text] = create(text)
            if "torch" in sys.modules:  # one thread: the same sums for any number of workers
                sys.modules["torch"].set_num_threads(1)
        return self._planners[text]

    def _tracker_name(self, planner: Any) -> str:
        return "log" if getattr(planner, "replays_log", False) else self._sim.tracker

    def _setting(self, planner: Any) -> dict[str, Any]:
        return {
            "agents": self._sim.agents, "tracker": self._tracker_name(planner),
            "seed": self._sim.seed,
        }  # fmt: skip

    def _part(
        self, job: Job, planner: Any, drive: Rollout, judged: Judgement | None, wall_s: float
    ) -> Part:
        row = _cell(job) | self._setting(planner) | {
            "mode": drive.mode, "replan_interval_s": drive.replan_interval_s,
            "status": drive.status, "reason": drive.reason,
            "duration_s": float(drive.times_us[-1] - drive.times_us[0]) / 1e6,
        }  # fmt: skip
        plan_ms = 1e3 * np.array(drive.plan_wall_s or [0.0])
        cell = {"planner": job.label, "scene_id": job.scene_id}
        return {
            "scores": row | _judged_columns(judged),
            "series": cell | _series_columns(drive, judged),
            "timings": cell
            | {
                "plan_ms_mean": float(plan_ms.mean()), "plan_ms_max": float(plan_ms.max()),
                "wall_s": wall_s,
            },
        }  # fmt: skip


def failed_part(job: Job, reason: str, known: dict[str, Any]) -> Part:
    """The rows of a drive that never began."""
    cell = {"planner": job.label, "scene_id": job.scene_id}
    failed = {"mode": "none", "status": "failed", "reason": reason, "duration_s": 0.0}
    return {
        "scores": _cell(job) | known | failed | _judged_columns(None),
        "series": cell | {name: [] for name in SERIES},
        "timings": cell | {"plan_ms_mean": None, "plan_ms_max": None, "wall_s": None},
    }  # fmt: skip


def _cell(job: Job) -> dict[str, Any]:
    return {
        "planner": job.label, "scene_id": job.scene_id, "source": job.source,
        "split": job.split, "location": job.location,
    }  # fmt: skip


def _judged_columns(judged: Judgement | None) -> dict[str, Any]:
    """Score columns; a failed drive scores 0 and no term is applicable."""
    if judged is None:
        return {
            "score": 0.0, **dict.fromkeys(TERMS), "weights_used": "{}", "collisions": 0,
            "fault_unknown": 0, "collision_time_s": None,
        }  # fmt: skip
    return {
        "score": judged.score, **judged.terms, "weights_used": json.dumps(judged.weights_used),
        "collisions": judged.collisions, "fault_unknown": judged.fault_unknown,
        "collision_time_s": judged.collision_time_s,
    }  # fmt: skip


def _series_columns(drive: Rollout, judged: Judgement | None) -> dict[str, list[float | None]]:
    if judged is not None:
        return {name: finite_list(judged.series[name]) for name in SERIES}
    times_s = (drive.times_us - drive.times_us[0]) / 1e6
    known: dict[str, Iterable[float]] = {
        "time_s": times_s, "x": drive.ego[:, 0], "y": drive.ego[:, 1],
        "heading": drive.ego[:, 2], "speed_mps": np.hypot(drive.ego[:, 3], drive.ego[:, 4]),
    }  # fmt: skip
    return {name: finite_list(known.get(name, [])) for name in SERIES}
