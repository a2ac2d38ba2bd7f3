"""Which heads a model has beside occupancy, flow, reward and continue."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from drivewm.config import Config


class HeadsConfig(Config):
    """Heads on the latents. All are off by default: a model carries what it is asked for.

    ``joint`` lets their losses shape the latents; otherwise they read them and change nothing, so
    that forecasts are the same with and without them.
    """

    agents: bool = False  # boxes with class and velocity
    value: bool = False  # discounted return of the recorded policy
    ego_action: bool = False  # the next ego motions
    ensemble: int = Field(default=0, ge=0, le=32)  # members; their disagreement tells what is new
    joint: bool = False
    outcome: Literal["learned", "contact"] = "learned"  # of the continue head, see contact.py
    agent_channels: int = Field(default=32, ge=8)
    agent_slots: int = Field(default=48, ge=1)  # boxes a frame, labels and predictions
    agent_min_score: float = Field(default=0.3, gt=0, lt=1)
    value_steps: int = Field(default=10, ge=1)  # model steps that the return reaches ahead
    value_discount: float = Field(default=0.9, gt=0, le=1)  # per model step
    ego_modes: int = Field(default=3, ge=1)
    ego_steps: int = Field(default=6, ge=1)  # model steps ahead

    @property
    def any(self) -> bool:
        """Whether there is anything to train beside the heads that every model has."""
        return self.agents or self.value or self.ego_action or self.ensemble > 0
