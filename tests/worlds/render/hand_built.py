"""Hand-built worlds: one straight road along x with a crossing and a light; chosen actors on it."""

from __future__ import annotations

import numpy as np
from shapely.geometry import Polygon, box

from drivewm.scene import ZOE, Lane, OccClass, RoadMap
from drivewm.sim.traffic import LightProgram, Traffic
from drivewm.worlds.actors import Actors, Solids
from drivewm.worlds.world import World, WorldSpec

ORIGIN_M = (1000.0, 600.0)
CATEGORY = {
    OccClass.CAR: ("vehicle.car", (4.6, 1.9, 1.6)),
    OccClass.TRUCK: ("vehicle.truck", (7.5, 2.5, 3.2)),
    OccClass.BUS: ("vehicle.bus.rigid", (11.0, 2.9, 3.4)),
    OccClass.TRAILER: ("vehicle.trailer", (9.0, 2.5, 3.6)),
    OccClass.CONSTRUCTION_VEHICLE: ("vehicle.construction", (6.0, 2.6, 3.0)),
    OccClass.MOTORCYCLE: ("vehicle.motorcycle", (2.1, 0.8, 1.5)),
    OccClass.BICYCLE: ("vehicle.bicycle", (1.75, 0.65, 1.65)),
    OccClass.PEDESTRIAN: ("human.pedestrian.adult", (0.72, 0.67, 1.77)),
    OccClass.TRAFFIC_CONE: ("movable_object.trafficcone", (0.42, 0.42, 1.05)),
    OccClass.BARRIER: ("movable_object.barrier", (0.5, 2.4, 1.0)),
}  # fmt: skip


def _strip(x0: float, y0: float, x1: float, y1: float) -> Polygon:
    return box(x0 + ORIGIN_M[0], y0 + ORIGIN_M[1], x1 + ORIGIN_M[0], y1 + ORIGIN_M[1])


def _lane(name: str, y: float, forward: bool, x0: float, x1: float, **more) -> Lane:
    xs = np.linspace(x0, x1, 12) if forward else np.linspace(x1, x0, 12)
    side = 1.75 if forward else -1.75
    lines = [np.stack([xs + ORIGIN_M[0], np.full(12, y + d + ORIGIN_M[1])], -1)
             for d in (0.0, side, -side)]  # fmt: skip
    return Lane(id=name, centerline=lines[0], left_boundary=lines[1], right_boundary=lines[2],
                polygon=_strip(x0, y - 1.75, x1, y + 1.75), **more)  # fmt: skip


def straight_road(weather: str = "day", with_scenery: bool = True) -> World:
    """A road of two lanes each way along x at y = 0, walkways beside it, a crossing at x = 30 and
    a light for the two eastbound lanes at x = 25; buildings, trees and poles when asked."""
    lanes = []
    for name, y, forward in (("e0", -1.75, True), ("e1", -5.25, True), ("w0", 1.75, False),
                             ("w1", 5.25, False)):  # fmt: skip
        lanes.append(_lane(name, y, forward, -100.0, 25.0, successors=(f"{name}x",)))
        lanes.append(_lane(f"{name}x", y, forward, 25.0, 40.0, is_connector=True,
                           has_light=forward))  # fmt: skip
        lanes.append(_lane(f"{name}y", y, forward, 40.0, 100.0))
    road_map = RoadMap(
        origin="map_expansion", lanes=tuple(lanes), drivable=(_strip(-100, -7, 100, 7),),
        walkways=(_strip(-100, 7, 100, 11), _strip(-100, -11, 100, -7)),
        crossings=(_strip(28, -7, 32, 7),), stop_lines=(_strip(24.6, -7, 25.0, 0),),
    )  # fmt: skip
    stops = np.array([[25.0, -1.75], [25.0, -5.25]]) + ORIGIN_M
    lights = LightProgram(lane_ids=("e0x", "e1x"), stop_points=stops,
                          group=np.zeros(2, np.int64), green_s=(12.0,))  # fmt: skip
    return World(
        spec=WorldSpec(seed=3, layout="straight", layout_seed=5, location="boston-seaport",
                       origin_m=ORIGIN_M, weather=weather),
        road_map=road_map, solids=_scenery() if with_scenery else _solids([]), lights=lights,
        vehicle=ZOE, ego_start=np.zeros(11), route=np.zeros((2, 2)), speed_limit_mps=13.0,
        make_traffic=_no_traffic,
    )  # fmt: skip


def _no_traffic() -> Traffic:
    raise LookupError("hand-built worlds have no traffic")


def _scenery() -> Solids:
    rows = []
    draws = np.random.default_rng(1).random((60, 6))
    colors = ((150, 96, 76), (186, 176, 160), (120, 124, 130), (196, 160, 120))
    leaves = (86, 122, 58)
    for k, x in enumerate(np.arange(-95, 100, 16.0)):
        for side in (-1, 1):
            d = draws[2 * k + (side > 0)]
            size = (13.0 + 3 * d[0], 10.0 + 4 * d[1], 7.0 + 16 * d[2])
            y = side * (13.5 + size[1] / 2 + 2 * d[3])
            center = (x, y, size[2] / 2)
            rows.append((center, size, OccClass.MANMADE, colors[int(4 * d[4])]))
            tree = (3.5 + 2 * d[5], 3.5 + 2 * d[5], 5.0 + 3 * d[0])
            rows.append(((x + 8, side * 9.5, tree[2] / 2), tree, OccClass.VEGETATION, leaves))
            rows.append(((x + 3, side * 7.8, 3.0), (0.2, 0.2, 6.0), OccClass.MANMADE, (90, 92, 95)))
    return _solids(rows)


def _solids(rows) -> Solids:
    return Solids(
        center_m=np.add(np.array([r[0] for r in rows], float).reshape(-1, 3), (*ORIGIN_M, 0.0)),
        size_m=np.array([r[1] for r in rows], float).reshape(-1, 3), yaw_rad=np.zeros(len(rows)),
        occ_class=np.array([r[2] for r in rows], np.int8),
        color=np.array([r[3] for r in rows], np.uint8).reshape(-1, 3),
    )  # fmt: skip


def ego_at(x: float = 0.0, y: float = -1.75, heading: float = 0.0) -> np.ndarray:
    """An ego pose in the map frame, given on the road's own axes."""
    return np.array([ORIGIN_M[0] + x, ORIGIN_M[1] + y, heading])


def actors_at(*rows) -> Actors:
    """Actors from rows of (class, x, y, heading), given on the road's own axes."""
    sizes = np.array([CATEGORY[r[0]][1] for r in rows], float).reshape(-1, 3)
    state = np.array([[r[1] + ORIGIN_M[0], r[2] + ORIGIN_M[1], s[2] / 2, r[3], 0, 0]
                      for r, s in zip(rows, sizes)], float).reshape(-1, 6)  # fmt: skip
    return Actors(
        ids=tuple(f"{k:032x}" for k in range(len(rows))),
        categories=tuple(CATEGORY[r[0]][0] for r in rows),
        occ_class=np.array([r[0] for r in rows], np.int8), size_m=sizes, state=state,
        valid=np.ones(len(rows), bool),
    )  # fmt: skip


def busy_street() -> Actors:
    """One of every class ahead, and more cars around."""
    o, pi = OccClass, np.pi
    return actors_at(
        (o.CAR, 14, -1.75, 0.0), (o.CAR, 9, 1.75, pi), (o.CAR, 17, 5.25, pi), (o.BUS, 30, 5.3, pi),
        (o.TRUCK, 26, -5.25, 0.0), (o.TRAILER, 48, -5.25, 0.0), (o.BICYCLE, 10, -6.0, 0.1),
        (o.MOTORCYCLE, 20, -3.4, 0.0), (o.PEDESTRIAN, 12, -8.6, 0.4), (o.PEDESTRIAN, 30, -3, 1.6),
        (o.PEDESTRIAN, 8.5, 8.6, 2.0), (o.TRAFFIC_CONE, 9, -4.2, 0.0), (o.TRAFFIC_CONE, 12, -4, 0),
        (o.BARRIER, 14.5, -8.0, 0.2), (o.CONSTRUCTION_VEHICLE, 36, 1.7, pi), (o.CAR, -9, -1.75, 0),
        (o.CAR, -6, 2.2, pi), (o.CAR, 2.5, -5.6, 0.0), (o.CAR, -14, -5.25, 0), (o.CAR, 60, 1.7, pi),
        (o.CAR, 1.0, 5.2, pi), (o.PEDESTRIAN, -4, -8.2, 3.0), (o.CAR, 34, -1.75, 0.0),
    )  # fmt: skip
