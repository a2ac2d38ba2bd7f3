"""Junctions of three or four arms whose every measure is given. Shapes: P vertices of a line."""

from __future__ import annotations

import numpy as np
from shapely.geometry import MultiPoint

from drivewm.geometry.se2 import wrap_angle
from drivewm.scenarios.roads.drawn import Arm, Drawn
from drivewm.scenarios.schema_road import FourWay, Junction, TJunction
from drivewm.sim.lights import LightProgram
from drivewm.worlds.layouts.junctions import (
    CROSSING_ROOM_M,
    Turn,
    clash,
    draw_turn,
)
from drivewm.worlds.layouts.network import Network, resample
from drivewm.worlds.layouts.roads import (
    SHOULDER_M,
    Road,
    Section,
    close_end,
    draw_crossing,
    draw_road,
    draw_stop_line,
)

CORNER_M = 6.0  # between the corner of two kerbs and the mouths of their arms
LONG_S, SHORT_S, AMBER_S = 600.0, 8.0, 2.0
MISSING = {"stem": "far", "main_left": "left", "main_right": "right"}  # arm, by ``ego_from``
ARMS = ("near", "right", "far", "left")  # counter-clockwise
STRAIGHT_RAD = 0.7
RANK = {"straight": 0, "right": 1, "left": 2}


def draw_crossroads(network: Network, road: FourWay | TJunction) -> Drawn:
    """Draws the junction round the origin, its right of way and its lights. The ego comes by the
    arm ``near`` from -x; ``left`` and ``right`` are as it sees them."""
    missing = MISSING[road.ego_from] if isinstance(road, TJunction) else None
    names = [name for name in ARMS if name != missing]
    angles = np.array([_angle(name, road.angle_rad) for name in names])
    roads = [_arm(network, road, angle) for angle in angles]
    junction = MultiPoint([p for arm in roads for p in _mouth(arm)]).convex_hull
    network.junctions.append(junction)
    network.drivable.append(junction.buffer(0.02))
    turns = _turns(network, roads, angles, road.turn_lanes)
    _give_way(network, road, names, turns)
    for arm in roads:
        close_end(network, arm, at_start=False)
        if road.crossings:
            draw_crossing(network, arm, CROSSING_ROOM_M - 2.6)
        for lane in arm.backward:
            draw_stop_line(network, lane)
    by_name = dict(zip(names, roads))
    near = by_name["near"]
    onward = [by_name["far"].line] if "far" in by_name else [np.zeros((1, 2))]
    half_m = near.section.right_m - SHOULDER_M
    return Drawn(
        network=network, line=resample(np.vstack([near.line[::-1], *onward])),
        arms={name: Arm(entering=arm.backward, leaving=arm.forward)
              for name, arm in by_name.items()},
        half_m={"left": half_m, "right": half_m}, near_m=road.arm_m - CROSSING_ROOM_M,
        lights=_lights(network, road),
    )  # fmt: skip


def _angle(name: str, crossing_rad: float) -> float:
    """Where an arm lies; the side arms lie ``crossing_rad`` from ``far``, and opposite."""
    return {"near": np.pi, "right": np.pi + crossing_rad, "far": 0.0, "left": crossing_rad}[name]


def _arm(network: Network, road: Junction, angle: float) -> Road:
    section = Section(forward=road.lanes, backward=road.lanes, lane_m=road.lane_m)
    # arms that are not square need more room until their kerbs part
    inner = section.left_m / np.sin(road.angle_rad) + CORNER_M
    inner += section.left_m * abs(1 / np.tan(road.angle_rad))
    away = np.array([np.cos(angle), np.sin(angle)])
    return draw_road(network, np.outer([inner, inner + road.arm_m], away), section,
                     lanes_from_m=CROSSING_ROOM_M)  # fmt: skip


def _mouth(road: Road) -> list[np.ndarray]:
    along = (road.line[1] - road.line[0]) / np.hypot(*(road.line[1] - road.line[0]))
    left = np.array([-along[1], along[0]])
    return [road.line[0] + left * road.section.left_m, road.line[0] - left * road.section.right_m]


def _turns(network: Network, roads: list[Road], angles: np.ndarray, turn_lane: bool) -> list[Turn]:
    """Connectors: straight from every lane (with a turn lane not from the innermost of several),
    right from the outermost, left from the innermost."""
    turns = []
    for a, source in enumerate(roads):
        for b, target in enumerate(roads):
            if a == b:
                continue
            turned = float(wrap_angle(angles[b] - (angles[a] + np.pi)))
            kind = "straight" if abs(turned) < STRAIGHT_RAD else "left" if turned > 0 else "right"
            entering, leaving = source.backward, target.forward
            pairs = [(entering[0 if kind == "left" else -1], leaving[0 if kind == "left" else -1])]
            if kind == "straight":
                entering = entering[1:] if turn_lane and len(entering) > 1 else entering
                pairs = list(zip(entering[::-1], leaving[::-1]))
            turns += [draw_turn(network, before, after, (a, b, kind)) for before, after in pairs]
    return turns


def _give_way(network: Network, road: Junction, names: list[str], turns: list[Turn]) -> None:
    """Who waits for whom: pairs of connectors that meet."""

    def is_main(turn: Turn) -> bool:
        return names[turn.source] in ("near", "far")

    def rank(turn: Turn) -> int:
        later = {"ego_priority": not is_main(turn), "ego_yields": is_main(turn),
                 "stop": is_main(turn)}  # fmt: skip
        return (3 if later.get(road.control, False) else 0) + RANK[turn.kind]

    for turn in turns:
        if road.control == "lights":
            network.lanes[turn.lane].light_group = 0 if is_main(turn) else 1
    for a in turns:
        for b in turns:
            if a.source == b.source or not clash(network, a, b):
                continue
            gives_way = rank(a) > rank(b)
            if road.control == "lights":
                gives_way = is_main(a) == is_main(b) and gives_way
            elif road.control == "right_before_left" and is_main(a) != is_main(b):
                after = (ARMS.index(names[a.source]) + 1) % 4
                gives_way = ARMS[after] == names[b.source]
            network.yields.append((a.lane, b.lane, not gives_way))


def _lights(network: Network, road: Junction) -> LightProgram:
    controlled = [k for k, lane in enumerate(network.lanes) if lane.light_group >= 0]
    if not controlled:
        return LightProgram()
    network.greens, offset_s = _programme(road)
    return LightProgram(
        lane_ids=tuple(network.lane_id(k) for k in controlled),
        stop_points=np.array([network.lanes[k].line[0] for k in controlled]),
        group=np.array([network.lanes[k].light_group for k in controlled], np.int64),
        green_s=network.greens, offset_s=offset_s,
    )  # fmt: skip


def _programme(road: Junction) -> tuple[tuple[float, float], float]:
    """Green times of the ego's road and of the other, and the time into the cycle at 0: the ego
    meets ``road.light`` until ``light_change_s``. Between greens lie 3 s yellow and 2 s red."""
    change = road.light_change_s
    if road.light == "red":
        cycle_s = 2 * LONG_S + 10.0
        return (LONG_S, LONG_S), LONG_S + 5.0 if change is None else cycle_s - change
    if road.light == "amber_ahead" and change is None:
        change = AMBER_S
    if change is None:
        return (LONG_S, LONG_S), 0.0
    return (LONG_S, SHORT_S), LONG_S - change
