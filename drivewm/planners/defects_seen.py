"""Defects of what is seen wrongly or late. Shapes: N tracks."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from drivewm.planners.defects_base import (
    POSITION,
    VELOCITY,
    Flaw,
    forward_mps,
    in_ego_frame,
    with_state,
)
from drivewm.scene import EgoColumn, LightStatus, Observation, Scene, ScoreType

EPS_S = 1e-6


@dataclass
class ReactionLate(Flaw):
    """Others and lights are known ``seconds`` late."""

    seconds: float = 0.4
    past: deque[Observation] = field(default_factory=deque, init=False, repr=False)

    def reset(self, scenes: Sequence[Scene]) -> None:
        super().reset(scenes)
        self.past = deque()

    def see(self, seen: Observation) -> Observation:
        self.past.append(seen)
        while len(self.past) > 1 and self.past[1].time_s <= seen.time_s - self.seconds + EPS_S:
            self.past.popleft()
        return _others_of(seen, self.past[0])


@dataclass
class Stale(Flaw):
    """Others and lights are looked at every ``seconds`` only, and stay where they were."""

    seconds: float = 1.0
    last: Observation | None = field(default=None, init=False, repr=False)

    def reset(self, scenes: Sequence[Scene]) -> None:
        super().reset(scenes)
        self.last = None

    def see(self, seen: Observation) -> Observation:
        if self.last is None or seen.time_s - self.last.time_s >= self.seconds - EPS_S:
            self.last = seen
        return _others_of(seen, self.last)


def _others_of(now: Observation, then: Observation) -> Observation:
    return replace(now, tracks=then.tracks, lights=then.lights,
                   red_stop_points=then.red_stop_points)  # fmt: skip


@dataclass
class SpeedsLost(Flaw):
    """Everybody seems to move at ``share`` of the true speed."""

    share: float = 0.0

    def see(self, seen: Observation) -> Observation:
        def change(i: int, state: np.ndarray) -> None:
            state[:, VELOCITY] *= self.share

        return with_state(seen, change)


@dataclass
class IdsSwapped(Flaw):
    """Each track has the velocity of its neighbour in the table."""

    def see(self, seen: Observation) -> Observation:
        def change(i: int, state: np.ndarray) -> None:
            assert seen.tracks is not None
            rows = np.flatnonzero(seen.tracks.valid[i])
            state[rows, 4:6] = state[np.roll(rows, 1), 4:6]

        return with_state(seen, change)


@dataclass
class Mirrored(Flaw):
    """Who is to the left seems to be to the right."""

    def see(self, seen: Observation) -> Observation:
        def change(i: int, state: np.ndarray) -> None:
            _, left = in_ego_frame(seen, i)
            heading = seen.ego[i, EgoColumn.HEADING]
            across = np.array([-np.sin(heading), np.cos(heading)])
            state[:, POSITION] -= 2 * left[:, None] * across
            state[:, VELOCITY] -= 2 * (state[:, VELOCITY] @ across)[:, None] * across
            state[:, 3] = 2 * heading - state[:, 3]

        return with_state(seen, change)


@dataclass
class NoisyPlaces(Flaw):
    """Places of others have an error (standard deviation) that is drawn anew each step."""

    metres: float = 0.6

    def see(self, seen: Observation) -> Observation:
        def change(i: int, state: np.ndarray) -> None:
            state[:, POSITION] += self.draw(i, seen.step).normal(0, self.metres, (len(state), 2))

        return with_state(seen, change)


@dataclass
class ShortHeadway(Flaw):
    """Others ahead seem farther away, by ``seconds`` at the ego's speed."""

    seconds: float = 0.6

    def see(self, seen: Observation) -> Observation:
        def change(i: int, state: np.ndarray) -> None:
            heading = seen.ego[i, EgoColumn.HEADING]
            ahead, _ = in_ego_frame(seen, i)
            more = self.seconds * forward_mps(seen, i)
            direction = np.array([np.cos(heading), np.sin(heading)])
            state[:, POSITION] += np.where(ahead > 0, more, 0.0)[:, None] * direction

        return with_state(seen, change)


@dataclass
class SmallBoxes(Flaw):
    """Others seem smaller."""

    share: float = 0.5

    def see(self, seen: Observation) -> Observation:
        if seen.tracks is None:
            return seen
        return replace(seen, tracks=replace(seen.tracks, size_m=seen.tracks.size_m * self.share))


MIRROR = {  # what each class is taken for
    ScoreType.VEHICLE: ScoreType.GENERIC, ScoreType.PEDESTRIAN: ScoreType.VEHICLE,
    ScoreType.BICYCLE: ScoreType.CONE, ScoreType.CONE: ScoreType.BICYCLE,
    ScoreType.BARRIER: ScoreType.PEDESTRIAN, ScoreType.CZONE_SIGN: ScoreType.PEDESTRIAN,
    ScoreType.GENERIC: ScoreType.VEHICLE,
}  # fmt: skip


@dataclass
class LabelsMirrored(Flaw):
    """Classes are mixed up: pedestrians are vehicles, vehicles are things, cyclists are cones."""

    def see(self, seen: Observation) -> Observation:
        if seen.tracks is None:
            return seen
        table = np.array([MIRROR[kind] for kind in ScoreType], np.int8)
        kinds = table[seen.tracks.score_type]
        return replace(seen, tracks=replace(seen.tracks, score_type=kinds))


@dataclass
class RunsRed(Flaw):
    """Lights that are not green are not seen."""

    def see(self, seen: Observation) -> Observation:
        if seen.lights is None:
            return seen
        lit = tuple({lane: int(LightStatus.GREEN) for lane in lights} for lights in seen.lights)
        return replace(seen, lights=lit, red_stop_points=tuple(np.zeros((0, 2)) for _ in lit))


@dataclass
class RunsYellow(Flaw):
    """Yellow lights are taken for green."""

    def see(self, seen: Observation) -> Observation:
        if seen.lights is None:
            return seen
        yellow, green = int(LightStatus.YELLOW), int(LightStatus.GREEN)
        return replace(seen, lights=tuple(
            {lane: green if status == yellow else status for lane, status in lights.items()}
            for lights in seen.lights
        ))  # fmt: skip


@dataclass
class Speeds(Flaw):
    """The speed limit seems higher."""

    share: float = 1.1
    unknown_mps: float = 0.0  # told where no limit is known; 0: nothing is

    def see(self, seen: Observation) -> Observation:
        limits = seen.speed_limits_mps * self.share
        if self.unknown_mps > 0:
            limits = np.where(np.isnan(limits), self.unknown_mps, limits)
        return replace(seen, speed_limits_mps=limits)


@dataclass
class SpeedometerLow(Flaw):
    """The own speed seems lower."""

    share: float = 0.8

    def see(self, seen: Observation) -> Observation:
        ego = seen.ego.copy()
        ego[:, EgoColumn.VX] *= self.share
        return replace(seen, ego=ego)


@dataclass
class IgnoresOcclusion(Flaw):
    """Takes what is seen for all that is there."""

    def see(self, seen: Observation) -> Observation:
        return replace(seen, mode="privileged") if seen.mode == "visible" else seen
