"""Series and worst moments of NAVSIM rows, against the flags of the scorer that they explain."""

from dataclasses import replace

import numpy as np
import pytest

from drivewm.eval.scores.navsim_moment import Asking, MomentJudge, Place
from drivewm.eval.scores.navsim_series import measure
from drivewm.eval.scores.registry import build, load_config
from drivewm.measures.proposals import NAVSIM_V1, NAVSIM_V2
from drivewm.measures.proposals_extended import LIMITS, extended_comfort, worst_difference
from drivewm.measures.proposals_route import direction
from drivewm.measures.proposals_series import _off_route
from drivewm.planners.constant_velocity import ConstantVelocity
from drivewm.scene import Lights, LightStatus, Trajectory
from drivewm.sim.config import SimConfig
from tests.eval.scores.test_navsim_fleet import ROAD, STEPS, car, driven, recording
from tests.measures.hand import cruise, golden_road

STAGE1 = "navsim_epdms_stage1"
NO_FILTER = ["human_filter=false"]
FILLED = ("ttc_s", "drivable_margin_m", "driving_direction_m", "lane_offset_m", "progress_m")


class Steers:
    """Plans a straight line that drifts to the left, m per m, and brakes."""

    def __init__(self, left=0.0, braking_mps2=0.0):
        self.left, self.braking_mps2 = left, braking_mps2

    def reset(self, scenes):
        pass

    def plan(self, observation):
        x, y, heading = observation.ego[0, :3]
        times = np.arange(1, 41) * 0.1
        speed = np.hypot(*observation.ego[0, 3:5])
        gone = speed * times - self.braking_mps2 * times**2 / 2
        poses = np.stack([x + gone, y + self.left * gone, heading + 0 * gone + self.left], -1)
        return Trajectory(times_s=times, poses=poses[None])


def judged(scene, planner, name=STAGE1):
    asking = Asking(
        scene=scene, planner=planner, sim=SimConfig(), mode="privileged", cameras=None
    )  # fmt: skip
    return MomentJudge(load_config(name, [])).judge(asking, Place(step=20), False)


@pytest.mark.parametrize("name", ["navsim_pdms", STAGE1, "navsim_epdms"])
def test_every_applicable_term_without_an_event_has_a_moment_and_series(name):
    found = driven(name, recording()).judgement
    applicable = {term for term, value in found.terms.items() if value is not None}
    events = {"no_at_fault_collision", "ttc", "traffic_light"}  # nothing to meet here
    assert applicable - events <= set(found.worst) and not events & set(found.worst)
    assert all(len(found.series[series]) == 41 for series in FILLED)
    assert np.isinf(found.series["ttc_s"]).all()
    assert (found.series["driving_direction_m"] == 0).all()
    assert found.series["progress_m"][-1] == pytest.approx(36.0, abs=0.1)
    assert found.series["drivable_margin_m"].min() > 0
    assert found.worst["progress"][:2] == (40, None) and found.worst["comfort"][2] < 1


@pytest.mark.parametrize("name", ["navsim_pdms", STAGE1])
@pytest.mark.parametrize("ahead", [4.0, 8.0, 16.0])
def test_the_first_finite_time_to_collision_is_the_infraction(name, ahead):
    found = judged(recording(car(ahead)), ConstantVelocity(), name)
    ttc = measure(found).terms
    first = int(np.flatnonzero(np.isfinite(ttc.ttc_s))[0])
    assert first == found.scores.ttc_step[1]
    assert ttc.ttc_track[first] == found.scores.ttc_track[1]


def test_leaving_the_road_is_dated_by_the_lowest_margin():
    found = driven(STAGE1, recording(), Steers(-0.15), NO_FILTER).judgement
    step, _, margin_m = found.worst["drivable_area"]
    assert found.terms["drivable_area"] == 0.0 and step == 40 and -6 < margin_m < -1
    assert found.series["drivable_margin_m"][step] == margin_m


def test_oncoming_lanes_are_metres_against_the_direction_and_off_the_lane():
    found = driven(STAGE1, recording(), Steers(0.3), NO_FILTER).judgement
    term, metres = found.terms["driving_direction"], found.worst["driving_direction"][2]
    assert term == (1.0 if metres > -2 else 0.5 if metres > -6 else 0.0) < 1.0
    assert found.terms["lane_keeping"] == 0.0 and found.worst["lane_keeping"][2] > 5.0
    step = found.worst["lane_keeping"][0]
    assert found.series["lane_offset_m"][step] == found.series["lane_offset_m"].max()


@pytest.mark.parametrize("braking_mps2", [0.0, 1.0, 6.0])
@pytest.mark.parametrize("name", ["navsim_pdms", STAGE1])
def test_comfort_fails_where_a_series_takes_its_whole_bound(name, braking_mps2):
    plan = driven(name, recording(), Steers(0.0, braking_mps2), NO_FILTER[: name == STAGE1])
    found = plan.judgement
    assert (found.worst["comfort"][2] < 1.0) == (found.terms["comfort"] == 1.0)


def test_a_red_light_is_dated_by_its_first_step():
    red = Lights(lane_ids=("r1",), status=np.full((1, STEPS), LightStatus.RED, np.int8))
    scene = replace(recording(lights=red), ego=cruise(9.0, STEPS, x0=60.0))
    found = driven(STAGE1, scene, overrides=NO_FILTER).judgement
    step = found.worst["traffic_light"][0]
    front_m = found.series["x"] + scene.vehicle.rear_axle_to_center_m + scene.vehicle.length_m / 2
    assert front_m[step] >= 100.0 > front_m[step - 1]


def test_without_lanes_what_lanes_tell_is_unknown():
    found = driven(STAGE1, recording(road=golden_road(lanes=False))).judgement
    assert np.isnan(found.series["lane_offset_m"]).all()
    assert not {"lane_keeping", "driving_direction"} & set(found.worst)
    assert np.isfinite(found.series["drivable_margin_m"]).all()


@pytest.mark.parametrize("rules", [NAVSIM_V1, NAVSIM_V2, NAVSIM_V1._replace(
    direction_windowed=False)])  # fmt: skip
def test_metres_off_the_route_decide_the_direction_term(rules):
    draw = np.random.default_rng(3)
    for _ in range(50):
        centre = np.zeros((41, 4))
        centre[:, 0] = np.cumsum(draw.uniform(0, draw.uniform(0.2, 1.6), 41))
        where = draw.choice([0, 4, 4, 4, 12], 41).astype(np.uint8)
        worst = _off_route(centre[:, :2], where, rules).max()
        spares = rules.direction_spares_intersections
        term = direction(centre, where, rules.direction_windowed, spares)
        assert term == (1.0 if worst < 2 else 0.5 if worst < 6 else 0.0)


def test_extended_comfort_is_dated_by_the_largest_difference():
    now, before = cruise(9.0, 81), cruise(9.0, 81, x0=-34.5)
    now[40:43, 5] = 9.0  # far from the ends, where the filters extrapolate
    step, share = worst_difference(now, before, 0.5)
    rms = extended_comfort(now[None], before[None], 0.5).rms[0]
    assert share == pytest.approx((rms / LIMITS).max()) and share > 1.0
    assert 33 <= step <= 49


def test_the_row_keeps_the_share_that_extended_comfort_takes():
    score = build(load_config(STAGE1, []))
    found = score.drive(recording(road=ROAD), ConstantVelocity(), SimConfig(), 2.0, "privileged")
    share = found.judgement.worst["extended_comfort"][2]
    assert (share <= 1.0) == (found.judgement.terms["extended_comfort"] == 1.0)
