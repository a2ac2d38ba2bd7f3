"""The ego car of each source."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class VehicleParams:
    """Size of a car and where its rear axle is. Lengths in metres."""

    length_m: float
    width_m: float
    height_m: float
    rear_axle_to_center_m: float
    wheelbase_m: float


# Chrysler Pacifica, nuplan-devkit common/actor_state/vehicle_parameters.py (pacifica).
PACIFICA = VehicleParams(
    length_m=5.176, width_m=2.297, height_m=1.777, rear_axle_to_center_m=1.461, wheelbase_m=3.089
)
# Renault Zoe, the car of nuScenes: 4.084 x 1.730 x 1.562 m, wheelbase 2.588 m (maker's data sheet);
# overhangs split so that the rear one is 0.657 m.
ZOE = VehicleParams(
    length_m=4.084, width_m=1.730, height_m=1.562, rear_axle_to_center_m=1.385, wheelbase_m=2.588
)
# Ford Fusion Hybrid, the car of Argoverse 2; a log's own EGO_VEHICLE box replaces the size.
FUSION = VehicleParams(
    length_m=4.87, width_m=1.85, height_m=1.48, rear_axle_to_center_m=1.34, wheelbase_m=2.85
)
