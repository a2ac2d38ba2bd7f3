"""A road network with everything that scenarios ask of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from drivewm.errors import InputError
from drivewm.scenarios.opendrive import lane_graph, places, routes
from drivewm.scenarios.opendrive.model import Junction, Lane, LaneKey, LaneSection, Note, Road
from drivewm.scenarios.opendrive.places import STEP_M, Pose
from drivewm.scenarios.opendrive.projection import Projection, Projector
from drivewm.scenarios.opendrive.routes import LanePlace, Route

OUTSIDE_M = 0.01  # s may lie this far outside a road: rounding


@dataclass(frozen=True, kw_only=True)
class OpenDrive:
    """A road network as its file gives it. Metres and radians in the file's own (inertial) frame.

    Lanes are named by (road id, lane id, s), or by :class:`LaneKey` where a section is meant.
    """

    file: Path
    version: tuple[int, int]
    roads: Mapping[str, Road]
    junctions: Mapping[str, Junction] = field(default_factory=dict)
    successors: Mapping[LaneKey, tuple[LaneKey, ...]] = field(default_factory=dict)
    name: str = ""
    geo_reference: str | None = None
    notes: tuple[Note, ...] = ()  # what is not used, and what looks wrong, with its line

    @cached_property
    def _projector(self) -> Projector:
        return Projector(self.roads)

    def road(self, road_id: str) -> Road:
        """The road of that id.

        Raises:
            InputError: the network has none.
        """
        if road_id not in self.roads:
            known = ", ".join(list(self.roads)[:10])
            raise InputError(f"has no road '{road_id}'", file=self.file, fix=f"it has: {known}")
        return self.roads[road_id]

    def section(self, road_id: str, s_m: float) -> LaneSection:
        """The lane section at s (at a boundary, the one that starts there)."""
        road, s = self._place(road_id, s_m)
        return road.sections[road.section_index(s)]

    def lane(self, road_id: str, lane_id: int, s_m: float) -> Lane:
        """The lane of that id at s.

        Raises:
            InputError: no such road or lane, or s lies outside the road.
        """
        section = self.section(road_id, s_m)
        if lane_id not in section.lanes:
            known = ", ".join(str(i) for i in section.lanes if i)
            raise InputError(f"road '{road_id}' has no lane {lane_id} at s = {s_m:g} m",
                             file=self.file, fix=f"it has: {known}")  # fmt: skip
        return section.lanes[lane_id]

    def key(self, road_id: str, lane_id: int, s_m: float) -> LaneKey:
        """The name of the lane of that id at s; raises as :meth:`lane`."""
        self.lane(road_id, lane_id, s_m)
        return LaneKey(road_id, self.roads[road_id].section_index(s_m), lane_id)

    def drives_forward(self, road_id: str, lane_id: int, s_m: float = 0.0) -> bool:
        """Does one drive along increasing s on that lane?"""
        return self.roads[road_id].drives_forward(self.lane(road_id, lane_id, s_m))

    def road_position(self, road_id: str, s_m: float, t_m: float = 0.0) -> Pose:
        """The place at (s, t); its heading is that of the reference line.

        Raises:
            InputError: no such road, or s lies outside it.
        """
        road, s = self._place(road_id, s_m)
        return places.pose(road, s, t_m)

    def lane_position(self, road_id: str, lane_id: int, s_m: float, offset_m: float = 0.0) -> Pose:
        """The place beside the middle of a lane (offset positive along t, to the left of the
        reference line); its heading is that of the lane's middle along increasing s.

        Raises:
            InputError: no such road or lane, or s lies outside the road.
        """
        self.lane(road_id, lane_id, s_m)
        road, s = self._place(road_id, s_m)
        section, at = road.sections[road.section_index(s)], np.array([s])
        t = float(places.lane_centre(road, section, lane_id, at)[0])
        slope = float(places.lane_centre(road, section, lane_id, at, order=1)[0])
        return places.pose(road, s, t + offset_m, slope)

    def lane_t(self, road_id: str, lane_id: int, s_m: float) -> float:
        """t of the middle of a lane at s; raises as :meth:`lane`."""
        self.lane(road_id, lane_id, s_m)
        road, s = self._place(road_id, s_m)
        section = road.sections[road.section_index(s)]
        return float(places.lane_centre(road, section, lane_id, np.array([s]))[0])

    def lane_width_m(self, road_id: str, lane_id: int, s_m: float) -> float:
        """Width of a lane at s; raises as :meth:`lane`."""
        self.lane(road_id, lane_id, s_m)
        road, s = self._place(road_id, s_m)
        section = road.sections[road.section_index(s)]
        return float(places.lane_width(road, section, lane_id, np.array([s]))[0])

    def speed_limit_mps(self, road_id: str, lane_id: int, s_m: float) -> float | None:
        """The limit of the lane, else of the road, at s; None: none, or unknown."""
        own = [x for x in self.lane(road_id, lane_id, s_m).speeds if x.s_m <= s_m + 1e-9]
        common = [x for x in self.roads[road_id].speeds if x.s_m <= s_m + 1e-9]
        found = own or common
        return found[-1].limit_mps if found else None

    def project(
        self,
        x_m: float,
        y_m: float,
        heading_rad: float | None = None,
        roads: Collection[str] | None = None,
    ) -> Projection:
        """The road, s, t and lane of a point: on a driving lane first, else on another lane, else
        beside the nearest road. Where roads cross, the heading (if given) and the distance from
        the lane's middle decide; ``roads`` restricts the search.

        Raises:
            InputError: the network has no road (of those named).
        """
        found = self._projector.nearest(x_m, y_m, heading_rad, roads)
        if found is None:
            raise InputError("has no road to project to", file=self.file)
        return found

    def neighbours(self, key: LaneKey) -> tuple[LaneKey | None, LaneKey | None]:
        """Driving lanes left and right of a lane (seen in driving direction) that lead its way."""
        return lane_graph.neighbours(self.roads, key)

    def centreline(self, key: LaneKey, step_m: float = STEP_M) -> np.ndarray:
        """The middle of a lane over its section, [P, 2] in driving direction."""
        road = self.roads[key.road]
        line = places.lane_line(road, road.sections[key.section], key.lane, step_m=step_m)
        return line if lane_graph.is_forward(self.roads, key) else line[::-1]

    def route(self, start: LanePlace, goal: LanePlace, may_change: bool = True) -> Route:
        """The shortest way in driving direction, over junctions and lane changes.

        Raises:
            InputError: there is no way.
        """
        found = routes.shortest(self.roads, dict(self.successors), start, goal, may_change)
        if found is None:
            said = f"no way leads from lane {start.key} (s = {start.s_m:g} m)"
            raise InputError(f"{said} to lane {goal.key} (s = {goal.s_m:g} m)", file=self.file)
        return found

    def route_line(self, route: Route, step_m: float = STEP_M) -> np.ndarray:
        """The line to drive along a route, [P, 2]; lane changes are smooth."""
        return routes.route_line(self.roads, route, step_m)

    def ahead(self, place: LanePlace, distance_m: float) -> LanePlace | None:
        """The place further on (negative: back) in driving direction, along first successors;
        None where the lanes end before."""
        return routes.ahead(self.roads, dict(self.successors), place, distance_m)

    def _place(self, road_id: str, s_m: float) -> tuple[Road, float]:
        road = self.road(road_id)
        if not -OUTSIDE_M <= s_m <= road.length_m + OUTSIDE_M:
            raise InputError(
                f"s = {s_m:g} m lies outside road '{road_id}' (0 to {road.length_m:g} m)",
                file=self.file, field="s",
            )  # fmt: skip
        return road, min(max(s_m, 0.0), road.length_m)
