"""An OpenDRIVE network as the RoadMap that planners and scores work on.

Lanes are named ``road:section:lane``. Lanes that cars drive on become lanes, or connectors where
their road belongs to a junction; ``biking`` lanes are bike lanes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import shapely
from shapely.geometry import Polygon

from drivewm.scenarios.opendrive.lane_graph import is_forward, lane_of
from drivewm.scenarios.opendrive.model import DRIVING, LaneKey, Road
from drivewm.scenarios.opendrive.network import OpenDrive
from drivewm.scenarios.opendrive.places import STEP_M, lane_edges, lane_width, offset_points, steps
from drivewm.scenarios.opendrive.road_areas import Areas, areas
from drivewm.scene import Lane, RoadMap

SHORT_M = 0.05  # shorter lanes are left out; what they join is joined without them
NARROW_M = 0.1  # lanes that are nowhere wider are left out, with their links
FLAT_M = 0.01  # polygons follow the edges within this


def road_map(odr: OpenDrive, step_m: float = STEP_M) -> RoadMap:
    """The map of a network, in the file's own frame.

    The speed limit of a lane is the one at the middle of its section; where the file gives none it
    is None. Left and right follow the driving direction. The drivable area is made of the lanes
    that cars drive on, hard and soft shoulders and parking lanes.
    """
    wide = {
        key: None
        for key in odr.successors
        if lane_of(odr.roads, key).type in (*DRIVING, "biking") and _is_wide(odr.roads, key)
    }
    kept = {key: None for key in wide if _length_m(odr.roads, key) >= SHORT_M}
    after = {key: _links(odr.successors, key, wide, kept) for key in kept}
    before: dict[LaneKey, list[str]] = {key: [] for key in kept}
    for key, others in after.items():
        for other in others:
            before[other].append(str(key))
    found = areas(odr, kept)
    lanes = [
        _lane(odr, key, step_m, [str(k) for k in after[key]], before[key], found) for key in kept
    ]
    lanes.sort(key=lambda lane: lane.is_connector)  # lanes first, each kind in the file's order
    return RoadMap(
        origin="opendrive", lanes=tuple(lanes), drivable=found.drivable,
        intersections=found.intersections, crossings=found.crossings, walkways=found.walkways,
        stop_lines=found.stop_lines, carparks=found.carparks, dividers=found.dividers,
    )  # fmt: skip


def _length_m(roads: Mapping[str, Road], key: LaneKey) -> float:
    section = roads[key.road].sections[key.section]
    return section.end_m - section.start_m


def _is_wide(roads: Mapping[str, Road], key: LaneKey) -> bool:
    road = roads[key.road]
    section = road.sections[key.section]
    s = np.linspace(section.start_m, section.end_m, 9)
    return float(lane_width(road, section, key.lane, s).max()) > NARROW_M


def _links(
    successors: Mapping[LaneKey, Sequence[LaneKey]],
    key: LaneKey,
    wide: Mapping[LaneKey, None],
    kept: Mapping[LaneKey, None],
) -> list[LaneKey]:
    """The lanes that follow, over those that are too short to be kept."""
    found: dict[LaneKey, None] = {}
    seen, stack = {key}, list(reversed(successors[key]))
    while stack:
        other = stack.pop()
        if other in kept:
            found.setdefault(other)
        elif other in wide and other not in seen:
            seen.add(other)
            stack += reversed(successors[other])
    return list(found)


def _lane(
    odr: OpenDrive, key: LaneKey, step_m: float, after: list[str], before: list[str], found: Areas
) -> Lane:
    road = odr.roads[key.road]
    section = road.sections[key.section]
    s = steps(section.start_m, section.end_m, step_m)
    inner, outer = (offset_points(road, s, t) for t in lane_edges(road, section, key.lane, s))
    forward = is_forward(odr.roads, key)
    high, low = (outer, inner) if key.lane > 0 else (inner, outer)  # of greater and smaller t
    left, right = (high, low) if forward else (low[::-1], high[::-1])
    middle = 0.5 * (section.start_m + section.end_m)
    names = [None if k is None else str(k) for k in odr.neighbours(key)]
    return Lane(
        id=str(key), centerline=odr.centreline(key, step_m), polygon=_polygon(inner, outer),
        left_boundary=left, right_boundary=right, is_connector=road.junction is not None,
        is_bike=section.lanes[key.lane].type == "biking",
        speed_limit_mps=odr.speed_limit_mps(key.road, key.lane, middle),
        successors=tuple(after), predecessors=tuple(before),
        left_neighbor=names[0], right_neighbor=names[1],
        has_light=key in found.lit, stop_lines=found.stop_lines_of.get(key, ()),
    )  # fmt: skip


def _polygon(one: np.ndarray, other: np.ndarray) -> Polygon | None:
    """The area between two edges ([P, 2] each), its largest part if it is not simple."""
    edges = [shapely.get_coordinates(shapely.simplify(shapely.linestrings(line), FLAT_M))
             for line in (one, other)]  # fmt: skip
    ring = np.concatenate([edges[0], edges[1][::-1]])
    if len(ring) < 3:
        return None
    area = shapely.make_valid(Polygon(ring))
    parts = [p for p in shapely.get_parts(area) if isinstance(p, Polygon) and p.area > 0]
    return max(parts, key=lambda part: part.area, default=None)
