"""What an OpenDRIVE file says, with s, t and lane ids as in the file.

t is positive to the left of the reference line; lanes with positive ids lie there. Widths, marks
and speeds start at absolute s. Source: ASAM OpenDRIVE 1.4 to 1.8.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from drivewm.scenarios.opendrive.plan_view import PlanView
from drivewm.scenarios.opendrive.profiles import NONE, Cubics

# cars drive on these; PAVED: they stand or roll on these too
# fmt: off
DRIVING = frozenset({
    "driving", "entry", "exit", "onRamp", "offRamp", "connectingRamp", "slipLane", "bidirectional",
    "HOV", "taxi", "bus", "mwyEntry", "mwyExit",
})
PAVED = DRIVING | {"stop", "shoulder", "parking"}
WALKING = frozenset({"sidewalk", "walking"})
LANE_TYPES = PAVED | WALKING | {
    "none", "border", "restricted", "median", "curb", "biking", "tram", "rail", "roadWorks",
    "shared", "special1", "special2", "special3",
}
# fmt: on


@dataclass(frozen=True)
class Note:
    """Something of the file that is not used, or that looks wrong but does no harm."""

    line: int
    text: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.text}"


@dataclass(frozen=True, kw_only=True)
class RoadMark:
    """A painted line at the outer edge of a lane, from s on to the next."""

    s_m: float
    type: str
    color: str = "standard"
    width_m: float | None = None
    lane_change: str | None = None  # increase, decrease, both, none: in lane ids


@dataclass(frozen=True, kw_only=True)
class Speed:
    """A limit from s on; None: no limit, or unknown."""

    s_m: float
    limit_mps: float | None


@dataclass(frozen=True, kw_only=True)
class Lane:
    """A lane within one section. Links are lane ids of what the section's ends join."""

    id: int
    type: str
    widths: Cubics = NONE
    borders: Cubics | None = None  # outer edge, metres from the reference line, positive outwards
    predecessors: tuple[int, ...] = ()
    successors: tuple[int, ...] = ()
    marks: tuple[RoadMark, ...] = ()
    speeds: tuple[Speed, ...] = ()
    direction: str = "standard"  # standard, reversed, both
    line: int = 0


@dataclass(frozen=True, kw_only=True)
class LaneSection:
    """Lanes from ``start_m`` to ``end_m``, by id from left (positive) to right; 0 is the centre."""

    start_m: float
    end_m: float
    lanes: Mapping[int, Lane]

    def side(self, lane_id: int) -> tuple[Lane, ...]:
        """The lanes from the centre outwards to the one of that id (0: none)."""
        sign = 1 if lane_id > 0 else -1
        ids = sorted((i for i in self.lanes if 0 < i * sign <= lane_id * sign), key=abs)
        return tuple(self.lanes[i] for i in ids)


@dataclass(frozen=True, kw_only=True)
class Link:
    """What a road's end joins: a road (at its ``start`` or ``end``) or a junction."""

    element: str  # road, junction
    id: str
    contact: str | None = None
    line: int = 0


@dataclass(frozen=True, kw_only=True)
class Signal:
    """A sign, a light or a stop line that stands at (s, t)."""

    id: str
    s_m: float
    t_m: float
    type: str
    subtype: str = ""
    country: str = ""
    name: str = ""
    is_dynamic: bool = False
    orientation: str = "none"  # "+": for those who drive along s, "-": against it, "none": both
    value: float | None = None
    unit: str = ""
    lanes: tuple[tuple[int, int], ...] = ()  # from-to ranges of lane ids; none: all
    line: int = 0


@dataclass(frozen=True, kw_only=True)
class RoadObject:
    """A crossing, a parking space, an obstacle or a painted area; ``outline`` in the map frame."""

    id: str
    type: str
    s_m: float
    t_m: float
    name: str = ""
    subtype: str = ""
    x_m: float = 0.0
    y_m: float = 0.0
    heading_rad: float = 0.0
    length_m: float = 0.0
    width_m: float = 0.0
    height_m: float = 0.0
    outline: np.ndarray | None = None  # [P, 2]; None: the file gives no extent
    line: int = 0


@dataclass(frozen=True, kw_only=True)
class Road:
    """A road: its reference line and its lane sections (at least one, without gaps)."""

    id: str
    name: str
    length_m: float
    plan: PlanView
    sections: tuple[LaneSection, ...]
    lane_offset: Cubics = NONE
    elevation: Cubics = NONE
    kind: str = "unknown"  # motorway, town ...: the first <type>
    junction: str | None = None  # a connecting road of that junction
    is_right_hand: bool = True
    predecessor: Link | None = None
    successor: Link | None = None
    speeds: tuple[Speed, ...] = ()
    signals: tuple[Signal, ...] = ()
    objects: tuple[RoadObject, ...] = ()
    line: int = 0

    @cached_property
    def section_starts_m(self) -> np.ndarray:
        return np.array([section.start_m for section in self.sections])

    def section_index(self, s_m: float) -> int:
        """The section that s lies in; at a boundary, the one that starts there."""
        found = int(np.searchsorted(self.section_starts_m, s_m + 1e-9, "right")) - 1
        return min(max(found, 0), len(self.sections) - 1)

    def drives_forward(self, lane: Lane) -> bool:
        """Does one drive along s on that lane (else against it)?"""
        is_forward = (lane.id < 0) == self.is_right_hand
        return is_forward != (lane.direction == "reversed")


class LaneKey(NamedTuple):
    """Which lane of a network: road id, number of the section, lane id."""

    road: str
    section: int
    lane: int

    def __str__(self) -> str:
        return f"{self.road}:{self.section}:{self.lane}"


@dataclass(frozen=True, kw_only=True)
class Connection:
    """A way into a junction: lanes of ``incoming`` lead to lanes of ``connecting``, which is
    touched at its ``contact`` end. In a direct junction ``connecting`` is the road behind it."""

    id: str
    incoming: str
    connecting: str
    contact: str  # start, end
    lane_links: tuple[tuple[int, int], ...]
    line: int = 0


@dataclass(frozen=True, kw_only=True)
class Junction:
    """Where roads meet."""

    id: str
    name: str
    type: str  # default, direct, virtual, crossing
    connections: tuple[Connection, ...] = ()
    priorities: tuple[tuple[str, str], ...] = ()  # connecting roads (goes first, gives way)
    line: int = 0
