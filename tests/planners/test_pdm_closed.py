from pathlib import Path

import numpy as np
import pytest

from drivewm.errors import InputError
from drivewm.eval.conform.closed_loop_scenes import reference_agents, reference_ego, scene_of
from drivewm.eval.conform.fixtures import Fixtures
from drivewm.planners import registry
from drivewm.planners.pdm_closed import PdmClosed, plan, setup
from drivewm.scene import Observation, ScoreType, TrackSnapshot
from drivewm.sim.config import SimConfig
from drivewm.sim.loop import rollout
from drivewm.sim.traffic import replay_traffic
from tests.measures import hand
from tests.measures.hand import cruise, golden_road, track

CUT = Path(__file__).parents[1] / "golden" / "reference"
FRONT_M = 1.461 + 2.588


class InPython(PdmClosed):
    """The same planner without its compiled drive."""


def drive(scene, planner=None):
    run = rollout(scene, planner or PdmClosed(), SimConfig(), replay_traffic(scene))
    assert run.status == "ok", run.reason
    return run


def cases(folder):
    fixtures = Fixtures(folder)
    for row in fixtures.rows("nuplan_closed_loop"):
        if row["planner"] == "pdm":
            yield row, scene_of(fixtures, row)


def replay_reference(row, scene):
    """Plans at the reference's own states: scores [T, 15], brakes [T], first plan [H, 3]."""
    known, ego, tracks = setup(scene), reference_ego(row), scene.tracks
    state, valid = tracks.state.copy(), tracks.valid.copy()
    if row["observation"] == "idm":
        moved, present = reference_agents(row, len(tracks))
        steps = present.shape[1]
        cars = (tracks.score_type == ScoreType.VEHICLE) | (tracks.score_type == ScoreType.BICYCLE)
        valid[cars, :steps] = present[cars]
        for k, column in enumerate((0, 1, 3, 4, 5)):
            state[:, :steps, column] = np.where(present, moved[..., k], state[:, :steps, column])
    poses = np.zeros((len(known.offsets_us), 3))
    scores, brakes, first = [], [], None
    for t in range(len(ego)):
        status = scene.lights.status
        plan(
            known, t, 0, ego[t], np.ascontiguousarray(state[:, t]),
            np.ascontiguousarray(valid[:, t]), tracks.size_m, tracks.score_type,
            np.zeros(0, np.int8) if status is None else np.ascontiguousarray(status[:, t]), poses,
        )  # fmt: skip
        scores.append(known.scores.score.copy())
        brakes.append(int(known.chosen[1]))
        first = poses.copy() if first is None else first
    return np.array(scores), brakes, first


def assert_equal_to_the_reference(folder):
    count = 0
    for row, scene in cases(folder):
        scores, brakes, first = replay_reference(row, scene)
        expected = np.array(row["out_pdm_scores"]).reshape(len(brakes), 15)
        np.testing.assert_allclose(scores, expected, rtol=0, atol=1e-6, err_msg=row["run_id"])
        assert brakes == row["out_pdm_emergency"]
        plan0 = np.stack([row[f"out_plan0_{name}"] for name in "xyh"], -1)
        np.testing.assert_allclose(first, plan0, rtol=0, atol=1e-6)
        count += 1
    assert count


def test_every_plan_equals_the_reference_on_the_cut():
    assert_equal_to_the_reference(CUT)


def test_every_plan_equals_the_reference_on_the_full_set(fixtures_dir):
    assert_equal_to_the_reference(fixtures_dir)


def test_a_free_road_is_driven_at_the_limit_on_the_centreline():
    run = drive(hand.scene_of(cruise(9.0)))
    assert run.ego[-1, 3] == pytest.approx(13.4, abs=0.4)
    assert np.abs(run.ego[:, 1]).max() < 0.05
    assert len(run.info[0]["scores"]) == 15 and run.info[-1]["proposal"] == 4


def test_it_stops_behind_a_standing_car():
    run = drive(hand.scene_of(cruise(9.0), track(ScoreType.VEHICLE, 60.0)))
    assert run.ego[-1, 3] < 0.5
    assert 0.1 < 60 - 2.3 - (run.ego[-1, 0] + FRONT_M) < 5.0


def test_a_pedestrian_just_ahead_of_a_slow_ego_is_an_emergency():
    walker = track(ScoreType.PEDESTRIAN, 6.0, 0.5, 0.0, 0.1)
    run = drive(hand.scene_of(cruise(4.0, x0=0.0), walker))
    assert any(note["emergency_brake"] for note in run.info)


def test_the_compiled_drive_is_the_python_drive():
    scene = hand.scene_of(
        cruise(7.0), track(ScoreType.VEHICLE, 20.0, speed=4.0), track(ScoreType.CONE, 55.0, 1.5)
    )
    compiled, python = drive(scene), drive(scene, InPython())
    np.testing.assert_array_equal(compiled.ego, python.ego)
    np.testing.assert_array_equal(compiled.plan_poses, python.plan_poses)
    assert compiled.info == python.info


def test_rows_of_a_sensor_are_not_remembered():
    """Mode visible shows as many rows as it sees, in another order at each step."""
    scene = hand.scene_of(cruise(8.0))
    planner = PdmClosed()
    planner.reset([scene])
    states = [track(ScoreType.VEHICLE, x)[1] for x in (-28.0, 10.0, 40.0)]

    def seen(rows):
        return Observation(
            mode="visible", step=0, time_s=0.0, ego=scene.ego[:1], vehicles=(scene.vehicle,),
            routes=(scene.route,), speed_limits_mps=np.array([np.nan]),
            tracks=TrackSnapshot(
                state=np.stack([states[i][0] for i in rows])[None],
                size_m=np.tile([4.6, 1.9, 1.6], (1, len(rows), 1)),
                score_type=np.zeros((1, len(rows)), np.int8),
                occ_class=np.full((1, len(rows)), 4, np.int8),
                valid=np.ones((1, len(rows)), bool),
            ),
        )  # fmt: skip

    near, far = planner.plan(seen([0, 1, 2])), planner.plan(seen([1, 2]))
    assert far.poses[0, -1, 0] < 10.0  # the row that overlapped the ego before is another car now
    assert near.times_s[0] == 0.0 and near.poses.shape == (1, 81, 3)


def test_options_shape_the_plan():
    planner = registry.create("pdm_closed?trajectory_poses=50&map_radius_m=100")
    planner.reset([hand.scene_of(cruise(9.0))])
    assert planner._setups[0].offsets_us[-1] == 5_000_000
    known = setup(hand.scene_of(cruise(9.0)), offsets_m=(0.0,), limit_shares=(0.5, 1.0))
    assert len(known.scores.score) == 2


@pytest.mark.parametrize(
    "options",
    [
        {"trajectory_poses": 30}, {"proposal_poses": 5}, {"offsets_m": ()}, {"offsets_m": (1.0,)},
        {"limit_shares": ()}, {"map_radius_m": 0.0}, {"unlimited_mps": np.nan},
    ],
)  # fmt: skip
def test_bad_options_are_refused(options):
    with pytest.raises(InputError):
        PdmClosed(**options)


def test_a_map_without_a_lane_graph_is_refused():
    with pytest.raises(InputError, match="PDM-Closed needs a lane graph"):
        PdmClosed().reset([hand.scene_of(cruise(9.0), road=golden_road(lanes=False))])
