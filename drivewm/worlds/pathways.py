"""Ways through a network: lane sequences turned into the engine's paths, with lights and zones.

Map frame (networks are shifted by ``origin_m``). Shapes: P vertices.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from drivewm.sim.traffic_paths import Path, arc_lengths
from drivewm.worlds.layouts.network import Network, normals

CLEAR_M = 2.5  # closer centrelines are in conflict
LONG_APPROACH_M = 25.0


@dataclass(frozen=True, kw_only=True)
class WorkZone:
    """A stretch of an outermost lane that cones take a part of; traffic passes on the left."""

    lane: int
    start_m: float
    end_m: float
    intrusion_m: float  # of the lane's right side
    shift_m: float  # how far traffic moves over


class Pathways:
    """Registers lane sequences once and knows where each path's lanes begin."""

    def __init__(self, network: Network, origin_m: tuple[float, float]) -> None:
        self.network, self.origin = network, np.asarray(origin_m, float)
        self.works: list[WorkZone] = []
        self.paths: list[Path] = []
        self._known: dict[tuple[int, ...], int] = {}
        self._zones = [conflict(network, a, b) for a, b, _ in network.yields]
        self.controlled = [k for k, lane in enumerate(network.lanes) if lane.light_group >= 0]

    @property
    def zone_soft(self) -> np.ndarray:
        return np.array([soft for _, _, soft in self.network.yields], bool)

    def walk(self, start: int, rng: np.random.Generator, most: int = 12) -> tuple[int, ...]:
        """A random lane sequence from ``start`` to the end of the network; no lane twice."""
        after = [lane.successors for lane in self.network.lanes]
        lanes = [start]
        while after[lanes[-1]] and len(lanes) < most:
            fresh = [k for k in after[lanes[-1]] if k not in lanes]
            options = [k for k in fresh if not after[k] or any(n not in lanes for n in after[k])]
            lanes.append(options[int(rng.integers(len(options)))])
        return tuple(lanes)

    def straightest(self, start: int, rng: np.random.Generator) -> tuple[int, ...]:
        """Of some random ways the one that turns least (for long vehicles)."""

        def turning(lanes: tuple[int, ...]) -> float:
            delta = np.diff(np.vstack([self.network.lanes[k].line for k in lanes]), axis=0)
            heading = np.unwrap(np.arctan2(delta[:, 1], delta[:, 0]))
            return float(np.abs(np.diff(heading)).sum())

        return min((self.walk(start, rng) for _ in range(5)), key=turning)

    def path(self, lanes: tuple[int, ...]) -> int:
        """Index of the path along these lanes."""
        if lanes not in self._known:
            self._known[lanes] = self.add(self._build(lanes))
        return self._known[lanes]

    def first_lane(self, path: int) -> int:
        """The lane on which a path along lanes begins."""
        return next(lanes[0] for lanes, index in self._known.items() if index == path)

    def add(self, path: Path) -> int:
        self.paths.append(path)
        return len(self.paths) - 1

    def line(self, lanes: tuple[int, ...]) -> tuple[np.ndarray, list[float]]:
        """Centreline [P, 2] in the map frame and the arc length at which each lane begins."""
        parts, begins, total = [], [], 0.0
        for k, lane in enumerate(lanes):
            line = self.network.lanes[lane].line
            begins.append(total)
            total += float(arc_lengths(line)[-1])
            parts.append(line if k == 0 else line[1:])
        return np.vstack(parts) + self.origin, begins

    def _build(self, lanes: tuple[int, ...]) -> Path:
        line, begins = self.line(lanes)
        at = dict(zip(lanes, begins))
        xy = self._around_works(line, at)
        path = Path(xy=xy, limit=1.3 * self.network.speed_limit_mps)
        for light, lane in enumerate(self.controlled):
            if lane in at:
                path.stops.append((at[lane], light))
        for zone, ((a, b, _), spans) in enumerate(zip(self.network.yields, self._zones)):
            for lane, span, yields in ((a, spans[0], True), (b, spans[1], False)):
                if lane in at:
                    wait = span[0] - 8.0 if span[0] > LONG_APPROACH_M and yields else 0.0
                    row = (zone, yields, at[lane] + wait, at[lane] + span[0], at[lane] + span[1])
                    path.zones.append(row)
        return path

    def _around_works(self, line: np.ndarray, at: dict[int, float]) -> np.ndarray:
        s, shift = arc_lengths(line), np.zeros(len(line))
        for work in self.works:
            if work.lane in at:
                begin, end = at[work.lane] + work.start_m, at[work.lane] + work.end_m
                outside = np.maximum(np.maximum(begin - s, s - end), 0.0)
                part = np.clip(1.0 - outside / 18.0, 0.0, 1.0)
                shift += work.shift_m * part * part * (3 - 2 * part)
        return line + shift[:, None] * normals(line)


def conflict(network: Network, a: int, b: int) -> tuple[tuple[float, float], tuple[float, float]]:
    """Stretches of two lanes that lie closer to each other than ``CLEAR_M``; arc lengths."""
    spans = []
    for lane, other in ((a, b), (b, a)):
        line = network.lanes[lane].line
        away, _ = cKDTree(network.lanes[other].line).query(line)
        s = arc_lengths(line)
        near = s[away < max(CLEAR_M, float(away.min()) + 0.2)]
        spans.append((float(near.min()), float(near.max())))
    return spans[0], spans[1]
