"""Reads an OpenDRIVE file. What is not used is noted with its line; what would make the geometry
wrong is an error."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from drivewm.scenarios.opendrive.lane_graph import lane_graph
from drivewm.scenarios.opendrive.model import Connection, Junction, Link, Note, Road
from drivewm.scenarios.opendrive.network import OpenDrive
from drivewm.scenarios.opendrive.read_lanes import read_sections, read_speeds
from drivewm.scenarios.opendrive.read_objects import read_objects, read_signals
from drivewm.scenarios.opendrive.read_plan import MAX_LENGTH_M, read_cubics, read_plan
from drivewm.scenarios.xml_files import Node, Unread, read_xml, unread

LENGTH_M = 0.05  # by which a road may differ from its geometry without a word
NEWEST = (1, 8)
OLDEST = (1, 4)


def read_opendrive(path: str | Path) -> OpenDrive:
    """The road network of an ``.xodr`` file (OpenDRIVE 1.4 to 1.8).

    Raises:
        InputError: no such file, unsafe or broken XML, another format, or a road whose geometry
            cannot be read; file and line are named.
    """
    root = read_xml(path, "OpenDRIVE")
    notes: list[Note] = []
    header = root.first("header")
    version = _version(root, header, notes)
    roads = _roads(root, notes)
    junctions: dict[str, Junction] = {}
    for node in root.all("junction"):
        junction = _junction(node, notes)
        if junction.id in junctions:
            raise node.error(f"is the second of id {junction.id}", field="id")
        junctions[junction.id] = junction
    for road in roads.values():
        if road.junction is not None and road.junction not in junctions:
            said = f"road {road.id} belongs to junction {road.junction}, which is missing"
            notes.append(Note(road.line, said))
    successors, wrong = lane_graph(roads, junctions)
    geo = header.first("geoReference") if header is not None else None
    return OpenDrive(
        file=Path(path), version=version, roads=roads, junctions=junctions,
        successors=successors, name=(header.get("name") if header is not None else None) or "",
        geo_reference=geo.text if geo is not None else None,
        notes=tuple(sorted([*notes, *wrong, *_unread(root)], key=lambda note: note.line)),
    )  # fmt: skip


def _version(root: Node, header: Node | None, notes: list[Note]) -> tuple[int, int]:
    if header is None:
        notes.append(Note(root.line, "no header; read as OpenDRIVE 1.4"))
        return OLDEST
    for name in ("vendor", "date", "version", "north", "south", "east", "west"):
        header.get(name)
    version = header.whole("revMajor", 1), header.whole("revMinor", 4)
    said = f"OpenDRIVE {version[0]}.{version[1]}"
    if version[0] != 1:
        raise header.error(f"says {said}", field="revMajor", fix="versions 1.4 to 1.8 are read")
    if not OLDEST <= version <= NEWEST:
        notes.append(Note(header.line, f"{said} is read by the rules of 1.4 to 1.8"))
    return version


def _roads(root: Node, notes: list[Note]) -> dict[str, Road]:
    nodes = list(root.all("road"))
    if not nodes:
        raise root.error("holds no road", field="road")
    signals = {
        signal.attributes.get("id", ""): signal
        for node in nodes
        for group in node.children
        if group.tag == "signals"
        for signal in group.children
        if signal.tag == "signal"
    }
    roads: dict[str, Road] = {}
    total_m = 0.0
    for node in nodes:
        road = _road(node, signals, notes)
        if road.id in roads:
            raise node.error(f"is the second of id {road.id}", field="id")
        roads[road.id] = road
        total_m += road.length_m
        if total_m > 10 * MAX_LENGTH_M:
            raise node.error(f"is beyond {10 * MAX_LENGTH_M:g} m of roads in one file")
    return roads


def _road(node: Node, signals: dict[str, Node], notes: list[Note]) -> Road:
    length_m = node.number("length")
    plan = read_plan(node, notes)
    if not 0 < length_m <= MAX_LENGTH_M:
        raise node.error(f"has length {length_m:g} m; up to {MAX_LENGTH_M:g} is read",
                         field="length")  # fmt: skip
    if abs(plan.end_m - length_m) > LENGTH_M:
        said = f"road {node.get('id')} is {length_m:g} m long, its geometry {plan.end_m:g} m"
        notes.append(Note(node.line, f"{said}; the shorter counts"))
    length_m = min(length_m, plan.end_m) if plan.end_m < length_m - 1e-6 else length_m
    sections, offset = read_sections(node, length_m, notes)
    profile = node.first("elevationProfile")
    heights = list(profile.all("elevation")) if profile is not None else []
    types = list(node.all("type"))
    for item in types:
        for name in ("s", "type", "country"):
            item.get(name)  # the kind of road is told of its start only
    speeds = [(item.number("s"), speed) for item in types for speed in item.all("speed")]
    before, after = _road_links(node, notes)
    junction = node.get("junction") or "-1"
    road = Road(
        id=node.need("id"), name=node.get("name") or "", length_m=length_m, plan=plan,
        sections=sections, lane_offset=offset, elevation=read_cubics(heights),
        kind=(types[0].get("type") if types else None) or "unknown",
        junction=None if junction == "-1" else junction, is_right_hand=_is_right_hand(node),
        predecessor=before, successor=after, speeds=read_speeds(speeds, notes), line=node.line,
    )  # fmt: skip
    _lateral(node, notes)
    return replace(
        road,
        signals=read_signals(node.first("signals"), signals, notes),
        objects=read_objects(node.first("objects"), road, notes),
    )


def _is_right_hand(node: Node) -> bool:
    rule = node.get("rule") or "RHT"
    if rule not in ("RHT", "LHT"):
        raise node.error(f'has rule="{rule}"', field="rule", fix="RHT or LHT")
    return rule == "RHT"


def _lateral(node: Node, notes: list[Note]) -> None:
    """Banking and crossfall, which have no place in the plane."""
    for profile in node.all("lateralProfile"):
        for item in profile.all():
            is_flat = all(not item.number(name, 0.0) for name in "abcd")
            if not is_flat:
                notes.append(Note(item.line, f"<{item.tag}> is left out of the plane"))
            item.skip()


def _road_links(node: Node, notes: list[Note]) -> tuple[Link | None, Link | None]:
    link = node.first("link")
    if link is None:
        return None, None
    found: list[Link | None] = []
    for name in ("predecessor", "successor"):
        item = link.first(name)
        if item is None:
            found.append(None)
            continue
        contact = item.get("contactPoint")
        if contact not in (None, "start", "end"):
            raise item.error(f'has contactPoint="{contact}"', field="contactPoint",
                             fix="start or end")  # fmt: skip
        kind = item.need("elementType")
        if kind not in ("road", "junction"):
            notes.append(Note(item.line, f'link to elementType "{kind}" is not used'))
        found.append(Link(element=kind, id=item.need("elementId"), contact=contact, line=item.line))
    return found[0], found[1]


def _junction(node: Node, notes: list[Note]) -> Junction:
    name, kind = node.need("id"), node.get("type") or "default"
    connections = []
    for item in node.all("connection"):
        if kind not in ("default", "direct"):
            item.skip()
            continue
        connections.append(_connection(item, kind, notes))
    if kind not in ("default", "direct"):
        notes.append(Note(node.line, f"junction {name} is {kind}: its connections are not driven"))
    priorities = tuple((n.get("high") or "", n.get("low") or "") for n in node.all("priority"))
    return Junction(id=name, name=node.get("name") or "", type=kind, line=node.line,
                    connections=tuple(connections), priorities=priorities)  # fmt: skip


def _connection(item: Node, kind: str, notes: list[Note]) -> Connection:
    name, contact = item.get("id") or "?", item.get("contactPoint")
    if contact is None:
        notes.append(Note(item.line, f"connection {name} without contactPoint: start"))
    elif contact not in ("start", "end"):
        raise item.error(f'has contactPoint="{contact}"', field="contactPoint", fix="start or end")
    links = tuple((link.whole("from"), link.whole("to")) for link in item.all("laneLink"))
    return Connection(
        id=name, incoming=item.need("incomingRoad"), contact=contact or "start", line=item.line,
        connecting=item.need("linkedRoad" if kind == "direct" else "connectingRoad"),
        lane_links=links,
    )  # fmt: skip


def _unread(root: Node) -> list[Note]:
    """What nobody asked for, one note per kind with the first line and how often it occurs."""
    kinds: dict[tuple[str, str | None], list[Unread]] = {}
    for item in unread(root):
        kinds.setdefault((item.path, item.attribute), []).append(item)
    notes = []
    for (path, attribute), items in kinds.items():
        where = path.partition("/")[2] or path
        what = f"<{where}>" if attribute is None else f"the attribute {attribute} of <{where}>"
        more = f" (and {len(items) - 1} more)" if len(items) > 1 else ""
        notes.append(Note(items[0].line, f"{what} is not used{more}"))
    return notes
