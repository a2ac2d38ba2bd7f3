"""Areas and lines of an OpenDRIVE network: drivable, walkways, crossings, stop lines, paint."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry import Polygon

from drivewm.scenarios.opendrive.lane_graph import is_forward
from drivewm.scenarios.opendrive.model import (
    DRIVING,
    PAVED,
    WALKING,
    LaneKey,
    LaneSection,
    Road,
    RoadObject,
    Signal,
)
from drivewm.scenarios.opendrive.network import OpenDrive
from drivewm.scenarios.opendrive.places import lane_edges, offset_points, steps

SEAM_M = 0.05  # gaps between areas that are closed: 2 x this
STOP_LINE_M = 0.3  # thickness
STOP_LINE = "294"  # of the German catalogue, which exporters use everywhere
NOT_FOR_CARS = frozenset({"1000002", "1000007", "1000013"})  # lights of walkers, cyclists
SMALL_M2 = 1.0
MAX_DIVIDER_STEP_M = 2.0


@dataclass(frozen=True, kw_only=True)
class Areas:
    """Polygons and lines in the map frame, and which lanes have lights and stop lines."""

    drivable: tuple[Polygon, ...]
    intersections: tuple[Polygon, ...]
    crossings: tuple[Polygon, ...]
    walkways: tuple[Polygon, ...]
    carparks: tuple[Polygon, ...]
    stop_lines: tuple[Polygon, ...]
    dividers: tuple[np.ndarray, ...]  # each [P, 2]
    lit: Mapping[LaneKey, None]  # lanes and connectors that a traffic light governs
    stop_lines_of: Mapping[LaneKey, tuple[int, ...]]


def areas(odr: OpenDrive, lanes: Mapping[LaneKey, None]) -> Areas:
    """The areas of a network; lights and stop lines are given to ``lanes`` only."""
    objects = [item for road in odr.roads.values() for item in road.objects]
    bars, bars_of = _stop_lines(odr, lanes)
    parking = [*_strips(odr, {"parking"}), *_outlines(objects, _is_parking)]
    return Areas(
        drivable=_joined(list(_strips(odr, PAVED))),
        intersections=tuple(p for name in odr.junctions for p in _joined(_inside(odr, name))),
        crossings=tuple(_outlines(objects, _is_crossing)),
        walkways=_joined(list(_strips(odr, WALKING))), carparks=_joined(parking),
        stop_lines=tuple(bars), dividers=tuple(_dividers(odr)),
        lit={key: None for keys in lights(odr, lanes).values() for key in keys},
        stop_lines_of=bars_of,
    )  # fmt: skip


def lights(
    odr: OpenDrive, lanes: Mapping[LaneKey, None] | None = None
) -> dict[str, tuple[LaneKey, ...]]:
    """The lanes that each traffic light (dynamic signal for cars) governs, by signal id.

    A light on a connecting road governs its lanes; one on another road the connectors that its
    lanes lead to, or those lanes themselves where they lead into no junction.
    """
    found: dict[str, dict[LaneKey, None]] = {}
    for road in odr.roads.values():
        for signal in road.signals:
            if not signal.is_dynamic or signal.type in NOT_FOR_CARS:
                continue
            governed = found.setdefault(signal.id, {})
            for key in _lanes_of(odr, road, signal):
                inside = [k for k in odr.successors[key] if odr.roads[k.road].junction is not None]
                for other in [key] if road.junction is not None or not inside else inside:
                    if lanes is None or other in lanes:
                        governed.setdefault(other)
    return {name: tuple(keys) for name, keys in found.items()}


def _lanes_of(odr: OpenDrive, road: Road, signal: Signal) -> Iterator[LaneKey]:
    """The driving lanes that a signal is meant for."""
    number = road.section_index(signal.s_m)
    for lane in road.sections[number].lanes.values():
        key = LaneKey(road.id, number, lane.id)
        spans = [range(min(span), max(span) + 1) for span in signal.lanes]
        is_meant = not spans or any(lane.id in span for span in spans)
        if lane.id == 0 or lane.type not in DRIVING or not is_meant:
            continue
        if signal.orientation == "none" or (signal.orientation == "+") == is_forward(
            odr.roads, key
        ):
            yield key


def _stop_lines(
    odr: OpenDrive, lanes: Mapping[LaneKey, None]
) -> tuple[list[Polygon], dict[LaneKey, tuple[int, ...]]]:
    bars: list[Polygon] = []
    of: dict[LaneKey, tuple[int, ...]] = {}
    for road in odr.roads.values():
        for signal in road.signals:
            keys = [key for key in _lanes_of(odr, road, signal) if key in lanes]
            if signal.type != STOP_LINE or not keys:
                continue
            for key in keys:
                of[key] = (*of.get(key, ()), len(bars))
            bars.append(_bar(road, signal.s_m, [key.lane for key in keys]))
        for item in road.objects:
            if not _is_stop_line(item) or item.outline is None:
                continue
            number = road.section_index(item.s_m)
            for lane_id in road.sections[number].lanes:
                key = LaneKey(road.id, number, lane_id)
                if key in lanes and _covers(item, road, lane_id):
                    of[key] = (*of.get(key, ()), len(bars))
            bars.append(Polygon(item.outline))
    return bars, of


def _bar(road: Road, s_m: float, lane_ids: list[int]) -> Polygon:
    """A stop line across lanes."""
    s = np.array([s_m])
    section = road.sections[road.section_index(s_m)]
    t = [float(edge[0]) for i in lane_ids for edge in lane_edges(road, section, i, s)]
    ends = np.array([min(t), max(t), max(t), min(t)])
    along = s_m + 0.5 * STOP_LINE_M * np.array([-1, -1, 1, 1])
    return Polygon(offset_points(road, np.clip(along, 0.0, road.length_m), ends))


def _covers(item: RoadObject, road: Road, lane_id: int) -> bool:
    s = np.array([item.s_m])
    section = road.sections[road.section_index(item.s_m)]
    middle = np.mean(lane_edges(road, section, lane_id, s), axis=0)
    shape = Polygon(item.outline).buffer(2 * STOP_LINE_M)
    return bool(shape.contains(shapely.points(offset_points(road, s, middle)[0])))


def _is_stop_line(item: RoadObject) -> bool:
    said = f"{item.type} {item.subtype} {item.name}".lower().replace("_", "").replace(" ", "")
    return "stopline" in said


def _is_crossing(item: RoadObject) -> bool:
    return item.type.lower() in ("crosswalk", "crossing")


def _is_parking(item: RoadObject) -> bool:
    return item.type.lower() in ("parkingspace", "parking")


def _outlines(objects: list[RoadObject], is_meant) -> list[Polygon]:
    shapes = [Polygon(o.outline) for o in objects if is_meant(o) and o.outline is not None]
    return [part for shape in shapes for part in _polygons(shapely.make_valid(shape))]


def _polygons(shape) -> list[Polygon]:
    return [p for p in shapely.get_parts(shape) if isinstance(p, Polygon) and p.area > 0]


def _strips(
    odr: OpenDrive, kinds: set[str] | frozenset[str], roads: list[Road] | None = None
) -> Iterator[Polygon]:
    """The areas of the lanes of some types, section by section."""
    for road in odr.roads.values() if roads is None else roads:
        for section in road.sections:
            for lane in section.lanes.values():
                if lane.id and lane.type in kinds:
                    yield from _strip(road, section, lane.id)


def _strip(road: Road, section: LaneSection, lane_id: int) -> list[Polygon]:
    s = steps(section.start_m, section.end_m)
    edges = [
        shapely.get_coordinates(
            shapely.simplify(shapely.linestrings(offset_points(road, s, t)), 0.01)
        )
        for t in lane_edges(road, section, lane_id, s)
    ]
    ring = np.concatenate([edges[0], edges[1][::-1]])
    return _polygons(shapely.make_valid(Polygon(ring))) if len(ring) >= 3 else []


def _inside(odr: OpenDrive, junction: str) -> list[Polygon]:
    roads = [road for road in odr.roads.values() if road.junction == junction]
    return list(_strips(odr, DRIVING, roads))


def _joined(parts: list[Polygon]) -> tuple[Polygon, ...]:
    """The union without seams and slivers."""
    whole = shapely.union_all(parts)
    whole = whole.buffer(SEAM_M, join_style="mitre").buffer(-SEAM_M, join_style="mitre")
    return tuple(p for p in _polygons(whole) if p.area > SMALL_M2)


def _dividers(odr: OpenDrive) -> Iterator[np.ndarray]:
    """Painted lines, outside junctions and inside."""
    for road in odr.roads.values():
        for section in road.sections:
            for lane in section.lanes.values():
                starts = [max(mark.s_m, section.start_m) for mark in lane.marks]
                for mark, low, high in zip(lane.marks, starts, [*starts[1:], section.end_m]):
                    if mark.type == "none" or high - low < 0.1:
                        continue
                    s = steps(low, high, MAX_DIVIDER_STEP_M)
                    yield offset_points(road, s, lane_edges(road, section, lane.id, s)[1])
