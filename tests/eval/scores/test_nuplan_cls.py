"""nuPlan's closed-loop score on hand-made histories of 15 s.

The road: lanes 3.5 m wide at y = 0 and 3.5 in one direction, at 7 the other way, drivable y in
[-1.75, 8.75], intersection x in [100, 130], limit 13.4 m/s. The expert drives 9 m/s straight from
x = -30. Expected values were computed with nuplan-devkit, to six decimals.
"""

from dataclasses import replace

import numpy as np
import pytest

from drivewm.eval.scores.registry import build, load_config
from drivewm.measures.nuplan import TERMS
from drivewm.scene import NO_MAP, PACIFICA, ScoreType
from drivewm.sim.rollout import Rollout
from tests.measures.hand import cruise, drive, golden_road, scene_of, track

CAR, CONE, PED = ScoreType.VEHICLE, ScoreType.CONE, ScoreType.PEDESTRIAN
FRONT_M, TIMES_S = 1.461 + 2.588, 0.1 * np.arange(151)
EDGE_Y = -1.75 + PACIFICA.width_m / 2
WEIGHTS = {"progress": 5, "ttc": 5, "speed_limit": 4, "comfort": 2}


def road(lanes=True, limits=True):
    """The golden road with its two lanes of one direction in common roadblocks."""
    bare = golden_road(lanes)
    before = {after: lane.id for lane in bare.lanes for after in lane.successors}
    beside = {"r": "l", "l": "r"}
    return replace(
        bare,
        lanes=tuple(
            replace(
                lane,
                predecessors=(before[lane.id],) if lane.id in before else (),
                left_neighbor=beside.get(lane.id[0], "") + lane.id[1],
                speed_limit_mps=lane.speed_limit_mps if limits else None,
            )
            for lane in bare.lanes
        ),
        _by_id={},
    )


def judge(ego, *rows, road_map=None, missing="drop", score="nuplan_cls"):
    scene = scene_of(cruise(9.0), *rows, road=road() if road_map is None else road_map)
    none = np.zeros(0, np.int64)
    run = Rollout(
        scene_id=scene.id, status="ok", reason=None, mode="privileged", replan_interval_s=0.1,
        times_us=scene.times_us, ego=ego, vehicle=scene.vehicle, tracks=scene.tracks,
        light_lane_ids=(), light_status=np.zeros((0, 151), np.int8), plan_times_us=none,
        plan_poses=(), plan_horizons_s=(), plan_wall_s=(),
    )  # fmt: skip
    return build(load_config(score, [f"missing={missing}"])).judge(scene, run)


def shift_to(y, begin_s=2.0, within_s=3.0):
    """9 m/s along the road's direction of motion, with a cubic step to the lateral position y."""
    u = np.clip((TIMES_S - begin_s) / within_s, 0, 1)
    heading = np.arctan2(y * 6 * u * (1 - u) / within_s, 9.0)
    x = -30 + np.concatenate([[0], np.cumsum(9 * np.cos(heading[:-1])) * 0.1])
    return drive(x, y * u * u * (3 - 2 * u), heading, speed=9.0)


def accelerating(accel):
    speed = np.maximum(9 + accel * TIMES_S, 0)
    ego = drive(-30 + np.concatenate([[0], np.cumsum(speed[:-1]) * 0.1]), speed=speed)
    ego[:, 5] = np.where(speed > 0, accel, 0)
    return ego


def drifting():
    kind, state = track(CAR, -28.0, 3.5, speed=9.0)
    state[:, 1] = np.maximum(3.5 - 0.05 * np.arange(151), 1.0)
    return kind, state


CASES = {  # name: ego, tracks, NC DAC DDC MP EP TTC SL C, score
    "expert itself": (cruise(9), (), (1, 1, 1, 1, 1, 1, 1, 1, 1)),
    "speeding 15 m/s": (cruise(15), (), (1, 1, 1, 1, 1, 1, 0.277728, 1, 0.819432)),
    "speeding 18 m/s": (cruise(18), (), (1, 1, 1, 1, 1, 1, 0, 1, 0.75)),
    "half speed": (cruise(4.5), (), (1, 1, 1, 1, 0.5, 1, 1, 1, 0.84375)),
    "almost stopped": (cruise(1.5), (), (1, 1, 1, 0, 0.166667, 1, 1, 1, 0)),
    "stopped lead": (cruise(9), (track(CAR, 40),), (0, 1, 1, 1, 1, 0, 1, 1, 0)),
    "one cone": (cruise(9), (track(CONE, 40),), (0.5, 1, 1, 1, 1, 0, 1, 1, 0.34375)),
    "two cones": (
        cruise(9), (track(CONE, 40), track(CONE, 60)), (0, 1, 1, 1, 1, 0, 1, 1, 0),
    ),
    "pedestrian standing": (cruise(9), (track(PED, 40),), (0, 1, 1, 1, 1, 0, 1, 1, 0)),
    "rear ended": (
        cruise(4), (track(CAR, -60, speed=9),), (1, 1, 1, 1, 0.444444, 1, 1, 1, 0.826389),
    ),
    "side swipe in lane": (cruise(9), (drifting(),), (0, 1, 1, 1, 1, 0, 1, 1, 0)),
    "side swipe during lane change": (
        shift_to(3.5), (track(CAR, -29, 3.5, speed=9),), (0, 1, 1, 1, 0.998026, 0, 1, 1, 0),
    ),
    "off road 0.25 m": (shift_to(EDGE_Y - 0.25), (), (1, 1, 1, 1, 0.999881, 1, 1, 1, 0.999963)),
    "off road 0.35 m": (shift_to(EDGE_Y - 0.35), (), (1, 0, 1, 1, 0.999851, 1, 1, 1, 0)),
    "lane change left": (shift_to(3.5), (), (1, 1, 1, 1, 0.998026, 1, 1, 1, 0.999383)),
    "tailgate 3 m": (
        cruise(9), (track(CAR, -30 + FRONT_M + 3 + 2.3, speed=9),), (1, 1, 1, 1, 1, 1, 1, 1, 1),
    ),
    "closing": (cruise(9), (track(CAR, 20, speed=3),), (0, 1, 1, 1, 1, 0, 1, 1, 0)),
    "brake -4.5": (accelerating(-4.5), (), (1, 1, 1, 0, 0.07, 1, 1, 0, 0)),
    "accel 2.5": (accelerating(2.5), (), (1, 1, 1, 1, 1, 1, 0, 0, 0.625)),
}  # fmt: skip
ORDER = (
    "no_at_fault_collision", "drivable_area", "driving_direction", "making_progress", "progress",
    "ttc", "speed_limit", "comfort",
)  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_golden_table(name):
    ego, rows, expected = CASES[name]
    judged = judge(ego, *rows)
    found = [*(judged.terms[term] for term in ORDER), judged.score]
    assert found == pytest.approx(expected, abs=1e-6)
    assert judged.weights_used["weights"] == WEIGHTS


def test_driving_the_wrong_way_is_graded_by_the_metres_of_a_second():
    for speed, score in ((1.5, 1.0), (4.0, 0.5), (7.0, 0.0)):
        judged = judge(drive(60 - speed * TIMES_S, heading=np.pi, speed=speed))
        assert judged.terms["driving_direction"] == score
        assert judged.worst["driving_direction"][2] == pytest.approx(-1.1 * speed)


def test_going_back_scores_no_progress():
    assert judge(drive(60 - TIMES_S, speed=1.0)).terms["progress"] == 0.0


def test_without_limits_the_weight_goes_or_nobody_speeds():
    dropped = judge(cruise(18), road_map=road(limits=False))
    assert dropped.terms["speed_limit"] is None and dropped.score == 1.0
    assert dropped.weights_used["weights"] == {
        n: w for n, w in WEIGHTS.items() if n != "speed_limit"
    }
    assert np.isnan(dropped.series["overspeed_mps"]).all()
    strict = judge(cruise(18), road_map=road(limits=False), missing="reference")
    assert strict.terms["speed_limit"] == 1.0


def test_without_a_lane_graph_the_recorded_path_is_the_line():
    judged = judge(cruise(4.5), road_map=road(lanes=False))
    assert judged.terms["driving_direction"] is None and judged.terms["speed_limit"] is None
    assert judged.terms["drivable_area"] == 1.0
    assert judged.terms["progress"] == pytest.approx(0.5)
    assert judged.series["progress_m"][-1] == pytest.approx(67.5)
    assert judged.worst["progress"] == (150, None, pytest.approx(0.5))


def test_without_a_map_nothing_is_filled_in():
    judged = judge(cruise(9), road_map=NO_MAP)
    missing = {name for name, value in judged.terms.items() if value is None}
    assert missing == {"drivable_area", "driving_direction", "speed_limit"}
    strict = judge(cruise(4.5), road_map=NO_MAP, missing="reference")
    assert strict.terms["drivable_area"] == 0.0 and strict.terms["progress"] == 1.0


@pytest.mark.parametrize(("missing", "counts"), [("drop", (0, 1)), ("reference", (1, 0))])
def test_lateral_contact_without_lanes(missing, counts):
    kind, state = drifting()
    state[:, 0] -= 3.0
    judged = judge(cruise(9), (kind, state), road_map=road(lanes=False), missing=missing)
    assert (judged.collisions, judged.fault_unknown) == counts


def test_every_term_has_its_worst_moment():
    judged = judge(cruise(15), track(CAR, 100.0), track(CAR, 200.0, 3.5))
    assert judged.worst.keys() == set(TERMS)
    step, who, delta_v = judged.worst["no_at_fault_collision"]
    assert (who, delta_v) == ("t0", pytest.approx(7.5))
    assert judged.worst["ttc"] == (step, "t0", 0.0)
    assert judged.worst["speed_limit"][2] == pytest.approx(1.6)
    assert judged.worst["drivable_area"][2] == pytest.approx(1.75 - 2.297 / 2)
    assert judged.worst["comfort"][2] < 1.0


def test_closed_loop_shares_the_measurement():
    ego, rows = shift_to(3.5), (track(CONE, 40),)
    whole, part = judge(ego, *rows), judge(ego, *rows, score="closed_loop")
    for name in ("no_at_fault_collision", "drivable_area", "ttc", "comfort"):
        assert part.terms[name] == whole.terms[name]
    assert "speed_limit" not in part.terms


def test_series_have_one_value_a_step():
    judged = judge(cruise(9), track(CAR, 40))
    assert {len(values) for values in judged.series.values()} == {151}
    assert judged.series["progress_m"][-1] == pytest.approx(135.0)
    assert judged.series["driving_direction_m"][20] == pytest.approx(9.9)
