"""The paths of a scenario's storyboard: lanes with their neighbours, and free lines."""

from __future__ import annotations

import numpy as np

from drivewm.scenarios.placing import EgoWay, extended, nearest_lane, projected, turn_of
from drivewm.scenarios.roads import Drawn
from drivewm.sim.script import model as m
from drivewm.sim.traffic_paths import arc_lengths
from drivewm.worlds.layouts.network import resample
from drivewm.worlds.pathways import Pathways

BEYOND_M = 250.0  # lanes of actors go on straight where the road ends
APART_M = 0.05


class PathBook:
    """Collects paths; every lane sequence is one path with its lights, right of way, neighbours."""

    def __init__(self, drawn: Drawn, ego: EgoWay) -> None:
        self.drawn, self.ego = drawn, ego
        self.ways = Pathways(drawn.network, (0.0, 0.0))
        self.paths: list[m.Path] = []
        self._lanes: dict[tuple[int, ...], int] = {}
        self._onward: dict[int, tuple[int, ...]] = {}

    def lanes_from(self, lane: int, turn: str | None = None) -> tuple[int, ...]:
        """The lanes from this one on: the ego's own where it lies on its way, else those that
        turn least, or as told."""
        if turn is None and lane in self.ego.lanes:
            return self.ego.lanes[self.ego.lanes.index(lane) :]
        if turn is None and lane in self._onward:
            return self._onward[lane]
        ways = [
            way
            for arm in self.drawn.arms.values()
            for end in arm.leaving
            if (way := self.drawn.way(lane, (end,))) is not None
        ]
        if turn is not None:
            ways = [way for way in ways if turn_of(self.drawn, way) == turn]
        if not ways:
            return () if turn is not None else (lane,)
        best = min(ways, key=lambda way: (self._turning(way), len(way)))
        if turn is None:
            self._onward[lane] = best
        return best

    def _turning(self, lanes: tuple[int, ...]) -> float:
        lines = [self.drawn.network.lanes[k].line for k in lanes]
        delta = np.diff(np.vstack([lines[0], *[line[1:] for line in lines[1:]]]), axis=0)
        heading = np.unwrap(np.arctan2(delta[:, 1], delta[:, 0]))
        return round(float(np.abs(np.diff(heading)).sum()), 3)

    def along_lanes(self, lanes: tuple[int, ...]) -> int:
        """The path along a sequence of lanes, with its neighbours."""
        if lanes in self._lanes:
            return self._lanes[lanes]
        index = self._lanes[lanes] = len(self.paths)
        driven = self.ways.paths[self.ways.path(lanes)]
        network = self.drawn.network
        self.paths.append(m.Path(name=f"lanes {'-'.join(map(str, lanes))}", xy=np.zeros((2, 2))))
        left, right = (self._neighbour(lanes[0], side) for side in ("left", "right"))
        self.paths[index] = m.Path(
            name=self.paths[index].name, xy=clean(extended(driven.xy, BEYOND_M)), kind="lane",
            left=left, right=right, width_m=network.lanes[lanes[0]].width_m,
            limit_mps=driven.limit, stops=tuple(driven.stops), zones=tuple(driven.zones),
        )  # fmt: skip
        return index

    def _neighbour(self, lane: int, side: str) -> int | None:
        other = getattr(self.drawn.network.lanes[lane], side)
        if other < 0 and side == "left":
            other = self._oncoming(lane)
        return self.along_lanes(self.lanes_from(other)) if other >= 0 else None

    def _oncoming(self, lane: int) -> int:
        """The innermost lane of the other direction beside a lane; -1: none."""
        draft = self.drawn.network.lanes[lane]
        if draft.is_connector:
            return -1
        middle = len(draft.line) // 2
        step = draft.line[middle] - draft.line[middle - 1]
        heading = float(np.arctan2(step[1], step[0]))
        away = draft.width_m * np.array([-np.sin(heading), np.cos(heading)])
        x, y = draft.line[middle] + away
        found = nearest_lane(self.drawn, float(x), float(y), heading + np.pi)
        return -1 if found is None else found[0]

    def free(self, name: str, xy: np.ndarray, kind: m.PathKind = "lane") -> int:
        """A path along a line [P, 2] of its own."""
        self.paths.append(m.Path(name=name, xy=clean(xy), kind=kind))
        return len(self.paths) - 1

    def lane_place(self, x: float, y: float, heading_rad: float) -> m.PathPosition | None:
        """The place on the lane at a pose, along the path that leads on from there."""
        found = nearest_lane(self.drawn, x, y, heading_rad)
        if found is None:
            return None
        lane, _, _ = found
        path = self.along_lanes(self.lanes_from(lane))
        s, left, _ = projected(self.paths[path].xy, x, y)
        if s < 0:  # before the road begins
            return None
        return m.PathPosition(path=path, s_m=s, lateral_m=left)

    @property
    def zone_soft(self) -> np.ndarray:
        """Of the network's conflict zones; bool [Z]."""
        return self.ways.zone_soft


def clean(xy: np.ndarray) -> np.ndarray:
    """A line without repeated vertices; at least two of them stay."""
    xy = np.asarray(xy, float)
    keep = np.r_[True, np.hypot(*np.diff(xy, axis=0).T) > APART_M]
    keep[-1] = True
    kept = xy[keep]
    if len(kept) > 2 and np.hypot(*(kept[-1] - kept[-2])) <= APART_M:
        kept = np.delete(kept, -2, axis=0)
    return kept


def straight(x: float, y: float, heading_rad: float, length_m: float) -> np.ndarray:
    """A straight line from a pose; [P, 2]."""
    way = np.array([np.cos(heading_rad), np.sin(heading_rad)])
    return resample(np.stack([np.array([x, y]), np.array([x, y]) + length_m * way]), 2.0)


def length_of(path: m.Path) -> float:
    """Metres."""
    return float(arc_lengths(path.xy)[-1])
