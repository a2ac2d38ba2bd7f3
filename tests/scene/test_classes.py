"""Every category of the real sources has a score type and an occupancy class."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pyarrow.feather as feather
import pytest

from drivewm.scene.classes import (
    AV2,
    MOVABLE,
    NUSCENES,
    SCENARIONET,
    SOURCES,
    OccClass,
    ScoreType,
    classify,
)

EGO = "EGO_VEHICLE"  # Argoverse 2 annotates the ego itself; it is never a track
GROUND_AND_AIR = (*range(OccClass.DRIVEABLE_SURFACE, OccClass.MANMADE), OccClass.FREE)

# The merging of nuScenes' detection challenge, which Occ3D's labels follow.
DETECTION_CLASSES = {
    "vehicle.car": OccClass.CAR,
    "vehicle.truck": OccClass.TRUCK,
    "vehicle.bus.bendy": OccClass.BUS,
    "vehicle.bus.rigid": OccClass.BUS,
    "vehicle.trailer": OccClass.TRAILER,
    "vehicle.construction": OccClass.CONSTRUCTION_VEHICLE,
    "vehicle.motorcycle": OccClass.MOTORCYCLE,
    "vehicle.bicycle": OccClass.BICYCLE,
    "human.pedestrian.adult": OccClass.PEDESTRIAN,
    "human.pedestrian.child": OccClass.PEDESTRIAN,
    "human.pedestrian.construction_worker": OccClass.PEDESTRIAN,
    "human.pedestrian.police_officer": OccClass.PEDESTRIAN,
    "movable_object.barrier": OccClass.BARRIER,
    "movable_object.trafficcone": OccClass.TRAFFIC_CONE,
}


class ArraysOnly(pickle.Unpickler):
    """Reads ScenarioNet's dictionaries of NumPy arrays and refuses everything else."""

    def find_class(self, module: str, name: str):
        if (module.split(".")[0], name) not in {
            ("numpy", "_reconstruct"),
            ("numpy", "ndarray"),
            ("numpy", "dtype"),
            ("numpy", "scalar"),
        }:
            raise pickle.UnpicklingError(f"{module}.{name} is not an array")
        return super().find_class(module, name)


def scenarionet_types(path: Path) -> set[str]:
    with path.open("rb") as file:
        tracks = ArraysOnly(file).load()["tracks"]
    return {track["type"] for track in tracks.values()}


@pytest.mark.parametrize("source", SOURCES)
def test_every_entry_is_a_pair_of_enum_members(source: str) -> None:
    for category, (score_type, occ_class) in SOURCES[source].items():
        assert isinstance(score_type, ScoreType), category
        assert isinstance(occ_class, OccClass), category


@pytest.mark.parametrize("source", SOURCES)
def test_no_object_is_ground_or_air(source: str) -> None:
    classes = {category: pair[1] for category, pair in SOURCES[source].items()}
    assert [c for c, occ_class in classes.items() if occ_class in GROUND_AND_AIR] == []


@pytest.mark.parametrize("source", SOURCES)
def test_score_types_agree_with_occupancy_classes(source: str) -> None:
    vehicles = set(MOVABLE) - {OccClass.PEDESTRIAN, OccClass.BICYCLE}
    pairs = {
        ScoreType.VEHICLE: vehicles,
        ScoreType.PEDESTRIAN: {OccClass.PEDESTRIAN},
        ScoreType.BICYCLE: {OccClass.BICYCLE},
        ScoreType.CONE: {OccClass.TRAFFIC_CONE},
        ScoreType.BARRIER: {OccClass.BARRIER},
        ScoreType.CZONE_SIGN: {OccClass.OTHERS},
        ScoreType.GENERIC: {OccClass.OTHERS, OccClass.MANMADE},
    }
    wrong = {c: p for c, p in SOURCES[source].items() if p[1] not in pairs[p[0]]}
    assert wrong == {}


def test_class_numbers_are_occ3ds() -> None:
    assert [c.value for c in OccClass] == list(range(18))
    assert (OccClass.CAR, OccClass.DRIVEABLE_SURFACE, OccClass.FREE) == (4, 11, 17)


def test_movable_classes() -> None:
    assert [int(c) for c in MOVABLE] == [2, 3, 4, 5, 6, 7, 9, 10]


@pytest.mark.parametrize("category", DETECTION_CLASSES)
def test_nuscenes_classes_are_the_detection_classes(category: str) -> None:
    assert NUSCENES[category][1] is DETECTION_CLASSES[category]


def test_an_unknown_category_is_a_generic_object() -> None:
    assert classify("av2", "HOVERCRAFT") == (ScoreType.GENERIC, OccClass.OTHERS)
    assert classify("av2", "REGULAR_VEHICLE") == (ScoreType.VEHICLE, OccClass.CAR)


def test_an_unknown_source_is_an_error() -> None:
    with pytest.raises(KeyError):
        classify("kitti", "Car")


def test_every_nuscenes_category_is_in_the_table(real_data: Path) -> None:
    (path,) = real_data.glob("nuscenes-mini/v1.0-*/category.json")
    names = {row["name"] for row in json.loads(path.read_text())}
    assert len(names) >= 23
    assert names - NUSCENES.keys() == set()


def test_every_argoverse_category_is_in_the_table(real_data: Path) -> None:
    paths = sorted(real_data.glob("av2/*/annotations_with_ego.feather"))
    names = {
        name
        for path in paths
        for name in feather.read_table(path, columns=["category"])["category"].to_pylist()
    }
    assert EGO in names and EGO not in AV2
    assert names - {EGO} - AV2.keys() == set()


def test_every_scenarionet_type_is_in_the_table(real_data: Path) -> None:
    paths = sorted(real_data.glob("scenarionet-nuscenes/sd_*.pkl"))
    names = {name for path in paths for name in scenarionet_types(path)}
    assert len(names) > 3
    assert names - SCENARIONET.keys() == set()
