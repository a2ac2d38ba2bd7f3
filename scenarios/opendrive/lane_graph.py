"""Which lane leads to which, over sections, roads and junctions.

Every link of the file is a joint between two lane ends; the driving directions of the two lanes
say which of them leads to the other. Links of both partners and of the junction are united, so
that one of them is enough.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np

from drivewm.scenarios.opendrive.model import DRIVING, Junction, Lane, LaneKey, Link, Note, Road
from drivewm.scenarios.opendrive.places import lane_centre, lane_width, offset_points

APART_M = 1.0  # linked lanes whose ends lie further apart are named
WIDTH_M = 0.1  # a lane that is narrower in its middle is no neighbour

Roads = Mapping[str, Road]
Graph = dict[LaneKey, tuple[LaneKey, ...]]


class End(NamedTuple):
    """One end of a lane: where s begins (start) or ends."""

    key: LaneKey
    is_end: bool


def lane_of(roads: Roads, key: LaneKey) -> Lane:
    return roads[key.road].sections[key.section].lanes[key.lane]


def is_forward(roads: Roads, key: LaneKey) -> bool:
    """Does one drive along s on that lane?"""
    return roads[key.road].drives_forward(lane_of(roads, key))


def lane_graph(roads: Roads, junctions: Mapping[str, Junction]) -> tuple[Graph, list[Note]]:
    """The lanes that each lane leads to, in driving direction, and what is wrong with the links."""
    notes: list[Note] = []
    after: dict[LaneKey, dict[LaneKey, None]] = {
        LaneKey(road.id, i, lane_id): {}
        for road in roads.values()
        for i, section in enumerate(road.sections)
        for lane_id in section.lanes
        if lane_id != 0
    }
    for one, other, line in _joints(roads, junctions, notes):
        missing = [end.key for end in (one, other) if end.key not in after]
        if missing:
            notes.append(Note(line, f"links to lane {missing[0]}, which does not exist"))
            continue
        _join(roads, after, one, other, line, notes)
    return {key: tuple(found) for key, found in after.items()}, list(dict.fromkeys(notes))


def _join(roads: Roads, after: dict, one: End, other: End, line: int, notes: list[Note]) -> None:
    leaves = [is_forward(roads, end.key) == end.is_end for end in (one, other)]
    is_driven = all(lane_of(roads, end.key).type in DRIVING for end in (one, other))
    if leaves[0] == leaves[1]:
        if is_driven:
            notes.append(Note(line, f"links lanes {one.key} and {other.key} against each other"))
        return
    first, second = (one, other) if leaves[0] else (other, one)
    after[first.key].setdefault(second.key)
    if is_driven:
        gap = float(np.hypot(*(_point(roads, one) - _point(roads, other))))
        if gap > APART_M:
            said = f"links lanes {one.key} and {other.key}, which end {gap:.1f} m apart"
            notes.append(Note(line, said))


def _point(roads: Roads, end: End) -> np.ndarray:
    road = roads[end.key.road]
    section = road.sections[end.key.section]
    s = np.array([section.end_m if end.is_end else section.start_m])
    return offset_points(road, s, lane_centre(road, section, end.key.lane, s))[0]


def _joints(
    roads: Roads, junctions: Mapping[str, Junction], notes: list[Note]
) -> Iterator[tuple[End, End, int]]:
    for road in roads.values():
        yield from _inside(road, notes)
        yield from _between(roads, road, notes)
    for junction in junctions.values():
        yield from _across(roads, junction, notes)


def _inside(road: Road, notes: list[Note]) -> Iterator[tuple[End, End, int]]:
    """From section to section of one road."""
    for i, (before, behind) in enumerate(zip(road.sections, road.sections[1:])):
        linked: set[int] = set()
        for lane in before.lanes.values():
            for other in lane.successors if lane.id else ():
                linked.add(lane.id)
                one = End(LaneKey(road.id, i, lane.id), True)
                yield one, End(LaneKey(road.id, i + 1, other), False), lane.line
        for lane in behind.lanes.values():
            for other in lane.predecessors if lane.id else ():
                linked.add(other)
                one = End(LaneKey(road.id, i, other), True)
                yield one, End(LaneKey(road.id, i + 1, lane.id), False), lane.line
        for lane in before.lanes.values():
            same = behind.lanes.get(lane.id)
            is_loose = same is not None and not same.predecessors and lane.id not in linked
            if same and is_loose and lane.type in DRIVING and same.type in DRIVING:
                said = f"lane {lane.id} of road {road.id} has no link to the next section"
                notes.append(Note(same.line, said))


def _between(roads: Roads, road: Road, notes: list[Note]) -> Iterator[tuple[End, End, int]]:
    """From a road's ends to the roads that it names."""
    for link, is_end in ((road.predecessor, False), (road.successor, True)):
        if link is None or link.element != "road":
            continue
        other = roads.get(link.id)
        if other is None:
            notes.append(
                Note(link.line, f"road {road.id} links to road {link.id}, which is missing")
            )
            continue
        contact = link.contact or _nearer_end(road, is_end, other)
        if link.contact is None:
            said = (
                f"road {road.id} links to road {link.id} without contactPoint; took its {contact}"
            )
            notes.append(Note(link.line, said))
        number = len(road.sections) - 1 if is_end else 0
        there = 0 if contact == "start" else len(other.sections) - 1
        lanes = road.sections[number].lanes.values()
        found = False
        for lane in lanes:
            for name in (lane.successors if is_end else lane.predecessors) if lane.id else ():
                found = True
                one = End(LaneKey(road.id, number, lane.id), is_end)
                yield one, End(LaneKey(other.id, there, name), contact == "end"), lane.line
        if not found and any(lane.type in DRIVING for lane in lanes):
            said = f"road {road.id} links to road {other.id}, but none of its lanes does"
            notes.append(Note(link.line, said))


def _nearer_end(road: Road, is_end: bool, other: Road) -> str:
    here = offset_points(road, np.array([road.length_m if is_end else 0.0]), np.zeros(1))[0]
    there = offset_points(other, np.array([0.0, other.length_m]), np.zeros(2))
    return "start" if np.argmin(np.hypot(*(there - here).T)) == 0 else "end"


def _across(roads: Roads, junction: Junction, notes: list[Note]) -> Iterator[tuple[End, End, int]]:
    """From incoming roads into a junction."""
    for item in junction.connections:
        named = (item.incoming, item.connecting)
        missing = [name for name in named if name not in roads]
        said = f"connection {item.id} of junction {junction.id}"
        if missing:
            notes.append(Note(item.line, f"{said} names road {missing[0]}, which is missing"))
            continue
        if not item.lane_links:
            said += " has no laneLink; only the links of its roads join lanes there"
            notes.append(Note(item.line, said))
        incoming, connecting = (roads[name] for name in named)
        is_end = _touches_at_end(incoming, junction.id, connecting, item.contact)
        number = len(incoming.sections) - 1 if is_end else 0
        there = len(connecting.sections) - 1 if item.contact == "end" else 0
        for lane, other in item.lane_links:
            one = End(LaneKey(incoming.id, number, lane), is_end)
            yield one, End(LaneKey(connecting.id, there, other), item.contact == "end"), item.line


def _touches_at_end(road: Road, junction: str, connecting: Road, contact: str) -> bool:
    """Does the junction lie at the end of an incoming road (else at its start)?"""

    def leads(link: Link | None) -> bool:
        return link is not None and link.element == "junction" and link.id == junction

    if leads(road.successor) != leads(road.predecessor):
        return leads(road.successor)
    s = np.array([connecting.length_m if contact == "end" else 0.0])
    there = offset_points(connecting, s, np.zeros(1))[0]
    ends = offset_points(road, np.array([0.0, road.length_m]), np.zeros(2))
    return bool(np.argmin(np.hypot(*(ends - there).T)) == 1)


def neighbours(roads: Roads, key: LaneKey) -> tuple[LaneKey | None, LaneKey | None]:
    """The driving lanes to the left and to the right that lead the same way."""
    forward = is_forward(roads, key)
    beside = [_beside(roads, key, side) for side in (1, -1)]
    same = [other if other and is_forward(roads, other) == forward else None for other in beside]
    return (same[0], same[1]) if forward else (same[1], same[0])


def _beside(roads: Roads, key: LaneKey, side: int) -> LaneKey | None:
    """The driving lane next to one on the side of greater (1) or smaller (-1) t."""
    road = roads[key.road]
    section = road.sections[key.section]
    lane_id = key.lane + side or key.lane + 2 * side
    lane = section.lanes.get(lane_id)
    if lane is None or lane.type not in DRIVING:
        return None
    middle = np.array([0.5 * (section.start_m + section.end_m)])
    if float(lane_width(road, section, lane_id, middle)[0]) < WIDTH_M:
        return None
    return LaneKey(key.road, key.section, lane_id)
