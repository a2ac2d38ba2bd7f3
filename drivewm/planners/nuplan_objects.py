"""Stand-ins for nuPlan's vocabulary: objects, lights, history, and what a planner is called with.

Names, constructor arguments and attributes are those of nuplan-devkit (common/actor_state,
common/maps/maps_datatypes, planning/simulation); the code is our own.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import Any

from drivewm.planners.nuplan_types import (
    EgoState,
    OrientedBox,
    StateSE2,
    StateVector2D,
    TimePoint,
)


class TrackedObjectType(Enum):
    """Kinds of objects; equal by name, so that nuPlan's own members compare with these."""

    VEHICLE = 0
    PEDESTRIAN = 1
    BICYCLE = 2
    TRAFFIC_CONE = 3
    BARRIER = 4
    CZONE_SIGN = 5
    GENERIC_OBJECT = 6
    EGO = 7

    @property
    def fullname(self) -> str:
        return self.name.lower()

    def __eq__(self, other: object) -> bool:
        return (self.name, self.value) == (
            getattr(other, "name", None), getattr(other, "value", None),
        )  # fmt: skip

    def __hash__(self) -> int:
        return hash((self.name, self.value))


AGENT_TYPES = (
    TrackedObjectType.VEHICLE, TrackedObjectType.PEDESTRIAN, TrackedObjectType.BICYCLE,
    TrackedObjectType.EGO,
)  # fmt: skip


class SemanticMapLayer(IntEnum):
    """Layers of the map."""

    LANE = 0
    INTERSECTION = 1
    STOP_LINE = 2
    TURN_STOP = 3
    CROSSWALK = 4
    DRIVABLE_AREA = 5
    YIELD = 6
    TRAFFIC_LIGHT = 7
    STOP_SIGN = 8
    EXTENDED_PUDO = 9
    SPEED_BUMP = 10
    LANE_CONNECTOR = 11
    BASELINE_PATHS = 12
    BOUNDARIES = 13
    WALKWAYS = 14
    CARPARK_AREA = 15
    PUDO = 16
    ROADBLOCK = 17
    ROADBLOCK_CONNECTOR = 18


class TrafficLightStatusType(IntEnum):
    """States of a light."""

    GREEN = 0
    YELLOW = 1
    RED = 2
    UNKNOWN = 3


@dataclass
class TrafficLightStatusData:
    """The state of the light of one lane connector."""

    status: TrafficLightStatusType
    lane_connector_id: int
    timestamp: int


@dataclass(frozen=True)
class SceneObjectMetadata:
    """Who an object is."""

    timestamp_us: int
    token: str
    track_id: int | None
    track_token: str | None
    category_name: str | None = None

    @property
    def timestamp_s(self) -> float:
        return self.timestamp_us * 1e-6


class SceneObject:
    """A box of some kind; static ones have velocity 0."""

    def __init__(
        self,
        tracked_object_type: TrackedObjectType,
        oriented_box: OrientedBox,
        metadata: SceneObjectMetadata,
    ) -> None:
        self.tracked_object_type, self.box, self.metadata = (
            tracked_object_type, oriented_box, metadata,
        )  # fmt: skip
        self.velocity = StateVector2D(0.0, 0.0)
        self.angular_velocity: float | None = None
        self.predictions = None
        self.past_trajectory = None

    @property
    def center(self) -> StateSE2:
        return self.box.center

    @property
    def token(self) -> str:
        return self.metadata.token

    @property
    def track_token(self) -> str | None:
        return self.metadata.track_token


class StaticObject(SceneObject):
    """A cone, barrier, sign or thing."""


class Agent(SceneObject):
    """A vehicle, bicycle or pedestrian."""

    def __init__(
        self,
        tracked_object_type: TrackedObjectType,
        oriented_box: OrientedBox,
        velocity: StateVector2D,
        metadata: SceneObjectMetadata,
        angular_velocity: float | None = None,
    ) -> None:
        super().__init__(tracked_object_type, oriented_box, metadata)
        self.velocity, self.angular_velocity = velocity, angular_velocity


class TrackedObjects:
    """Objects of one instant, ordered by kind."""

    def __init__(self, tracked_objects: Sequence[SceneObject] | None = None) -> None:
        by_kind = lambda thing: thing.tracked_object_type.value  # noqa: E731
        self.tracked_objects = sorted(tracked_objects or [], key=by_kind)

    def __iter__(self) -> Iterator[SceneObject]:
        return iter(self.tracked_objects)

    def __len__(self) -> int:
        return len(self.tracked_objects)

    def get_tracked_objects_of_type(self, tracked_object_type: Any) -> list[SceneObject]:
        return [t for t in self.tracked_objects if t.tracked_object_type == tracked_object_type]

    def get_tracked_objects_of_types(self, tracked_object_types: Sequence) -> list[SceneObject]:
        return [t for kind in tracked_object_types for t in self.get_tracked_objects_of_type(kind)]

    def get_agents(self) -> list[SceneObject]:
        return self.get_tracked_objects_of_types(AGENT_TYPES)

    def get_static_objects(self) -> list[SceneObject]:
        return [t for t in self.tracked_objects if t.tracked_object_type not in AGENT_TYPES]


@dataclass
class DetectionsTracks:
    """An observation: what is around."""

    tracked_objects: TrackedObjects

    def detection_type(self) -> str:
        """Name of this kind of observation."""
        return type(self).__name__


class SimulationHistoryBuffer:
    """Ego states and observations up to now, oldest first."""

    def __init__(
        self,
        ego_state_buffer: deque[EgoState],
        observations_buffer: deque[DetectionsTracks],
        sample_interval: float | None = None,
    ) -> None:
        self.ego_state_buffer, self.observation_buffer = ego_state_buffer, observations_buffer
        self.sample_interval = sample_interval

    def __len__(self) -> int:
        return len(self.ego_state_buffer)

    @property
    def size(self) -> int:
        return len(self)

    @property
    def duration(self) -> float | None:
        return self.sample_interval * self.size if self.sample_interval else None

    @property
    def ego_states(self) -> list[EgoState]:
        return list(self.ego_state_buffer)

    @property
    def observations(self) -> list[DetectionsTracks]:
        return list(self.observation_buffer)

    @property
    def current_state(self) -> tuple[EgoState, DetectionsTracks]:
        return self.ego_state_buffer[-1], self.observation_buffer[-1]


@dataclass
class SimulationIteration:
    """Where the simulation is."""

    time_point: TimePoint
    index: int

    @property
    def time_us(self) -> int:
        return self.time_point.time_us

    @property
    def time_s(self) -> float:
        return self.time_point.time_s


@dataclass(frozen=True)
class PlannerInitialization:
    """What a planner learns before the first step."""

    route_roadblock_ids: list[str]
    mission_goal: StateSE2
    map_api: Any


@dataclass(frozen=True)
class PlannerInput:
    """What a planner learns at each step."""

    iteration: SimulationIteration
    history: SimulationHistoryBuffer
    traffic_light_data: list[TrafficLightStatusData] | None = None
