"""Arriving when another arrives: the speed over time of ``Synchronize``.

The master is taken to go on at its present speed; whenever that changes when it will arrive, the
rest is planned again, up to the stretch that is driven at the final speed. The plan is made of
straight ramps, so that the arrival is exact:

- standing: wait, then one ramp over exactly the way that is left for it (the usual test track
  procedure for pedestrian targets), where the time allows for no more than that;
- else two ramps of equal time whose middle speed makes the way fit;
- where that middle speed would be negative: stop, wait, start.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from drivewm.sim.script.actions import Synchronize
from drivewm.sim.script.body import Body
from drivewm.sim.script.drives import Ramps
from drivewm.sim.script.ramps import Ramp

SLOW_MPS = 0.01
LATE_S, OFF_M = 1e-4, 1e-3  # smaller changes are not worth a new plan
TOO_LATE_S = 0.2  # nothing is planned again in the last moment


def arrival_ramps(way_m: float, left_s: float, now_mps: float, end_mps: float) -> list[Ramp]:
    """Ramps from ``now_mps`` to ``end_mps`` that take ``left_s`` and cover ``way_m`` exactly."""
    if left_s <= 0.0 or way_m <= 0.0:
        return [Ramp(now_mps, end_mps, max(left_s, 0.0))]
    middle = 2.0 * way_m / left_s - 0.5 * (now_mps + end_mps)
    stands = now_mps <= SLOW_MPS and end_mps > SLOW_MPS and way_m / left_s <= 0.5 * end_mps
    if middle >= 0.0 and not stands:
        half = 0.5 * left_s
        return [Ramp(now_mps, middle, half), Ramp(middle, end_mps, half)]
    if stands:
        now_mps = 0.0
    accel = (now_mps**2 + end_mps**2) / (2.0 * way_m)
    stop_s, start_s = now_mps / accel, end_mps / accel
    wait_s = max(left_s - stop_s - start_s, 0.0)
    return [Ramp(now_mps, 0.0, stop_s), Ramp(0.0, 0.0, wait_s), Ramp(0.0, end_mps, start_s)]


def free_ramp(way_m: float, left_s: float, now_mps: float) -> list[Ramp]:
    """The same where any final speed will do: one ramp, or stop and stand."""
    end = 2.0 * way_m / left_s - now_mps if left_s > 0.0 else now_mps
    if end >= 0.0:
        return [Ramp(now_mps, end, max(left_s, 0.0))]
    stop_s = 2.0 * way_m / now_mps if way_m > 0.0 else 0.0
    return [Ramp(now_mps, 0.0, stop_s), Ramp(0.0, 0.0, max(left_s - stop_s, 0.0))]


class Meet:
    """Longitudinal controller of ``Synchronize``.

    Args:
        way_left: metres from the body to its target along its way.
        master_left: metres from the master to its target, negative behind it.
        tell: called with a text when it cannot be done as asked.
    """

    def __init__(
        self, action: Synchronize, master: Body, way_left: Callable[[], float],
        master_left: Callable[[], float], tell: Callable[[str], None],
    ) -> None:  # fmt: skip
        self.ended = self.stopped = False
        self._action, self._master = action, master
        self._way_left, self._master_left, self._tell = way_left, master_left, tell
        self._plan: Ramps | None = None
        self._arrival_s = self._steady_s = math.inf
        self._length_m, self._told = 0.0, False

    def step(self, body: Body, time_s: float, dt_s: float) -> tuple[float, float, float]:
        left = self._way_left()
        if self._plan is None or time_s < self._steady_s - TOO_LATE_S:
            self._look(body, time_s, left)
        if self._plan is None:  # the master stands: nobody knows when it will arrive
            return body.speed * dt_s, body.speed, 0.0
        if self._plan.end_s <= time_s:
            way, speed, accel = body.speed * dt_s, body.speed, 0.0
        else:
            way, speed, accel = self._plan.step(body, time_s, dt_s)
        action = self._action
        there = left - way <= action.tolerance_m + 1e-9
        near_master = self._master_left() <= action.master_tolerance_m + 1e-9
        self.ended = there or (near_master and time_s + dt_s >= self._arrival_s - 1e-9)
        return way, speed, accel

    def _look(self, body: Body, time_s: float, left_m: float) -> None:
        master = self._master
        gone = self._master_left()
        if gone < 0.0 and self._plan is None:
            self._complain("the master is past its target already")
            self._plan = Ramps(time_s, [Ramp(body.speed, body.speed, 0.0)])
            self._arrival_s = time_s
            return
        if master.speed < SLOW_MPS:
            return
        arrival_s = master.stamp + gone / master.speed
        if self._plan is not None:
            planned = self._length_m - self._plan.way(time_s)
            if abs(arrival_s - self._arrival_s) < LATE_S and abs(planned - left_m) < OFF_M:
                return
        self._make(body, time_s, left_m, arrival_s)

    def _make(self, body: Body, time_s: float, left_m: float, arrival_s: float) -> None:
        action = self._action
        left_s = arrival_s - time_s
        self._arrival_s, self._length_m = arrival_s, left_m
        if action.final_speed_mps is None:
            self._steady_s = arrival_s
            self._plan = Ramps(time_s, free_ramp(left_m, left_s, body.speed))
            return
        end = action.final_speed_mps + (self._master.speed if action.final_relative else 0.0)
        steady_m = action.steady_distance_m or 0.0
        steady_s = action.steady_time_s or (steady_m / end if end > 0.0 else 0.0)
        steady_m = steady_s * end
        before_s, before_m = left_s - steady_s, left_m - steady_m
        if before_s < 0.0 or before_m < 0.0:
            short = f"{max(-before_s, 0.0):.2f} s and {max(-before_m, 0.0):.2f} m are missing"
            self._complain(f"no room to reach {end:.2f} m/s before the steady stretch: {short}")
            before_s, before_m = max(before_s, 0.0), max(before_m, 0.0)
        ramps = arrival_ramps(before_m, before_s, body.speed, end)
        highest = max(ramp.high for ramp in ramps)
        if highest > body.max_speed:
            self._complain(f"needs {highest:.1f} m/s, more than {body.max_speed:.1f} m/s")
        self._steady_s = time_s + before_s
        self._plan = Ramps(time_s, [*ramps, Ramp(end, end, steady_s)])

    def _complain(self, text: str) -> None:
        if not self._told:
            self._told = True
            self._tell(text)
