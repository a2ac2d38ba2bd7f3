"""The gymnasium environment: gymnasium's own checks, and the reward that the measures give."""

import dataclasses
import warnings

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from drivewm.errors import InputError
from drivewm.measures.reward import RewardConfig, recorded_reward
from drivewm.scene import Lights, LightStatus, ScoreType
from drivewm.sim.config import SimConfig, VisibleConfig
from drivewm.sim.env import ID, DriveEnv
from drivewm.sim.env_scenes import straight_road
from drivewm.sim.traffic import replay_traffic
from tests.measures.hand import cruise, scene_of, track

CAR = ScoreType.VEHICLE


def played(env, action, steps=10_000, **options):
    """Observations, rewards and the last info of a drive with one action."""
    seen, info = env.reset(seed=0, options=options or None)
    views, rewards, egos = [seen], [], [info["ego"]]
    for _ in range(steps):
        seen, reward, ended, truncated, info = env.step(np.array(action, np.float32))
        views.append(seen)
        rewards.append(reward)
        egos.append(info["ego"])
        if ended or truncated:
            break
    return views, rewards, info | {"ended": ended, "truncated": truncated, "egos": np.array(egos)}


@pytest.mark.parametrize(
    "settings",
    [{}, {"steering": "curvature", "step_s": 0.5}, {"sim": SimConfig(mode="visible")}],
    ids=["default", "curvature", "visible"],
)
def test_gymnasium_finds_nothing_wrong(settings):
    with warnings.catch_warnings():
        warnings.filterwarnings("error")
        warnings.filterwarnings("ignore", message=".*symmetric and normalized.*")
        check_env(gymnasium.make(ID, **settings).unwrapped)


def test_it_is_registered_and_works_in_a_vector():
    vector = gymnasium.make_vec(ID, num_envs=2, vectorization_mode="sync")
    seen, _ = vector.reset(seed=3)
    assert seen["tracks"].shape == (2, 32, 8)
    _, reward, *_ = vector.step(np.zeros((2, 2), np.float32))
    assert reward[0] == pytest.approx(0.8 / 5)
    vector.close()


def as_driven(scene, egos):
    """The scene with the driven states as its recorded ego."""
    steps = len(egos)
    tracks = dataclasses.replace(
        scene.tracks, state=scene.tracks.state[:, :steps], valid=scene.tracks.valid[:, :steps]
    )
    return dataclasses.replace(scene, ego=egos, times_us=scene.times_us[:steps], tracks=tracks)


ROADS = {
    "a free road": ((), (0.5, 0.0)),
    "curving and braking": ((), (-0.7, 0.01)),
    "a standing car ahead": ([track(CAR, 20.0)], (0.0, 0.0)),
    "off the road": ((), (0.0, 0.2)),
    "hit from behind": ([track(CAR, -45.0, speed=15.0)], (-2.0, 0.0)),
}


@pytest.mark.parametrize("name", ROADS)
def test_the_reward_is_that_of_the_measures(name):
    rows, action = ROADS[name]
    scene = scene_of(cruise(9.0), *rows)
    env = DriveEnv([scene], step_s=0.1, traffic=replay_traffic)
    _, fine, info = played(env, action)
    states = as_driven(scene, info["egos"])
    np.testing.assert_allclose(fine, fine_reward(states), atol=1e-9)
    coarse = DriveEnv([scene], step_s=0.5, traffic=replay_traffic)
    _, rewards, _ = played(coarse, action)
    assert sum(rewards) == pytest.approx(sum(fine), abs=1e-9)
    whole = (len(info["egos"]) - 1) // 5
    np.testing.assert_allclose(rewards[:whole], recorded_reward(states)[0][:whole], atol=1e-9)


def fine_reward(scene):
    config = RewardConfig(comfort_weight=RewardConfig().comfort_weight * 0.2)
    return recorded_reward(scene, 0.1, config)[0]


@pytest.mark.parametrize(
    ("name", "ending"),
    [("a standing car ahead", "at_fault_collision"), ("off the road", "road_departure"),
     ("hit from behind", None), ("a free road", None)],
)  # fmt: skip
def test_endings(name, ending):
    rows, action = ROADS[name]
    env = DriveEnv([scene_of(cruise(9.0), *rows)], traffic=replay_traffic)
    _, rewards, info = played(env, action)
    assert info["ending"] == ending
    assert (info["ended"], info["truncated"]) == (ending is not None, ending is None)
    assert (rewards[-1] < -4.0) == (ending is not None)


def test_the_observation_is_in_the_frame_of_the_ego():
    lights = Lights(lane_ids=("r1",), status=np.full((1, 151), LightStatus.RED, np.int8))
    far, near = track(CAR, 10.0, 3.5, speed=4.0), track(CAR, -20.0, -3.5, np.pi)
    env = DriveEnv([scene_of(cruise(9.0), far, near, lights=lights)], traffic=replay_traffic)
    seen, _ = env.reset()
    np.testing.assert_allclose(seen["ego"], [9.0, 0, 0, 0])
    assert (seen["limit"][0], seen["limit_valid"][0]) == (np.float32(13.4), 1)
    np.testing.assert_allclose(seen["route"][[0, -1]], [[5, 0], [80, 0]])
    assert seen["tracks_valid"].tolist()[:3] == [1, 1, 0]
    np.testing.assert_allclose(seen["tracks"][0], [10, -3.5, -1, 0, 0, 0, 4.6, 1.9], atol=1e-6)
    np.testing.assert_allclose(seen["tracks"][1], [40, 3.5, 1, 0, 4, 0, 4.6, 1.9], atol=1e-6)
    np.testing.assert_allclose(seen["stops"][0], [130, 0])
    assert seen["stops_valid"].tolist() == [1, 0, 0, 0]
    assert not seen["tracks"][2:].any()


def test_visible_mode_hides_what_is_far():
    sim = SimConfig(mode="visible", visible=VisibleConfig(range_m=50.0, dropout=0.0))
    scene = scene_of(cruise(9.0), track(CAR, 0.0, 3.5), track(CAR, 90.0))
    assert DriveEnv([scene]).reset()[0]["tracks_valid"].sum() == 2
    assert DriveEnv([scene], sim=sim).reset()[0]["tracks_valid"].sum() == 1


def test_a_seed_fixes_the_scenes_and_an_option_names_one():
    scenes = [scene_of(cruise(9.0), name=f"s{i}") for i in range(20)]
    env = DriveEnv(scenes)

    def drawn(seed):
        first = env.reset(seed=seed)[1]["scene"]
        return [first, *(env.reset()[1]["scene"] for _ in range(5))]

    assert drawn(1) == drawn(1) != drawn(2)
    assert env.reset(options={"scene": 7})[1]["scene"] == "s7"
    with pytest.raises(InputError, match="0 to 19"):
        env.reset(options={"scene": 20})


def test_braking_ends_in_a_stop_and_curvature_in_a_circle():
    scene = scene_of(cruise(5.0, 301))
    _, _, info = played(DriveEnv([scene]), (-6.0, 0.0), steps=40)
    assert info["egos"][-1, 3] == 0.0 and (info["egos"][:, 3] >= 0).all()
    env = DriveEnv([straight_road()], steering="curvature")
    _, _, info = played(env, (0.0, 0.02), steps=15)
    assert info["egos"][-1, 9] / info["egos"][-1, 3] == pytest.approx(0.02, rel=0.02)


@pytest.mark.parametrize(
    ("settings", "says"),
    [({"scenes": []}, "no scene"), ({"sim": SimConfig(mode="sensor")}, "mode sensor"),
     ({"steering": "feet"}, "feet"), ({"step_s": 0.25}, "0.25"), ({"step_s": 0.0}, "multiple")],
)  # fmt: skip
def test_bad_settings_are_named(settings, says):
    with pytest.raises(InputError, match=says):
        DriveEnv(**settings)
