"""One cell of a results table: a planner driven through a scene and judged."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from drivewm.errors import InputError
from drivewm.eval import archive
from drivewm.eval.map_needs import check_scene
from drivewm.eval.parts import failed_part, judged_part
from drivewm.eval.scenario_rows import route_offset_m, scenario_row, settings_of
from drivewm.eval.schema import Part
from drivewm.eval.scores.base import Judgement, ScoreConfig
from drivewm.eval.scores.registry import build
from drivewm.eval.scores.safety import SafetyConfig, SafetyFacts, safety
from drivewm.eval.suites import Job
from drivewm.eval.surroundings import cameras_of, choose_mode, traffic_of
from drivewm.planners.registry import create
from drivewm.scene import Scene
from drivewm.sim.agent_noise import vary
from drivewm.sim.config import DT_S, SimConfig
from drivewm.sim.loop import rollout
from drivewm.sim.rollout import Rollout
from drivewm.sim.vehicle import with_vehicle


class SceneSource(Protocol):
    """Where scenes come from; a Fleet is one. Must travel to another process."""

    def scene(self, scene_id: str) -> Scene:
        """The scene at 10 Hz."""


@dataclass(frozen=True, kw_only=True)
class Bench:
    """What every drive of a run shares; it travels to the worker processes."""

    source: SceneSource
    sim: SimConfig
    score: ScoreConfig
    safety: SafetyConfig
    given: frozenset[str] = frozenset()  # settings of ``sim`` that win over a scenario's own
    rollouts: Path | None  # where drives are archived; None: nowhere


class Judge:
    """Makes drives and judges them; keeps planners and the last scene from job to job."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._score: Any = build(bench.score)  # a Score, or one of single plans (NavsimFleet)
        self._planners: dict[str, Any] = {}
        self._scene: Scene | None = None

    def run(self, job: Job) -> Part:
        """Drives, judges and archives one cell."""
        started = time.perf_counter()
        planner = self._get_planner(job.planner)
        sim = self._bench.sim.model_copy(update={"seed": job.seed})
        setting = setting_of(planner, sim, self._bench.score)
        try:
            scene = self._get_scene(job.recording)
            sim = settings_of(scene, sim, self._bench.given)
        except InputError as error:
            if job.scenario is None:
                raise
            return failed_part(job, str(error), setting | {"replan_interval_s": DT_S})
        try:
            mode = choose_mode(planner, scene, sim.mode)
            cameras = cameras_of(planner, scene, mode)
            check_scene(planner, sim.agents, scene)
        except InputError as error:
            interval_s = float(getattr(planner, "replan_interval_s", DT_S))
            return failed_part(job, str(error), setting | {"replan_interval_s": interval_s})
        log: Sequence[Any] = ()
        if job.start_s is not None:  # of scores that judge single plans
            made = self._score.drive(scene, planner, sim, job.start_s, mode, cameras)
            scene, drive, judged = made.scene, made.rollout, made.judgement
            facts = None if judged is None else safety(scene, drive, self._bench.safety)
            setting |= {"tracker": "lqr"}
        else:
            traffic = traffic_of(scene, sim.agents)
            vary(traffic, sim, scene.id)
            drive = rollout(scene, planner, sim, traffic, cameras, mode)
            judged, facts = self._judge(scene, drive)
            log = getattr(traffic, "log", ())
        if self._bench.rollouts is not None:
            archive.save(archive.path_of(self._bench.rollouts, job.cell), scene, drive)
        part = judged_part(job, setting, drive, judged, facts, time.perf_counter() - started)
        if job.scenario is not None:
            part["scenario"] = scenario_row(job, scene, drive, judged, facts, log)
            part["series"]["lane_offset_m"] = route_offset_m(scene, drive)
        return part

    def _judge(self, scene: Scene, drive: Rollout) -> tuple[Judgement | None, SafetyFacts | None]:
        """A failed drive is not judged: it scores 0."""
        if drive.status != "ok":
            return None, None
        return self._score.judge(scene, drive), safety(scene, drive, self._bench.safety)

    def _get_scene(self, scene_id: str) -> Scene:
        if self._scene is None or self._scene.id != scene_id:
            self._scene = with_vehicle(self._bench.source.scene(scene_id), self._bench.sim)
        return self._scene

    def _get_planner(self, text: str) -> Any:
        if text not in self._planners:
            self._planners[text] = create(text, self._bench.sim.isolation)
            if "torch" in sys.modules:  # one thread: the same sums for any number of workers
                sys.modules["torch"].set_num_threads(1)
        return self._planners[text]


def setting_of(planner: Any, sim: SimConfig, score: ScoreConfig) -> dict[str, Any]:
    """Columns that say how a drive was made and by which score it was judged."""
    return {
        "agents": sim.agents,
        "tracker": "log" if getattr(planner, "replays_log", False) else sim.tracker,
        "not_reproducible": sim.isolation.deadline_s is not None,
        "score_name": score.name, "score_version": score.version,
    }  # fmt: skip
