import numpy as np
import pytest

from drivewm.planners.pdm_plan import plan
from drivewm.planners.pdm_setup import setup
from drivewm.scene import Lights, ScoreType
from tests.measures.hand import cruise, scene_of, track

LENGTH_M, FRONT_M = 5.176, 1.461 + 2.588


def planned(*rows, speed=8.0, x0=0.0, lights=None, **options):
    """The set-up after one plan of an ego at (x0, 0), and the plan."""
    scene = scene_of(cruise(speed, x0=x0), *rows, lights=lights or Lights())
    known = setup(scene, **options)
    poses = np.zeros((len(known.offsets_us), 3))
    tracks = scene.tracks
    status = np.zeros(0, np.int8) if scene.lights.status is None else scene.lights.status[:, 0]
    plan(
        known, 0, 0, scene.ego[0], np.ascontiguousarray(tracks.state[:, 0]),
        np.ascontiguousarray(tracks.valid[:, 0]), tracks.size_m, tracks.score_type,
        np.ascontiguousarray(status), poses,
    )  # fmt: skip
    return known, poses


def reference_step(at_m, speed, lead, target_mps):
    """BatchIDMPolicy.propagate with s0 1, T 1.5, a 1.5, b 3, exponent 10."""
    wished = 1 + 1.5 * speed + speed * (speed - lead[1]) / (2 * np.sqrt(4.5))
    gap = np.maximum(lead[0] - at_m - lead[2], 1.0)
    accel = 1.5 * (1 - (speed / target_mps) ** 10 - (wished / gap) ** 2)
    return at_m + 0.1 * speed, speed + 0.1 * np.clip(accel, -3, 1.5)


def test_speeds_follow_the_law_and_the_first_step_brakes_for_nothing():
    known, _ = planned()
    proposals = known.proposals
    np.testing.assert_allclose(proposals.target_mps, 13.4 * np.array([0.2, 0.4, 0.6, 0.8, 1.0]))
    np.testing.assert_array_equal(proposals.lead[:, 1], 0.0)  # not looked up before step 2
    for b in range(15):
        for t in range(1, 41):
            expected = reference_step(
                proposals.arc_m[b, t - 1], proposals.speed_mps[b, t - 1], proposals.lead[b, t],
                proposals.target_mps[b % 5],
            )  # fmt: skip
            got = proposals.arc_m[b, t], proposals.speed_mps[b, t]
            np.testing.assert_allclose(got, expected, atol=1e-9)


def test_on_a_free_road_the_lead_is_the_end_of_the_path():
    known, _ = planned()
    np.testing.assert_allclose(known.proposals.lead[0, 2], [known.paths.arc_m[0, -1], 0, 2.588])


def test_the_lead_is_as_far_as_the_boxes_are_apart_and_as_fast_as_it_goes_along():
    known, _ = planned(track(ScoreType.VEHICLE, 30.0, 0.0, 0.1, 5.0))
    proposals = known.proposals
    gap = 30 + 0.2 * 5 * np.cos(0.1) - 2.3 - (proposals.poses[4, 1, 0] + FRONT_M)
    assert proposals.lead[4, 2, 0] - proposals.arc_m[4, 1] == pytest.approx(gap, abs=0.1)
    assert proposals.lead[4, 2, 1] == pytest.approx(5 * np.cos(0.1))
    np.testing.assert_array_equal(proposals.lead[:, 3], proposals.lead[:, 2])  # every second step


@pytest.mark.parametrize("y, leads", [(-2.3, [False, True, False]), (-2.8, [False, True, False]),
                                      (-3.2, [False, False, False])])  # fmt: skip
def test_only_what_meets_the_corridor_of_a_path_leads(y, leads):
    known, _ = planned(track(ScoreType.VEHICLE, 30.0, y))
    end_m = known.paths.arc_m[:, -1]
    got = [known.proposals.lead[5 * k + 4, 2, 0] < end_m[k] - 1 for k in range(3)]
    assert got == leads


def red_light(lane_id: str) -> Lights:
    return Lights(lane_ids=(lane_id,), status=np.full((1, 151), 2, np.int8))


def test_a_red_connector_of_the_route_stops_every_proposal():
    known, poses = planned(x0=60.0, lights=red_light("r1"))
    front = known.proposals.poses[:, 40, 0] + FRONT_M
    assert (front < 100.0).all()
    assert poses[-1, 0] + FRONT_M < 100.0


@pytest.mark.parametrize("lane_id", ["l1", "not-a-lane"])
def test_lights_off_the_route_do_not_matter(lane_id):
    free, red = planned(x0=60.0), planned(x0=60.0, lights=red_light(lane_id))
    np.testing.assert_array_equal(free[1], red[1])


def test_a_red_light_is_ignored_once_the_ego_is_wholly_inside():
    known, _ = planned(x0=105.0, lights=red_light("r1"))
    assert known.memory.light.tolist() == [True]
    assert known.proposals.lead[0, 2, 0] == pytest.approx(known.paths.arc_m[0, -1])
    known, _ = planned(x0=96.0, lights=red_light("r1"))
    assert known.memory.light.tolist() == [False]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_of_two_cars_that_will_overlap_the_ego_the_tree_decides(order):
    """Both are 0 m away; a tree of so few boxes names the lower y first.

    The ego stands just before a vertex of the centreline, where the corridor begins.
    """
    cars = (
        track(ScoreType.VEHICLE, 7.2, -4.0, np.radians(80), 3.0),
        track(ScoreType.VEHICLE, 7.2, 4.0, np.radians(-60), 3.0),
    )
    known, _ = planned(*(cars[i] for i in order), speed=0.5, x0=5.2)
    proposals = known.proposals
    assert not known.objects.ignored[:2].any()
    assert proposals.lead[4, 4, 0] == proposals.arc_m[4, 3]  # a distance of 0
    assert proposals.lead[4, 4, 1] == pytest.approx(3 * np.cos(np.radians(80)))
