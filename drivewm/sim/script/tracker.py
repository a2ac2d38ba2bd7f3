"""Moves the ego as its own script says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from drivewm.scene import VehicleParams
from drivewm.sim.plan import Plan

if TYPE_CHECKING:
    from drivewm.sim.script.traffic import ScriptedTraffic


class ScriptedTracker:
    """Takes the ego where the storyboard says, whatever the plan is."""

    def __init__(self, traffic: ScriptedTraffic, vehicle: VehicleParams) -> None:
        self._traffic, self._vehicle = traffic, vehicle
        self.start = traffic.script_ego()  # [11], where the drive begins

    def follow(self, plan: Plan) -> None:
        del plan  # the script decides

    def step(self, ego: np.ndarray, now_us: int) -> np.ndarray:
        del now_us
        return self._traffic.drive_ego(ego, self._vehicle)
