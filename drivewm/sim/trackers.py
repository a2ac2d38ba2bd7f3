"""Trackers: how the ego follows a plan for one step of 0.1 s."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from drivewm.geometry.se2 import wrap_angle
from drivewm.scene import EgoColumn as E
from drivewm.scene import Scene, VehicleParams
from drivewm.sim.bicycle import bicycle_step
from drivewm.sim.config import DT_S, DT_US, SimConfig
from drivewm.sim.lqr import LqrFollower
from drivewm.sim.plan import Plan

CRAWL_MPS = 0.5  # below, the steering angle cannot be told from the motion


class Tracker(Protocol):
    """Moves the ego along the plan that was followed last."""

    def follow(self, plan: Plan) -> None:
        """A new plan is to be followed from now on."""

    def step(self, ego: np.ndarray, now_us: int) -> np.ndarray:
        """The ego state [11] at ``now_us`` + 0.1 s."""


class LqrTracker:
    """LQR commands into the kinematic bicycle, as nuPlan's ``TwoStageController``."""

    def __init__(self, vehicle: VehicleParams, config: SimConfig) -> None:
        self._vehicle, self._config = vehicle, config
        self._follower: LqrFollower | None = None

    def follow(self, plan: Plan) -> None:
        self._follower = LqrFollower(plan, self._vehicle.wheelbase_m, self._config.lqr)

    def step(self, ego: np.ndarray, now_us: int) -> np.ndarray:
        assert self._follower is not None, "follow() comes before step()"
        accel, rate = self._follower.command(ego, now_us)
        return bicycle_step(
            ego, accel, rate, self._vehicle.wheelbase_m, DT_S, self._config.friction
        )


class PerfectTracker:
    """Puts the ego on the plan; speeds and rates are those of the motion between steps."""

    def __init__(self, vehicle: VehicleParams) -> None:
        self._vehicle = vehicle
        self._plan: Plan | None = None

    def follow(self, plan: Plan) -> None:
        self._plan = plan

    def step(self, ego: np.ndarray, now_us: int) -> np.ndarray:
        assert self._plan is not None, "follow() comes before step()"
        pose = self._plan.at(now_us + DT_US)
        out = np.zeros_like(ego)
        out[[E.X, E.Y, E.HEADING]] = pose
        dx, dy = (pose[:2] - ego[:2]) / DT_S
        speed = np.cos(pose[2]) * dx + np.sin(pose[2]) * dy
        yaw_rate = float(wrap_angle(pose[2] - ego[E.HEADING])) / DT_S
        out[E.VX], out[E.AX] = speed, (speed - ego[E.VX]) / DT_S
        out[E.YAW_RATE], out[E.YAW_ACC] = yaw_rate, (yaw_rate - ego[E.YAW_RATE]) / DT_S
        if abs(speed) > CRAWL_MPS:
            out[E.STEER] = np.arctan(self._vehicle.wheelbase_m * yaw_rate / speed)
        out[E.STEER_RATE] = (out[E.STEER] - ego[E.STEER]) / DT_S
        return out


class LogPlayback:
    """Plays the recorded ego states back, whatever the plan says (for ``log_replay`` only)."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene

    def follow(self, plan: Plan) -> None:
        del plan  # the log decides

    def step(self, ego: np.ndarray, now_us: int) -> np.ndarray:
        del ego
        step = round((now_us - int(self._scene.times_us[0])) / DT_US) + 1
        return self._scene.ego[min(step, self._scene.steps - 1)].copy()
