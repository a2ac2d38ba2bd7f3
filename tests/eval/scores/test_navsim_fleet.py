"""NAVSIM's scores on hand-built recordings: what a row says, drops and forgives."""

from dataclasses import replace

import numpy as np
import pytest

from drivewm.eval.scores.navsim_fleet import NavsimFleet, follow_up_offsets
from drivewm.eval.scores.navsim_plan import four_seconds
from drivewm.eval.scores.registry import build, load_config
from drivewm.planners.constant_velocity import ConstantVelocity
from drivewm.planners.log_replay import LogReplay
from drivewm.scene import NO_MAP, Lights, LightStatus, ScoreType, Trajectory
from drivewm.scene.roadblocks import with_roadblocks
from drivewm.sim.asking import PlannerFailure
from drivewm.sim.config import SimConfig
from tests.measures.hand import cruise, golden_road, scene_of, track

CAR = ScoreType.VEHICLE
STEPS = 121
ROAD = with_roadblocks(golden_road())
START_S = 2.0
EPDMS = "navsim_epdms"


def recording(*rows, speed=9.0, road=ROAD, **extra):
    return scene_of(cruise(speed, STEPS), *rows, road=road, **extra)


def car(x, y=0.0, speed=0.0):
    return track(CAR, x, y, speed=speed, steps=STEPS)


def driven(name, scene, planner=None, overrides=(), **sim):
    score = build(load_config(name, overrides))
    assert isinstance(score, NavsimFleet)
    planner = ConstantVelocity() if planner is None else planner
    return score.drive(scene, planner, SimConfig(**sim), START_S, "privileged")


@pytest.mark.parametrize("name", ["navsim_pdms", "navsim_epdms_stage1", EPDMS])
def test_a_free_road_scores_one(name):
    level = ["follow_ups.lateral_m=0", "follow_ups.heading_rad=0"] if name == EPDMS else []
    scene = recording(speed=13.4)  # at the limit, as PDM-Closed goes
    found = driven(name, scene, overrides=level)
    assert found.rollout.status == "ok" and len(found.rollout.ego) == 41
    assert found.judgement.score == pytest.approx(1.0, abs=0.02)
    assert found.scene.times_us[0] == scene.times_us[20]
    assert found.judgement.series["speed_mps"] == pytest.approx(13.4, abs=1e-6)


def test_progress_is_relative_to_pdm_closed_where_it_can_plan():
    slow = driven("navsim_pdms", recording(speed=9.0)).judgement  # PDM-Closed speeds up to 13.4
    assert 0.7 < slow.terms["progress"] < 0.9
    assert slow.score == pytest.approx((5 * slow.terms["progress"] + 7) / 12)


def test_lights_and_lanes_that_are_not_known_drop_with_their_weight():
    with_lanes = driven("navsim_epdms_stage1", recording()).judgement
    without = driven("navsim_epdms_stage1", recording(road=golden_road(lanes=False))).judgement
    assert with_lanes.terms["traffic_light"] is None and with_lanes.terms["lane_keeping"] == 1.0
    assert without.terms["driving_direction"] is without.terms["lane_keeping"] is None
    assert "lane_keeping" not in without.weights_used["weights"] and without.score == 1.0
    assert without.weights_used["progress_relative_to"] == {"recorded": 1.0}
    assert with_lanes.weights_used["progress_relative_to"] == {"pdm_closed": 1.0}


def test_without_any_map_only_what_needs_none_is_judged():
    found = driven("navsim_pdms", recording(road=NO_MAP)).judgement
    assert found.terms["drivable_area"] is None and found.score == 1.0
    assert list(found.weights_used["multipliers"]) == ["no_at_fault_collision"]


def test_missing_reference_judges_as_the_reference_would():
    found = driven("navsim_pdms", recording(road=NO_MAP), overrides=["missing=reference"])
    assert found.judgement.terms["drivable_area"] == 0.0 and found.judgement.score == 0.0


def test_a_standing_car_is_hit_and_the_row_says_when_and_whom():
    scene = recording(car(10.0))  # the ego is at -12 m at the moment
    found = driven("navsim_pdms", scene).judgement
    step, track_id, value = found.worst["no_at_fault_collision"]
    assert found.score == 0.0 and found.collisions == 1 and track_id == "t0"
    assert value == pytest.approx(4.5)  # half of 9 m/s, as equal masses that stay together
    assert found.collision_time_s == pytest.approx(step * 0.1) and 10 < step < 20


def test_a_recorded_driver_who_collides_is_forgiven_in_the_first_stage_only():
    scene = recording(car(10.0))
    assert driven("navsim_epdms_stage1", scene).judgement.terms["no_at_fault_collision"] == 1.0
    plain = driven("navsim_epdms_stage1", scene, overrides=["human_filter=false"])
    assert plain.judgement.terms["no_at_fault_collision"] == 0.0


def test_a_red_light_on_the_route():
    red = Lights(lane_ids=("r1",), status=np.full((1, STEPS), LightStatus.RED, np.int8))
    scene = replace(recording(lights=red), ego=cruise(9.0, STEPS, x0=60.0))
    found = driven("navsim_epdms_stage1", scene, overrides=["human_filter=false"]).judgement
    assert found.terms["traffic_light"] == 0.0 and found.score == 0.0


def test_two_stages_multiply_and_are_kept_as_moments():
    scene = recording(car(50.0))  # met only by the follow-ups, which start at 24 m
    found = driven("navsim_epdms", scene).judgement
    assert found.worst["stage1"][2] > 0.9 and found.worst["stage2"][2] == 0.0
    assert found.score == 0.0 and found.terms["no_at_fault_collision"] == 0.0


def test_agents_that_react_brake_behind_the_ego():
    rows = [car(-60.0, speed=14.0)]  # would run into the ego from behind
    replayed = driven("navsim_epdms_stage1", recording(*rows), agents="replay")
    reacting = driven("navsim_epdms_stage1", recording(*rows), agents="reactive")
    assert replayed.rollout.tracks.state[0, -1, 4] == pytest.approx(14.0)
    assert reacting.rollout.tracks.state[0, -1, 4] < 12.0


def test_lateral_contacts_without_lanes_are_counted_apart():
    side = car(-30.0, 3.5, speed=9.0)
    side[1][:, 1] = np.maximum(3.5 - 0.1 * np.maximum(np.arange(STEPS) - 20, 0), 1.5)
    without = driven("navsim_pdms", recording(side, road=golden_road(lanes=False))).judgement
    assert without.fault_unknown == 1 and without.collisions == 0
    assert driven("navsim_pdms", recording(side)).judgement.fault_unknown == 0


def test_the_recorded_driver_is_not_told_from_his_log():
    found = driven("navsim_pdms", recording(speed=13.4), LogReplay())
    assert found.judgement.score == pytest.approx(1.0, abs=0.02)


class Remembers:
    """Notes what it was shown."""

    def reset(self, scenes):
        self.seen, self.scene = [], scenes[0]

    def plan(self, observation):
        self.seen.append((observation.step, observation.ego[0, 0]))
        return ConstantVelocity().plan(observation)


def test_the_planner_sees_the_past_at_two_hertz_and_no_future():
    planner = Remembers()
    driven("navsim_pdms", recording(), planner)
    assert [step for step, _ in planner.seen] == [0, 5, 10, 15]
    assert planner.seen[-1][1] == pytest.approx(-30 + 9.0 * START_S)
    assert planner.scene.steps == 1


class Broken:
    def reset(self, scenes):
        pass

    def plan(self, observation):
        raise RuntimeError("no idea")


@pytest.mark.parametrize("name", ["navsim_pdms", "navsim_epdms"])
def test_a_planner_that_raises_is_a_failed_row(name):
    found = driven(name, recording(), Broken())
    assert found.rollout.status == "failed" and "no idea" in found.rollout.reason
    assert found.judgement is None and len(found.rollout.ego) == 1


def test_a_short_plan_goes_on_at_its_last_speed():
    ego = cruise(8.0, 1, x0=0.0)[0]
    times = np.arange(1, 21) * 0.1
    poses = np.stack([8.0 * times, 0 * times, 0 * times], -1)[None]
    found = four_seconds(ego, Trajectory(times_s=times, poses=poses))
    assert found[-1] == pytest.approx([32.0, 0.0, 0.0], abs=1e-9)
    with pytest.raises(PlannerFailure, match="no pose after now"):
        four_seconds(ego, Trajectory(times_s=np.zeros(1), poses=poses[:, :1]))


def test_follow_ups_are_the_same_for_every_planner_and_within_reach():
    config = load_config("navsim_epdms").follow_ups
    first = follow_up_offsets(config, "scene", 20)
    assert first == follow_up_offsets(config, "scene", 20) != follow_up_offsets(config, "s", 20)
    reach = np.array([config.longitudinal_m, config.lateral_m, config.heading_rad])
    assert len(first) == config.count and (np.abs(first) <= reach).all()
