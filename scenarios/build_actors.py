"""The actors of a storyboard from those of a scenario: classes, sizes, who reacts when."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from drivewm.errors import InputError
from drivewm.geometry.boxes import corners
from drivewm.scenarios.family import Concrete
from drivewm.scenarios.placing import EgoWay
from drivewm.scenarios.placing_actors import Placed, Placer
from drivewm.scenarios.placing_paths import PathBook, straight
from drivewm.scenarios.roads import Drawn, place_on
from drivewm.scenarios.schema_actors import STILL, VEHICLES, VULNERABLE, Actor, OnLane
from drivewm.scene import VehicleParams, classify
from drivewm.sim.script import model as m

CATEGORIES = {
    "car": "vehicle.car", "van": "vehicle.truck", "truck": "vehicle.truck",
    "bus": "vehicle.bus.rigid", "motorcycle": "vehicle.motorcycle", "bicycle": "vehicle.bicycle",
    "scooter": "human.pedestrian.personal_mobility", "pedestrian": "human.pedestrian.adult",
    "child": "human.pedestrian.child", "wheelchair": "human.pedestrian.wheelchair",
    "dog": "animal", "deer": "animal", "cone": "movable_object.trafficcone",
    "barrier": "movable_object.barrier", "debris": "movable_object.debris",
    "trolley": "movable_object.pushable_pullable", "ball": "movable_object.debris",
    "container": "static_object.container", "wall": "static_object.wall",
    "hedge": "static_object.hedge", "police": "vehicle.emergency.police",
    "ambulance": "vehicle.emergency.ambulance", "fire_engine": "vehicle.emergency.ambulance",
}  # fmt: skip
WALLS = ("wall_", "hedge_", "building_")  # pieces of a bent one meet
THICKNESS_M = {"wall": 0.3, "hedge": 0.8, "building": 8.0}
PIECE_M, STRAIGHT_RAD = 6.0, 1e-3
PARKED_M = (4.5, 1.85, 1.55)
CONE_M = (0.4, 0.4, 0.8)
CONE_SPACING_M, CONE_EDGE_M = 5.0, 0.3


@dataclass(frozen=True, kw_only=True)
class Cast:
    """Everybody in order, and where the named ones were placed."""

    actors: tuple[m.Actor, ...]
    placed: dict[str, Placed]


def cast_of(
    concrete: Concrete, drawn: Drawn, ego: EgoWay, book: PathBook, vehicle: VehicleParams
) -> Cast:
    """Places and dresses all actors, the cars of a car park and the cones of closed lanes."""
    speeds = {name: _moving_speed(concrete, name) for name in concrete.actors}
    placer = Placer(drawn, ego, book, vehicle, speeds)
    placed = [one for name, actor in concrete.actors.items() for one in placer.place(name, actor)]
    told = [event.actor for event in concrete.story]
    where = f"{concrete.file}:{concrete.line}" if concrete.file else None
    actors = [_actor(one, one.name in told, where) for one in placed]
    actors += _walls(concrete, drawn, book)
    actors += _parked(drawn, book)
    actors += _cones(concrete, drawn, book)
    return Cast(actors=tuple(actors), placed={one.name: one for one in placed})


def _moving_speed(concrete: Concrete, name: str) -> float:
    """The speed of an actor, or of the first event that sets it off."""
    actor = concrete.actors[name]
    if actor.speed_mps:
        return actor.speed_mps
    wanted = [do.speed.to_mps for event in concrete.story if event.actor == name
              for do in event.do if do.speed is not None]  # fmt: skip
    return next((speed for speed in wanted if speed), 0.0)


def _actor(one: Placed, is_told: bool, where: str | None) -> m.Actor:
    actor = one.actor
    category = CATEGORIES[actor.kind]
    score_type, occ_class = classify("nuscenes", category)
    return m.Actor(
        id=one.name, category=category, kind=_kind(actor), score_type=score_type,
        occ_class=occ_class, size_m=actor.size_m, start=one.position,
        speed_mps=actor.speed_mps, reactive=_reactive(one, is_told),
        path=one.position.path, cruise_mps=_cruise(actor), where=where,
    )  # fmt: skip


def _kind(actor: Actor):
    if actor.kind in VEHICLES or actor.kind in ("van", "bicycle"):
        return "vehicle"
    return "pedestrian" if actor.kind in VULNERABLE else "object"


def _reactive(one: Placed, is_told: bool) -> m.Reactive:
    """Who was told what to do and drives in a lane reacts once that is done; others only when they
    are reactive from the start (a red-light runner would else obey the light in the end)."""
    actor = one.actor
    if actor.behaviour == "reactive":
        return "idle"
    drives = actor.kind in VEHICLES or actor.kind in ("van", "bicycle")
    ahead = isinstance(actor.place, OnLane) and one.follows_lane
    return "after" if is_told and drives and ahead and actor.behaviour == "scripted" else "never"


def _cruise(actor: Actor) -> float | None:
    if actor.behaviour != "reactive":
        return None
    return actor.desired_speed_mps or abs(actor.speed_mps) or None


def _still(book: PathBook, name: str, kind: str, size, pose) -> m.Actor:
    category = CATEGORIES[kind]
    score_type, occ_class = classify("nuscenes", category)
    x, y, heading_rad = (float(v) for v in pose)
    path = book.free(name, straight(x, y, heading_rad, 4.0))
    return m.Actor(
        id=name, category=category, kind="object" if kind in STILL else "vehicle",
        score_type=score_type, occ_class=occ_class, size_m=size, reactive="never", path=path,
        start=m.PathPosition(path=path, s_m=0.0),
    )  # fmt: skip


def _walls(concrete: Concrete, drawn: Drawn, book: PathBook) -> Iterator[m.Actor]:
    """Walls, hedges and buildings beside the road, in pieces where it bends. They are tracks: what
    hides others in mode ``visible`` is a track."""
    line = drawn.line
    along = np.hypot(*np.diff(line, axis=0).T)
    heading = np.unwrap(np.arctan2(*np.diff(line, axis=0).T[::-1]))
    s = np.concatenate([[0.0], np.cumsum(along)])
    for k, wall in enumerate(getattr(concrete.road, "walls", ())):
        thick = THICKNESS_M[wall.material]
        start = wall.at_m
        if drawn.near_m is not None:  # back from the junction's edge
            start = drawn.near_m - wall.at_m - wall.length_m
        inside = (s[:-1] >= start - 1.0) & (s[:-1] <= start + wall.length_m)
        bent = inside.any() and float(np.ptp(heading[inside])) > STRAIGHT_RAD
        pieces = max(round(wall.length_m / PIECE_M), 1) if bent else 1
        side = 1.0 if wall.side == "left" else -1.0
        size = (wall.length_m / pieces, thick, wall.height_m)
        for n in range(pieces):
            at = start + (n + 0.5) * wall.length_m / pieces
            away = side * (drawn.kerb_m(wall.side, at) + wall.from_kerb_m + thick / 2)
            name = f"{wall.material}_{k}_{n}"
            kind = "hedge" if wall.material == "hedge" else "wall"
            yield _still(book, name, kind, size, place_on(line, at, away))


def _parked(drawn: Drawn, book: PathBook) -> Iterator[m.Actor]:
    for k, bay in enumerate(drawn.bays):
        yield _still(book, f"parked_{k}", "car", PARKED_M, (bay.x, bay.y, bay.heading_rad))


def _cones(concrete: Concrete, drawn: Drawn, book: PathBook) -> Iterator[m.Actor]:
    """Cones around closed lanes: along the side towards open lanes, and slantwise before them."""
    number = 0
    for closed in getattr(concrete.road, "closed", ()):
        entering = drawn.arms["near"].entering
        line = drawn.network.lanes[entering[len(entering) - 1 - closed.lane]].line
        half = drawn.network.lanes[entering[0]].width_m / 2 - CONE_EDGE_M
        inner = 1.0 if closed.lane == 0 or closed.lane < len(entering) / 2 - 0.5 else -1.0
        for at in np.arange(closed.from_m - closed.taper_m, closed.to_m + 0.1, CONE_SPACING_M):
            share = float(np.clip((closed.from_m - at) / closed.taper_m, 0.0, 1.0))
            left = inner * half * (1.0 - 2.0 * share)
            yield _still(book, f"cone_{number}", "cone", CONE_M, place_on(line, float(at), left))
            number += 1


def check_overlaps(
    cast: Cast, book: PathBook, ego_start: np.ndarray, vehicle: VehicleParams
) -> None:
    """Nobody may begin inside another, or inside the ego.

    Raises:
        InputError: two do; both are named.
    """
    from shapely import STRtree
    from shapely.geometry import Polygon

    names, boxes = ["the ego"], [_box(ego_pose(ego_start, vehicle), vehicle.length_m,
                                      vehicle.width_m)]  # fmt: skip
    for actor in cast.actors:
        x, y, heading = start_pose(actor, book)
        names.append(actor.id)
        boxes.append(_box((x, y, heading), actor.size_m[0], actor.size_m[1]))
    shapes = [Polygon(box) for box in boxes]
    tree = STRtree(shapes)
    for i, shape in enumerate(shapes):
        for j in sorted(tree.query(shape, predicate="intersects").tolist()):
            walls = names[i].startswith(WALLS) and names[j].startswith(WALLS)
            if j > i and not walls and shape.intersection(shapes[j]).area > 1e-4:
                raise InputError(f"{names[j]} begins inside {names[i]}", field=f"actors.{names[j]}",
                                 fix="move one of them")  # fmt: skip


def start_pose(actor: m.Actor, book: PathBook) -> tuple[float, float, float]:
    """Where the box of an actor of ``cast_of`` begins."""
    start = actor.start
    assert isinstance(start, m.PathPosition), "actors begin on paths"
    x, y, heading = place_on(book.paths[start.path].xy, start.s_m, start.lateral_m)
    return x, y, heading + start.heading_rad


def ego_pose(state: np.ndarray, vehicle: VehicleParams) -> tuple[float, float, float]:
    """Middle of the ego's box."""
    ahead = vehicle.rear_axle_to_center_m
    x, y, heading = state[:3]
    return float(x + ahead * np.cos(heading)), float(y + ahead * np.sin(heading)), float(heading)


def _box(pose, length_m: float, width_m: float) -> np.ndarray:
    return corners(np.array(pose), np.array(length_m), np.array(width_m))
