"""Defects of what is driven: the plan is another one. Shapes: H poses."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from drivewm.planners.defects_base import (
    Flaw,
    Line,
    braked,
    forward_mps,
    in_ego_frame,
    retimed,
    way_of,
)
from drivewm.scene import EgoColumn, Observation, Scene, Trajectory

FREE_AHEAD_M, FREE_SIDE_M = 35.0, 6.0
ROUTE_LEFT_M = 40.0
LASTS_S = 2.0  # an error of the acceleration within a plan: trackers smooth what is shorter


class DefectFailure(RuntimeError):
    """The failure that a defective planner was asked for."""


@dataclass
class LateralOffset(Flaw):
    """Thinks it is elsewhere across its way, and so drives ``metres`` to the left of it.

    The plan is made for where the ego seems to be and moved back: it starts at the ego and steers
    aside. To move a plan alone would not do: trackers read headings and speeds from it.
    """

    metres: float = 0.3

    def left_m(self, seen: Observation, i: int) -> float:
        """By how much it is off now."""
        return self.metres

    def see(self, seen: Observation) -> Observation:
        ego = seen.ego.copy()
        for i in range(len(ego)):
            ego[i, :2] -= self._shift(seen, i)
        return replace(seen, ego=ego)

    def act(self, seen: Observation, plan: Trajectory) -> Trajectory:
        poses = plan.poses.copy()
        for i in range(len(poses)):
            poses[i, :, :2] += self._shift(seen, i)
        return replace(plan, poses=poses)

    def _shift(self, seen: Observation, i: int) -> np.ndarray:
        heading = seen.ego[i, EgoColumn.HEADING]
        return self.left_m(seen, i) * np.array([-np.sin(heading), np.cos(heading)])


@dataclass
class Oscillates(LateralOffset):
    """Weaves about its way."""

    metres: float = 0.6
    period_s: float = 4.0

    def left_m(self, seen: Observation, i: int) -> float:
        return self.metres * float(np.sin(2 * np.pi * seen.time_s / self.period_s))


@dataclass
class TurnsLate(Flaw):
    """Follows the path's turns ``metres`` too late."""

    metres: float = 1.5

    def act(self, seen: Observation, plan: Trajectory) -> Trajectory:
        poses = plan.poses.copy()
        for i in range(len(poses)):
            way = np.maximum(way_of(seen, plan, i) - self.metres, 0.0)
            rest = way_of(seen, plan, i) - way
            late = retimed(seen, plan, [way] * len(poses)).poses[i]
            heading = seen.ego[i, 2]
            poses[i] = late
            poses[i, :, :2] += rest[:, None] * (np.cos(heading), np.sin(heading))
        return replace(plan, poses=poses)


@dataclass
class StraightOn(Flaw):
    """Keeps the heading it started with, at the planned speed."""

    def act(self, seen: Observation, plan: Trajectory) -> Trajectory:
        poses = plan.poses.copy()
        for i, scene in enumerate(self.scenes):
            x, y, heading = scene.ego[0, :3]
            way = way_of(seen, plan, i)
            along = (seen.ego[i, 0] - x) * np.cos(heading) + (seen.ego[i, 1] - y) * np.sin(heading)
            poses[i, :, 0] = x + (along + way) * np.cos(heading)
            poses[i, :, 1] = y + (along + way) * np.sin(heading)
            poses[i, :, 2] = heading
        return replace(plan, poses=poses)


@dataclass
class BrakeCapped(Flaw):
    """Brakes with no more than ``mps2``."""

    mps2: float = 2.5

    def act(self, seen: Observation, plan: Trajectory) -> Trajectory:
        ways = [np.maximum(way_of(seen, plan, i), braked(seen, plan, i, self.mps2))
                for i in range(len(seen.ego))]  # fmt: skip
        return retimed(seen, plan, ways)


@dataclass
class Sluggish(Flaw):
    """Accelerates with no more than ``mps2``, and after a stand only ``seconds`` later."""

    mps2: float = 0.4
    seconds: float = 1.5
    moved_s: list[float] = field(default_factory=list, init=False, repr=False)

    def reset(self, scenes: Sequence[Scene]) -> None:
        super().reset(scenes)
        self.moved_s = [0.0] * len(scenes)

    def act(self, seen: Observation, plan: Trajectory) -> Trajectory:
        ways = []
        for i in range(len(seen.ego)):
            speed, way = forward_mps(seen, i), way_of(seen, plan, i)
            wants = float(way[-1]) > 0.5
            if speed > 0.3 or not wants:
                self.moved_s[i] = seen.time_s
            waits = speed <= 0.3 and seen.time_s - self.moved_s[i] < self.seconds
            most = speed * plan.times_s + 0.5 * self.mps2 * plan.times_s**2
            ways.append(np.minimum(way, 0.0 * way if waits else most))
        return retimed(seen, plan, ways)


@dataclass
class FastCurves(Flaw):
    """Does not slow down for curves, nor for anything else but others, lights and the end."""

    lines: list[Line] = field(default_factory=list, init=False, repr=False)

    def reset(self, scenes: Sequence[Scene]) -> None:
        super().reset(scenes)
        self.lines = [Line.of(scene.route) for scene in scenes]

    def act(self, seen: Observation, plan: Trajectory) -> Trajectory:
        ways = []
        for i in range(len(seen.ego)):
            way = way_of(seen, plan, i)
            if self._is_free(seen, i):
                limit = float(np.nan_to_num(seen.speed_limits_mps[i], nan=10.0))
                way = np.maximum(way, min(forward_mps(seen, i), limit) * plan.times_s)
            ways.append(way)
        return retimed(seen, plan, ways)

    def _is_free(self, seen: Observation, i: int) -> bool:
        line = self.lines[i]
        s = float(line.project(seen.ego[i, None, :2])[0][0])
        reds = seen.red_stop_points[i] if seen.red_stop_points else np.zeros((0, 2))
        near = len(reds) and np.hypot(*(reds - seen.ego[i, :2]).T).min() < ROUTE_LEFT_M
        if near or line.s[-1] - s < ROUTE_LEFT_M:
            return False
        if seen.tracks is None:
            return True
        ahead, left = in_ego_frame(seen, i)
        close = (ahead > 0) & (ahead < FREE_AHEAD_M) & (np.abs(left) < FREE_SIDE_M)
        return not (close & seen.tracks.valid[i]).any()


@dataclass
class RoughRide(Flaw):
    """Accelerations have an error (standard deviation) that is drawn anew every ``seconds``."""

    mps2: float = 1.0
    seconds: float = 0.5

    def act(self, seen: Observation, plan: Trajectory) -> Trajectory:
        ways = []
        for i in range(len(seen.ego)):
            error = self.mps2 * self.draw(i, int(seen.time_s / self.seconds + 1e-6)).normal()
            way = way_of(seen, plan, i)
            if forward_mps(seen, i) > 1.0:
                more = 0.5 * error * np.minimum(plan.times_s, LASTS_S) ** 2
                way = np.maximum(way + more, 0.0)
            ways.append(np.maximum.accumulate(way))
        return retimed(seen, plan, ways)


@dataclass
class BrakesWithoutCause(Flaw):
    """Brakes hard for ``seconds`` at a random time in every ``every_s``."""

    mps2: float = 5.0
    seconds: float = 1.0
    every_s: float = 6.0

    def act(self, seen: Observation, plan: Trajectory) -> Trajectory:
        ways = []
        for i in range(len(seen.ego)):
            part, within = divmod(seen.time_s, self.every_s)
            start = self.draw(i, int(part)).uniform(0.5, self.every_s - self.seconds)
            way = way_of(seen, plan, i)
            if start <= within < start + self.seconds:
                way = np.minimum(way, braked(seen, plan, i, self.mps2))
            ways.append(way)
        return retimed(seen, plan, ways)


@dataclass
class NeverGoesOn(Flaw):
    """Once it stands, it stands; after ``after_s`` it brakes to a stand anyway."""

    after_s: float = 1e9
    stands: list[bool] = field(default_factory=list, init=False, repr=False)

    def reset(self, scenes: Sequence[Scene]) -> None:
        super().reset(scenes)
        self.stands = [False] * len(scenes)

    def act(self, seen: Observation, plan: Trajectory) -> Trajectory:
        ways = []
        for i in range(len(seen.ego)):
            slow = seen.time_s > 1.0 and forward_mps(seen, i) < 0.3
            self.stands[i] = self.stands[i] or slow or seen.time_s >= self.after_s
            way = way_of(seen, plan, i)
            ways.append(np.minimum(way, braked(seen, plan, i, 2.5)) if self.stands[i] else way)
        return retimed(seen, plan, ways)


@dataclass
class OldPlan(Flaw):
    """Follows the plan of ``seconds`` ago."""

    seconds: float = 0.4
    past: deque[tuple[float, Trajectory]] = field(default_factory=deque, init=False, repr=False)

    def reset(self, scenes: Sequence[Scene]) -> None:
        super().reset(scenes)
        self.past = deque()

    def act(self, seen: Observation, plan: Trajectory) -> Trajectory:
        self.past.append((seen.time_s, plan))
        while len(self.past) > 1 and self.past[1][0] <= seen.time_s - self.seconds + 1e-6:
            self.past.popleft()
        made_s, old = self.past[0]
        times = old.times_s - (seen.time_s - made_s)
        ahead = times > 1e-6
        return replace(plan, times_s=times[ahead], poses=old.poses[:, ahead])


@dataclass
class Fails(Flaw):
    """Raises at a random time in ``share`` of the drives."""

    share: float = 0.1
    within_s: float = 6.0

    def act(self, seen: Observation, plan: Trajectory) -> Trajectory:
        for i in range(len(self.scenes)):
            draw = self.draw(i)
            fails = draw.random() < self.share
            if draw.uniform(0.5, self.within_s) <= seen.time_s and fails:
                raise DefectFailure("no plan (as asked for by defect?kind=fails)")
        return plan


@dataclass
class PoseNoise(Flaw):
    """Poses have an error by floating point alone: no defect."""

    metres: float = 1e-9

    def act(self, seen: Observation, plan: Trajectory) -> Trajectory:
        poses = plan.poses.copy()
        for i in range(len(poses)):
            poses[i] += self.draw(i, seen.step).normal(0, self.metres, poses[i].shape)
        return replace(plan, poses=poses)
