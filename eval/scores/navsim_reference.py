"""The plan that progress is related to: PDM-Closed's where it can plan, else the recorded one."""

from __future__ import annotations

from collections import OrderedDict

import numpy as np

from drivewm.errors import InputError
from drivewm.eval.moments import cut
from drivewm.eval.scores.navsim_plan import four_seconds, recorded_plan
from drivewm.planners.pdm_closed import PdmClosed
from drivewm.scene import Scene
from drivewm.sim.asking import trajectory_problem
from drivewm.sim.config import DT_S
from drivewm.sim.observation import Observer, known_at_start
from drivewm.sim.traffic import replay_traffic

KEPT = 64
MAP_RADIUS_M = 100.0  # NAVSIM's, where PDM-Closed's own is 50
PDM, RECORDED = "pdm_closed", "recorded"
Key = tuple[str, int, tuple[float, float, float]]


class ReferencePlans:
    """Reference plans by place; several planners are judged at each."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Key, tuple[np.ndarray, str]] = OrderedDict()

    def at(
        self, scene: Scene, step: int, offset: tuple[float, float, float]
    ) -> tuple[np.ndarray, str]:
        """Poses [41, 3] from a (possibly displaced) place on, and whose they are."""
        key = scene.id, step, offset
        if key not in self._kept:
            self._kept[key] = _plan(scene, step, offset)
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return self._kept[key]


def _plan(scene: Scene, step: int, offset: tuple[float, float, float]) -> tuple[np.ndarray, str]:
    """PDM-Closed is asked without a time limit: which plan is the reference must not hang on how
    long compiling took."""
    here = cut(scene, step, offset)
    ego = here.ego[0]
    if scene.map.has_lane_graph:
        planner = PdmClosed(map_radius_m=MAP_RADIUS_M)
        observer, traffic = Observer(here, "privileged", None), replay_traffic(here)
        observer.watch(ego, traffic)
        try:
            planner.reset([known_at_start(here, "privileged")])
        except InputError:  # no way along the lane graph from here
            return _recorded(scene, step, ego), RECORDED
        answer = planner.plan(observer.observe(0, 0.0, ego, traffic))
        if trajectory_problem(answer, DT_S, ego) is None:
            return four_seconds(ego, answer), PDM
    return _recorded(scene, step, ego), RECORDED


def _recorded(scene: Scene, step: int, ego: np.ndarray) -> np.ndarray:
    poses = recorded_plan(scene, step)
    poses[0] = ego[:3]
    return poses
