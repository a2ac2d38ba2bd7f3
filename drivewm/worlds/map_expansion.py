"""The nuScenes map expansion (v1.3) of every road network of a location.

Lane and connector tokens are the lanes' own ids, so that lights and tracks name the same lanes.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from shapely.geometry import LineString, Point, Polygon

from drivewm.scene import Lane, RoadMap
from drivewm.sim.traffic import LightProgram
from drivewm.worlds.arcline import arcline_paths
from drivewm.worlds.map_records import Records, joined, parts

HALF_LANE_M = 1.75
LIGHT_BEYOND_STOP_M = 8.0  # a light stands behind its stop line
LIGHT_HEIGHT_M = 5.0
EDGE_M = 60.0  # free rim round the outermost road


@dataclass(frozen=True, kw_only=True)
class Network:
    """One road network, drawn where its worlds stand."""

    road_map: RoadMap
    lights: LightProgram


def lane_polygon(lane: Lane) -> Polygon:
    """The lane's own polygon, or its centreline 3.5 m wide."""
    if lane.polygon is not None:
        return lane.polygon
    return LineString(lane.centerline).buffer(HALF_LANE_M, cap_style="flat")


def canvas_edge(networks: Sequence[Network]) -> tuple[float, float]:
    """Width and height in metres (whole tens) of the map that holds every network.

    Raises:
        ValueError: a network reaches past x = 0 or y = 0, where nuScenes maps begin.
    """
    bounds = np.array([p.bounds for n in networks for p in n.road_map.drivable])
    if bounds[:, :2].min() < 0:
        raise ValueError("a road network reaches past the origin of its map")
    width, height = np.ceil((bounds[:, 2:].max(axis=0) + EDGE_M) / 10) * 10
    return float(width), float(height)


def expansion(location: str, networks: Sequence[Network]) -> dict:
    """The JSON content of ``maps/expansion/<location>.json``.

    Raises:
        ValueError: two lanes share an id.
    """
    records = Records(location)
    ids = [lane.id for n in networks for lane in n.road_map.lanes]
    if len(ids) != len(dict.fromkeys(ids)):
        raise ValueError(f"two lanes of {location} share an id")
    for network in networks:
        _add_network(records, network)
    return {
        **records.layers,
        "connectivity": records.connectivity,
        "arcline_path_3": records.arclines,
        "canvas_edge": list(canvas_edge(networks)),
        "version": "1.3",
    }


def expansion_text(location: str, networks: Sequence[Network]) -> str:
    """``expansion`` as compact JSON."""
    return json.dumps(expansion(location, networks), separators=(",", ":"), allow_nan=False)


def _add_network(records: Records, network: Network) -> None:
    road = network.road_map
    shapes = [piece for p in road.drivable for piece in parts(p)]
    area = records.add("drivable_area", {"polygon_tokens": [records.polygon(p) for p in shapes]})
    segments = _add_segments(records, road, area)
    blocks = _add_blocks(records, road, segments)
    for lane in road.lanes:
        _add_lane(records, lane)
    _connect(records, road)
    crossings = [_add_crossing(records, p, segments) for p in road.crossings]
    for shape in road.walkways:
        records.add("walkway", {"polygon_token": records.polygon(shape)})
    for shape in road.carparks:
        records.add(
            "carpark_area",
            {"polygon_token": records.polygon(shape), "orientation": 0.0, "road_block_token": None},
        )
    lights = _add_lights(records, network, blocks)
    for shape in road.stop_lines:
        _add_stop_line(records, shape, network, lights, crossings)
    _add_dividers(records, road)


def _add_segments(records: Records, road: RoadMap, area: str) -> list[tuple[str, Polygon]]:
    """Road segments: intersections, and the drivable area that is outside of them."""
    out = []
    inside = joined(road.intersections) if road.intersections else Polygon()
    outside = [piece for p in road.drivable for piece in parts(p.difference(inside))]
    for shapes, crossing in ((road.intersections, True), (outside, False)):
        for shape in shapes:
            if shape.area < 1.0:  # slivers that the difference leaves
                continue
            row = {
                "polygon_token": records.polygon(shape),
                "is_intersection": crossing,
                "drivable_area_token": area,
            }
            out.append((records.add("road_segment", row), shape))
    return out


def _segment_of(shape: Polygon, segments: list[tuple[str, Polygon]]) -> str | None:
    inside = shape.representative_point()
    return next((name for name, area in segments if area.contains(inside)), None)


def _ends(lane: Lane) -> tuple[np.ndarray, np.ndarray]:
    """First and last cross-section of a lane, [2, 2] each, left to right."""
    if lane.left_boundary is not None and lane.right_boundary is not None:
        left, right = lane.left_boundary, lane.right_boundary
        return np.stack([left[0], right[0]]), np.stack([left[-1], right[-1]])
    out = []
    for point, along in (
        (lane.centerline[0], lane.centerline[1] - lane.centerline[0]),
        (lane.centerline[-1], lane.centerline[-1] - lane.centerline[-2]),
    ):
        normal = np.array([-along[1], along[0]]) / np.linalg.norm(along) * HALF_LANE_M
        out.append(np.stack([point + normal, point - normal]))
    return out[0], out[1]


def _add_blocks(
    records: Records, road: RoadMap, segments: list[tuple[str, Polygon]]
) -> dict[str, str]:
    """Road blocks: lanes side by side in one direction. Returns lane id -> block token."""
    groups: dict[str, list[Lane]] = {}
    for lane in road.lanes:
        if not lane.is_connector:
            groups.setdefault(lane.roadblock_id or lane.id, []).append(lane)
    blocks = {}
    for lanes in groups.values():
        shape = joined(lane_polygon(lane) for lane in lanes)
        start, end = (np.concatenate([_ends(lane)[i] for lane in lanes]) for i in (0, 1))
        row = {
            "polygon_token": records.polygon(shape),
            "from_edge_line_token": records.line(start),
            "to_edge_line_token": records.line(end),
            "road_segment_token": _segment_of(shape, segments),
        }
        name = records.add("road_block", row)
        blocks.update({lane.id: name for lane in lanes})
    return blocks


def _add_lane(records: Records, lane: Lane) -> None:
    records.arclines[lane.id] = arcline_paths(lane.centerline)
    shape = parts(lane_polygon(lane))[0]
    if lane.is_connector:
        records.add("lane_connector", {"polygon_token": records.polygon(shape)}, lane.id)
        return
    start, end = _ends(lane)
    row: dict = {
        "polygon_token": records.polygon(shape),
        "lane_type": "BIKE" if lane.is_bike else "CAR",
        "from_edge_line_token": records.line(start),
        "to_edge_line_token": records.line(end),
    }
    for side, border, neighbor in (
        ("left", lane.left_boundary, lane.left_neighbor),
        ("right", lane.right_boundary, lane.right_neighbor),
    ):
        dashed = "DOUBLE_DASHED_WHITE" if neighbor else "SINGLE_SOLID_WHITE"
        segments = [] if border is None else records.divider_nodes(border, dashed)
        row[f"{side}_lane_divider_segments"] = segments
    records.add("lane", row, lane.id)


def _connect(records: Records, road: RoadMap) -> None:
    known = {lane.id for lane in road.lanes}
    incoming: dict[str, list[str]] = {lane.id: [] for lane in road.lanes}
    for lane in road.lanes:
        for follower in lane.successors:
            if follower in known:
                incoming[follower].append(lane.id)
    for lane in road.lanes:
        records.connectivity[lane.id] = {
            "incoming": incoming[lane.id],
            "outgoing": [name for name in lane.successors if name in known],
        }


def _add_crossing(
    records: Records, shape: Polygon, segments: list[tuple[str, Polygon]]
) -> tuple[str, Polygon]:
    row = {
        "polygon_token": records.polygon(shape),
        "road_segment_token": _segment_of(shape, segments),
    }
    return records.add("ped_crossing", row), shape


def _add_lights(
    records: Records, network: Network, blocks: dict[str, str]
) -> list[tuple[str, np.ndarray]]:
    """One light per controlled connector. Returns (token, stop point)."""
    out = []
    for lane_id, stop in zip(network.lights.lane_ids, network.lights.stop_points):
        lane = network.road_map.lane(lane_id)
        along = lane.centerline[1] - lane.centerline[0]
        along = along / np.linalg.norm(along)
        light = np.asarray(stop) + LIGHT_BEYOND_STOP_M * along
        incoming = records.connectivity[lane_id]["incoming"]
        outgoing = [blocks[n] for n in records.connectivity[lane_id]["outgoing"] if n in blocks]
        place = {
            "tx": float(light[0]),
            "ty": float(light[1]),
            "tz": LIGHT_HEIGHT_M,
            "rx": 0.0,
            "ry": 0.0,
            "rz": float(np.arctan2(-along[1], -along[0])),
        }
        items = [
            {
                "color": color,
                "shape": "CIRCLE",
                "to_road_block_tokens": outgoing,
                "rel_pos": {"tx": 0.0, "ty": 0.0, "tz": height, "rx": 0.0, "ry": 0.0, "rz": 0.0},
            }
            for color, height in (("RED", 0.7), ("YELLOW", 0.35), ("GREEN", 0.0))
        ]
        row = {
            "line_token": records.line(np.stack([light, light - along])),
            "traffic_light_type": "VERTICAL",
            "items": items,
            "pose": place,
            "from_road_block_token": next((blocks[n] for n in incoming if n in blocks), None),
        }
        out.append((records.add("traffic_light", row), np.asarray(stop)))
    return out


def _add_stop_line(
    records: Records,
    shape: Polygon,
    network: Network,
    lights: list[tuple[str, np.ndarray]],
    crossings: list[tuple[str, Polygon]],
) -> None:
    """A stop line belongs to the lights whose stop points are at it, else to a crossing near it."""
    own = [name for name, stop in lights if shape.distance(Point(stop)) < 2.0]
    near = [name for name, area in crossings if shape.distance(area) < 4.0]
    kind = "TRAFFIC_LIGHT" if own else "PED_CROSSING" if near else "YIELD"
    records.add(
        "stop_line",
        {
            "polygon_token": records.polygon(shape),
            "stop_line_type": kind,
            "ped_crossing_tokens": near if kind == "PED_CROSSING" else [],
            "traffic_light_tokens": own,
            "road_block_token": None,
        },
    )


def _add_dividers(records: Records, road: RoadMap) -> None:
    """A divider beside a lane that has a neighbour there parts lanes, else it parts directions."""
    shared = [
        LineString(border)
        for lane in road.lanes
        if not lane.is_connector
        for border, neighbor in (
            (lane.left_boundary, lane.left_neighbor),
            (lane.right_boundary, lane.right_neighbor),
        )
        if neighbor is not None and border is not None
    ]
    for points in road.dividers:
        middle = LineString(points).interpolate(0.5, normalized=True)
        if any(border.distance(middle) < 0.3 for border in shared):
            nodes = records.divider_nodes(points, "DOUBLE_DASHED_WHITE")
            line = records.add("line", {"node_tokens": [n["node_token"] for n in nodes]})
            records.add("lane_divider", {"line_token": line, "lane_divider_segments": nodes})
        else:
            records.add(
                "road_divider", {"line_token": records.line(points), "road_segment_token": None}
            )
