"""Roadblocks for maps whose source has none: parallel lanes of one direction, and connectors."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import shapely
from shapely.geometry import Polygon

from drivewm.scene.road_map import Lane, Roadblock, RoadMap

_POLYGON = shapely.GeometryType.POLYGON


def with_roadblocks(road_map: RoadMap) -> RoadMap:
    """The map itself if it has roadblocks, else with derived ones.

    Neighbouring lanes of one direction share a roadblock (nuPlan's meaning of the word); so do
    connectors that lead from one roadblock to the same next one. Lanes get their ``roadblock_id``.
    Bike lanes have none.
    """
    if road_map.roadblocks or not road_map.lanes:
        return road_map
    group = _groups(road_map)
    members: dict[str, list[Lane]] = {}
    for lane in road_map.lanes:
        if lane.id in group:
            members.setdefault(group[lane.id], []).append(lane)
    blocks = tuple(_roadblock(name, lanes, group) for name, lanes in members.items())
    lanes = tuple(replace(lane, roadblock_id=group.get(lane.id)) for lane in road_map.lanes)
    return replace(road_map, lanes=lanes, roadblocks=blocks, _by_id={})


def roadblocks_along(road_map: RoadMap, lane_ids: Iterable[str]) -> tuple[str, ...]:
    """Ids of the roadblocks that lanes lie in, each once where it follows itself; those that
    :func:`with_roadblocks` makes where the map has none."""
    own = {lane.id: lane.roadblock_id for lane in road_map.lanes if lane.roadblock_id}
    group = own if road_map.roadblocks else _groups(road_map)
    found = [group[name] for name in lane_ids if name in group]
    return tuple(name for i, name in enumerate(found) if i == 0 or name != found[i - 1])


def _groups(road_map: RoadMap) -> dict[str, str]:
    """Roadblock of every lane and connector."""
    group = _lane_groups(road_map)
    return group | _connector_groups(road_map, group)


def _lane_groups(road_map: RoadMap) -> dict[str, str]:
    """Roadblock of every lane that is no connector: the first lane reached through neighbours."""
    known = {lane.id: lane for lane in road_map.lanes if not lane.is_bike and not lane.is_connector}
    group: dict[str, str] = {}
    for first in known:
        stack = [first]
        while stack:
            lane = known.get(stack.pop())
            if lane is None or lane.id in group:
                continue
            group[lane.id] = f"rb-{first}"
            beside = (lane.left_neighbor, lane.right_neighbor)
            stack += [n for n in beside if n in known and same_direction(lane, known[n])]
    return group


def same_direction(one: Lane, other: Lane) -> bool:
    """Do two neighbours lead the same way, from end to end? Oncoming lanes are neighbours too in
    Argoverse 2."""
    chords = [np.asarray(x.centerline, float)[[0, -1], :2] for x in (one, other)]
    return bool(np.dot(*(chord[1] - chord[0] for chord in chords)) > 0.0)


def _connector_groups(road_map: RoadMap, lanes: dict[str, str]) -> dict[str, str]:
    group: dict[str, str] = {}
    names: dict[tuple[tuple[str, ...], tuple[str, ...]], str] = {}
    for lane in road_map.lanes:
        if not lane.is_connector or lane.is_bike:
            continue
        ends = (_blocks(lane.predecessors, lanes), _blocks(lane.successors, lanes))
        key = ends if ends[0] and ends[1] else ((lane.id,), ())
        group[lane.id] = names.setdefault(key, f"rc-{lane.id}")
    return group


def _blocks(lane_ids: Iterable[str], group: dict[str, str]) -> tuple[str, ...]:
    """Roadblocks of lanes, each once, in order."""
    return tuple(dict.fromkeys(group[name] for name in lane_ids if name in group))


def _roadblock(name: str, lanes: list[Lane], group: dict[str, str]) -> Roadblock:
    shapes = [lane.polygon for lane in lanes if lane.polygon is not None]
    whole = shapes[0] if len(shapes) == 1 and shapely.is_valid(shapes[0]) else _union(shapes)
    parts = shapely.get_parts(whole)
    parts = parts[(shapely.get_type_id(parts) == _POLYGON) & (shapely.area(parts) > 0)]
    after = _blocks((n for lane in lanes for n in lane.successors), group)
    before = _blocks((n for lane in lanes for n in lane.predecessors), group)
    return Roadblock(
        id=name,
        lane_ids=tuple(lane.id for lane in lanes),
        polygon=shapely.multipolygons(parts) if len(parts) else None,
        is_connector=lanes[0].is_connector,
        successors=tuple(n for n in after if n != name),
        predecessors=tuple(n for n in before if n != name),
    )


def _union(shapes: list[Polygon]) -> shapely.Geometry:
    return shapely.union_all(shapely.make_valid(shapes))
