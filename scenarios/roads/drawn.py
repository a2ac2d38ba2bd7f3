"""A drawn scenario road: its network, where it is entered and left. Shapes: P vertices."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from drivewm.scenarios.schema_road import Side
from drivewm.sim.lights import LightProgram
from drivewm.sim.traffic_paths import arc_lengths
from drivewm.worlds.layouts.network import Network, normals


@dataclass(frozen=True, kw_only=True)
class Arm:
    """Where traffic comes and goes: lanes from the inside (next to the divider) outwards."""

    entering: tuple[int, ...] = ()
    leaving: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Strip:
    """A strip for parking: the kerb lies outside of it."""

    side: Side
    from_m: float
    to_m: float
    width_m: float


@dataclass(frozen=True, kw_only=True)
class Bay:
    """A place for a parked car, in the network's frame."""

    x: float
    y: float
    heading_rad: float


@dataclass(kw_only=True)
class Drawn:
    """A road that scenarios play on.

    ``line`` [P, 2] leads the ego's way through it (of junctions: along the near arm, then on to
    the far one where there is one); ``near_m`` is the arc length on it where junctions begin.
    """

    network: Network
    line: np.ndarray
    arms: dict[str, Arm]
    half_m: dict[Side, float]  # from ``line`` to the edge of the outermost lane
    near_m: float | None = None
    edge_m: float = 0.6  # from that edge to the kerb, where no strip lies
    strips: tuple[Strip, ...] = ()
    lights: LightProgram = field(default_factory=LightProgram)
    bays: tuple[Bay, ...] = ()
    ego_arm: str = "near"  # where the ego begins

    def kerb_m(self, side: Side, at_m: float) -> float:
        """From ``line`` to the kerb on a side, at an arc length."""
        widths = [s.width_m for s in self.strips if s.side == side and s.from_m <= at_m <= s.to_m]
        return self.half_m[side] + max([self.edge_m, *widths])

    def way(self, start: int, goal: Sequence[int]) -> tuple[int, ...] | None:
        """The shortest sequence of lanes from one to any of ``goal``; None: there is none."""
        before: dict[int, int] = {start: -1}
        queue = deque([start])
        while queue:
            lane = queue.popleft()
            if lane in goal:
                lanes = [lane]
                while before[lanes[-1]] >= 0:
                    lanes.append(before[lanes[-1]])
                return tuple(lanes[::-1])
            for after in self.network.lanes[lane].successors:
                if after not in before:
                    before[after] = lane
                    queue.append(after)
        return None


def place_on(line: np.ndarray, at_m: float, left_m: float = 0.0) -> tuple[float, float, float]:
    """Pose beside a polyline [P, 2]; beyond its ends it goes straight on."""
    s = arc_lengths(line)
    k = int(np.clip(np.searchsorted(s, at_m) - 1, 0, len(line) - 2))
    way = (line[k + 1] - line[k]) / max(s[k + 1] - s[k], 1e-9)
    x, y = line[k] + (at_m - s[k]) * way + left_m * np.array([-way[1], way[0]])
    return float(x), float(y), float(np.arctan2(way[1], way[0]))


def part(line: np.ndarray, start_m: float, end_m: float) -> np.ndarray:
    """The stretch of a polyline between two arc lengths; [P', 2]."""
    s = arc_lengths(line)
    inner = line[(s > start_m + 1e-6) & (s < end_m - 1e-6)]
    return np.vstack([place_on(line, start_m)[:2], inner, place_on(line, end_m)[:2]])


def band(line: np.ndarray, inner_m: float, outer_m: float) -> np.ndarray:
    """Ring of the strip between two offsets to the left of a line [P, 2]; [2 P, 2]."""
    side = normals(line)
    return np.vstack([line + inner_m * side, (line + outer_m * side)[::-1]])
