"""A network of the synthetic world as a scenario road."""

from __future__ import annotations

import numpy as np

from drivewm.scenarios.roads.drawn import Arm, Drawn
from drivewm.scenarios.schema_road import Drawn as DrawnRoad
from drivewm.worlds.layouts import draw
from drivewm.worlds.layouts.network import Network

DRAWN = ("lanes", "drivable", "junctions", "road_ends", "crossings", "stop_lines", "dividers",
         "parking", "parking_m", "yields", "greens", "roads", "starts")  # fmt: skip


def draw_seeded(network: Network, road: DrawnRoad) -> Drawn:
    """The layout of a seed, with the scenario's own speed limit; the ego begins on its first start
    lane. Other entries are the arms ``left``, ``far``, ``right`` in the order of their lanes."""
    seeded = draw(road.layout, road.layout_seed)
    for name in DRAWN:
        setattr(network, name, getattr(seeded, name))
    blocks: dict[int, list[int]] = {}
    for lane in network.starts:
        blocks.setdefault(network.lanes[lane].road, []).append(lane)
    ends = tuple(k for k, lane in enumerate(network.lanes) if not lane.successors)
    entries = list(blocks.values())
    arms = {"near": Arm(entering=tuple(entries[0]))}
    arms |= {name: Arm(entering=tuple(lanes))
             for name, lanes in zip(("right", "far", "left"), entries[1:])}  # fmt: skip
    arms["any"] = Arm(leaving=ends)
    half = len(entries[0]) * network.lanes[entries[0][0]].width_m
    line = network.lanes[entries[0][0]].line
    return Drawn(network=network, line=np.array(line), arms=arms,
                 half_m={"left": half, "right": half}, near_m=float(len(line) - 1))  # fmt: skip
