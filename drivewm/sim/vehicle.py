"""Which car the ego is in a run: the log's own, a known one, or one given by its figures."""

from __future__ import annotations

from dataclasses import replace

from drivewm.scene import FUSION, PACIFICA, ZOE, Scene, VehicleParams
from drivewm.sim.config import SimConfig, VehicleConfig

KNOWN = {"pacifica": PACIFICA, "zoe": ZOE, "fusion": FUSION}


def vehicle_of(own: VehicleParams, chosen: str | VehicleConfig | None) -> VehicleParams:
    """The chosen car; figures that are not given, and ``None``, are those of the log's ``own``."""
    if chosen is None:
        return own
    if isinstance(chosen, str):
        return KNOWN[chosen]
    return replace(own, **chosen.model_dump(exclude_none=True))


def with_vehicle(scene: Scene, config: SimConfig) -> Scene:
    """The scene with the run's car: planner, tracker, measures and safety all read it there.

    Recorded poses stay those of the rear axle: another car drives with its rear axle where the
    log's own had it.
    """
    car = vehicle_of(scene.vehicle, config.vehicle)
    return scene if car == scene.vehicle else replace(scene, vehicle=car)
