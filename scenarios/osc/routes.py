"""Routes: waypoints joined over the lanes, with the reference lines beneath. Q vertices."""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections.abc import Sequence

import numpy as np

from drivewm.errors import InputError
from drivewm.scenarios.opendrive.model import DRIVING, LaneKey
from drivewm.scenarios.opendrive.network import OpenDrive
from drivewm.scenarios.opendrive.routes import LanePlace, Leg, Route
from drivewm.scenarios.osc.element import Element
from drivewm.scenarios.osc.spot import Spot


class ReferenceRoute:
    """A route along reference lines: ``pathS`` runs along them from the first waypoint, t to the
    left of the way."""

    def __init__(self, network: OpenDrive, legs: Sequence[Leg], lane_xy: np.ndarray) -> None:
        self._network, self._legs, self.lane_xy = network, list(legs), lane_xy
        lengths = [abs(leg.to_m - leg.from_m) for leg in self._legs]
        self._starts = [0.0, *itertools.accumulate(lengths)]

    @property
    def length_m(self) -> float:
        return self._starts[-1]

    def _place(self, s_m: float) -> tuple[Leg, float, int]:
        """Leg, s on its road, and whether the way goes along (1) or against (-1) s."""
        number = min(max(bisect_right(self._starts, s_m) - 1, 0), len(self._legs) - 1)
        while number and abs(self._legs[number].to_m - self._legs[number].from_m) < 1e-9:
            number -= 1
        leg = self._legs[number]
        side = 1 if leg.to_m >= leg.from_m else -1
        return leg, leg.from_m + side * (s_m - self._starts[number]), side

    def at(self, s_m: float, t_m: float) -> tuple[float, float, float]:
        """x, y and the direction of the way."""
        leg, s, side = self._place(s_m)
        pose = self._network.road_position(leg.road, s, side * t_m)
        return pose.x_m, pose.y_m, pose.heading_rad + (0.0 if side > 0 else np.pi)

    def lane_t(self, s_m: float, lane: int, item: Element) -> float:
        """t of the middle of a lane counted from the way's own direction (-1: right of it)."""
        leg, s, side = self._place(s_m)
        return side * self._network.lane_t(leg.road, side * lane, s)


def route_of_waypoints(network: OpenDrive, spots: Sequence[Spot], item: Element) -> ReferenceRoute:
    """The way through all waypoints.

    Raises:
        InputError: a waypoint lies on no lane, or no way leads from one to the next.
    """
    legs: list[Leg] = []
    lines: list[np.ndarray] = []
    for before, behind in itertools.pairwise(spots):
        route = _between(network, before, behind, item)
        legs += route.legs
        lines.append(network.route_line(route))
    line = np.concatenate(lines)
    keep = np.concatenate([[True], np.hypot(*np.diff(line, axis=0).T) > 1e-3])
    if keep.sum() < 2:
        raise item.error("leads nowhere: its waypoints are the same place")
    return ReferenceRoute(network, legs, line[keep])


def _between(network: OpenDrive, before: Spot, behind: Spot, item: Element) -> Route:
    places = []
    for spot in (before, behind):
        if spot.key is None or spot.road_s_m is None:
            raise item.error("has a waypoint beside all lanes")
        places.append(LanePlace(spot.key, spot.road_s_m))
    if places[0] == places[1]:
        key, s = places[0].key, places[0].s_m
        return Route((Leg(key.road, key.section, (key.lane,), s, s),))
    first_error = None
    for start, goal in itertools.product(*(_choices(network, place) for place in places)):
        try:
            return network.route(start, goal)
        except InputError as error:
            first_error = first_error or error
    assert first_error is not None
    raise item.error(f"cannot be followed: {first_error.problem}")


def _choices(network: OpenDrive, place: LanePlace) -> list[LanePlace]:
    """The place itself, then the same s in the other driving lanes of the section."""
    section = network.roads[place.key.road].sections[place.key.section]
    others = [
        LanePlace(LaneKey(place.key.road, place.key.section, lane.id), place.s_m)
        for lane in section.lanes.values()
        if lane.id not in (0, place.key.lane) and lane.type in DRIVING
    ]
    return [place, *others]
