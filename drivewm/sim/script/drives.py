"""Longitudinal controllers: how far a body goes in a step."""

from __future__ import annotations

import math

from drivewm.sim.script.actions import Limits, LongitudinalDistance, Speed
from drivewm.sim.script.body import Body
from drivewm.sim.script.distances import bumper_m
from drivewm.sim.script.ramps import Ramp, part, speed_ramp

CLOSE_M, CLOSE_MPS = 0.01, 0.05  # a distance is reached
PULL_PER_S, REACT_S = 0.8, 0.2  # how firmly a gap is closed


class Ramps:
    """Ramps one after the other, exact; the last speed is held."""

    def __init__(self, start_s: float, ramps: list[Ramp]) -> None:
        self.ended = self.stopped = False
        self.start_s, self._ramps = start_s, ramps
        self._from, self._way = [0.0], [0.0]
        for ramp in ramps:
            self._from.append(self._from[-1] + ramp.duration_s)
            self._way.append(self._way[-1] + ramp.way(ramp.duration_s))

    @property
    def end_s(self) -> float:
        """When the last ramp is over."""
        return self.start_s + self._from[-1]

    def _which(self, into_s: float) -> int:
        k = 0
        while k + 1 < len(self._ramps) and into_s >= self._from[k + 1]:
            k += 1
        return k

    def way(self, time_s: float) -> float:
        """Metres driven since the start."""
        k = self._which(time_s - self.start_s)
        return self._way[k] + self._ramps[k].way(time_s - self.start_s - self._from[k])

    def speed(self, time_s: float) -> float:
        k = self._which(time_s - self.start_s)
        return self._ramps[k].speed(time_s - self.start_s - self._from[k])

    def step(self, body: Body, time_s: float, dt_s: float) -> tuple[float, float, float]:
        del body
        after = time_s + dt_s
        k = self._which(after - self.start_s)
        self.ended = self.ended or after >= self.end_s - 1e-9
        accel = self._ramps[k].accel(after - self.start_s - self._from[k])
        return self.way(after) - self.way(time_s), self.speed(after), accel


class MatchSpeed:
    """Another's speed plus or times something, without end; the difference at the start goes by
    the action's dynamics."""

    def __init__(self, action: Speed, body: Body, other: Body, start_s: float) -> None:
        self.ended = self.stopped = False
        self._action, self._other = action, other
        wanted = relative_speed(action, other)
        self._start_s, self._gap = start_s, body.speed - wanted
        self._fade = speed_ramp(body.speed, wanted, action.dynamics)

    def step(self, body: Body, time_s: float, dt_s: float) -> tuple[float, float, float]:
        into_s = time_s + dt_s - self._start_s
        left = 0.0
        if into_s < self._fade.duration_s:
            left = 1.0 - part(self._fade.shape, into_s / self._fade.duration_s)
        speed = relative_speed(self._action, self._other) + left * self._gap
        return 0.5 * (body.speed + speed) * dt_s, speed, (speed - body.speed) / dt_s


def relative_speed(action: Speed, other: Body) -> float:
    """The speed that a relative action means now."""
    if action.relation == "factor":
        return other.speed * action.speed_mps
    return other.speed + action.speed_mps


class KeepDistance:
    """Reaches or keeps a gap to another body (see ``LongitudinalDistance``)."""

    def __init__(self, action: LongitudinalDistance, body: Body, other: Body) -> None:
        self.ended = self.stopped = False
        self._action, self._other = action, other
        ahead = signed_gap(action, body, other) > 0.0  # the other one is ahead
        leads = action.displacement == "leading" or (action.displacement == "any" and not ahead)
        self._leads = leads

    def error_m(self, body: Body, at_s: float) -> float:
        """How far the body must go forward to have the gap at a time (the other one, where its
        turn to move comes later, is thought on to then)."""
        action, other = self._action, self._other
        wanted = action.distance_m
        if wanted is None:
            follower = other if self._leads else body
            wanted = (action.time_gap_s or 0.0) * follower.speed
        if action.freespace:
            front, rear = (other, body) if self._leads else (body, other)
            wanted += bumper_m(front, 1) + bumper_m(rear, -1)
        ahead = other.speed * math.cos(other.course - body.course) * (at_s - other.stamp)
        gap = signed_gap(action, body, other) + ahead
        return gap + wanted if self._leads else gap - wanted

    def step(self, body: Body, time_s: float, dt_s: float) -> tuple[float, float, float]:
        limits = self._action.limits
        error = self.error_m(body, time_s + dt_s if limits is None else time_s)
        other_mps = self._other.speed * math.cos(self._other.course - body.course)
        if limits is None:
            self.ended = not self._action.continuous
            return error, max(other_mps, 0.0), (other_mps - body.speed) / dt_s
        up, down, top = limited(limits, body)
        brake = down if error > 0.0 else up
        pull = min(PULL_PER_S * abs(error), math.sqrt(0.8 * brake * abs(error)))
        wanted = min(max(other_mps + math.copysign(pull, error), 0.0), top)
        accel = min(max((wanted - body.speed) / REACT_S, -down), up)
        speed = min(max(body.speed + accel * dt_s, 0.0), max(top, body.speed))
        near = abs(error) < CLOSE_M and abs(speed - other_mps) < CLOSE_MPS
        self.ended = near and not self._action.continuous
        return 0.5 * (body.speed + speed) * dt_s, speed, (speed - body.speed) / dt_s


def limited(limits: Limits, body: Body) -> tuple[float, float, float]:
    """Acceleration, deceleration and speed that an action's limits and the body's own allow."""

    def least(own: float, given: float | None) -> float:
        return own if given is None else min(own, given)

    return (
        least(body.max_accel, limits.max_accel_mps2),
        least(body.max_decel, limits.max_decel_mps2),
        least(body.max_speed, limits.max_speed_mps),
    )


def signed_gap(action: LongitudinalDistance, body: Body, other: Body) -> float:
    """Metres from the body's reference point forward to the other's: along its heading, or along
    its curve for the coordinate systems of lane, road and trajectory."""
    if action.coordinate_system in ("entity", "world"):
        dx, dy = other.x - body.x, other.y - body.y
        return dx * math.cos(body.heading) + dy * math.sin(body.heading)
    return body.sense * (body.curve.project(other.x, other.y)[0] - body.s)


class TimedPath:
    """Passes the vertices of a curve at their times; a straight reading between them."""

    def __init__(self, times_s: list[float], arc_m: list[float]) -> None:
        self.ended = self.stopped = False
        self._times, self._arc, self._k = times_s, arc_m, 0

    def s_at(self, time_s: float) -> float:
        times, arc = self._times, self._arc
        if time_s <= times[0]:
            return arc[0]
        if time_s >= times[-1]:
            return arc[-1]
        while times[self._k + 1] < time_s:
            self._k += 1
        while times[self._k] > time_s:
            self._k -= 1
        part = (time_s - times[self._k]) / (times[self._k + 1] - times[self._k])
        return arc[self._k] + part * (arc[self._k + 1] - arc[self._k])

    def step(self, body: Body, time_s: float, dt_s: float) -> tuple[float, float, float]:
        after = time_s + dt_s
        way = self.s_at(after) - body.s
        if after >= self._times[-1] - 1e-9:
            self.ended = True
            if after > self._times[-1] + 1e-9:  # the rest of the step at the last speed
                rest = after - self._times[-1]
                last = (self._arc[-1] - self._arc[-2]) / (self._times[-1] - self._times[-2])
                return way + last * rest, last, 0.0
            return way, (self._arc[-1] - self._arc[-2]) / (self._times[-1] - self._times[-2]), 0.0
        speed = way / dt_s
        return way, speed, (speed - body.speed) / dt_s
