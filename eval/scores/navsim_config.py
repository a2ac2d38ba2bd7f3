"""Settings of NAVSIM's scores on a fleet: which moments are judged and how they go on."""

from __future__ import annotations

from pydantic import Field

from drivewm.config import Config
from drivewm.eval.scores.base import ScoreConfig

PDMS, EPDMS, STAGE1 = "navsim_pdms", "navsim_epdms", "navsim_epdms_stage1"


class MomentsConfig(Config):
    """When planners are asked. NAVSIM shows 1.5 s of the past, as four frames."""

    every_s: float = Field(default=4.0, ge=0.5)
    history_s: float = Field(default=1.5, ge=0.0)
    history_step_s: float = Field(default=0.5, gt=0.0)


class FollowUpConfig(Config):
    """Where stage 2 starts: beside where the recorded ego is 4 s on. Uniform in +- these."""

    count: int = Field(default=3, ge=1)
    lateral_m: float = Field(default=0.5, ge=0.0)
    longitudinal_m: float = Field(default=1.0, ge=0.0)
    heading_rad: float = Field(default=0.05, ge=0.0)
    seed: int = 0


class NavsimConfig(ScoreConfig):
    """A score of single plans. ``follow_ups``: the second stage; None has one stage only."""

    moments: MomentsConfig = MomentsConfig()
    follow_ups: FollowUpConfig | None = None
    human_filter: bool = False
