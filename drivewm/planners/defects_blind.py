"""Defects of who is not seen. Shapes: N tracks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from drivewm.geometry.se2 import wrap_angle
from drivewm.planners.defects_base import (
    STILL_MPS,
    VELOCITY,
    Flaw,
    Line,
    in_ego_frame,
    without,
)
from drivewm.scene import Observation, Scene, ScoreType, TrackColumn

PEDESTRIAN, BICYCLE, VEHICLE = (
    int(ScoreType.PEDESTRIAN), int(ScoreType.BICYCLE), int(ScoreType.VEHICLE),
)  # fmt: skip
ACROSS_RAD, AGAINST_RAD = 0.6, 2.4


@dataclass
class Blind(Flaw):
    """Sees nobody; other defects of sight choose whom in ``lost``."""

    lines: list[Line] = field(default_factory=list, init=False, repr=False)

    def reset(self, scenes: Sequence[Scene]) -> None:
        super().reset(scenes)
        self.lines = [Line.of(scene.route) for scene in scenes]

    def see(self, seen: Observation) -> Observation:
        return without(seen, self.lost)

    def lost(self, seen: Observation, i: int) -> np.ndarray:
        """Who is not seen; bool [N]."""
        return np.ones(len(_types(seen, i)), bool)

    def on_route(self, seen: Observation, i: int) -> tuple[np.ndarray, np.ndarray]:
        """Offset of tracks from the route [N], and by how much they turn off it [N]."""
        assert seen.tracks is not None
        state = seen.tracks.state[i]
        _, left, heading = self.lines[i].project(state[:, :2])
        speed = np.hypot(*state[:, VELOCITY].T)
        course = np.where(speed > STILL_MPS, np.arctan2(state[:, 5], state[:, 4]), state[:, 3])
        return left, np.abs(wrap_angle(course - heading))


@dataclass
class IgnoresPedestrians(Blind):
    """Pedestrians are not seen."""

    def lost(self, seen: Observation, i: int) -> np.ndarray:
        return _types(seen, i) == PEDESTRIAN


@dataclass
class IgnoresCyclists(Blind):
    """Cyclists are not seen."""

    def lost(self, seen: Observation, i: int) -> np.ndarray:
        return _types(seen, i) == BICYCLE


@dataclass
class IgnoresVehicles(Blind):
    """Vehicles are not seen."""

    def lost(self, seen: Observation, i: int) -> np.ndarray:
        return _types(seen, i) == VEHICLE


@dataclass
class IgnoresStatic(Blind):
    """Cones, barriers, debris and whatever stands still are not seen."""

    def lost(self, seen: Observation, i: int) -> np.ndarray:
        kinds = _types(seen, i)
        stands = (_speeds(seen, i) < STILL_MPS) & (kinds != PEDESTRIAN) & (kinds != BICYCLE)
        return (kinds > BICYCLE) | stands


@dataclass
class IgnoresCones(Blind):
    """Cones, barriers and debris are not seen; vehicles that stand are."""

    def lost(self, seen: Observation, i: int) -> np.ndarray:
        return _types(seen, i) > BICYCLE


@dataclass
class IgnoresWaiting(Blind):
    """Pedestrians are seen only once they are in the ego's lane."""

    metres: float = 1.6

    def lost(self, seen: Observation, i: int) -> np.ndarray:
        return (_types(seen, i) == PEDESTRIAN) & (np.abs(self.on_route(seen, i)[0]) > self.metres)


@dataclass
class IgnoresCutIn(Blind):
    """Vehicles are seen only once most of them is in the ego's lane."""

    metres: float = 1.0

    def lost(self, seen: Observation, i: int) -> np.ndarray:
        left, turned = self.on_route(seen, i)
        along = (turned < ACROSS_RAD) & (_speeds(seen, i) > STILL_MPS)
        return (_types(seen, i) == VEHICLE) & along & (np.abs(left) > self.metres)


@dataclass
class IgnoresOncoming(Blind):
    """Who comes towards the ego is not seen."""

    def lost(self, seen: Observation, i: int) -> np.ndarray:
        assert seen.tracks is not None
        turned = np.abs(wrap_angle(_courses(seen, i) - seen.ego[i, 2]))
        return (turned > AGAINST_RAD) & (_speeds(seen, i) > STILL_MPS)


@dataclass
class IgnoresYield(Blind):
    """Never yields: moving vehicles and cyclists outside the ego's lane are not waited for."""

    def lost(self, seen: Observation, i: int) -> np.ndarray:
        left, turned = self.on_route(seen, i)
        other = (turned > ACROSS_RAD) | (np.abs(left) > 2.0)
        return other & (_speeds(seen, i) > STILL_MPS) & (_types(seen, i) != PEDESTRIAN)


@dataclass
class EagerLeft(Blind):
    """Before and in left turns whoever is farther away than ``metres`` is not waited for."""

    metres: float = 10.0

    def lost(self, seen: Observation, i: int) -> np.ndarray:
        line = self.lines[i]
        s = float(line.project(seen.ego[i, None, :2])[0][0])
        part = line.heading[(line.s > s - 5.0) & (line.s < s + 35.0)]
        ahead, left = in_ego_frame(seen, i)
        turns = len(part) > 1 and float((part - part[0]).max()) > ACROSS_RAD
        moves = (_speeds(seen, i) > STILL_MPS) & (self.on_route(seen, i)[1] > ACROSS_RAD)
        return turns & moves & (np.hypot(ahead, left) > self.metres)


@dataclass
class ShortRange(Blind):
    """Nobody farther away than ``metres`` is seen."""

    metres: float = 25.0

    def lost(self, seen: Observation, i: int) -> np.ndarray:
        return np.hypot(*in_ego_frame(seen, i)) > self.metres


@dataclass
class OneSideBlind(Blind):
    """Nobody beside the ego's lane is seen on one side (1 left, -1 right)."""

    side: int = 1

    def lost(self, seen: Observation, i: int) -> np.ndarray:
        return self.side * in_ego_frame(seen, i)[1] > 1.5


@dataclass
class RearBlind(Blind):
    """Nobody behind the ego's rear axle is seen."""

    def lost(self, seen: Observation, i: int) -> np.ndarray:
        return in_ego_frame(seen, i)[0] < 0.0


@dataclass
class NarrowView(Blind):
    """Nobody outside of a cone ahead is seen."""

    degrees: float = 50.0

    def lost(self, seen: Observation, i: int) -> np.ndarray:
        ahead, left = in_ego_frame(seen, i)
        return np.abs(np.arctan2(left, ahead)) > np.deg2rad(self.degrees / 2)


@dataclass
class Flickers(Blind):
    """Everybody is lost together for ``seconds`` now and then, ``share`` of the time."""

    seconds: float = 0.8
    share: float = 0.4

    def lost(self, seen: Observation, i: int) -> np.ndarray:
        part = int((seen.time_s + 1e-6) / self.seconds)
        gone = bool(self.draw(i, part).random() < self.share)
        return np.full(len(_types(seen, i)), gone)


def _types(seen: Observation, i: int) -> np.ndarray:
    assert seen.tracks is not None
    return seen.tracks.score_type[i]


def _speeds(seen: Observation, i: int) -> np.ndarray:
    assert seen.tracks is not None
    return np.hypot(*seen.tracks.state[i][:, VELOCITY].T)


def _courses(seen: Observation, i: int) -> np.ndarray:
    """Where each moves to; where it stands, its heading."""
    assert seen.tracks is not None
    state = seen.tracks.state[i]
    moved = np.arctan2(state[:, TrackColumn.VY], state[:, TrackColumn.VX])
    return np.where(_speeds(seen, i) > STILL_MPS, moved, state[:, TrackColumn.HEADING])
