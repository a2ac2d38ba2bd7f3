"""Fixed rows, tokens, fragments; and the rows that annotate a hand-made scene."""

import json

import numpy as np
import pytest

from drivewm.scene import OccClass
from drivewm.worlds import tables
from drivewm.worlds.actors import Actors
from drivewm.worlds.annotations import Annotator, annotated, attribute, ever_moving
from drivewm.worlds.playback import at, between
from drivewm.worlds.visible_share import level


def test_tokens_are_32_hex_digits_and_depend_on_every_name():
    assert tables.token("a", 1) == tables.token("a", "1")
    assert tables.token("a", 1) != tables.token("a1")
    assert len(tables.token("x")) == 32 and int(tables.token("x"), 16) >= 0


def test_fixed_rows_cover_the_nuscenes_taxonomy():
    rows = tables.fixed_rows({"CAM_FRONT": "camera"})
    assert len(rows["category"]) == 23 and len(rows["attribute"]) == 8
    assert [r["token"] for r in rows["visibility"]] == ["1", "2", "3", "4"]


def test_merged_tables_keep_the_order_of_the_scenes(tmp_path):
    for name in ("b", "a"):
        rows = {table: [] for table in tables.SCENE_TABLES} | {"scene": [{"token": name}]}
        tables.write_fragment(tmp_path / name, rows)
    target = tmp_path / "out"
    target.mkdir()
    tables.merge_fragments([tmp_path / "b", tmp_path / "a"], {"map": [{"token": "m"}]}, target)
    assert sorted(p.stem for p in target.iterdir()) == sorted(tables.TABLES)
    assert json.loads((target / "scene.json").read_text()) == [{"token": "b"}, {"token": "a"}]
    assert json.loads((target / "log.json").read_text()) == []


def test_a_nan_never_reaches_a_table():
    with pytest.raises(ValueError):
        tables.lines([{"x": float("nan")}])


@pytest.mark.parametrize(
    ("category", "speed", "moves", "name"),
    [
        ("vehicle.car", 5.0, True, "vehicle.moving"),
        ("vehicle.car", 0.0, True, "vehicle.stopped"),
        ("vehicle.car", 0.0, False, "vehicle.parked"),
        ("vehicle.bicycle", 0.0, True, "cycle.with_rider"),
        ("vehicle.motorcycle", 0.0, False, "cycle.without_rider"),
        ("human.pedestrian.adult", 1.2, True, "pedestrian.moving"),
        ("human.pedestrian.child", 0.0, True, "pedestrian.standing"),
        ("movable_object.trafficcone", 0.0, False, None),
    ],
)
def test_attributes(category, speed, moves, name):
    assert attribute(category, speed, moves) == name


def two_cars(x_far_m: float, valid=(True, True)) -> Actors:
    state = np.zeros((2, 6))
    state[:, 0], state[:, 2], state[1, 4] = (10, x_far_m), 0.75, 6.0
    return Actors(
        ids=("a" * 32, "b" * 32),
        categories=("vehicle.car",) * 2,
        occ_class=np.full(2, OccClass.CAR, np.int8),
        size_m=np.array([[4.5, 1.9, 1.5]] * 2),
        state=state,
        valid=np.array(valid),
    )


def test_only_valid_objects_within_reach_are_annotated():
    ego = np.zeros(3)
    assert annotated(two_cars(79), ego).tolist() == [0, 1]
    assert annotated(two_cars(81), ego).tolist() == [0]
    assert annotated(two_cars(20, (False, True)), ego).tolist() == [1]


def test_annotations_are_linked_per_instance():
    annotator = Annotator(scene_token="s", moves=np.array([False, True]))
    for k, chosen in enumerate(([0, 1], [1], [0, 1])):
        index = np.array(chosen)
        annotator.add(f"sample{k}", two_cars(20), index, ["4"] * len(index), index * 0 + 7)
    rows, instances = annotator.rows, annotator.instances()
    first, last = rows[0], rows[3]
    assert first["next"] == last["token"] and last["prev"] == first["token"]
    assert first["prev"] == last["next"] == ""
    assert first["size"] == [1.9, 4.5, 1.5]  # width, length, height
    assert all(isinstance(v, float) for v in first["translation"] + first["rotation"])
    assert [i["nbr_annotations"] for i in instances] == [2, 3]
    assert instances[1]["last_annotation_token"] == rows[4 - 0]["token"]


def test_ever_moving_ignores_invalid_steps():
    state = np.zeros((1, 3, 6))
    state[0, 1, 4] = 9
    assert ever_moving(state, np.array([[True, True, True]])).tolist() == [True]
    assert ever_moving(state, np.array([[True, False, True]])).tolist() == [False]


def test_visibility_levels():
    assert [level(s) for s in (0, 0.39, 0.4, 0.59, 0.6, 0.8, 1.0)] == list("1122344")


def test_between_finds_the_neighbours_and_the_share():
    times = np.array([0, 100, 200])
    assert between(times, 100) == (1, 1, 0.0)
    assert between(times, 150) == (1, 2, 0.5)
    with pytest.raises(ValueError, match="outside"):
        between(times, 201)


def test_playback_interpolates_and_keeps_validity():
    class Log:
        times_us = np.array([0, 100_000])
        ego = np.zeros((2, 11))
        ids, categories = ("a",), ("vehicle.car",)
        occ_class, size_m = np.zeros(1, np.int8), np.ones((1, 3))
        state, valid = np.zeros((1, 2, 6)), np.array([[True, False]])
        light_status = np.array([[0, 2]], np.int8)

    Log.ego[:, 0], Log.ego[:, 2] = (0, 4), (3.0, -3.0)
    Log.state[0, 1, 0] = 2
    now = at(Log, 25_000)
    assert now.ego_pose[0] == 1.0 and abs(now.ego_pose[2]) > 3.0
    assert now.actors.state[0, 0] == 0.5 and not now.actors.valid[0]
    assert now.light_status.tolist() == [0]
    assert at(Log, 0).actors.valid[0]
