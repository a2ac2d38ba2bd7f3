"""nuPlan's table of hand-made histories, over the terms that ``closed_loop`` has.

The expert drives 9 m/s straight from x = -30 for 15 s. Expected values are those of nuplan-devkit.
"""

import numpy as np
import pytest

from drivewm.errors import InputError
from drivewm.eval.scores.base import ScoreConfig, combine
from drivewm.eval.scores.registry import build, load_config
from drivewm.scene import NO_MAP, PACIFICA, ScoreType
from drivewm.sim.rollout import Rollout
from tests.measures.hand import cruise, drive, golden_road, scene_of, track

CAR, CONE, PED = ScoreType.VEHICLE, ScoreType.CONE, ScoreType.PEDESTRIAN
FRONT_M, TIMES = 1.461 + 2.588, 0.1 * np.arange(151)
EDGE_Y = -1.75 + PACIFICA.width_m / 2


def judge(ego, *rows, road=None, missing="drop"):
    scene = scene_of(cruise(9.0), *rows, road=road)
    none = np.zeros(0, np.int64)
    run = Rollout(
        scene_id=scene.id, status="ok", reason=None, mode="privileged", replan_interval_s=0.1,
        times_us=scene.times_us, ego=ego, vehicle=scene.vehicle, tracks=scene.tracks,
        light_lane_ids=(), light_status=np.zeros((0, 151), np.int8), plan_times_us=none,
        plan_poses=(), plan_horizons_s=(), plan_wall_s=(),
    )  # fmt: skip
    return build(load_config("closed_loop", [f"missing={missing}"])).judge(scene, run)


def shift_to(y, begin=2.0, within=4.0):
    """Keeps 9 m/s along a smooth path to the lateral position y."""
    u = np.clip((TIMES - begin) / within, 0, 1)
    side = y * (10 * u**3 - 15 * u**4 + 6 * u**5)
    rate = np.gradient(side, 0.1)
    forward = np.sqrt(81 - rate**2)
    x = -30 + np.concatenate([[0], np.cumsum(forward[:-1]) * 0.1])
    return drive(x, side, np.arctan2(rate, forward), speed=9.0)


def accelerating(accel):
    speed = np.maximum(9 + accel * TIMES, 0)
    ego = drive(-30 + np.concatenate([[0], np.cumsum(speed[:-1]) * 0.1]), speed=speed)
    ego[:, 5] = np.where(speed > 0, accel, 0)
    return ego


def drifting(y0=3.5, y1=1.0):
    kind, state = track(CAR, -28.0, y0, speed=9.0)
    state[:, 1] = np.maximum(y0 - 0.05 * np.arange(151), y1)
    return kind, state


CASES = {  # name: ego, tracks, (collision, drivable, moving, progress, ttc, comfort)
    "expert itself": (cruise(9), (), (1, 1, 1, 1, 1, 1)),
    "half speed": (cruise(4.5), (), (1, 1, 1, 0.5, 1, 1)),
    "almost stopped": (cruise(1.5), (), (1, 1, 0, 1.5 / 9, 1, 1)),
    "stopped lead": (cruise(9), (track(CAR, 40),), (0, 1, 1, 1, 0, 1)),
    "one cone": (cruise(9), (track(CONE, 40),), (0.5, 1, 1, 1, 0, 1)),
    "two cones": (cruise(9), (track(CONE, 40), track(CONE, 60)), (0, 1, 1, 1, 0, 1)),
    "pedestrian standing": (cruise(9), (track(PED, 40),), (0, 1, 1, 1, 0, 1)),
    "rear ended": (cruise(4), (track(CAR, -60, speed=9),), (1, 1, 1, 4 / 9, 1, 1)),
    "side swipe": (cruise(9), (drifting(),), (0, 1, 1, 1, 0, 1)),
    "off road 0.25 m": (shift_to(EDGE_Y - 0.25), (), (1, 1, 1, 0.9997, 1, 1)),
    "off road 0.35 m": (shift_to(EDGE_Y - 0.35), (), (1, 0, 1, 0.9997, 1, 1)),
    "lane change left": (shift_to(3.5), (), (1, 1, 1, 0.998, 1, 1)),
    "tailgate 3 m": (
        cruise(9), (track(CAR, -30 + FRONT_M + 3 + 2.3, speed=9),), (1, 1, 1, 1, 1, 1)
    ),
    "closing": (cruise(9), (track(CAR, 20, speed=3),), (0, 1, 1, 1, 0, 1)),
    "brake -4.5": (accelerating(-4.5), (), (1, 1, 0, 0.07, 1, 0)),
    "accel 2.5": (accelerating(2.5), (), (1, 1, 1, 1, 1, 0)),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_golden_table(name):
    ego, rows, expected = CASES[name]
    judged = judge(ego, *rows)
    names = (
        "no_at_fault_collision",
        "drivable_area",
        "making_progress",
        "progress",
        "ttc",
        "comfort",
    )
    found = [judged.terms[term] for term in names]
    exact = [0, 1, 2, 4, 5]
    assert [found[i] for i in exact] == [expected[i] for i in exact]
    assert found[3] == pytest.approx(expected[3], abs=5e-4)
    collision, drivable, moving, progress, ttc, comfort = found
    score = collision * drivable * moving * (5 * progress + 5 * ttc + 2 * comfort) / 12
    assert judged.score == pytest.approx(score, abs=1e-12)


def test_collision_time_and_count():
    judged = judge(cruise(9), track(CAR, 40))
    assert judged.collisions == 1
    assert judged.collision_time_s == pytest.approx(7.1)
    assert judge(cruise(9)).collision_time_s is None


def test_what_a_fleet_cannot_know_drops_out_or_is_judged_as_the_reference_does():
    dropped = judge(cruise(9), road=NO_MAP)
    assert dropped.terms["drivable_area"] is None
    assert "drivable_area" not in dropped.weights_used["multipliers"]
    assert dropped.score == 1.0
    strict = judge(cruise(9), road=NO_MAP, missing="reference")
    assert strict.terms["drivable_area"] == 0.0 and strict.score == 0.0


def test_lateral_contact_without_lanes_counts_apart():
    kind, state = drifting()
    state[:, 0] -= 3.0
    judged = judge(cruise(9), (kind, state), road=golden_road(lanes=False))
    assert (judged.collisions, judged.fault_unknown) == (0, 1)
    assert judged.terms["no_at_fault_collision"] == 1.0


def test_series_have_one_value_a_step():
    judged = judge(cruise(9), track(CAR, 40))
    assert {len(values) for values in judged.series.values()} == {151}
    assert judged.series["progress_m"][-1] == pytest.approx(135.0)
    assert judged.series["drivable_margin_m"].min() == pytest.approx(1.75 - 2.297 / 2)


def test_missing_weighted_terms_take_their_weight_with_them():
    config = ScoreConfig(name="x", multipliers=("a",), weights={"b": 5, "c": 1})
    score, used = combine({"a": 0.5, "b": None, "c": 0.8}, config)
    assert score == pytest.approx(0.4)
    assert used == {"multipliers": {"a": 1.0}, "weights": {"c": 1.0}}
    assert combine({"a": None, "b": None, "c": None}, config)[0] == 1.0


def test_unknown_scores_and_settings_are_named():
    with pytest.raises(InputError, match="closed_loop"):
        load_config("beauty")
    with pytest.raises(InputError, match="missing"):
        load_config("closed_loop", ["missing=guess"])
