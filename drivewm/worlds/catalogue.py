"""Sizes and tempers of road users by nuScenes category."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, kw_only=True)
class Kind:
    """Usual size (length, width, height in m, with its spread) and pace relative to the limit."""

    category: str
    size_m: tuple[float, float, float]
    spread: tuple[float, float, float]
    pace: tuple[float, float]
    accel_mps2: float


CAR = Kind(category="vehicle.car", size_m=(4.5, 1.9, 1.6), spread=(0.3, 0.06, 0.12),
           pace=(0.75, 1.05), accel_mps2=1.5)  # fmt: skip
TRUCK = Kind(category="vehicle.truck", size_m=(7.2, 2.4, 3.0), spread=(0.7, 0.08, 0.35),
             pace=(0.65, 0.9), accel_mps2=0.9)  # fmt: skip
BUS = Kind(category="vehicle.bus.rigid", size_m=(10.8, 2.55, 3.3), spread=(0.5, 0.05, 0.15),
           pace=(0.6, 0.8), accel_mps2=0.8)  # fmt: skip
MOTORCYCLE = Kind(category="vehicle.motorcycle", size_m=(2.1, 0.8, 1.5),
                  spread=(0.12, 0.06, 0.08), pace=(0.8, 1.05), accel_mps2=1.8)  # fmt: skip
BICYCLE = Kind(category="vehicle.bicycle", size_m=(1.75, 0.6, 1.6), spread=(0.08, 0.04, 0.12),
               pace=(0.3, 0.5), accel_mps2=0.8)  # fmt: skip
ADULT = Kind(category="human.pedestrian.adult", size_m=(0.7, 0.66, 1.75),
             spread=(0.06, 0.05, 0.09), pace=(0.1, 0.15), accel_mps2=1.0)  # fmt: skip
CHILD = Kind(category="human.pedestrian.child", size_m=(0.5, 0.48, 1.3),
             spread=(0.04, 0.03, 0.1), pace=(0.1, 0.15), accel_mps2=1.0)  # fmt: skip
CONE = Kind(category="movable_object.trafficcone", size_m=(0.4, 0.4, 0.8),
            spread=(0.03, 0.03, 0.08), pace=(0, 0), accel_mps2=0.0)  # fmt: skip
BARRIER = Kind(category="movable_object.barrier", size_m=(0.5, 2.2, 1.0),
               spread=(0.03, 0.1, 0.05), pace=(0, 0), accel_mps2=0.0)  # fmt: skip

TRAFFIC_MIX = ((CAR, 0.74), (TRUCK, 0.08), (BUS, 0.05), (MOTORCYCLE, 0.06), (BICYCLE, 0.07))
PARKED_MIX = ((CAR, 0.93), (TRUCK, 0.07))


def draw_kind(mix, rng: np.random.Generator) -> Kind:
    """One kind by its share."""
    shares = np.array([share for _, share in mix])
    return mix[int(rng.choice(len(mix), p=shares / shares.sum()))][0]


def draw_size(kind: Kind, rng: np.random.Generator) -> tuple[float, float, float]:
    """A size within two spreads of the usual one."""
    noise = np.clip(rng.normal(size=3), -2, 2)
    size = np.asarray(kind.size_m) + noise * np.asarray(kind.spread)
    return tuple(float(round(v, 3)) for v in size)  # type: ignore[return-value]
