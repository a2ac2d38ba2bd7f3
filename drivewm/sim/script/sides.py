"""Sideways controllers: how far left of its curve a body is."""

from __future__ import annotations

import math
from collections.abc import Callable

from drivewm.sim.script.actions import LateralDistance, Shape
from drivewm.sim.script.body import Body
from drivewm.sim.script.ramps import part

REACT_S = 0.2


class Shift:
    """From one offset to another, over time or metres driven. ``lasting``: it never ends."""

    def __init__(
        self, start_s: float, low_m: float, high_m: float, shape: Shape, span: float,
        by_way: bool = False, lasting: bool = False,
    ) -> None:  # fmt: skip
        self.ended = self.stopped = False
        self._start_s, self._low, self._high = start_s, low_m, high_m
        self._shape, self._span, self._by_way, self._way = shape, span, by_way, 0.0
        self._lasting = lasting

    def step(self, body: Body, time_s: float, dt_s: float, way_m: float) -> float:
        del body
        self._way += abs(way_m)
        gone = self._way if self._by_way else time_s + dt_s - self._start_s
        if gone >= self._span - 1e-9:
            self.ended = not self._lasting
            return self._high
        return self._low + (self._high - self._low) * part(self._shape, gone / self._span)


class Until:
    """Along the curve up to an arc length; an offset at the start is driven off on the way."""

    def __init__(self, s_m: float, body: Body, join_m: float) -> None:
        self.ended = self.stopped = False
        self._s, self._low, self._join, self._way = s_m, body.lateral, join_m, 0.0

    def step(self, body: Body, time_s: float, dt_s: float, way_m: float) -> float:
        del time_s, dt_s
        self._way += abs(way_m)
        self.ended = body.sense * (self._s - body.s) - way_m <= 1e-9
        if self._low == 0.0:
            return 0.0
        return self._low * (1.0 - part("cubic", self._way / self._join))


class Beside:
    """Goes where ``target`` says, within a speed and an acceleration if given."""

    def __init__(
        self, target: Callable[[], float], continuous: bool, speed_mps: float | None,
        accel_mps2: float | None,
    ) -> None:  # fmt: skip
        self.ended = self.stopped = False
        self._target, self._continuous = target, continuous
        self._top = math.inf if speed_mps is None else speed_mps
        self._accel = math.inf if accel_mps2 is None else accel_mps2
        self._speed = 0.0

    def step(self, body: Body, time_s: float, dt_s: float, way_m: float) -> float:
        del time_s, way_m
        error = self._target() - body.lateral
        pull = abs(error) / dt_s
        if math.isfinite(self._accel):
            pull = min(pull, math.sqrt(self._accel * abs(error)), abs(error) / REACT_S)
        wanted = math.copysign(min(pull, self._top), error)
        most = self._accel * dt_s
        self._speed += min(max(wanted - self._speed, -most), most)
        self.ended = not self._continuous and abs(error - self._speed * dt_s) < 1e-3
        return body.lateral + self._speed * dt_s


def side_of(action: LateralDistance, body: Body, other: Body) -> Callable[[], float]:
    """Offset at which the wanted distance to the other body is kept."""
    there = body.curve.project(other.x, other.y, body.s)[1]
    right = body.lateral < there if action.displacement == "any" else action.displacement == "right"
    apart = action.distance_m
    if action.freespace:
        apart += 0.5 * (body.width + other.width)
    offset = -apart if right else apart
    return lambda: body.curve.project(other.x, other.y, body.s)[1] + offset
