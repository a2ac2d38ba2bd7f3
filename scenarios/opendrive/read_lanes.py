"""``<lanes>``: sections, lanes, their links, widths, marks and speeds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from drivewm.scenarios.opendrive.model import (
    LANE_TYPES,
    Lane,
    LaneSection,
    Note,
    RoadMark,
    Speed,
)
from drivewm.scenarios.opendrive.profiles import NONE, Cubics
from drivewm.scenarios.opendrive.read_plan import read_cubics
from drivewm.scenarios.xml_files import Node

UNITS = {"m/s": 1.0, "km/h": 1 / 3.6, "kmh": 1 / 3.6, "kph": 1 / 3.6, "mph": 0.44704}
NO_LIMIT = ("no limit", "undefined", "unlimited")
JUST = 1e-6


def read_sections(
    road: Node, length_m: float, notes: list[Note]
) -> tuple[tuple[LaneSection, ...], Cubics]:
    """The lane sections without gaps (at least one), and the lane offset."""
    lanes = road.first("lanes")
    if lanes is None:
        notes.append(Note(road.line, f"road {road.get('id')} has no <lanes>"))
        return (LaneSection(start_m=0.0, end_m=length_m, lanes={}),), NONE
    offset = read_cubics(list(lanes.all("laneOffset")))
    nodes = sorted(lanes.all("laneSection"), key=lambda node: node.number("s"))
    starts = [node.number("s") for node in nodes]
    if not nodes:
        notes.append(Note(lanes.line, f"road {road.get('id')} has no <laneSection>"))
        return (LaneSection(start_m=0.0, end_m=length_m, lanes={}),), offset
    if starts[0] > JUST:
        notes.append(
            Note(nodes[0].line, f"the first lane section is used from s = 0, not {starts[0]:g}")
        )
    beyond = [i for i, start in enumerate(starts) if start >= length_m and i > 0]
    for i in beyond:
        notes.append(Note(nodes[i].line, "lane section beyond the end of its road is left out"))
        nodes[i].skip()
    kept = nodes[: len(nodes) - len(beyond)]
    starts = [0.0, *starts[1 : len(kept)], length_m]
    sections: list[LaneSection] = []
    for node, low, high in zip(kept, starts, starts[1:]):
        found = _lanes(node, notes)
        if node.get("singleSide") == "true" and sections:
            found = _with_other_side(sections, found)
        sections.append(LaneSection(start_m=low, end_m=high, lanes=found))
    return tuple(sections), offset


def _with_other_side(sections: list[LaneSection], found: dict[int, Lane]) -> dict[int, Lane]:
    """A section of one side: the lanes of the other side go on, split in two at its start."""
    sign = 1 if any(i > 0 for i in found) else -1
    before = sections[-1]
    gone_on = {i: lane for i, lane in before.lanes.items() if i * sign < 0}
    ends = {i: replace(lane, successors=(i,)) for i, lane in gone_on.items()}
    starts = {i: replace(lane, predecessors=(i,)) for i, lane in gone_on.items()}
    sections[-1] = replace(before, lanes=_sorted({**before.lanes, **ends}))
    return _sorted({**found, **starts})


def _sorted(lanes: dict[int, Lane]) -> dict[int, Lane]:
    return {i: lanes[i] for i in sorted(lanes, reverse=True)}


def _lanes(section: Node, notes: list[Note]) -> dict[int, Lane]:
    base_m = section.number("s")
    found: dict[int, Lane] = {}
    for side, sign in (("left", 1), ("center", 0), ("right", -1)):
        group = section.first(side)
        for node in group.all("lane") if group is not None else ():
            lane = _lane(node, base_m, notes)
            if np.sign(lane.id) != sign:
                raise node.error(f"has id {lane.id}, which is not on the side <{side}>", field="id")
            if lane.id in found:
                raise node.error(f"is the second of id {lane.id} in its section", field="id")
            found[lane.id] = lane
    for sign in (1, -1):
        ids = sorted(abs(i) for i in found if i * sign > 0)
        if ids != list(range(1, len(ids) + 1)):
            said = (
                f"lane ids {[sign * i for i in ids]} leave some out; the lanes are set side by side"
            )
            notes.append(Note(section.line, said))
    return _sorted(found)


def _lane(node: Node, base_m: float, notes: list[Note]) -> Lane:
    lane_id, kind = node.whole("id"), node.get("type") or "none"
    for name in ("level", "advisory"):
        node.get(name)  # banking, and whether a direction is advice: nothing in the plane
    if kind not in LANE_TYPES:
        notes.append(Note(node.line, f'lane type "{kind}" is unknown; nobody drives there'))
    direction = node.get("direction") or "standard"
    if direction == "both" or kind == "bidirectional":
        notes.append(Note(node.line, "lane of both directions is driven in its standard one only"))
    elif direction not in ("standard", "reversed"):
        notes.append(Note(node.line, f'lane direction "{direction}" is read as standard'))
    widths, borders = _edges(node, lane_id, base_m, notes)
    before, after = _links(node)
    return Lane(
        id=lane_id, type=kind, widths=widths, borders=borders, predecessors=before,
        successors=after, marks=_marks(node, base_m), direction=direction, line=node.line,
        speeds=read_speeds([(base_m + n.number("sOffset"), n) for n in node.all("speed")], notes),
    )  # fmt: skip


def _edges(
    node: Node, lane_id: int, base_m: float, notes: list[Note]
) -> tuple[Cubics, Cubics | None]:
    """Widths, or borders (outwards from the reference line) where there are no widths."""
    width, border = list(node.all("width")), list(node.all("border"))
    if lane_id == 0:
        return NONE, None
    if width and border:
        notes.append(Note(border[0].line, "borders beside widths are not used"))
        for item in border:
            item.skip()
    if not width and not border:
        notes.append(Note(node.line, f"lane {lane_id} has neither width nor border: width 0"))
    entries = read_cubics(width or border, "sOffset", base_m)
    if len(entries.start_m) and entries.start_m[0] > base_m + JUST:
        notes.append(Note(node.line, f"lane {lane_id} has width 0 before its first entry"))
    if width or not border:
        return entries, None
    # Some files write right borders as negative t, some as positive distances.
    first = entries.coefficients[0]
    ahead = first[0] if first[0] else first[1]
    sign = -1.0 if ahead < 0 else 1.0
    return NONE, Cubics(entries.start_m, sign * entries.coefficients)


def _links(node: Node) -> tuple[tuple[int, ...], tuple[int, ...]]:
    link = node.first("link")
    if link is None:
        return (), ()
    before, after = (
        tuple(n.whole("id") for n in link.all(name)) for name in ("predecessor", "successor")
    )
    return before, after


def _marks(node: Node, base_m: float) -> tuple[RoadMark, ...]:
    marks = []
    for mark in node.all("roadMark"):
        for child in mark.all("type", "explicit", "sway"):
            child.skip()  # how the paint is drawn
        for name in ("weight", "material", "height"):
            mark.get(name)
        marks.append(
            RoadMark(
                s_m=base_m + mark.number("sOffset", 0.0),
                type=mark.get("type") or "none",
                color=mark.get("color") or "standard",
                lane_change=mark.get("laneChange"),
                width_m=mark.number("width", 0.0) or None,
            )
        )
    return tuple(marks)


def read_speeds(nodes: list[tuple[float, Node]], notes: list[Note]) -> tuple[Speed, ...]:
    """Limits by their start s, from ``<speed max unit>``."""
    found = []
    for s_m, node in nodes:
        text, unit = node.need("max").strip(), node.get("unit") or "m/s"
        if text in NO_LIMIT:
            found.append(Speed(s_m=s_m, limit_mps=None))
        elif unit not in UNITS:
            notes.append(Note(node.line, f'speed unit "{unit}" is unknown; the limit is not used'))
            found.append(Speed(s_m=s_m, limit_mps=None))
        else:
            found.append(Speed(s_m=s_m, limit_mps=node.number("max") * UNITS[unit]))
    return tuple(sorted(found, key=lambda speed: speed.s_m))
