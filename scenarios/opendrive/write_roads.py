"""Which lanes of a RoadMap become one OpenDRIVE road, and what the ends of the roads join."""

from __future__ import annotations

from dataclasses import dataclass, field

from drivewm.scene import Lane, RoadMap
from drivewm.scene.roadblocks import same_direction


@dataclass
class RoadToWrite:
    """A road to be written: its lanes, from left to right, get the ids -1, -2, ..."""

    number: int
    lanes: list[Lane]
    junction: int = -1
    ends: dict[str, tuple[str, int]] = field(default_factory=dict)  # element and id it joins

    @property
    def is_connector(self) -> bool:
        """Is it a connecting road? Those of OpenDRIVE join one road to one other."""
        first = self.lanes[0]
        return first.is_connector and max(len(first.successors), len(first.predecessors)) <= 1


Places = dict[str, tuple[RoadToWrite, int]]  # by lane id of the map


def side_by_side(road_map: RoadMap) -> list[RoadToWrite]:
    """Lanes side by side, from left to right; connectors each alone."""
    known = {lane.id: lane for lane in road_map.lanes if not lane.is_bike}
    roads: list[RoadToWrite] = []
    done: dict[str, None] = {}
    for lane in known.values():
        first, seen = lane, {lane.id}
        while (left := _beside(known, first, "left_neighbor", "right_neighbor")) is not None:
            if left.id in seen:
                break
            seen.add(left.id)
            first = left
        side: list[Lane] = []
        at: Lane | None = first
        while at is not None and at.id not in done:
            done[at.id] = None
            side.append(at)
            at = _beside(known, at, "right_neighbor", "left_neighbor")
        if side:
            roads.append(RoadToWrite(len(roads), side))
    return roads


def _beside(known: dict[str, Lane], lane: Lane, to: str, back: str) -> Lane | None:
    """The neighbour, if both say so and lead the same way."""
    other = known.get(getattr(lane, to) or "")
    if other is None or lane.is_connector or other.is_connector:
        return None
    is_mutual = getattr(other, back) == lane.id and same_direction(lane, other)
    return other if is_mutual else None


def following(road: RoadToWrite, place: Places) -> list[tuple[int, RoadToWrite, int]]:
    """(own lane, road, its lane) for every link out of a road."""
    return [
        (-1 - i, *place[name])
        for i, lane in enumerate(road.lanes)
        for name in lane.successors
        if name in place
    ]


def join_ends(roads: list[RoadToWrite], place: Places) -> list[tuple[str, list[RoadToWrite]]]:
    """Sets what the ends of the roads join; the junctions are the sets of connectors that share an
    end of a road, and the roads that split into several without connectors (direct junctions)."""
    group = {road.number: road.number for road in roads if road.is_connector}

    def root(k: int) -> int:
        while group[k] != k:
            k = group[k]
        return k

    at_end: dict[tuple[str, int], list[RoadToWrite]] = {}
    for road in roads:
        for _, other, _ in following(road, place):
            if other.is_connector:
                at_end.setdefault(("end", road.number), []).append(other)
            if road.is_connector:
                at_end.setdefault(("start", other.number), []).append(road)
    for members in at_end.values():
        for other in members[1:]:
            group[root(other.number)] = root(members[0].number)
    found: dict[int, list[RoadToWrite]] = {}
    for road in roads:
        if road.is_connector:
            found.setdefault(root(road.number), []).append(road)
    junctions = [("default", members) for members in found.values()]
    for number, (_, members) in enumerate(junctions):
        for road in members:
            road.junction = number
    for (end, number), members in at_end.items():
        road = roads[number]
        name = "successor" if end == "end" else "predecessor"
        if not road.is_connector:
            road.ends[name] = ("junction", members[0].junction)
    for road in roads:
        others = list({other.number: other for _, other, _ in following(road, place)}.values())
        plain = [other for other in others if not other.is_connector]
        if others and (road.is_connector or (len(others) == 1 and plain)):
            road.ends["successor"] = ("road", others[0].number)
        elif plain:
            road.ends.setdefault("successor", ("junction", len(junctions)))
            junctions.append(("direct", [road]))
        if not road.is_connector:
            for other in others:
                if other.is_connector:
                    other.ends.setdefault("predecessor", ("road", road.number))
    return junctions
