"""A synthetic world: a spec that a JSON line carries, and what it builds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from drivewm.config import Config
from drivewm.scene import RoadMap, VehicleParams
from drivewm.sim.traffic import LightProgram, Traffic
from drivewm.worlds.actors import Solids

GENERATOR_VERSION = 1

LayoutKind = Literal["straight", "curve", "four_way", "t_junction", "roundabout", "merge"]
Weather = Literal["day", "dusk", "night", "rain"]
Policy = Literal["careful", "perturbed", "reckless"]


class WorldSpec(Config):
    """Everything that decides a world. Same spec, same world, on every machine."""

    seed: int  # traffic, scenery and ego policy
    layout: LayoutKind
    layout_seed: int  # the road network; scenes of one network share it
    location: str  # nuScenes map name that the network is drawn on
    origin_m: tuple[float, float]  # where the network's own origin lies on that map
    weather: Weather = "day"
    policy: Policy = "careful"
    duration_s: float = 20.0
    density: float = 1.0  # traffic density, 1 = usual
    generator_version: int = GENERATOR_VERSION


@dataclass(frozen=True, kw_only=True)
class World:
    """A built world in the map frame (already moved to ``spec.origin_m``). The ground is z = 0."""

    spec: WorldSpec
    road_map: RoadMap
    solids: Solids
    lights: LightProgram
    vehicle: VehicleParams
    ego_start: np.ndarray  # [11], EgoColumn
    route: np.ndarray  # [P, 2], centreline the ego should follow
    speed_limit_mps: float
    make_traffic: Callable[[], Traffic]  # fresh agents at time 0
