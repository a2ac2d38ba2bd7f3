"""The plan that progress is related to: PDM-Closed's where it can plan, else the recorded one."""

from __future__ import annotations

from collections import OrderedDict

import numpy as np

from drivewm.eval.moments import cut
from drivewm.eval.scores.navsim_plan import four_seconds, recorded_plan
from drivewm.planners.pdm_closed import PdmClosed
from drivewm.scene import Scene
from drivewm.sim.asking import PlannerFailure, ask, guarded
from drivewm.sim.config import DT_S
from drivewm.sim.observation import Observer, known_at_start
from drivewm.sim.traffic import replay_traffic

KEPT = 64
MAP_RADIUS_M = 100.0  # NAVSIM's, where PDM-Closed's own is 50
LIMIT_S = 60.0
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
    here = cut(scene, step, offset)
    if scene.map.has_lane_graph:
        planner = PdmClosed(map_radius_m=MAP_RADIUS_M)
        try:
            guarded("reset", LIMIT_S, planner.reset, [known_at_start(here, "privileged")])
            observer, traffic = Observer(here, "privileged", None), replay_traffic(here)
            observer.watch(here.ego[0], traffic)
            seen = observer.observe(0, 0.0, here.ego[0], traffic)
            answer, _ = ask(planner, seen, DT_S, LIMIT_S)
            return four_seconds(here.ego[0], answer), PDM
        except PlannerFailure:
            pass  # no way along the lane graph from here: the recorded driver is the reference
    poses = recorded_plan(scene, step)
    poses[0] = here.ego[0, :3]
    return poses, RECORDED
