"""The one table from each source's categories to score types and to the 18 occupancy classes.

Score types are nuPlan's (``TrackedObjectType``); occupancy classes are Occ3D-nuScenes' (0-16 and
17 = free). Sources: nuScenes taxonomy, Argoverse 2 sensor taxonomy, MetaDrive/ScenarioNet types.
"""

from __future__ import annotations

from enum import IntEnum


class ScoreType(IntEnum):
    """Object type as the closed-loop scores see it."""

    VEHICLE = 0
    PEDESTRIAN = 1
    BICYCLE = 2
    CONE = 3
    BARRIER = 4
    CZONE_SIGN = 5
    GENERIC = 6


class OccClass(IntEnum):
    """Semantic class of a voxel (Occ3D-nuScenes)."""

    OTHERS = 0
    BARRIER = 1
    BICYCLE = 2
    BUS = 3
    CAR = 4
    CONSTRUCTION_VEHICLE = 5
    MOTORCYCLE = 6
    PEDESTRIAN = 7
    TRAFFIC_CONE = 8
    TRAILER = 9
    TRUCK = 10
    DRIVEABLE_SURFACE = 11
    OTHER_FLAT = 12
    SIDEWALK = 13
    TERRAIN = 14
    MANMADE = 15
    VEGETATION = 16
    FREE = 17


MOVABLE = (
    OccClass.BICYCLE,
    OccClass.BUS,
    OccClass.CAR,
    OccClass.CONSTRUCTION_VEHICLE,
    OccClass.MOTORCYCLE,
    OccClass.PEDESTRIAN,
    OccClass.TRAILER,
    OccClass.TRUCK,
)

_S, _O = ScoreType, OccClass
_CAR, _TRUCK, _BUS = (_S.VEHICLE, _O.CAR), (_S.VEHICLE, _O.TRUCK), (_S.VEHICLE, _O.BUS)
_TRAILER, _WORKS = (_S.VEHICLE, _O.TRAILER), (_S.VEHICLE, _O.CONSTRUCTION_VEHICLE)
_MOTO, _BIKE = (_S.VEHICLE, _O.MOTORCYCLE), (_S.BICYCLE, _O.BICYCLE)
_PED, _CONE = (_S.PEDESTRIAN, _O.PEDESTRIAN), (_S.CONE, _O.TRAFFIC_CONE)
_BARRIER, _SIGN = (_S.BARRIER, _O.BARRIER), (_S.CZONE_SIGN, _O.OTHERS)
_OTHER = (_S.GENERIC, _O.OTHERS)

NUSCENES = {
    "animal": _OTHER,
    "human.pedestrian.adult": _PED,
    "human.pedestrian.child": _PED,
    "human.pedestrian.construction_worker": _PED,
    "human.pedestrian.personal_mobility": _PED,
    "human.pedestrian.police_officer": _PED,
    "human.pedestrian.stroller": _PED,
    "human.pedestrian.wheelchair": _PED,
    "movable_object.barrier": _BARRIER,
    "movable_object.debris": _OTHER,
    "movable_object.pushable_pullable": _OTHER,
    "movable_object.trafficcone": _CONE,
    "static_object.bicycle_rack": _OTHER,
    "vehicle.bicycle": _BIKE,
    "vehicle.bus.bendy": _BUS,
    "vehicle.bus.rigid": _BUS,
    "vehicle.car": _CAR,
    "vehicle.construction": _WORKS,
    "vehicle.emergency.ambulance": _TRUCK,
    "vehicle.emergency.police": _CAR,
    "vehicle.motorcycle": _MOTO,
    "vehicle.trailer": _TRAILER,
    "vehicle.truck": _TRUCK,
}

AV2 = {
    "ANIMAL": _OTHER,
    "DOG": _OTHER,
    "ARTICULATED_BUS": _BUS,
    "BUS": _BUS,
    "SCHOOL_BUS": _BUS,
    "BICYCLE": _BIKE,
    "BICYCLIST": _BIKE,
    "WHEELED_RIDER": _BIKE,
    "WHEELED_DEVICE": _BIKE,
    "BOLLARD": (_S.GENERIC, _O.MANMADE),
    "SIGN": (_S.GENERIC, _O.MANMADE),
    "STOP_SIGN": (_S.GENERIC, _O.MANMADE),
    "MESSAGE_BOARD_TRAILER": _SIGN,
    "MOBILE_PEDESTRIAN_CROSSING_SIGN": _SIGN,
    "MOBILE_PEDESTRIAN_SIGN": _SIGN,
    "TRAFFIC_LIGHT_TRAILER": _SIGN,
    "BOX_TRUCK": _TRUCK,
    "TRUCK": _TRUCK,
    "TRUCK_CAB": _TRUCK,
    "LARGE_VEHICLE": _TRUCK,
    "VEHICULAR_TRAILER": _TRAILER,
    "RAILED_VEHICLE": _BUS,
    "CONSTRUCTION_BARREL": (_S.BARRIER, _O.BARRIER),
    "CONSTRUCTION_CONE": _CONE,
    "MOTORCYCLE": _MOTO,
    "MOTORCYCLIST": _MOTO,
    "OFFICIAL_SIGNALER": _PED,
    "PEDESTRIAN": _PED,
    "STROLLER": _PED,
    "WHEELCHAIR": _PED,
    "REGULAR_VEHICLE": _CAR,
}

SCENARIONET = {
    "VEHICLE": _CAR,
    "PEDESTRIAN": _PED,
    "CYCLIST": _BIKE,
    "TRAFFIC_CONE": _CONE,
    "TRAFFIC_BARRIER": _BARRIER,
    "OTHER": _OTHER,
    "UNSET": _OTHER,
}

SOURCES = {"nuscenes": NUSCENES, "av2": AV2, "scenarionet": SCENARIONET}


def classify(source: str, category: str) -> tuple[ScoreType, OccClass]:
    """Score type and occupancy class of a source's category; unknown ones are generic objects."""
    return SOURCES[source].get(category, _OTHER)
