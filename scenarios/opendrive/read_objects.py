"""``<objects>`` and ``<signals>`` of a road: crossings, parking, obstacles, signs, stop lines."""

from __future__ import annotations

import numpy as np

from drivewm.scenarios.opendrive.model import Note, Road, RoadObject, Signal
from drivewm.scenarios.opendrive.places import offset_points, pose, steps
from drivewm.scenarios.xml_files import Node

MAX_REPEATS = 10_000
_DRAWN = ("zOffset", "pitch", "roll", "perpToRoad", "dynamic", "validLength", "orientation")


def read_objects(node: Node | None, road: Road, notes: list[Note]) -> tuple[RoadObject, ...]:
    """The objects of a road, repeated ones each by itself."""
    found: list[RoadObject] = []
    for item in node.all("object") if node is not None else ():
        for name in _DRAWN:
            item.get(name)  # nothing in the plane
        repeats = list(item.all("repeat"))
        outline = _outline_node(item)
        if not repeats:
            found.append(_object(item, outline, road, {}))
        for repeat in repeats:
            found += _repeated(item, outline, repeat, road, notes)
    return tuple(found)


def _outline_node(item: Node) -> Node | None:
    """The outer outline; 1.4 has it as a child, later versions inside <outlines>."""
    group = item.first("outlines")
    outlines = [*item.all("outline"), *(group.all("outline") if group is not None else ())]
    for outline in outlines:
        for name in ("id", "fillType", "outer", "closed", "laneType"):
            outline.get(name)
    outer = [o for o in outlines if o.attributes.get("outer") != "false"]
    return outer[0] if outer else None


def _object(item: Node, outline: Node | None, road: Road, given: dict[str, float]) -> RoadObject:
    s, t = given.get("s", item.number("s")), given.get("t", item.number("t", 0.0))
    length, width = (given.get(k, item.number(k, 0.0)) for k in ("length", "width"))
    radius, height = given.get("radius", item.number("radius", 0.0)), item.number("height", 0.0)
    at = pose(road, s, t)
    heading = at.heading_rad + item.number("hdg", 0.0)
    frame = (at.x_m, at.y_m, heading)
    shape = _corners(outline, road, frame, given) if outline is not None else None
    if shape is None:
        shape = _extent(frame, length, width, radius)
    return RoadObject(
        id=item.get("id") or "", type=item.get("type") or "none", s_m=s, t_m=t,
        name=item.get("name") or "", subtype=item.get("subtype") or "", x_m=at.x_m, y_m=at.y_m,
        heading_rad=heading, length_m=length or 2 * radius, width_m=width or 2 * radius,
        height_m=height, outline=shape, line=item.line,
    )  # fmt: skip


def _corners(
    outline: Node, road: Road, frame: tuple[float, float, float], given: dict[str, float]
) -> np.ndarray | None:
    x, y, heading = frame
    c, s = np.cos(heading), np.sin(heading)
    points = []
    for corner in outline.all("cornerRoad", "cornerLocal"):
        for name in ("id", "dz", "z", "height"):
            corner.get(name)
        if corner.tag == "cornerRoad":
            at = np.array([corner.number("s")]), np.array([corner.number("t")])
            points.append(offset_points(road, *at)[0])
        else:
            u, v = corner.number("u"), corner.number("v")
            points.append(np.array([x + c * u - s * v, y + s * u + c * v]))
    return np.array(points) if len(points) >= 3 else None


def _extent(
    frame: tuple[float, float, float], length_m: float, width_m: float, radius_m: float
) -> np.ndarray | None:
    """A box or a circle around a place; None without extent."""
    x, y, heading = frame
    if radius_m > 0:
        angle = np.linspace(0, 2 * np.pi, 17)[:-1]
        local = radius_m * np.stack([np.cos(angle), np.sin(angle)], -1)
    elif length_m > 0 and width_m > 0:
        local = 0.5 * np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]]) * [length_m, width_m]
    else:
        return None
    turn = np.array([[np.cos(heading), np.sin(heading)], [-np.sin(heading), np.cos(heading)]])
    return local @ turn + [x, y]


def _repeated(
    item: Node, outline: Node | None, repeat: Node, road: Road, notes: list[Note]
) -> list[RoadObject]:
    for name in ("zOffsetStart", "zOffsetEnd", "heightStart", "heightEnd"):
        repeat.get(name)
    start, length, distance = (repeat.number(k) for k in ("s", "length", "distance"))
    high = min(start + max(length, 0.0), road.length_m)
    if distance <= 0:
        return [_strip(item, repeat, road, start, max(high, start))]
    count = int(max(length, 0.0) / distance + 1e-6) + 1
    if count > MAX_REPEATS:
        notes.append(
            Note(repeat.line, f"of {count} repeated objects the first {MAX_REPEATS} are read")
        )
        count = MAX_REPEATS
    found = []
    for k in range(count):
        share = k * distance / length if length > 0 else 0.0
        given = {"s": start + k * distance}
        for name in ("t", "length", "width", "radius"):
            if repeat.has(f"{name}Start"):
                low = repeat.number(f"{name}Start")
                given[name] = low + share * (repeat.number(f"{name}End", low) - low)
        found.append(_object(item, outline, road, given))
    return found


def _strip(item: Node, repeat: Node, road: Road, low_m: float, high_m: float) -> RoadObject:
    """One object that goes on along the road: a rail, a hedge, a wall."""
    s = steps(low_m, high_m, 2.0)
    share = np.linspace(0.0, 1.0, len(s))

    def along(name: str, default: float) -> np.ndarray:
        first = repeat.number(f"{name}Start", default)
        return first + share * (repeat.number(f"{name}End", first) - first)

    t, width = along("t", item.number("t", 0.0)), along("width", item.number("width", 0.0))
    half = np.maximum(0.5 * width, 0.05)
    edges = offset_points(road, s, t - half), offset_points(road, s, t + half)
    plain = _object(item, None, road, {"s": low_m, "t": float(t[0])})
    length = {"length_m": high_m - low_m, "width_m": float(2 * half.max())}
    outline = np.concatenate([edges[0], edges[1][::-1]])
    return RoadObject(**{**plain.__dict__, **length, "outline": outline})


def read_signals(
    node: Node | None, known: dict[str, Node], notes: list[Note]
) -> tuple[Signal, ...]:
    """The signals of a road, those that it refers to by id (``known``: of the whole file) too."""
    found = []
    for item in node.all("signal", "signalReference") if node is not None else ():
        kind = item
        if item.tag == "signalReference":
            name = item.need("id")
            if name not in known:
                notes.append(Note(item.line, f"signalReference to signal {name}, which is missing"))
                item.skip()
                continue
            kind = known[name]
        found.append(_signal(item, kind))
    return tuple(found)


def _signal(item: Node, kind: Node) -> Signal:
    for name in ("zOffset", "hOffset", "pitch", "roll", "height", "width", "length", "text",
                 "countryRevision", "subtype", "country", "name", "value", "unit", "dynamic",
                 "type"):  # fmt: skip
        item.get(name)
    lanes = tuple((v.whole("fromLane"), v.whole("toLane")) for v in item.all("validity"))
    value = kind.get("value")
    return Signal(
        id=item.get("id") or "", s_m=item.number("s"), t_m=item.number("t"),
        type=kind.get("type") or "none", subtype=kind.get("subtype") or "",
        country=kind.get("country") or "", name=kind.get("name") or "",
        is_dynamic=kind.get("dynamic") == "yes", orientation=item.get("orientation") or "none",
        value=kind.number("value") if value is not None and value.strip() else None,
        unit=kind.get("unit") or "", lanes=lanes, line=item.line,
    )  # fmt: skip
