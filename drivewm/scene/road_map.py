"""The road map of a scene: lanes with their graph, and polygon layers."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from shapely.geometry import MultiPolygon, Polygon


@dataclass(frozen=True, kw_only=True)
class Lane:
    """A lane or a lane connector. Polylines are [P, 2] in the map frame, in driving direction.

    ``None`` means the source does not know (never 0).
    """

    id: str
    centerline: np.ndarray  # [P, 2]
    polygon: Polygon | None
    left_boundary: np.ndarray | None = None  # [P, 2]
    right_boundary: np.ndarray | None = None  # [P, 2]
    is_connector: bool = False
    is_bike: bool = False
    speed_limit_mps: float | None = None
    successors: tuple[str, ...] = ()
    predecessors: tuple[str, ...] = ()
    left_neighbor: str | None = None  # leads the same way
    right_neighbor: str | None = None
    roadblock_id: str | None = None
    has_light: bool = False
    stop_lines: tuple[int, ...] = ()  # places in RoadMap.stop_lines


@dataclass(frozen=True, kw_only=True)
class Roadblock:
    """Parallel lanes of one direction (or the connectors that join two roadblocks)."""

    id: str
    lane_ids: tuple[str, ...]  # the source's order
    polygon: Polygon | MultiPolygon | None
    is_connector: bool = False
    successors: tuple[str, ...] = ()
    predecessors: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class RoadMap:
    """Everything static that a map knows. ``origin`` says where it came from:
    ``map_expansion``, ``drivable_png``, ``av2``, ``scenarionet``, ``opendrive`` or ``none``."""

    origin: str
    lanes: tuple[Lane, ...] = ()
    roadblocks: tuple[Roadblock, ...] = ()  # empty: the source has none (see scene.roadblocks)
    drivable: tuple[Polygon, ...] = ()
    intersections: tuple[Polygon, ...] = ()
    crossings: tuple[Polygon, ...] = ()
    walkways: tuple[Polygon, ...] = ()
    stop_lines: tuple[Polygon, ...] = ()
    carparks: tuple[Polygon, ...] = ()
    dividers: tuple[np.ndarray, ...] = ()  # each [P, 2]
    _by_id: dict[str, Lane] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        self._by_id.update({lane.id: lane for lane in self.lanes})

    @property
    def has_lane_graph(self) -> bool:
        """True when lanes are known. On a road without junctions they may lead nowhere."""
        return any(not lane.is_bike for lane in self.lanes)

    @property
    def has_drivable_area(self) -> bool:
        return bool(self.drivable)

    def lane(self, lane_id: str) -> Lane:
        """The lane of that id; KeyError if the map has none."""
        return self._by_id[lane_id]


NO_MAP = RoadMap(origin="none")
