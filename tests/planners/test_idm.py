import numpy as np
import pytest

from drivewm.planners.idm import IDM
from drivewm.planners.idm_kernels import curve_speeds
from drivewm.scene import Lights, LightStatus, ScoreType
from drivewm.sim.config import SimConfig
from drivewm.sim.loop import rollout
from drivewm.sim.traffic import replay_traffic
from tests.measures.hand import cruise, golden_road, scene_of, track

CAR = ScoreType.VEHICLE
FRONT_M = 1.461 + 2.588


def drive(scene, **options):
    run = rollout(scene, IDM(**options), SimConfig(), replay_traffic(scene))
    assert run.status == "ok", run.reason
    return run.ego


def test_free_road_is_driven_at_the_limit():
    ego = drive(scene_of(cruise(9.0)))
    assert ego[-1, 3] == pytest.approx(13.4, abs=0.4)
    np.testing.assert_allclose(ego[:, 1], 0, atol=1e-3)


def test_without_a_limit_it_drives_its_own_speed():
    ego = drive(scene_of(cruise(7.0), road=golden_road(lanes=False)), speed_mps=7.0)
    assert ego[-1, 3] == pytest.approx(7.0, abs=0.2)


def test_it_stops_behind_a_standing_car():
    ego = drive(scene_of(cruise(9.0), track(CAR, 60.0)))
    gap = 60 - 2.3 - (ego[-1, 0] + FRONT_M)
    assert ego[-1, 3] < 0.3
    assert 0.2 < gap < 3.0


def test_it_follows_a_slow_car_without_touching():
    ego = drive(scene_of(cruise(9.0), track(CAR, 0.0, speed=5.0)))
    gap = (0.5 * np.arange(151)) - 2.3 - (ego[:, 0] + FRONT_M)
    assert gap.min() > 1.0
    assert ego[-1, 3] == pytest.approx(5.0, abs=0.5)


@pytest.mark.parametrize("y", [3.5, -5.0])
def test_what_stands_beside_the_road_does_not_matter(y):
    free, beside = scene_of(cruise(9.0)), scene_of(cruise(9.0), track(CAR, 60.0, y))
    np.testing.assert_allclose(drive(free), drive(beside))


def test_it_yields_to_a_pedestrian_walking_into_the_road():
    walker = track(ScoreType.PEDESTRIAN, 40.0, -3.0, np.pi / 2, 0.3)
    ego = drive(scene_of(cruise(9.0), walker))
    before = ego[:, 0] + FRONT_M < 40.0
    assert before[100] and ego[100, 3] < 0.5  # waits while it is on the lane
    assert not before[-1] or ego[-1, 3] < 0.5


@pytest.mark.parametrize(("status", "stops"), [(LightStatus.RED, True), (LightStatus.GREEN, False)])
def test_red_lights_stop_it(status, stops):
    lights = Lights(lane_ids=("r1",), status=np.full((1, 151), status, np.int8))
    ego = drive(scene_of(cruise(9.0), lights=lights))
    front = ego[-1, 0] + FRONT_M
    assert (front < 100.0) == stops
    assert (ego[-1, 3] < 1.0) == stops


def test_an_offset_is_driven_off():
    ego = drive(scene_of(cruise(9.0, y=1.0)))
    assert abs(ego[80:, 1]).max() < 0.1


def test_it_slows_down_for_a_curve():
    angle = np.linspace(0, np.pi / 2, 40)
    bend = np.stack([30 + 12 * np.sin(angle), 12 - 12 * np.cos(angle)], -1)
    route = np.concatenate([[[-60.0, 0.0]], np.array([[30.0, 0.0]]), bend, [[42.0, 200.0]]])
    ego = drive(scene_of(cruise(9.0), route=route, road=golden_road(lanes=False)))
    assert ego[:, 3].min() < np.sqrt(2.0 * 12) * 1.15
    assert ego[-1, 1] > 20.0
    side = np.abs(ego[:, 0] - 42.0)[ego[:, 1] > 25]
    assert side.max() < 0.7


def test_curve_speeds_leave_room_to_brake():
    angle = np.linspace(0, np.pi / 2, 40)
    line = np.stack([30 + 12 * np.sin(angle), 12 - 12 * np.cos(angle)], -1)
    line = np.concatenate([np.stack([np.arange(-20.0, 30, 2), np.zeros(25)], -1), line])
    arc = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    bound = curve_speeds(line, arc, 2.0)
    assert bound[40] == pytest.approx(np.sqrt(2.0 * 12), rel=0.05)
    assert (np.diff(bound[:25]) < 0).all()
    assert (np.diff(bound**2)[:24] >= -2 * 1.5 * np.diff(arc)[:24] - 1e-9).all()


def test_a_scene_without_a_route_ends_in_a_stop():
    ego = drive(scene_of(cruise(9.0), route=np.zeros((1, 2))))
    assert ego[-1, 3] < 0.5
