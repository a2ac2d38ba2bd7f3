"""Stand-ins for nuPlan's vocabulary: the ego and its geometry.

Names, constructor arguments and attributes are those of nuplan-devkit (common/actor_state), so that
a planner written for it cannot tell; the code is our own. Metres, radians, map frame.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from shapely.geometry import Polygon


@dataclass(frozen=True, order=True)
class TimePoint:
    """An instant in microseconds."""

    time_us: int

    @property
    def time_s(self) -> float:
        return self.time_us * 1e-6

    def __add__(self, other: TimePoint) -> TimePoint:
        return TimePoint(self.time_us + other.time_us)

    def __sub__(self, other: TimePoint) -> TimePoint:
        return TimePoint(self.time_us - other.time_us)


@dataclass(frozen=True)
class Point2D:
    """A place."""

    x: float
    y: float

    def __iter__(self) -> Iterator[float]:
        return iter((self.x, self.y))

    @property
    def array(self) -> np.ndarray:
        """[2]"""
        return np.array([self.x, self.y])


@dataclass(frozen=True)
class StateSE2(Point2D):
    """A pose."""

    heading: float

    def __iter__(self) -> Iterator[float]:
        return iter((self.x, self.y, self.heading))

    @property
    def point(self) -> Point2D:
        return Point2D(self.x, self.y)

    def distance_to(self, state: Point2D) -> float:
        return math.hypot(self.x - state.x, self.y - state.y)

    def serialize(self) -> list[float]:
        return [self.x, self.y, self.heading]

    def as_matrix(self) -> np.ndarray:
        """[3, 3]: outer frame from this pose's frame."""
        cos, sin = math.cos(self.heading), math.sin(self.heading)
        return np.array([[cos, -sin, self.x], [sin, cos, self.y], [0.0, 0.0, 1.0]])

    def moved(self, ahead_m: float, left_m: float = 0.0) -> StateSE2:
        """The pose shifted along its own axes."""
        cos, sin = math.cos(self.heading), math.sin(self.heading)
        x, y = self.x + cos * ahead_m - sin * left_m, self.y + sin * ahead_m + cos * left_m
        return StateSE2(x, y, self.heading)


@dataclass(frozen=True)
class StateVector2D:
    """A velocity or an acceleration."""

    x: float
    y: float

    @property
    def array(self) -> np.ndarray:
        """[2]"""
        return np.array([self.x, self.y])

    def magnitude(self) -> float:
        return math.hypot(self.x, self.y)


@dataclass(frozen=True)
class VehicleParameters:
    """The ego car."""

    width: float
    front_length: float  # rear axle to front bumper
    rear_length: float  # rear axle to rear bumper
    cog_position_from_rear_axle: float
    wheel_base: float
    vehicle_name: str
    vehicle_type: str
    height: float | None = None

    @property
    def length(self) -> float:
        return self.front_length + self.rear_length

    @property
    def half_length(self) -> float:
        return self.length / 2

    @property
    def half_width(self) -> float:
        return self.width / 2

    @property
    def rear_axle_to_center(self) -> float:
        return self.half_length - self.rear_length

    @property
    def length_cog_to_front_axle(self) -> float:
        return self.wheel_base - self.cog_position_from_rear_axle


class OrientedBox:
    """A box on the plane."""

    def __init__(self, center: StateSE2, length: float, width: float, height: float) -> None:
        self.center, self.length, self.width, self.height = center, length, width, height

    @property
    def half_length(self) -> float:
        return self.length / 2

    @property
    def half_width(self) -> float:
        return self.width / 2

    def all_corners(self) -> list[Point2D]:
        """Front left, rear left, rear right, front right."""
        a, b = self.half_length, self.half_width
        return [self.center.moved(*shift).point for shift in ((a, b), (-a, b), (-a, -b), (a, -b))]

    @cached_property
    def geometry(self) -> Polygon:
        return Polygon([tuple(corner) for corner in self.all_corners()])


class CarFootprint(OrientedBox):
    """The ego's box, which knows its rear axle."""

    def __init__(self, center: StateSE2, vehicle_parameters: VehicleParameters) -> None:
        super().__init__(
            center, vehicle_parameters.length, vehicle_parameters.width,
            vehicle_parameters.height or 0.0,
        )  # fmt: skip
        self.vehicle_parameters = vehicle_parameters

    @property
    def oriented_box(self) -> OrientedBox:
        return self

    @property
    def rear_axle_to_center_dist(self) -> float:
        return self.vehicle_parameters.rear_axle_to_center

    @cached_property
    def rear_axle(self) -> StateSE2:
        return self.center.moved(-self.rear_axle_to_center_dist)


@dataclass(frozen=True)
class DynamicCarState:
    """How the ego moves, at its rear axle, in its own frame."""

    rear_axle_to_center_dist: float
    rear_axle_velocity_2d: StateVector2D
    rear_axle_acceleration_2d: StateVector2D
    angular_velocity: float = 0.0
    angular_acceleration: float = 0.0
    tire_steering_rate: float = 0.0

    @property
    def speed(self) -> float:
        return self.rear_axle_velocity_2d.magnitude()

    @property
    def acceleration(self) -> float:
        return self.rear_axle_acceleration_2d.magnitude()

    @property
    def center_velocity_2d(self) -> StateVector2D:
        v, reach = self.rear_axle_velocity_2d, self.rear_axle_to_center_dist
        return StateVector2D(v.x, v.y + reach * self.angular_velocity)

    @property
    def center_acceleration_2d(self) -> StateVector2D:
        """As nuPlan has it: both terms along the axis, the centripetal one with a plus."""
        a, reach = self.rear_axle_acceleration_2d, self.rear_axle_to_center_dist
        return StateVector2D(
            a.x + reach * (self.angular_velocity**2 + self.angular_acceleration), a.y
        )


@dataclass(frozen=True)
class EgoState:
    """The ego at one instant."""

    car_footprint: CarFootprint
    dynamic_car_state: DynamicCarState
    tire_steering_angle: float
    is_in_auto_mode: bool
    time_point: TimePoint

    @property
    def rear_axle(self) -> StateSE2:
        return self.car_footprint.rear_axle

    @property
    def center(self) -> StateSE2:
        return self.car_footprint.center

    @property
    def time_us(self) -> int:
        return self.time_point.time_us

    @property
    def time_seconds(self) -> float:
        return self.time_us * 1e-6

    @classmethod
    def build_from_rear_axle(
        cls,
        rear_axle_pose: StateSE2,
        rear_axle_velocity_2d: StateVector2D,
        rear_axle_acceleration_2d: StateVector2D,
        tire_steering_angle: float,
        time_point: TimePoint,
        vehicle_parameters: VehicleParameters,
        is_in_auto_mode: bool = True,
        angular_vel: float = 0.0,
        angular_accel: float = 0.0,
        tire_steering_rate: float = 0.0,
    ) -> EgoState:
        """From what is known at the rear axle."""
        reach = vehicle_parameters.rear_axle_to_center
        return cls(
            CarFootprint(rear_axle_pose.moved(reach), vehicle_parameters),
            DynamicCarState(
                reach, rear_axle_velocity_2d, rear_axle_acceleration_2d, angular_vel,
                angular_accel, tire_steering_rate,
            ),
            tire_steering_angle, is_in_auto_mode, time_point,
        )  # fmt: skip
