"""What is beside the lanes: pedestrians, parked cars, work zones."""

from __future__ import annotations

import numpy as np
from shapely.geometry import LineString, Point, Polygon
from shapely.ops import linemerge, unary_union

from drivewm.sim.traffic_paths import Path, arc_lengths
from drivewm.sim.traffic_state import Mode
from drivewm.worlds.cast import Member
from drivewm.worlds.catalogue import (
    ADULT,
    BARRIER,
    CHILD,
    CONE,
    PARKED_MIX,
    Kind,
    draw_kind,
    draw_size,
)  # fmt: skip
from drivewm.worlds.layouts.network import Network, normals, resample
from drivewm.worlds.pathways import WorkZone
from drivewm.worlds.spawn import Stage


def sidewalk_lines(network: Network, road: Polygon) -> list[np.ndarray]:
    """Middle lines of the sidewalks (not of islands), network frame."""
    outer = Polygon(road.exterior) if isinstance(road, Polygon) else road.convex_hull
    ring = LineString(outer.buffer(network.sidewalk_m / 2).exterior)
    pieces = ring.difference(unary_union(network.road_ends))
    merged = linemerge(pieces) if pieces.geom_type == "MultiLineString" else pieces
    parts = getattr(merged, "geoms", [merged])
    return [resample(np.array(p.coords)) for p in parts if p.length > 15]


def add_walkers(stage: Stage, road: Polygon) -> None:
    """Pedestrians along the sidewalks, both ways."""
    rng, lines = stage.rng, sidewalk_lines(stage.ways.network, road)
    for _ in range(int(rng.integers(6, 14) * stage.density)):
        line = lines[int(rng.integers(len(lines)))]
        line = line if rng.random() < 0.5 else line[::-1]
        path = stage.ways.add(Path(xy=line + stage.ways.origin))
        s = rng.uniform(0, float(arc_lengths(line)[-1]) * 0.8)
        room = stage.ways.network.sidewalk_m / 2 - 0.5
        add_pedestrian(stage, path, s, lateral=rng.uniform(-room, room))


def add_crossers(stage: Stage) -> None:
    """Pedestrians who come along the sidewalk and cross at a crossing; some do not wait."""
    rng, network = stage.rng, stage.ways.network
    for crossing in network.crossings:
        for _ in range(int(rng.poisson(1.1 * stage.density))):
            kerbs = crossing.kerbs if rng.random() < 0.5 else crossing.kerbs[::-1]
            way = (kerbs[1] - kerbs[0]) / np.hypot(*(kerbs[1] - kerbs[0]))
            out = network.sidewalk_m / 2 * way
            along = crossing.along * rng.uniform(-0.6, 0.6)
            come, leave = crossing.along * rng.uniform(3, 18), crossing.along * rng.uniform(10, 25)
            corner = kerbs[0] - out + along
            line = np.array([corner + come, corner, kerbs[1] + out + along,
                             kerbs[1] + out + along + leave])  # fmt: skip
            kerb = float(np.hypot(*come)) + network.sidewalk_m / 2 - 0.3
            end = kerb + float(np.hypot(*(kerbs[1] - kerbs[0]))) + 0.3
            path = stage.ways.add(Path(xy=resample(line, 0.5) + stage.ways.origin))
            patient = rng.random() < 0.75
            add_pedestrian(
                stage, path, 0.0, appear=0.0 if rng.random() < 0.6 else rng.uniform(0, 10),
                kerb_s=kerb if patient else np.inf, kerb_end_s=end if patient else np.inf,
            )  # fmt: skip


def add_pedestrian(stage: Stage, path: int, s: float, **more) -> int:
    rng = stage.rng
    kind: Kind = CHILD if rng.random() < 0.12 else ADULT
    pace = rng.uniform(1.0, 1.7)
    return stage.cast.add(
        Member(kind=kind, size_m=draw_size(kind, rng), mode=Mode.WALK, path=path, s=s,
               speed=pace, target=pace, clear=0.1, **more)
    )  # fmt: skip


def add_parked(stage: Stage, kept_free: list[Polygon]) -> None:
    """Cars on the kerb strips, not on crossings, junction mouths or work zones."""
    rng, network = stage.rng, stage.ways.network
    blocked = unary_union([c.polygon.buffer(4.0) for c in network.crossings] + kept_free)
    taken: list[Point] = []
    for strip in network.parking:
        heading = np.arctan2(*np.gradient(strip, axis=0).T[::-1])
        share = rng.uniform(0.15, 0.6) * min(stage.density, 1.3)
        s = rng.uniform(4, 12)
        while s < len(strip) - 6:
            kind = draw_kind(PARKED_MIX, rng)
            size = draw_size(kind, rng)
            spot = Point(strip[int(s)])
            clear = all(spot.distance(other) > 8.5 for other in taken)
            if rng.random() < share and clear and spot.buffer(3.5).disjoint(blocked):
                x, y = strip[int(s)] + stage.ways.origin
                turn = heading[int(s)] + rng.normal(0, 0.015)
                if size[1] < network.parking_m + 0.05:
                    stage.cast.add(Member(kind=kind, size_m=size, mode=Mode.STATIC,
                                          pose=(x, y, float(turn))))  # fmt: skip
                    taken.append(spot)
            s += size[0] + rng.uniform(1.5, 4.0)


def plan_works(stage_rng: np.random.Generator, network: Network) -> list[WorkZone]:
    """A work zone on an outermost lane in some worlds."""
    outer = [
        k for k, lane in enumerate(network.lanes)
        if not lane.is_connector and lane.right < 0 and len(lane.line) > 80
    ]  # fmt: skip
    if not outer or stage_rng.random() > 0.4:
        return []
    lane = outer[int(stage_rng.integers(len(outer)))]
    length = len(network.lanes[lane].line)
    start, long = stage_rng.uniform(35, length - 45), stage_rng.uniform(8, 20)
    into = stage_rng.uniform(0.3, 0.7)
    return [WorkZone(lane=lane, start_m=start, end_m=start + long, intrusion_m=into,
                     shift_m=into + 0.25)]  # fmt: skip


def add_works(stage: Stage) -> list[Polygon]:
    """Cones along the edge and barriers behind them; returns the areas taken."""
    areas = []
    for work in stage.ways.works:
        lane = stage.ways.network.lanes[work.lane]
        line, normal = lane.line, normals(lane.line)
        edge = -(lane.width_m / 2 - work.intrusion_m)
        spots = []
        for s in np.arange(work.start_m - 6.0, work.end_m + 2.0, 2.4):
            k = min(int(s), len(line) - 1)
            taper = np.clip((work.start_m - s) / 6.0, 0, 1) * work.intrusion_m
            add_static(stage, CONE, line[k] + normal[k] * (edge - 0.25 - taper), 0.0)
            spots.append(line[k])
        for s in np.arange(work.start_m + 1.5, work.end_m - 1.0, 3.2):
            k = min(int(s), len(line) - 1)
            across = float(np.arctan2(normal[k, 1], normal[k, 0]))  # barriers are wide, not long
            add_static(stage, BARRIER, line[k] + normal[k] * (edge - 1.0), across)
        areas.append(LineString(spots).buffer(lane.width_m / 2 + 3.0))
    return areas


def add_static(stage: Stage, kind: Kind, point: np.ndarray, heading: float) -> None:
    x, y = point + stage.ways.origin
    stage.cast.add(Member(kind=kind, size_m=draw_size(kind, stage.rng), mode=Mode.STATIC,
                          pose=(float(x), float(y), heading)))  # fmt: skip
