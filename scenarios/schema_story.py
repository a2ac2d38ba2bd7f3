"""What happens in a scenario: events with a trigger and actions.

``ego`` distances are between the rear axle of the ego and the centre of the actor unless the
name says otherwise. All conditions of one ``when`` must hold at once; ``any`` lists alternatives.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from drivewm.scenarios.schema_actors import Lateral, Point, Speed
from drivewm.scenarios.schema_base import Part

Seconds = Annotated[float, Field(ge=0.0, le=120.0)]
Distance = Annotated[float, Field(ge=0.0, le=1200.0)]
Shape = Literal["linear", "cubic", "sinusoidal", "step"]


class When(Part):
    """The trigger of an event: everything given must hold. Nothing given: at once."""

    time_s: Seconds | None = None  # since the start
    ego_within_m: Distance | None = None  # distance between boxes, actor to ego
    ego_beyond_m: Distance | None = None
    ego_ttc_below_s: Seconds | None = None  # between boxes along the road, closing
    ego_headway_below_s: Seconds | None = None  # ego behind the actor
    ego_arrives_in_s: Seconds | None = None  # at its speed, at the point where the paths cross
    ego_travelled_m: Distance | None = None
    ego_speed_above_mps: Annotated[float, Field(ge=0.0, le=70.0)] | None = None
    ego_speed_below_mps: Annotated[float, Field(ge=0.0, le=70.0)] | None = None
    actor_travelled_m: Distance | None = None
    actor_stood_s: Seconds | None = None
    actor_within_m: Distance | None = None  # of the actor named by ``other``
    other: str | None = None
    after: str | None = None  # name of an event that has ended
    starts_with: str | None = None  # name of an event that has begun
    delay_s: Seconds = 0.0
    any: tuple[When, ...] | None = Field(default=None, min_length=1, max_length=8)

    @model_validator(mode="after")
    def _consistent(self):
        if (self.actor_within_m is None) != (self.other is None):
            raise ValueError("actor_within_m and other (an actor's name) belong together")
        return self


class ToSpeed(Part):
    """Change the speed; over a time, or at a rate (default 2 m/s2)."""

    to_mps: Speed
    over_s: Annotated[float, Field(gt=0.0, le=60.0)] | None = None
    rate_mps2: Annotated[float, Field(gt=0.0, le=12.0)] | None = None
    shape: Shape = "linear"

    @model_validator(mode="after")
    def _one_measure(self):
        if self.over_s is not None and self.rate_mps2 is not None:
            raise ValueError("give either over_s or rate_mps2")
        return self


class Brake(Part):
    """Slow down at a constant deceleration, to a stand unless told otherwise."""

    rate_mps2: Annotated[float, Field(gt=0.0, le=12.0)]
    to_mps: Annotated[float, Field(ge=0.0, le=70.0)] = 0.0


class LaneChange(Part):
    """Move over by whole lanes, + to the left."""

    lanes: Annotated[int, Field(ge=-3, le=3)]
    over_s: Annotated[float, Field(ge=0.5, le=15.0)] = 3.0
    shape: Shape = "sinusoidal"

    @model_validator(mode="after")
    def _moves(self):
        if self.lanes == 0:
            raise ValueError("lanes: 0 changes nothing; +1 is the next lane to the left")
        return self


class Swerve(Part):
    """Move sideways within or out of the lane, + to the left, relative to where it is."""

    by_m: Lateral
    over_s: Annotated[float, Field(ge=0.1, le=15.0)] = 2.0
    shape: Shape = "sinusoidal"


class Follow(Part):
    """Leave the lane and follow points given as [ahead_m, left_m] of the ego's route."""

    points: tuple[Point, ...] = Field(min_length=2, max_length=64)


class Grow(Part):
    """A door opens: the box grows to one side and keeps its other side where it is."""

    by_m: Annotated[float, Field(gt=0.0, le=2.0)] = 0.9
    side: Literal["left", "right"] = "left"
    over_s: Annotated[float, Field(ge=0.1, le=10.0)] = 0.8


class Do(Part):
    """One action; exactly one of the fields."""

    speed: ToSpeed | None = None
    brake: Brake | None = None
    lane_change: LaneChange | None = None
    swerve: Swerve | None = None
    follow: Follow | None = None
    open_door: Grow | None = None
    wait_s: Seconds | None = None
    react: Literal[True] | None = None  # from here on drives by itself
    vanish: Literal[True] | None = None

    @property
    def action(self) -> str:
        """Name of the field that is set."""
        return next(name for name in type(self).model_fields if getattr(self, name) is not None)

    @model_validator(mode="after")
    def _exactly_one(self):
        given = [name for name in type(self).model_fields if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"one action each, given: {', '.join(given) or 'none'}")
        return self


class Event(Part):
    """At its trigger the actor does the actions, one after the other."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
    actor: str
    when: When = When()
    do: tuple[Do, ...] = Field(min_length=1, max_length=16)
    priority: Literal["override", "parallel", "skip"] = "override"
