"""Scripted and reactive actors together, an ego by script, repeats."""

from __future__ import annotations

import time

import numpy as np
import pytest

from drivewm.errors import InputError
from drivewm.planners.constant_velocity import ConstantVelocity
from drivewm.sim.config import SimConfig
from drivewm.sim.loop import rollout
from drivewm.sim.script import model as m
from drivewm.sim.script.ego import ScriptedEgo
from drivewm.sim.script.summary import lines
from drivewm.sim.script.traffic import scripted_traffic
from drivewm.sim.traffic import replay_traffic
from tests.sim.script.build import LANES, arc, at, board, car, empty_scene, entries, play

BRAKE = m.Event(name="brake", actions=(m.Brake(decel_mps2=6.0),), trigger=at(2.0))


def test_who_reacts_stops_behind_a_scripted_car_that_stopped():
    follower = car("follower", 60.0, 10.0, reactive="after", cruise_mps=12.0)
    states, traffic = play(board([car(), follower], m.story_of("car", BRAKE)), 20.0)
    gap = states[:, 0, 0] - states[:, 1, 0] - 4.5
    assert gap.min() > 0.5 and abs(states[-1, 1, 4]) < 0.1 and gap[-1] < 6.0
    assert entries(traffic, "reactive") == [(0.0, "follower")]


def test_who_may_not_react_runs_into_it():
    follower = car("follower", 60.0, 10.0)
    states, _ = play(board([car(), follower], m.story_of("car", BRAKE)), 20.0)
    assert (states[-1, 1, 0] - states[-1, 0, 0]) > 0.0


def test_an_actor_reacts_once_its_script_is_over():
    change = m.LaneChange(lanes=1, dynamics=m.Dynamics(shape="cubic", value=2.0))
    event = m.Event(name="change", actions=(change,), trigger=at(1.0))
    wall = car("wall", 300.0, 0.0, path=1)
    storyboard = board([car(reactive="after"), wall], m.story_of("car", event))
    states, traffic = play(storyboard, 30.0)
    assert entries(traffic, "reactive") == [(3.0, "car")]
    assert states[-1, 0, 0] < 300.0 - 4.5 and states[-1, 0, 1] == pytest.approx(3.5, abs=1e-6)


def test_an_idle_actor_drives_by_itself_until_it_is_told_something():
    wall = car("wall", 160.0, 0.0)
    event = m.Event(name="go", trigger=at(12.0), actions=(
        m.LaneChange(lanes=1, dynamics=m.Dynamics(shape="linear", value=1.0)),
        m.Speed(speed_mps=6.0, dynamics=m.Dynamics(shape="linear", value=1.0)),
    ))  # fmt: skip
    idler = car(reactive="idle", cruise_mps=10.0)
    states, traffic = play(board([idler, wall], m.story_of("car", event)), 18.0)
    assert states[119, 0, 0] < 160.0 - 4.5 and states[119, 0, 4] < 0.5
    assert states[-1, 0, 1] == pytest.approx(3.5, abs=0.01)
    assert [t for t, _ in entries(traffic, "scripted")] == [12.0]
    jump = np.hypot(*np.diff(states[:, 0, :2], axis=0).T).max()
    assert jump < 1.4


def test_controllers_are_switched():
    wall = car("wall", 160.0, 0.0)
    on = m.Event(name="on", actions=(m.ActivateController(lateral=True, longitudinal=True),))
    states, _ = play(board([car(), wall], m.story_of("car", on)), 15.0)
    assert states[-1, 0, 0] < 160.0 - 4.5


def test_lights_that_the_storyboard_sets_stop_who_reacts():
    from drivewm.sim.lights import LightProgram

    road = m.Path(name="lane", xy=np.array([[0.0, 0.0], [500.0, 0.0]]), stops=((200.0, 0),))
    roads = m.Roads(paths=(road,), signals=(m.Signal(name="A", lights=(0,)),))
    red = m.Event(name="red", actions=(m.SetSignal(signal="A", state="red"),), trigger=at(1.0))
    program = LightProgram(
        lane_ids=("lane",), stop_points=np.array([[200.0, 0.0]]), group=np.zeros(1, np.int64),
        green_s=(60.0,),
    )  # fmt: skip
    storyboard = board([car(reactive="idle", cruise_mps=10.0)], m.story_of("car", red), roads=roads)
    from tests.sim.script.build import run

    traffic = scripted_traffic(storyboard, empty_scene(), program)
    assert traffic.light_status.tolist() == [0]
    states = run(traffic, 20.0)
    assert traffic.light_status.tolist() == [2] and states[-1, 0, 0] < 200.0


def cut_in():
    change = m.LaneChange(lanes=-1, dynamics=m.Dynamics(shape="sinusoidal", value=3.0))
    near = m.when(m.RelativeDistance(by=("Ego",), entity="car", value_m=15.0, freespace=True))
    event = m.Event(name="cut", actions=(change,), trigger=near)
    actors = [car(path=1, s_m=60.0, speed_mps=8.0), car("other", 200.0, 6.0, reactive="after")]
    return board(actors, m.story_of("car", event), ego_speed_mps=15.0,
                 ego_start=m.WorldPosition(x_m=0.0, y_m=0.0, heading_rad=0.0))  # fmt: skip


SCENE = empty_scene((0.0, 0.0, 0.0, 15.0), 81)


def test_runs_are_equal_to_the_byte_and_take_the_python_loop():
    storyboard = cut_in()
    first, second = (
        rollout(SCENE, ConstantVelocity(), SimConfig(), scripted_traffic(storyboard, SCENE))
        for _ in range(2)
    )
    assert first.status == "ok" and first.reason is None
    assert first.ego.tobytes() == second.ego.tobytes()
    assert first.tracks.state.tobytes() == second.tracks.state.tobytes()
    assert first.tracks.state[0, -1, 1] < 0.5  # it cut in


def test_a_planner_leaves_the_egos_script_alone():
    own = m.story_of("Ego", m.Event(name="own", actions=(m.Brake(decel_mps2=9.0),)))
    storyboard = board([car()], own)
    traffic = scripted_traffic(storyboard, SCENE)
    drive = rollout(SCENE, ConstantVelocity(), SimConfig(), traffic)
    assert drive.ego[-1, 3] == pytest.approx(15.0, abs=0.1)
    assert [e.what for e in traffic.log if "own" in e.element].count("replaced") == 1


def test_a_scripted_ego_is_exact():
    brake = m.Event(name="own", actions=(m.Brake(decel_mps2=5.0),), trigger=at(1.234))
    storyboard = board([car()], m.story_of("Ego", brake), ego_speed_mps=15.0,
                       ego_start=m.PathPosition(path=0, s_m=7.0))  # fmt: skip
    traffic = scripted_traffic(storyboard, SCENE)
    drive = rollout(SCENE, ScriptedEgo(), SimConfig(), traffic)
    assert drive.status == "ok"
    t = np.arange(81) * 0.1
    into = np.clip(t - 1.24, 0.0, 3.0)
    x = 7.0 + 15.0 * np.minimum(t, 1.24) + 15.0 * into - 2.5 * into**2
    assert drive.ego[:, 0] == pytest.approx(x, abs=1e-9)
    assert drive.ego[30, 5] == pytest.approx(-5.0)


def test_a_scripted_ego_turns_as_its_path_does():
    roads = m.Roads(paths=(m.Path(name="bend", xy=arc(40.0, 3.0)),))
    storyboard = board([], roads=roads, ego_start=m.PathPosition(path=0, s_m=1.0),
                       ego_speed_mps=8.0)  # fmt: skip
    drive = rollout(SCENE, ScriptedEgo(), SimConfig(), scripted_traffic(storyboard, SCENE))
    assert drive.ego[40, 9] == pytest.approx(0.2, rel=0.02)
    radius = np.hypot(drive.ego[:, 0], drive.ego[:, 1] - 40.0)
    assert radius == pytest.approx(40.0, abs=2e-3)


def test_a_nominal_impact_is_where_the_script_puts_it():
    """The target's middle is a quarter of the ego's width right of its middle at the impact."""
    line = m.Path(name="c", kind="trajectory", xy=np.array([[100.0, -6.0], [100.0, 6.0]]))
    roads = m.Roads(paths=(*LANES.paths, line))
    scene = empty_scene((0.0, 0.0, 0.0, 50 / 3.6), 91)
    car_m = scene.vehicle
    front = car_m.length_m / 2 + car_m.rear_axle_to_center_m
    hit_y = -0.25 * car_m.width_m
    meet = m.Synchronize(
        master="Ego", master_target=m.PathPosition(path=0, s_m=100.0 - front - 0.25),
        target=m.PathPosition(path=2, s_m=6.0 + hit_y), final_speed_mps=5 / 3.6,
        steady_distance_m=3.0,
    )  # fmt: skip
    walker = m.Actor(id="w", kind="pedestrian", size_m=(0.6, 0.5, 1.8), reactive="never")
    storyboard = board(
        [walker], m.story_of("w", m.Event(name="e", actions=(meet,))), roads=roads,
        init=(m.InitAction(actor="w", action=m.FollowTrajectory(path=2)),),
        ego_start=m.PathPosition(path=0, s_m=0.0), ego_speed_mps=50 / 3.6,
        stop=m.when(m.Collision(by=("Ego",), entity="w")), ends_run=True,
    )  # fmt: skip
    traffic = scripted_traffic(storyboard, scene)
    drive = rollout(scene, ScriptedEgo(), SimConfig(), traffic)
    hit_s = (100.0 - front - 0.25) / (50 / 3.6)
    assert traffic.stopped_s == pytest.approx(hit_s, abs=0.011)
    state = drive.tracks.state[0]
    times = np.arange(state.shape[0]) * 0.1
    assert len(times) < 91  # the storyboard ended the run
    at_hit = np.interp(hit_s, times, state[:, 1])
    assert at_hit == pytest.approx(hit_y, abs=0.02 * car_m.width_m)


def test_scripted_needs_a_script():
    with pytest.raises(InputError, match="no script"):
        rollout(SCENE, ScriptedEgo(), SimConfig(), replay_traffic(SCENE))


def test_twenty_seconds_of_six_actors_take_less_than_a_third_of_a_second():
    actors = [car(f"c{k}", 100.0 + 30.0 * k, path=k % 2) for k in range(6)]
    stories = [
        m.story_of(
            f"c{k}",
            m.Event(name=f"a{k}", trigger=at(2.0), actions=(m.LaneChange(lanes=1 - 2 * (k % 2)),)),
            m.Event(name=f"b{k}", actions=(m.Brake(decel_mps2=3.0),), trigger=m.when(
                m.TimeToCollision(by=("Ego",), entity=f"c{k}", value_s=1.0),
                m.RelativeDistance(by=("Ego",), entity=f"c{k}", value_m=30.0),
            )),
        )
        for k in range(6)
    ]  # fmt: skip
    storyboard = board(actors, *stories)
    play(storyboard, 1.0)
    best = np.inf
    for _ in range(5):
        start = time.process_time()
        play(storyboard, 20.0, (0.0, 0.0, 0.0, 20.0))
        best = min(best, time.process_time() - start)
    assert best < 0.3


def test_the_log_in_words():
    _, traffic = play(board([car()], m.story_of("car", BRAKE)), 1.0)
    text = lines(traffic.log)
    assert text[-1].startswith("0 events fired, 1 triggers never did")
    assert any("brake never" in line for line in text)
