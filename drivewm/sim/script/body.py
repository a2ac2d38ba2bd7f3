"""An entity in the engine: where it is and how it moves on, in plain numbers.

A scripted body moves along a curve: ``s`` by its speed, ``lateral`` (left of the curve) by its
sideways controller. The speed is that of the whole motion: what goes sideways is missing along
the curve. A body that somebody else moves (the ego with a planner, a reactive driver) is
``external``: it is told its states.
"""

from __future__ import annotations

import math
from typing import Protocol

from drivewm.sim.script.curve import Curve, straight, wrap

STILL_MPS = 0.05  # slower is standing (a tracker seldom comes to zero)
STRAIGHTEN_M = 5.0  # a heading beside the curve is driven off within this way
SHARPEST = 0.05  # of 1 - curvature x offset: nobody turns on the spot


class Drive(Protocol):
    """Says how far a body goes."""

    ended: bool  # it has done what it was for
    stopped: bool  # something else took over before

    def step(self, body: Body, time_s: float, dt_s: float) -> tuple[float, float, float]:
        """From ``time_s`` on for ``dt_s``: way m, speed m/s and acceleration m/s2 at the end."""


class Side(Protocol):
    """Says how far left of its curve a body is."""

    ended: bool
    stopped: bool

    def step(self, body: Body, time_s: float, dt_s: float, way_m: float) -> float:
        """Offset [m] at the end of the step in which the body drives ``way_m``."""


class Hold:
    """Keeps the speed."""

    ended, stopped = False, False

    def step(self, body: Body, time_s: float, dt_s: float) -> tuple[float, float, float]:
        del time_s
        return body.speed * dt_s, body.speed, 0.0


class Keep:
    """Keeps the offset."""

    ended, stopped = False, False

    def step(self, body: Body, time_s: float, dt_s: float, way_m: float) -> float:
        del time_s, dt_s, way_m
        return body.lateral


HOLD, KEEP = Hold(), Keep()


class Body:
    """State of one entity; ``x``, ``y``, ``heading`` are its reference point's."""

    def __init__(
        self, name: str, kind: str, category: str, size_m: tuple[float, float],
        center_m: tuple[float, float],
    ) -> None:  # fmt: skip
        self.name, self.kind, self.category = name, kind, category
        self.length, self.width = size_m
        self.ahead, self.left = center_m
        self.closed = (self.width, self.left)
        self._frame: tuple[float, float, float, float] | None = None
        self.x = self.y = self.heading = self.course = 0.0
        self.speed = self.accel = self.yaw_rate = self.traveled = self.still_s = 0.0
        self.curve: Curve = straight(0.0, 0.0, 0.0)
        self.s, self.lateral, self.sense, self.skew = 0.0, 0.0, 1.0, 0.0
        self.drift = 0.0  # heading less the curve's direction while it goes sideways
        self.drive: Drive = HOLD
        self.side: Side = KEEP
        self.placed, self.present, self.seen, self.external = False, False, True, False
        self.stamp = 0.0  # time of this state
        self.lane: tuple[int, float] | None = None  # lane curve and s where it was seen last
        self.max_speed, self.max_accel, self.max_decel = 70.0, 10.0, 10.0

    # Placing.

    def put(self, curve: Curve, s_m: float, lateral_m: float, heading_rad: float) -> None:
        """On a curve, at a heading relative to its direction. A heading beyond 45 degrees from
        the curve's two ways leaves the curve and goes straight on."""
        x, y, turn = curve.pose(s_m, lateral_m)
        self.placed, self.drift = True, 0.0
        if abs(math.sin(heading_rad)) > math.sin(math.pi / 4) + 1e-9:
            self.put_free(x, y, turn + heading_rad)
            return
        self.curve, self.s, self.lateral = curve, s_m, lateral_m
        self.sense = 1.0 if math.cos(heading_rad) >= 0.0 else -1.0
        self.skew = wrap(heading_rad - (0.0 if self.sense > 0 else math.pi))
        self._pose(turn)

    def put_free(self, x_m: float, y_m: float, heading_rad: float) -> None:
        """Where no path is: straight on along its heading."""
        self.curve, self.s, self.lateral = straight(x_m, y_m, heading_rad), 0.0, 0.0
        self.sense, self.skew, self.drift, self.placed = 1.0, 0.0, 0.0, True
        self._pose(heading_rad)

    def ride(self, curve: Curve, s_m: float) -> None:
        """On a curve in its direction, whatever the heading was."""
        self.curve, self.s, self.lateral, self.placed = curve, s_m, 0.0, True
        self.sense, self.skew, self.drift = 1.0, 0.0, 0.0
        self._pose(None)

    def shift(self, way_m: float) -> None:
        """Forward along its curve at once; not counted as driven."""
        self.s += self.sense * way_m
        self._pose(None)

    def move_to(self, curve: Curve) -> None:
        """Onto another curve where it is: pose and motion stay as they are."""
        s, lateral = curve.project(self.x, self.y)
        turn = curve.pose(s)[2]
        self.sense = 1.0 if math.cos(self.course - turn) >= 0.0 else -1.0
        rest = self.heading - turn - (0.0 if self.sense > 0 else math.pi)
        if not curve.has_orientation:
            self.skew = wrap(rest) if abs(math.sin(rest)) < math.sin(math.pi / 4) else 0.0
        self.curve, self.s, self.lateral, self.drift = curve, s, lateral, 0.0

    def grow(self, left_m: float, right_m: float) -> None:
        """The box with something added on its sides (an open door)."""
        width, left = self.closed
        self._frame = None
        self.width, self.left = width + left_m + right_m, left + 0.5 * (left_m - right_m)

    # Taking over.

    def drive_by(self, drive: Drive) -> None:
        """A new longitudinal controller; the one before is stopped if it had not ended."""
        if not self.drive.ended and self.drive is not HOLD:
            self.drive.stopped = True
        self.drive = drive

    def steer_by(self, side: Side) -> None:
        if not self.side.ended and self.side is not KEEP:
            self.side.stopped = True
        self.side = side

    # Moving.

    def advance(self, time_s: float, dt_s: float) -> None:
        """From ``time_s`` to ``time_s + dt_s``."""
        way, self.speed, self.accel = self.drive.step(self, time_s, dt_s)
        lateral = self.side.step(self, time_s, dt_s, way)
        self.stamp = time_s + dt_s
        if way == 0.0 and lateral == self.lateral:
            self.yaw_rate = 0.0
            self.still_s = self.still_s + dt_s if abs(self.speed) < STILL_MPS else 0.0
            return
        across = lateral - self.lateral
        along = math.copysign(math.sqrt(max(way * way - across * across, 0.0)), way)
        ds = self.sense * along
        if self.lateral != 0.0 or lateral != 0.0:
            middle = self.curve.curvature(self.s + 0.5 * ds) * (self.lateral + 0.5 * across)
            ds /= max(1.0 - middle, SHARPEST)
        self.s, self.lateral = self.s + ds, lateral
        if abs(along) > 1e-9:
            self.drift = math.atan2(across * self.sense, abs(along))
        if self.skew != 0.0 and way != 0.0:
            self.skew *= math.exp(-3.0 * abs(way) / STRAIGHTEN_M)
            self.skew = self.skew if abs(self.skew) > 1e-6 else 0.0
        before = self.heading
        self._pose(None)
        self.yaw_rate = wrap(self.heading - before) / dt_s
        self.traveled += max(abs(way), abs(across))
        self.still_s = self.still_s + dt_s if abs(self.speed) < STILL_MPS else 0.0

    def _pose(self, turn: float | None) -> None:
        self._frame = None
        self.x, self.y, found = self.curve.pose(self.s, self.lateral)
        turn = found if turn is None else turn
        way = turn if self.sense > 0 else turn + math.pi
        self.course = wrap(way + self.drift)
        if self.curve.has_orientation:
            self.heading = wrap(self.curve.orientation(self.s))
        else:
            self.heading = wrap(self.course + self.skew) if self.skew else self.course

    def tell(
        self, time_s: float, x_m: float, y_m: float, heading_rad: float, speed: float, accel: float
    ) -> None:
        """The state of an external body at ``time_s``. ``speed`` along its heading."""
        dt_s = time_s - self.stamp
        if self.placed and dt_s > 0.0:
            self.traveled += math.hypot(x_m - self.x, y_m - self.y)
            self.yaw_rate = wrap(heading_rad - self.heading) / dt_s
            self.still_s = self.still_s + dt_s if abs(speed) < STILL_MPS else 0.0
        self.x, self.y, self.heading, self.stamp = x_m, y_m, heading_rad, time_s
        self._frame = None
        self.course = heading_rad if speed >= 0.0 else wrap(heading_rad + math.pi)
        self.speed, self.accel, self.placed = abs(speed), accel, True

    # Reading.

    @property
    def frame(self) -> tuple[float, float, float, float]:
        """Middle of the box, cosine and sine of its heading."""
        if self._frame is None:
            cos, sin = math.cos(self.heading), math.sin(self.heading)
            x = self.x + self.ahead * cos - self.left * sin
            self._frame = (x, self.y + self.ahead * sin + self.left * cos, cos, sin)
        return self._frame

    @property
    def center(self) -> tuple[float, float]:
        """Middle of the box."""
        return self.frame[:2]

    @property
    def velocity(self) -> tuple[float, float]:
        """Of the reference point, world frame."""
        return self.speed * math.cos(self.course), self.speed * math.sin(self.course)

    @property
    def center_velocity(self) -> tuple[float, float]:
        vx, vy = self.velocity
        cx, cy = self.center
        return vx - self.yaw_rate * (cy - self.y), vy + self.yaw_rate * (cx - self.x)
