import numpy as np
import pytest

from drivewm.scene import PACIFICA, EgoColumn
from drivewm.sim.plan import Plan
from drivewm.sim.trackers import LogPlayback, PerfectTracker
from tests.measures.hand import START_US, cruise, scene_of


def test_perfect_tracker_is_on_the_plan_with_the_speed_of_the_motion():
    angle = np.linspace(0, 0.5, 11)
    path = np.stack([20 * np.sin(angle), 20 - 20 * np.cos(angle), angle], -1)
    plan = Plan(times_us=START_US + 100_000 * np.arange(11), poses=path)
    tracker, ego = PerfectTracker(PACIFICA), np.zeros(11)
    tracker.follow(plan)
    for step in range(10):
        ego = tracker.step(ego, START_US + 100_000 * step)
        np.testing.assert_allclose(ego[:3], path[step + 1], atol=1e-12)
    assert ego[EgoColumn.VX] == pytest.approx(10.0, rel=1e-2)
    assert ego[EgoColumn.YAW_RATE] == pytest.approx(0.5)
    assert ego[EgoColumn.STEER] == pytest.approx(np.arctan(PACIFICA.wheelbase_m / 20), rel=1e-2)


def test_log_playback_gives_the_recorded_states_and_holds_the_last():
    scene = scene_of(cruise(9.0, 21))
    tracker = LogPlayback(scene)
    for step in range(20):
        state = tracker.step(scene.ego[step], int(scene.times_us[step]))
        np.testing.assert_array_equal(state, scene.ego[step + 1])
    last = tracker.step(scene.ego[20], int(scene.times_us[20]))
    np.testing.assert_array_equal(last, scene.ego[20])


def test_plan_interpolates_the_short_way_round_and_holds_its_ends():
    poses = np.array([[0.0, 0.0, 3.1], [2.0, 0.0, -3.1]])
    plan = Plan(times_us=np.array([0, 1_000_000]), poses=poses)
    middle = plan.at(np.int64(500_000))
    assert middle[0] == 1.0
    assert abs(middle[2]) == pytest.approx(np.pi, abs=1e-9)
    np.testing.assert_allclose(plan.at(np.array([-5, 2_000_000])), poses)
