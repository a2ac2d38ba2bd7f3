"""Writes a RoadMap as OpenDRIVE 1.7: the roads of exported scenarios.

Neighbouring lanes of one direction become one road, whose reference line is the middle of its
leftmost lane; every connector is a road of its own within a junction (an ordinary road if it has
several predecessors or successors). Oncoming lanes are other roads. What OpenDRIVE ties to roads
and a RoadMap does not (parking, walkways, drivable area beside the lanes) is not written.
"""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np

from drivewm.errors import InputError
from drivewm.scenarios.opendrive.plan_view import Piece, PlanView
from drivewm.scenarios.opendrive.write_curve import fitted
from drivewm.scenarios.opendrive.write_roads import (
    Places,
    RoadToWrite,
    following,
    join_ends,
    side_by_side,
)
from drivewm.scene import Lane, RoadMap
from drivewm.storage import atomic_file

WIDTH_M = 3.5  # of a lane without polygon
KNOT_M = 5.0  # between the widths that are written


def to_xodr(
    road_map: RoadMap, path: str | Path, name: str = "drivewm"
) -> dict[str, tuple[str, int]]:
    """Writes the lanes of a map as an OpenDRIVE file, and tells where each came to lie.

    Returns:
        (road id, lane id) of each lane by its id in the map; bike lanes are left out.

    Raises:
        InputError: the map has no lanes, or the file cannot be written.
    """
    roads = side_by_side(road_map)
    if not roads:
        raise InputError("the map has no lanes to write", file=path)
    place = {lane.id: (road, -1 - i) for road in roads for i, lane in enumerate(road.lanes)}
    junctions = join_ends(roads, place)
    root = ET.Element("OpenDRIVE")
    _add(root, "header", revMajor=1, revMinor=7, name=name)
    for road in roads:
        _write_road(root, road, place)
    for number, (kind, members) in enumerate(junctions):
        _write_junction(root, number, kind, members, place)
    ET.indent(root)
    with atomic_file(path) as partial:
        ET.ElementTree(root).write(partial, encoding="utf-8", xml_declaration=True)
    return {lane_id: (str(road.number), lane) for lane_id, (road, lane) in place.items()}


def _write_road(root: ET.Element, road: RoadToWrite, place: Places) -> None:
    pieces = fitted(np.asarray(road.lanes[0].centerline, float)[:, :2])
    length = sum(piece.curve.length_m for piece in pieces)
    node = _add(root, "road", name="", length=length, id=road.number, junction=road.junction,
                rule="RHT")  # fmt: skip
    link = _add(node, "link")
    for name in ("predecessor", "successor"):
        if name in road.ends:
            element, number = road.ends[name]
            more = {} if element == "junction" else {
                "contactPoint": "end" if name == "predecessor" else "start"
            }  # fmt: skip
            _add(link, name, elementType=element, elementId=number, **more)
    limit = road.lanes[0].speed_limit_mps
    kind = _add(node, "type", s=0, type="unknown")
    if limit is not None:
        _add(kind, "speed", max=float(limit), unit="m/s")
    plan, s, placed = _add(node, "planView"), 0.0, []
    for piece in pieces:
        size = piece.curve.length_m
        at = _add(
            plan, "geometry", s=s, x=piece.x_m, y=piece.y_m, hdg=piece.heading_rad, length=size
        )
        names = [f"{letter}{axis}" for axis in "UV" for letter in "abcd"]
        values = dict(zip(names, (*piece.curve.u, *piece.curve.v)))
        _add(at, "paramPoly3", pRange="normalized", **values)
        placed.append(Piece(s_m=s, x_m=piece.x_m, y_m=piece.y_m, heading_rad=piece.heading_rad,
                            length_m=size, curve=piece.curve))  # fmt: skip
        s += size
    _write_lanes(_add(node, "lanes"), road, PlanView(tuple(placed)), length, place)
    if any(lane.has_light for lane in road.lanes):
        signals = _add(node, "signals")
        _add(signals, "signal", id=f"light-{road.number}", s=0.0, t=0.0, dynamic="yes",
             orientation="+", type="1000001", subtype="-1", country="OpenDRIVE")  # fmt: skip


def _write_lanes(
    node: ET.Element, road: RoadToWrite, plan: PlanView, length: float, place: Places
) -> None:
    s = np.linspace(0.0, length, max(int(np.ceil(length / KNOT_M)), 1) + 1)
    edge = np.full(len(s), 0.5 * _width_m(road.lanes[0]))
    _add(node, "laneOffset", s=0.0, a=float(edge[0]), b=0.0, c=0.0, d=0.0)
    section = _add(node, "laneSection", s=0.0)
    _add(_add(section, "center"), "lane", id=0, type="none", level="false")
    right = _add(section, "right")
    for i, lane in enumerate(road.lanes):
        one = _add(right, "lane", id=-1 - i, type="driving", level="false")
        link = _add(one, "link")
        for name, ids in (("predecessor", lane.predecessors), ("successor", lane.successors)):
            element, number = road.ends.get(name, ("", -1))
            for other in ids:
                if element == "road" and other in place and place[other][0].number == number:
                    _add(link, name, id=place[other][1])
        width = np.maximum(2 * (edge - _across(plan, s, lane)), 0.1) if i else 2 * edge
        slope = np.diff(width) / np.diff(s)
        for k in range(len(slope)):
            if k == 0 or abs(slope[k] - slope[k - 1]) > 1e-9:
                _add(one, "width", sOffset=float(s[k]), a=float(width[k]), b=float(slope[k]),
                     c=0.0, d=0.0)  # fmt: skip
        if lane.speed_limit_mps is not None:
            _add(one, "speed", sOffset=0.0, max=float(lane.speed_limit_mps), unit="m/s")
        edge = edge - width


def _across(plan: PlanView, s: np.ndarray, lane: Lane) -> np.ndarray:
    """t of a lane's middle at s ([N]): where it crosses the normal of the reference line."""
    line, at = np.asarray(lane.centerline, float)[:, :2], plan.at(s)
    found = np.empty(len(s))
    for k in range(len(s)):
        c, w = np.cos(at.heading_rad[k]), np.sin(at.heading_rad[k])
        dx, dy = (line - [at.x_m[k], at.y_m[k]]).T
        u, v = c * dx + w * dy, c * dy - w * dx
        cut = np.flatnonzero(np.signbit(u[:-1]) != np.signbit(u[1:]))
        share = u[cut] / (u[cut] - u[cut + 1])
        crossed = v[cut] + share * (v[cut + 1] - v[cut])
        found[k] = crossed[np.abs(crossed).argmin()] if len(cut) else v[np.abs(u).argmin()]
    return found


def _width_m(lane: Lane) -> float:
    """Area over length."""
    length = float(np.hypot(*np.diff(np.asarray(lane.centerline, float)[:, :2], axis=0).T).sum())
    if lane.polygon is None or length <= 0:
        return WIDTH_M
    return float(np.clip(lane.polygon.area / length, 0.5, 30.0))


def _write_junction(
    root: ET.Element, number: int, kind: str, members: list[RoadToWrite], place: Places
) -> None:
    more = {"type": "direct"} if kind == "direct" else {}
    node = _add(root, "junction", id=number, name="", **more)
    count = 0
    for road in members:
        if kind == "direct":
            pairs = [
                (road, own, other, lane)
                for own, other, lane in following(road, place)
                if not other.is_connector
            ]
        else:
            before = [place[name] for name in road.lanes[0].predecessors if name in place]
            pairs = [(other, lane, road, -1) for other, lane in before if not other.is_connector]
        for incoming, own, other, lane in pairs:
            target = {"linkedRoad" if kind == "direct" else "connectingRoad": other.number}
            item = _add(node, "connection", id=count, incomingRoad=incoming.number,
                        contactPoint="start", **target)  # fmt: skip
            _add(item, "laneLink", **{"from": own, "to": lane})
            count += 1


def _add(parent: ET.Element, tag: str, **attributes) -> ET.Element:
    """A child; numbers are written so that they are read again as they are."""
    text = {k: repr(v) if isinstance(v, float) else str(v) for k, v in attributes.items()}
    return ET.SubElement(parent, tag, text)
