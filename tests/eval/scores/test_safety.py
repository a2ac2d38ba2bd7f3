"""The facts of a drive: every column, its moment, and what is null where nothing happened."""

import time

import numpy as np
import pytest

from drivewm.config import load
from drivewm.errors import InputError
from drivewm.eval.scores.safety import (
    COLUMNS,
    SERIES,
    TEXT_COLUMNS,
    WITH_WHOM,
    SafetyConfig,
    safety,
)
from drivewm.measures.measure import REGISTRY
from drivewm.scene import ScoreType
from drivewm.sim.rollout import Rollout
from tests.measures.hand import cruise, drive, scene_of, track

CAR, PERSON = ScoreType.VEHICLE, ScoreType.PEDESTRIAN
CONFIG = load(SafetyConfig, "safety/default")


def rollout_of(scene):
    return Rollout(
        scene_id=scene.id, status="ok", reason=None, mode="privileged", replan_interval_s=0.1,
        times_us=scene.times_us, ego=scene.ego, vehicle=scene.vehicle, tracks=scene.tracks,
        light_lane_ids=(), light_status=np.zeros((0, scene.steps), np.int8),
        plan_times_us=np.zeros(0, np.int64), plan_poses=(), plan_horizons_s=(), plan_wall_s=(),
    )  # fmt: skip


def facts(ego, *rows, config=CONFIG, route=None):
    scene = scene_of(ego, *rows, route=route)
    return safety(scene, rollout_of(scene), config)


def test_every_column_names_a_registered_measure_and_carries_its_unit():
    units = {"s": "_s", "s2": "_s2", "m/s": "_mps", "m/s2": "_mps2", "m/s1.5": "_mps15"}
    for column, measure in COLUMNS.items():
        assert measure in REGISTRY
        unit = REGISTRY[measure].unit
        if column not in TEXT_COLUMNS and unit != "1" and not column.endswith("_margin_m"):
            assert column.endswith(units[unit]), column
    assert set(WITH_WHOM) <= set(TEXT_COLUMNS)


def test_a_crash_into_a_standing_car_stands_in_every_column_it_belongs_to():
    found = facts(cruise(10.0), track(CAR, 40.0, 7.0, speed=10.0), track(CAR, 40.0))
    assert list(found.scalars) == list(COLUMNS)
    hit = found.worst["injury_risk"]
    assert (hit.track_id, found.scalars["injury_track"]) == ("t1", "t1")
    assert found.scalars["impact_speed_mps"] == pytest.approx(10.0)
    assert found.scalars["delta_v_mps"] == pytest.approx(5.0)
    assert found.scalars["injury_class"] == "minor"
    assert found.worst["min_ttc_s"] == (hit.step, "t1", 0.0)
    assert found.scalars["min_ttc_s"] == 0.0 and found.scalars["min_pet_s"] == 0.0
    assert found.scalars["min_thw_track"] == found.scalars["max_drac_track"] == "t1"
    assert found.scalars["tet_s"] == pytest.approx(1.5, abs=0.15)
    assert found.scalars["rss_longitudinal_violation_s"] > 2.0


def test_an_empty_road_has_nulls_not_zeros():
    found = facts(cruise(10.0))
    nothing = {
        name
        for name in COLUMNS
        if name not in ("tet_s", "tit_s2")
        and not name.startswith(("ride", "msdv"))
        and not name.endswith("violation_s")
    }
    assert {name for name, value in found.scalars.items() if value is None} == nothing
    assert found.scalars["rss_lateral_violation_s"] == 0.0
    assert list(found.worst) == ["ride_rms_mps2"]


def test_series_have_one_value_a_step_and_agree_with_their_extremes():
    found = facts(cruise(10.0), track(CAR, 0.0, speed=6.0), track(PERSON, 60.0, 2.0))
    assert tuple(found.series) == SERIES
    assert all(series.shape == (151,) for series in found.series.values())
    for column, name in (
        ("min_ttc_s", "ttc_any_s"), ("min_thw_s", "thw_s"), ("max_drac_mps2", "drac_mps2"),
        ("rss_longitudinal_margin_m", "rss_longitudinal_margin_m"),
    ):  # fmt: skip
        moment = found.worst[column]
        assert found.series[name][moment.step] == moment.value == found.scalars[column]


def test_parameters_change_what_they_name():
    rows = (cruise(10.0), track(CAR, 0.0, speed=8.0))
    strict = load(SafetyConfig, "safety/default", ["surrogate.ttc_threshold_s=4"])
    assert facts(*rows, config=strict).scalars["tet_s"] > facts(*rows).scalars["tet_s"] + 2.0
    quick = load(SafetyConfig, "safety/default", ["rss.response_ego_s=0.3"])
    name = "rss_longitudinal_margin_m"
    assert facts(*rows, config=quick).scalars[name] > facts(*rows).scalars[name]


def test_a_wrong_parameter_is_named():
    with pytest.raises(InputError) as caught:
        load(SafetyConfig, "safety/default", ["rss.response_ego_s=-1"])
    assert caught.value.field == "rss.response_ego_s"


@pytest.mark.parametrize("steps", [1, 2, 5])
def test_a_drive_that_failed_at_once_has_facts_too(steps):
    scene = scene_of(cruise(10.0, steps), track(CAR, -10.0, steps=steps))
    found = safety(scene, rollout_of(scene), CONFIG)
    assert found.scalars["min_ttc_s"] > 0 and found.scalars["ride_class"] is None
    assert np.isnan(found.series["ride_weighted_mps2"]).all()


def test_without_a_route_rss_is_unknown():
    found = facts(cruise(10.0), track(CAR, 0.0, speed=8.0), route=np.zeros((1, 2)))
    assert found.scalars["rss_longitudinal_violation_s"] is None
    assert np.isnan(found.series["rss_longitudinal_margin_m"]).all()


def test_the_order_of_tracks_does_not_matter():
    rows = [track(CAR, 10.0, speed=6.0), track(CAR, 60.0, 3.5, np.pi, 9.0), track(PERSON, 80, 1.0)]
    one, two = facts(cruise(10.0), *rows), facts(cruise(10.0), *rows[::-1])
    for column, value in one.scalars.items():
        if column not in TEXT_COLUMNS:
            assert two.scalars[column] == value, column
    for name in SERIES:
        assert np.array_equal(one.series[name], two.series[name])


def crowded_scene():
    rng = np.random.default_rng(1)
    at = 0.1 * np.arange(151)
    speed, rate = 8 + 2 * np.sin(at / 3), 0.1 * np.sin(at / 2)
    heading = np.cumsum(rate) * 0.1
    ego = drive(
        np.cumsum(speed * np.cos(heading)) * 0.1, np.cumsum(speed * np.sin(heading)) * 0.1,
        heading, speed,
    )  # fmt: skip
    ego[:, 9] = rate
    rows = [
        track(ScoreType(n % 4), rng.uniform(-30, 130), rng.uniform(-14, 14),
              rng.choice([0.0, np.pi, 1.5]), rng.choice([0.0, 0.0, 5.0, 9.0]))
        for n in range(30)
    ]  # fmt: skip
    return scene_of(ego, *rows)


def test_thirty_tracks_over_fifteen_seconds_take_milliseconds():
    scene = crowded_scene()
    run = rollout_of(scene)
    safety(scene, run, CONFIG)
    walls = []
    for _ in range(20):
        start = time.perf_counter()
        safety(scene, run, CONFIG)
        walls.append(time.perf_counter() - start)
    assert min(walls) < 0.02  # about 2 ms on an idle core; a busy one is no failure
