"""What every planner defect shares, and how a plan's speeds are changed on its own path.

Shapes: S scenes, N tracks, H poses.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from drivewm.errors import InputError
from drivewm.geometry.polylines import arc_lengths, without_repeats
from drivewm.scene import EgoColumn, Observation, Scene, TrackColumn, Trajectory
from drivewm.seeds import generator

POSITION = [TrackColumn.X, TrackColumn.Y]
VELOCITY = [TrackColumn.VX, TrackColumn.VY]
STILL_MPS = 0.5
POINT_M = 1.0  # between the points of a route as defects read it


@dataclass
class Flaw:
    """A defect. ``see`` changes what the planner is shown, ``act`` what it answers."""

    seed: int = 0
    scenes: Sequence[Scene] = field(default=(), init=False, repr=False)

    def reset(self, scenes: Sequence[Scene]) -> None:
        """Forgets the last drive."""
        self.scenes = scenes

    def see(self, seen: Observation) -> Observation:
        """What the planner gets instead."""
        return seen

    def act(self, seen: Observation, plan: Trajectory) -> Trajectory:
        """What is driven instead; ``seen`` is the truth."""
        return plan

    def draw(self, i: int, *names: object) -> np.random.Generator:
        """Random numbers of scene ``i``, the same in every process."""
        return generator("defect", type(self).__name__, self.seed, self.scenes[i].id, *names)


@dataclass(frozen=True)
class Line:
    """A route at points of about a metre."""

    points: np.ndarray  # [P, 2]
    s: np.ndarray  # [P]
    heading: np.ndarray  # [P], unwrapped

    @classmethod
    def of(cls, route: np.ndarray) -> Line:
        """Of a route [P, 2].

        Raises:
            InputError: it has less than two points.
        """
        line = without_repeats(np.asarray(route, float))
        if len(line) < 2:
            raise InputError("the route has less than two points", field="route")
        s = arc_lengths(line)
        at = np.linspace(0.0, s[-1], max(2, round(s[-1] / POINT_M) + 1))
        points = np.stack([np.interp(at, s, line[:, k]) for k in (0, 1)], -1)
        delta = np.gradient(points, axis=0)
        return cls(points, at, np.unwrap(np.arctan2(delta[:, 1], delta[:, 0])))

    def project(self, xy: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Arc length, offset to the left and heading of the route beside places [N, 2]."""
        away = xy[:, None] - self.points[None]
        k = (away**2).sum(-1).argmin(1)
        dx, dy = away[np.arange(len(xy)), k].T
        heading = self.heading[k]
        cos, sin = np.cos(heading), np.sin(heading)
        return self.s[k] + cos * dx + sin * dy, cos * dy - sin * dx, heading


def in_ego_frame(seen: Observation, i: int) -> tuple[np.ndarray, np.ndarray]:
    """Metres ahead of the rear axle and to its left, of all tracks of a scene; [N] each."""
    assert seen.tracks is not None
    x, y, heading = seen.ego[i, :3]
    dx, dy = (seen.tracks.state[i][:, POSITION] - (x, y)).T
    cos, sin = np.cos(heading), np.sin(heading)
    return cos * dx + sin * dy, cos * dy - sin * dx


def without(seen: Observation, lost: Callable[[Observation, int], np.ndarray]) -> Observation:
    """The observation without tracks; ``lost(seen, i)`` is bool [N]."""
    if seen.tracks is None:
        return seen
    gone = np.stack([lost(seen, i) for i in range(len(seen.ego))])
    return replace(seen, tracks=replace(seen.tracks, valid=seen.tracks.valid & ~gone))


def with_state(seen: Observation, change: Callable[[int, np.ndarray], None]) -> Observation:
    """The observation with other track states; ``change(i, state)`` alters [N, 6] in place."""
    if seen.tracks is None:
        return seen
    state = seen.tracks.state.copy()
    for i in range(len(seen.ego)):
        change(i, state[i])
    return replace(seen, tracks=replace(seen.tracks, state=state))


def way_of(seen: Observation, plan: Trajectory, i: int) -> np.ndarray:
    """Metres that the plan has covered at its times; [H]."""
    path = np.vstack([seen.ego[i, :2], plan.poses[i, :, :2]])
    return arc_lengths(path)[1:]


def retimed(seen: Observation, plan: Trajectory, ways: Sequence[np.ndarray]) -> Trajectory:
    """The plan's path, covered in another way; straight on where the path ends.

    Args:
        seen: for where the ego is.
        plan: whose path is kept.
        ways: S of [H], metres covered at the plan's times.
    """
    poses = plan.poses.copy()
    for i, way in enumerate(ways):
        path = np.vstack([seen.ego[i, :3], plan.poses[i]])
        s = arc_lengths(path[:, :2])
        keep = np.concatenate([[True], np.diff(s) > 1e-6])
        heading = np.unwrap(path[:, 2])[keep]
        s, path = s[keep], path[keep]
        beyond = np.maximum(way - s[-1], 0.0)
        end = heading[-1]
        poses[i, :, 0] = np.interp(way, s, path[:, 0]) + beyond * np.cos(end)
        poses[i, :, 1] = np.interp(way, s, path[:, 1]) + beyond * np.sin(end)
        poses[i, :, 2] = np.interp(way, s, heading)
    return replace(plan, poses=poses)


def forward_mps(seen: Observation, i: int) -> float:
    """The ego's speed."""
    return max(float(seen.ego[i, EgoColumn.VX]), 0.0)


def braked(seen: Observation, plan: Trajectory, i: int, decel_mps2: float) -> np.ndarray:
    """Metres covered when braking to a stand; [H]."""
    speed = forward_mps(seen, i)
    t = np.minimum(plan.times_s, speed / decel_mps2)
    return speed * t - 0.5 * decel_mps2 * t**2
