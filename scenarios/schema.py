"""The schema of a scenario family, and of one concrete scenario.

A family file is a ``Body`` with ``$parameter`` expressions in the place of numbers or words, plus
a head that names it and declares the parameters. Resolved with values it is a ``Concrete``, in
which everything is a number.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, model_validator

from drivewm.scenarios.schema_actors import Actor, Ego
from drivewm.scenarios.schema_base import Part
from drivewm.scenarios.schema_checks import check
from drivewm.scenarios.schema_parameters import Parameter
from drivewm.scenarios.schema_road import AnyRoad
from drivewm.scenarios.schema_story import Event
from drivewm.sim.config import VisibleConfig

SCHEMA_VERSION = 1
GROUPS = ("highway", "urban", "intersection", "vru", "parking", "adverse", "delivery")
Group = Literal["highway", "urban", "intersection", "vru", "parking", "adverse", "delivery"]
Camera = Literal["CAM_FRONT", "CAM_FRONT_RIGHT", "CAM_FRONT_LEFT", "CAM_BACK", "CAM_BACK_LEFT",
                 "CAM_BACK_RIGHT"]  # fmt: skip
Id = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{2,59}$")]
Line = Annotated[str, Field(min_length=3, max_length=300, pattern=r"^[^\n]+$")]


class Sim(Part):
    """How it is driven; part of the scenario and of its hash."""

    duration_s: Annotated[float, Field(ge=2.0, le=120.0)] = 15.0
    friction: Annotated[float, Field(ge=0.05, le=1.2)] = 1.0
    mode: Literal["privileged", "visible", "sensor"] | None = None  # None: the planner's own
    visible: VisibleConfig | None = None  # settings of mode visible
    weather: Literal["day", "dusk", "night", "rain"] = "day"
    dead_cameras: tuple[Camera, ...] = ()


class Passing(Part):
    """What a planner must do to pass. Collisions at fault, leaving the road and red lights fail
    always; where nobody can avoid the collision, its impact speed is judged instead."""

    goal: bool = True  # the ego must reach ego.goal_m
    progress_m: Annotated[float, Field(ge=0.0, le=1400.0)] | None = None  # where goal is false
    any_collision: bool = False  # true: a collision that is not the ego's fault fails, too
    road_departure: bool = True  # leaving the drivable area fails
    red_light: bool = True
    unavoidable: bool = False
    max_impact_mps: Annotated[float, Field(ge=0.0, le=42.0)] | None = None  # relative speed
    max_decel_mps2: Annotated[float, Field(gt=0.0, le=12.0)] | None = None  # comfort bounds
    max_lateral_mps2: Annotated[float, Field(gt=0.0, le=12.0)] | None = None

    @model_validator(mode="after")
    def _consistent(self):
        if self.unavoidable != (self.max_impact_mps is not None):
            raise ValueError("unavoidable and max_impact_mps belong together")
        if not self.goal and self.progress_m is None and not self.unavoidable:
            raise ValueError("goal: false needs progress_m, or standing still would pass")
        return self


class Conflict(Part):
    """What makes the scenario hard; checked by driving it with an ego that does not react."""

    actor: str  # the one in the way
    max_ttc_s: Annotated[float, Field(gt=0.0, le=2.0)] = 2.0  # least TTC without a reaction
    triggers: tuple[str, ...] = ()  # events that must begin; none: every event


class Body(Part):
    """What happens: road, ego, actors, story, how it is driven and judged."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    road: AnyRoad
    ego: Ego
    actors: dict[Id, Actor] = Field(default={}, max_length=40)
    story: tuple[Event, ...] = Field(default=(), max_length=40)
    sim: Sim = Sim()
    passing: Passing = Field(default=Passing(), alias="pass")
    conflict: Conflict
    discriminates: tuple[Id, ...] = ()  # defective planners; at least one of them must fail

    @model_validator(mode="after")
    def _fits_together(self):
        check(self)
        return self


class Head(Part):
    """Who a family is."""

    schema_version: Literal[1]
    id: Id
    title: Line
    group: Group
    tags: tuple[Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_.-]{0,39}$")], ...] = ()
    rationale: Line
    source: Line
    parameters: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")], Parameter] = {}
    require: tuple[Line, ...] = ()  # comparisons that drawn values must meet
