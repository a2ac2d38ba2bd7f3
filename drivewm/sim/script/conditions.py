"""When a storyboard does something (ASAM OpenSCENARIO XML 1.0-1.3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from drivewm.sim.script.actions import CoordinateSystem
from drivewm.sim.script.places import Position

Edge = Literal["none", "rising", "falling", "risingOrFalling"]
Rule = Literal[
    "greaterThan", "lessThan", "equalTo", "greaterOrEqual", "lessOrEqual", "notEqualTo"
]  # fmt: skip
DistanceType = Literal["longitudinal", "lateral", "euclidean"]
Direction = Literal["longitudinal", "lateral", "vertical"]
ElementKind = Literal["story", "act", "maneuverGroup", "maneuver", "event", "action"]
ElementState = Literal[
    "standbyState", "runningState", "completeState",
    "startTransition", "endTransition", "stopTransition", "skipTransition",
]  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Condition:
    """``edge`` is looked for between two evaluations; what comes out counts ``delay_s`` later."""

    name: str = ""
    edge: Edge = "none"
    delay_s: float = 0.0
    where: str | None = None  # file:line


# By entity: holds for ``any`` or ``all`` of the triggering entities.


@dataclass(frozen=True, kw_only=True)
class EntityCondition(Condition):
    by: tuple[str, ...]  # triggering entities
    by_rule: Literal["any", "all"] = "any"


@dataclass(frozen=True, kw_only=True)
class TimeToCollision(EntityCondition):
    """Distance over closing speed, to an entity or a position; never while they part."""

    value_s: float
    rule: Rule = "lessThan"
    entity: str | None = None
    position: Position | None = None
    freespace: bool = True
    distance_type: DistanceType = "euclidean"
    coordinate_system: CoordinateSystem = "entity"


@dataclass(frozen=True, kw_only=True)
class TimeHeadway(EntityCondition):
    """Distance to an entity over the own speed."""

    entity: str
    value_s: float
    rule: Rule = "lessThan"
    freespace: bool = True
    distance_type: DistanceType = "longitudinal"
    coordinate_system: CoordinateSystem = "entity"


@dataclass(frozen=True, kw_only=True)
class RelativeDistance(EntityCondition):
    entity: str
    value_m: float
    rule: Rule = "lessThan"
    freespace: bool = True
    distance_type: DistanceType = "longitudinal"
    coordinate_system: CoordinateSystem = "entity"


@dataclass(frozen=True, kw_only=True)
class Distance(EntityCondition):
    """Distance to a position."""

    position: Position
    value_m: float
    rule: Rule = "lessThan"
    freespace: bool = False
    distance_type: DistanceType = "euclidean"
    coordinate_system: CoordinateSystem = "entity"


@dataclass(frozen=True, kw_only=True)
class ReachPosition(EntityCondition):
    position: Position
    tolerance_m: float


@dataclass(frozen=True, kw_only=True)
class SpeedIs(EntityCondition):
    """Speed (``direction`` None: total) against a value."""

    value_mps: float
    rule: Rule = "greaterThan"
    direction: Direction | None = None


@dataclass(frozen=True, kw_only=True)
class RelativeSpeed(EntityCondition):
    """Own speed less the entity's."""

    entity: str
    value_mps: float
    rule: Rule = "greaterThan"
    direction: Direction | None = None


@dataclass(frozen=True, kw_only=True)
class Acceleration(EntityCondition):
    """Acceleration (``direction`` None: along the motion) against a value."""

    value_mps2: float
    rule: Rule = "greaterThan"
    direction: Direction | None = None


@dataclass(frozen=True, kw_only=True)
class StandStill(EntityCondition):
    duration_s: float


@dataclass(frozen=True, kw_only=True)
class TraveledDistance(EntityCondition):
    value_m: float  # since the start


@dataclass(frozen=True, kw_only=True)
class Collision(EntityCondition):
    """Boxes overlap: with an entity, with any of a kind, or (neither given) with any entity."""

    entity: str | None = None
    kind: str | None = None  # ``Actor.kind`` or category


@dataclass(frozen=True, kw_only=True)
class EndOfRoad(EntityCondition):
    duration_s: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Offroad(EntityCondition):
    duration_s: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Angle(EntityCondition):
    """Heading against the world's x axis (``relative``: against the lane) within a tolerance."""

    angle_rad: float
    tolerance_rad: float
    relative: bool = False


@dataclass(frozen=True, kw_only=True)
class RelativeAngle(EntityCondition):
    """Own heading less the entity's within a tolerance of an angle."""

    entity: str
    angle_rad: float
    tolerance_rad: float


@dataclass(frozen=True, kw_only=True)
class RelativeClearance(EntityCondition):
    """No other entity (of ``entities``; empty: any) stands within the distances before and behind
    in the lanes ``lanes_right`` to ``lanes_left`` (relative, inclusive; None: all lanes)."""

    ahead_m: float = 0.0
    behind_m: float = 0.0
    lanes: tuple[int, int] | None = None  # from, to; +1 is one to the left
    entities: tuple[str, ...] = ()
    freespace: bool = True
    opposite_lanes: bool = False


# By value.


@dataclass(frozen=True, kw_only=True)
class SimulationTime(Condition):
    value_s: float
    rule: Rule = "greaterOrEqual"


@dataclass(frozen=True, kw_only=True)
class TimeOfDay(Condition):
    """Clock time in seconds of an arbitrary day zero, against ``Storyboard.time_of_day_s``."""

    value_s: float
    rule: Rule = "greaterOrEqual"


@dataclass(frozen=True, kw_only=True)
class StoryboardElementState(Condition):
    """``element``: a name, or names from outside in joined by "::". Transitions hold for the one
    evaluation after they happened."""

    element: str
    state: ElementState
    kind: ElementKind | None = None


@dataclass(frozen=True, kw_only=True)
class Parameter(Condition):
    parameter: str
    value: str  # compared as numbers where both are, else as text
    rule: Rule = "equalTo"


@dataclass(frozen=True, kw_only=True)
class Variable(Condition):
    variable: str
    value: str
    rule: Rule = "equalTo"


@dataclass(frozen=True, kw_only=True)
class UserDefinedValue(Condition):
    """A value the simulator is expected to set; ``Storyboard.user_values`` are its values."""

    value_name: str
    value: str
    rule: Rule = "equalTo"


@dataclass(frozen=True, kw_only=True)
class SignalIs(Condition):
    signal: str
    state: str


@dataclass(frozen=True, kw_only=True)
class SignalPhaseIs(Condition):
    controller: str
    phase: str


AnyCondition = (
    TimeToCollision | TimeHeadway | RelativeDistance | Distance | ReachPosition | SpeedIs
    | RelativeSpeed | Acceleration | StandStill | TraveledDistance | Collision | EndOfRoad
    | Offroad | Angle | RelativeAngle | RelativeClearance | SimulationTime | TimeOfDay
    | StoryboardElementState | Parameter | Variable | UserDefinedValue | SignalIs | SignalPhaseIs
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Trigger:
    """Holds when every condition of any group holds at the same time."""

    groups: tuple[tuple[AnyCondition, ...], ...]
