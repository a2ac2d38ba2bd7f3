"""Settings of a closed-loop run."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from drivewm.config import Config

DT_S = 0.1
DT_US = 100_000

TrackerName = Literal["lqr", "perfect"]
AgentsName = Literal["replay", "reactive"]
ModeName = Literal["privileged", "sensor"]


class LqrConfig(Config):
    """nuPlan's ``LQRTracker`` (script/config/simulation/ego_controller)."""

    q_longitudinal: float = Field(default=10.0, gt=0)
    r_longitudinal: float = Field(default=1.0, gt=0)
    q_lateral: tuple[float, float, float] = (1.0, 10.0, 0.0)  # offset, heading, steering
    r_lateral: float = Field(default=1.0, gt=0)
    horizon: int = Field(default=10, ge=1)
    jerk_penalty: float = Field(default=1e-4, gt=0)
    curvature_rate_penalty: float = Field(default=1e-2, gt=0)
    stop_gain: float = Field(default=0.5, gt=0)
    stop_speed_mps: float = Field(default=0.2, ge=0)


class SimConfig(Config):
    """One closed-loop run. The step is 0.1 s."""

    tracker: TrackerName = "lqr"
    agents: AgentsName = "replay"
    replan_interval_s: float | None = Field(default=None, gt=0)  # None: the planner's own
    duration_s: float | None = Field(default=None, gt=0)  # None: as long as the log
    friction: float = Field(default=1.0, ge=0)  # of the road; 0 = no limit, as in nuPlan
    seed: int = 0
    lqr: LqrConfig = LqrConfig()
