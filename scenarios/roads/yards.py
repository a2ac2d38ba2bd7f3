"""Roads for low speed: car park aisle, street with a driveway, dead end with a court."""

from __future__ import annotations

import numpy as np
from shapely.geometry import Polygon

from drivewm.scenarios.roads.drawn import Arm, Bay, Drawn, Strip, place_on
from drivewm.scenarios.roads.link import Link, Piece, draw_link, join, reference_line
from drivewm.scenarios.schema_road import CarPark, DeadEnd, Driveway
from drivewm.worlds.layouts.network import Network
from drivewm.worlds.layouts.roads import SHOULDER_M


def _two_way(network: Network, length_m: float, lane_m: float, strips=()) -> Drawn:
    line = reference_line(length_m, None, 0.0, None)
    pieces = (Piece(start_m=0.0, end_m=length_m, lanes=1),)
    link = Link(line=line, lane_m=lane_m, backward=1, pieces=pieces, strips=strips)
    return draw_link(network, link)[0]


def draw_car_park(network: Network, road: CarPark) -> Drawn:
    """An aisle of two directions; its bays are filled evenly, the first one first."""
    lane_m = road.aisle_m / 2
    strips = tuple(
        Strip(side=side, from_m=0.0, to_m=road.length_m, width_m=road.bay_m)
        for side in ("left", "right")
    )
    drawn = _two_way(network, road.length_m, lane_m, strips)
    bays, count = [], int(road.length_m / road.bay_width_m)
    for strip in strips:
        side = 1.0 if strip.side == "left" else -1.0
        for k in range(count):
            if int((k + 1) * road.filled_share) > int(k * road.filled_share):
                away = side * (lane_m + road.bay_m / 2)
                x, y, heading = place_on(drawn.line, (k + 0.5) * road.bay_width_m, away)
                bays.append(Bay(x=x, y=y, heading_rad=heading + side * np.pi / 2))
    drawn.bays = tuple(bays)
    return drawn


def draw_driveway(network: Network, road: Driveway) -> Drawn:
    """A street with a paved stub; its lane turns right into the street and gives way to it."""
    drawn = _two_way(network, road.length_m, road.lane_m)
    side = 1.0 if road.side == "left" else -1.0
    kerb = side * (road.lane_m + SHOULDER_M - 0.3)
    back = side * (road.lane_m + road.depth_m)
    ends = (road.at_m - road.width_m / 2, road.at_m + road.width_m / 2)
    wide = (ends[0] - 3.0, ends[1] + 3.0)  # the mouth is flared
    for (a, b), (c, d), (inner, outer) in (
        (ends, ends, (kerb, back)),
        (wide, ends, (kerb, kerb + side * 3.5)),
    ):
        ring = [(a, inner), (b, inner), (d, outer), (c, outer)]
        network.drivable.append(Polygon([place_on(drawn.line, *at)[:2] for at in ring]))
    mouth = np.array(place_on(drawn.line, road.at_m, side * (road.lane_m + 3.0))[:2])
    deep = np.array(place_on(drawn.line, road.at_m, back)[:2])
    width = min(road.width_m, road.lane_m)
    stub = network.lane(np.stack([deep, mouth]), width, network.new_road())
    _split(drawn, road.at_m + 7.0, stub, towards_right=road.side == "right")
    drawn.arms["driveway"] = Arm(entering=(stub,))
    drawn.ego_arm = "driveway" if road.ego_from == "driveway" else "near"
    return drawn


def _split(drawn: Drawn, at_m: float, stub: int, towards_right: bool) -> None:
    """Cuts the lane next to the stub in two, so that the stub's lane can lead into it."""
    network = drawn.network
    near, far = drawn.arms["near"], drawn.arms["far"]
    lane = near.entering[0] if towards_right else far.entering[0]
    draft = network.lanes[lane]
    length = float(np.hypot(*np.diff(draft.line, axis=0).T).sum())
    cut = at_m if towards_right else length - (at_m - 14.0)
    k = int(np.clip(round(cut), 2, len(draft.line) - 3))
    rest = network.lane(draft.line[k:], draft.width_m, draft.road)
    network.lanes[rest].successors = draft.successors
    draft.line, draft.successors = draft.line[: k + 1], [rest]
    connector = join(network, stub, rest)
    network.yields.append((connector, lane, False))
    if towards_right:
        drawn.arms["far"] = Arm(entering=far.entering, leaving=(rest,))
    else:
        drawn.arms["near"] = Arm(entering=near.entering, leaving=(rest,))


def draw_dead_end(network: Network, road: DeadEnd) -> Drawn:
    """A street whose lanes end in the middle of a square court."""
    drawn = _two_way(network, road.length_m, road.lane_m)
    half, middle = road.court_m / 2, road.length_m - 2.0
    x, y, _ = place_on(drawn.line, middle)
    network.drivable.append(
        Polygon([(x - half, y - half), (x + half, y - half), (x + half, y + half),
                 (x - half, y + half)])
    )  # fmt: skip
    network.road_ends.pop()  # the court is closed: its far side is no way out
    return drawn
