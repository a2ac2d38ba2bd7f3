"""The world that cameras picture a scenario in: its road with scenery, in its weather."""

from __future__ import annotations

from collections.abc import Callable
from typing import get_args

import numpy as np

from drivewm.scenarios.family import Concrete
from drivewm.scenarios.roads import Drawn
from drivewm.scene import Scene
from drivewm.seeds import derive_seed, generator
from drivewm.sim.traffic import Traffic
from drivewm.worlds.scenery import build_scenery
from drivewm.worlds.world import LayoutKind, World, WorldSpec

LIKE: dict[str, LayoutKind] = {  # the layout that a road is most like, for the world's spec alone
    "four_way": "four_way", "t_junction": "t_junction", "roundabout": "roundabout",
    "lane_drop": "merge",
}  # fmt: skip


def world_of(
    concrete: Concrete, scene: Scene, drawn: Drawn, make_traffic: Callable[[], Traffic]
) -> World:
    """The world; scenery depends on the road alone."""
    network = drawn.network
    layout = LIKE.get(concrete.road.kind, "straight")
    if concrete.road.kind == "drawn" and concrete.road.layout in get_args(LayoutKind):
        layout = concrete.road.layout
    spec = WorldSpec(
        seed=derive_seed("scenario", network.name) % 2**31, layout=layout, layout_seed=0,
        location="scenario", origin_m=(0.0, 0.0), weather=concrete.sim.weather,
        duration_s=concrete.sim.duration_s,
    )  # fmt: skip
    rng = generator("scenery", network.name)
    return World(
        spec=spec, road_map=scene.map,
        solids=build_scenery(network, network.road_area(), np.zeros(2), rng), lights=drawn.lights,
        vehicle=scene.vehicle, ego_start=scene.ego[0], route=scene.route,
        speed_limit_mps=network.speed_limit_mps, make_traffic=make_traffic,
    )  # fmt: skip
