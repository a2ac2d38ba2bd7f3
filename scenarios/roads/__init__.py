"""Parametric scenario roads: ``draw(road)`` makes the network that a scenario plays on."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from drivewm.scenarios.roads.crossroads import draw_crossroads
from drivewm.scenarios.roads.drawn import Arm, Bay, Drawn, part, place_on
from drivewm.scenarios.roads.links import draw_highway, draw_lane_drop, draw_narrow, draw_street
from drivewm.scenarios.roads.ring import draw_ring
from drivewm.scenarios.roads.seeded import draw_seeded
from drivewm.scenarios.roads.yards import draw_car_park, draw_dead_end, draw_driveway
from drivewm.scenarios.schema_road import Road
from drivewm.worlds.layouts.network import Network

__all__ = ["Arm", "Bay", "Drawn", "draw", "part", "place_on"]

DRAWERS: dict[str, Callable[[Network, Any], Drawn]] = {
    "highway": draw_highway, "street": draw_street, "lane_drop": draw_lane_drop,
    "narrow": draw_narrow, "four_way": draw_crossroads, "t_junction": draw_crossroads,
    "roundabout": draw_ring, "car_park": draw_car_park, "driveway": draw_driveway,
    "dead_end": draw_dead_end, "drawn": draw_seeded,
}  # fmt: skip


def draw(road: Road) -> Drawn:
    """The road of a scenario around the origin; the same parameters, the same road.

    Raises:
        InputError: what it asks for does not fit on it.
    """
    digest = hashlib.blake2b(road.model_dump_json().encode(), digest_size=8).hexdigest()
    network = Network(
        name=f"scenario/{digest}",
        sidewalk_m=road.sidewalk_m,
        speed_limit_mps=road.speed_limit_mps,
    )
    drawn = DRAWERS[road.kind](network, road)  # type: ignore[attr-defined]
    network.starts[:] = drawn.arms[drawn.ego_arm].entering
    return drawn
