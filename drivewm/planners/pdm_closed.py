"""PDM-Closed, the rule-based planner that leads nuPlan's board. Shapes: S scenes, H poses.

Source: Dauner et al., CoRL 2023; tuplan_garage ``pdm_planner/``. Fifteen IDM drives along the
centreline and its two neighbours are simulated, scored as nuPlan would score them, and the best is
taken; an emergency brake has the last word.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from drivewm.planners.pdm_objects import Memory
from drivewm.planners.pdm_plan import drive, plan
from drivewm.planners.pdm_setup import PdmOptions, PdmSetup, checked, setup
from drivewm.planners.seen import light_statuses
from drivewm.scene import Observation, Scene, Trajectory
from drivewm.sim.compiled import Compiled

__all__ = ["PdmClosed", "PdmOptions", "drive", "plan", "setup"]


def _note(scores: np.ndarray, chosen: np.ndarray) -> dict[str, Any]:
    """What a report tells of a plan."""
    return {
        "scores": scores.tolist(), "proposal": int(chosen[0]), "emergency_brake": bool(chosen[1]),
    }  # fmt: skip


def notes(known: PdmSetup, plans: int) -> list[dict[str, Any]]:
    """Notes of the plans of a compiled drive; empty ones beyond the diary's end."""
    kept = min(plans, len(known.past_scores))
    told = [_note(known.past_scores[i], known.past_chosen[i]) for i in range(kept)]
    return told + [{}] * (plans - kept)


class PdmClosed:
    """Plans 8 s ahead at 10 Hz on any scene whose map has a lane graph.

    Args:
        options: fields of PdmOptions.

    Raises:
        InputError: an option is unknown or out of range; ``reset``: a map without a lane graph.
    """

    name = "pdm_closed"
    needs_lane_graph = True
    modes = ("privileged", "visible")
    compiled = Compiled(setup, drive, notes)

    def __init__(
        self,
        map_radius_m: float = PdmOptions.map_radius_m,
        trajectory_poses: int = PdmOptions.trajectory_poses,
        proposal_poses: int = PdmOptions.proposal_poses,
        offsets_m: Sequence[float] = PdmOptions.offsets_m,
        limit_shares: Sequence[float] = PdmOptions.limit_shares,
        unlimited_mps: float = PdmOptions.unlimited_mps,
    ) -> None:
        self.options = {
            "map_radius_m": map_radius_m, "trajectory_poses": trajectory_poses,
            "proposal_poses": proposal_poses, "offsets_m": tuple(offsets_m),
            "limit_shares": tuple(limit_shares), "unlimited_mps": unlimited_mps,
        }  # fmt: skip
        checked(self.options)
        self._scenes: Sequence[Scene] = ()
        self._setups: list[PdmSetup] = []

    def reset(self, scenes: Sequence[Scene]) -> None:
        self._scenes = scenes
        self._setups = [setup(scene, **self.options) for scene in scenes]

    def plan(self, observation: Observation) -> Trajectory:
        """Poses of the next 8 s, the first now, for every scene; ``info`` holds the scores."""
        offsets = self._setups[0].offsets_us
        poses = np.empty((len(self._setups), len(offsets), 3))
        tracks, info = observation.tracks, []
        assert tracks is not None, "mode sensor is not offered"
        for i, scene in enumerate(self._scenes):
            self._remember(i, tracks.valid.shape[1], observation.mode)
            known = self._setups[i]
            status = light_statuses(observation, i, scene.lights.lane_ids)
            plan(known, observation.step, 0, observation.ego[i], tracks.state[i], tracks.valid[i],
                 tracks.size_m[i], tracks.score_type[i], status, poses[i])  # fmt: skip
            info.append(_note(known.scores.score, known.chosen))
        return Trajectory(times_s=offsets / 1e6, poses=poses, info=info)

    def _remember(self, i: int, rows: int, mode: str) -> None:
        """Room for the rows shown; rows that change places (mode visible) are not remembered."""
        memory = self._setups[i].memory
        if len(memory.track) < rows:
            grown = np.zeros(rows, bool)
            grown[: len(memory.track)] = memory.track
            self._setups[i] = self._setups[i]._replace(memory=Memory(grown, memory.light))
        if mode == "visible":
            self._setups[i].memory.track[:] = False
