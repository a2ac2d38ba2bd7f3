"""What a storyboard can do (ASAM OpenSCENARIO XML 1.0-1.3, positions already resolved).

A private action is done by every actor of its maneuver group (an ``InitAction`` names its own).
Lanes and offsets count to the left as seen along the path of the lane in question, whichever way
somebody drives on it: lane +1 is the left neighbour.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from drivewm.sim.script.places import Position

Shape = Literal["linear", "cubic", "sinusoidal", "step"]
Dimension = Literal["time", "distance", "rate"]
CoordinateSystem = Literal["entity", "lane", "road", "trajectory", "world"]


@dataclass(frozen=True, kw_only=True)
class Dynamics:
    """How a value goes from where it is to its target. ``value`` in s, m, or units per second;
    a rate is the steepest one for cubic and sinusoidal shapes."""

    shape: Shape = "step"
    dimension: Dimension = "time"
    value: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What an action may ask for; None: no limit."""

    max_accel_mps2: float | None = None
    max_decel_mps2: float | None = None  # positive
    max_speed_mps: float | None = None


@dataclass(frozen=True, kw_only=True)
class Action:
    name: str = ""
    where: str | None = None  # file:line


# Longitudinal.


@dataclass(frozen=True, kw_only=True)
class Speed(Action):
    """To a speed: absolute, or relative to another entity's (``delta``: added, ``factor``)."""

    speed_mps: float  # or the delta, or the factor
    dynamics: Dynamics = Dynamics()
    relative_to: str | None = None
    relation: Literal["delta", "factor"] = "delta"
    continuous: bool = False  # goes on following the other's speed; never ends by itself


@dataclass(frozen=True, kw_only=True)
class SpeedProfile(Action):
    """Speeds one after the other; each is reached linearly ``time_s`` after the one before.

    An entry without a time is reached as fast as ``limits`` (else the actor's) allow.
    """

    entries: tuple[tuple[float | None, float], ...]  # (time_s, speed_mps)
    relative_to: str | None = None  # speeds are added to this entity's speed at the start
    limits: Limits = Limits()


@dataclass(frozen=True, kw_only=True)
class Brake(Action):
    """Constant deceleration down to ``speed_mps``."""

    decel_mps2: float
    speed_mps: float = 0.0


@dataclass(frozen=True, kw_only=True)
class LongitudinalDistance(Action):
    """Keeps (``continuous``) or reaches once a distance or time gap to another entity.

    Without limits the actor is put there at once. The gap of a time is the follower's speed times
    it. ``displacement``: ``leading``: the actor is ahead of the entity, ``trailing``: behind it,
    ``any``: on the side where it is.
    """

    entity: str
    distance_m: float | None = None
    time_gap_s: float | None = None
    freespace: bool = False
    continuous: bool = False
    displacement: Literal["any", "leading", "trailing"] = "any"
    coordinate_system: CoordinateSystem = "entity"
    limits: Limits | None = None


@dataclass(frozen=True, kw_only=True)
class Synchronize(Action):
    """Reaches ``target`` when the master reaches ``master_target``, at the final speed if given."""

    master: str
    master_target: Position
    target: Position
    final_speed_mps: float | None = None
    final_relative: bool = False  # final speed is added to the master's
    steady_distance_m: float | None = None  # the final speed is held over the last stretch ...
    steady_time_s: float | None = None  # ... or time
    tolerance_m: float = 0.0
    master_tolerance_m: float = 0.0


# Lateral.


@dataclass(frozen=True, kw_only=True)
class LaneChange(Action):
    """To another lane: ``path``, or ``lanes`` to the left of ``relative_to``'s (None: its own)."""

    dynamics: Dynamics = Dynamics(shape="sinusoidal", dimension="time", value=3.0)
    lanes: int | None = None
    relative_to: str | None = None
    path: int | None = None
    offset_m: float = 0.0  # left of the target lane's path


@dataclass(frozen=True, kw_only=True)
class LaneOffset(Action):
    """To an offset left of the lane's path (added to ``relative_to``'s own offset, if given)."""

    offset_m: float
    relative_to: str | None = None
    shape: Shape = "step"
    max_lateral_accel_mps2: float | None = None  # None with no dynamics: at once
    dynamics: Dynamics | None = None  # instead of the acceleration
    continuous: bool = False


@dataclass(frozen=True, kw_only=True)
class LateralDistance(Action):
    """Keeps or reaches a distance to the side of another entity (to the side where it is)."""

    entity: str
    distance_m: float
    freespace: bool = False
    continuous: bool = False
    displacement: Literal["any", "left", "right"] = "any"
    max_lateral_accel_mps2: float | None = None
    max_lateral_speed_mps: float | None = None


# Routing.


@dataclass(frozen=True, kw_only=True)
class FollowTrajectory(Action):
    """Along a path of kind ``trajectory``. With timing the path's own ``times_s`` set the speed
    (scaled, then offset; ``relative``: from the start of the action), else the speed is as told
    by longitudinal actions. ``mode`` "follow" joins it from where the actor is (an offset is
    driven off within the first metres), "position" puts the actor on it."""

    path: int
    mode: Literal["position", "follow"] = "position"
    timed: bool = False
    time_scale: float = 1.0
    time_offset_s: float = 0.0
    time_domain: Literal["absolute", "relative"] = "relative"
    initial_offset_m: float = 0.0
    from_actor: bool = False  # the path's vertices are in the actor's axes at the start


@dataclass(frozen=True, kw_only=True)
class AssignRoute(Action):
    """Keeps to a path from now on (the offset from it is kept)."""

    path: int


@dataclass(frozen=True, kw_only=True)
class AcquirePosition(Action):
    """Goes to a position: along ``path`` if given, else straight; ends there."""

    position: Position
    path: int | None = None


# State.


@dataclass(frozen=True, kw_only=True)
class Teleport(Action):
    position: Position


@dataclass(frozen=True, kw_only=True)
class ActivateController(Action):
    """True: the actor's own driver (reactive) takes over; False: the script; None: as it is."""

    lateral: bool | None = None
    longitudinal: bool | None = None


@dataclass(frozen=True, kw_only=True)
class Visibility(Action):
    """Whether sensors see it. An actor that is not ``sensors``-visible is no valid track."""

    graphics: bool = True
    traffic: bool = True
    sensors: bool = True


@dataclass(frozen=True, kw_only=True)
class Grow(Action):
    """A door opens: the box grows to the left or right. As tracks have one size for a whole run,
    it is a track of its own, ``<id>.door``, that slides out of the actor's side."""

    left_m: float = 0.0
    right_m: float = 0.0
    duration_s: float = 0.0
    door_length_m: float = 1.1
    door_ahead_m: float = 0.3  # its middle before the middle of the box


@dataclass(frozen=True, kw_only=True)
class Appearance(Action):
    """Lights and animations: recorded in the log, nothing else."""

    text: str = ""


PrivateAction = (
    Speed | SpeedProfile | Brake | LongitudinalDistance | Synchronize | LaneChange | LaneOffset
    | LateralDistance | FollowTrajectory | AssignRoute | AcquirePosition | Teleport
    | ActivateController | Visibility | Grow | Appearance
)  # fmt: skip
