from dataclasses import replace

import numpy as np
import pytest

from drivewm.errors import InputError
from drivewm.eval.counterfactual import branches
from drivewm.eval.counterfactual.actions import LIBRARY, RECORDED
from drivewm.eval.counterfactual.states import State, Surveyed, TruthConfig, choose_branches
from drivewm.eval.counterfactual.verdict import judge, rollout_of
from drivewm.eval.scores.closed_loop import ClosedLoop
from drivewm.eval.scores.registry import load_config
from drivewm.logs.fleet import Fleet
from drivewm.scene import EgoColumn

STEP, HORIZON = 20, 20


@pytest.fixture(scope="module")
def stage(small_fleet):
    return branches.stage_of(small_fleet, small_fleet.scenes[1].id)


@pytest.fixture(scope="module")
def made(stage):
    engine = branches.snapshots(stage, [STEP])[STEP]
    return branches.candidates(stage, engine, STEP, HORIZON, seed=0)


def test_the_engine_driven_again_lands_on_the_recorded_state_at_every_step(stage):
    steps = list(range(0, 41, 5))
    for step, traffic in branches.snapshots(stage, steps).items():
        np.testing.assert_array_equal(traffic.state, stage.log.state[:, step])
        np.testing.assert_array_equal(traffic.valid, stage.log.valid[:, step])


def test_the_recorded_actions_lead_to_the_recorded_future(stage, made):
    recorded = made[0]
    assert recorded.name == RECORDED
    span = slice(STEP, STEP + HORIZON + 1)
    np.testing.assert_array_equal(recorded.ego, stage.log.ego[span])
    np.testing.assert_array_equal(recorded.state, stage.log.state[:, span])
    scene = branches.scene_of(stage, recorded, STEP)
    np.testing.assert_array_equal(scene.times_us, stage.log.times_us[span])
    if scene.lights.status is not None:
        np.testing.assert_array_equal(scene.lights.status, stage.log.light_status[:, span])


def test_every_branch_starts_at_the_same_state_and_a_bicycle_can_drive_it(stage, made):
    assert [b.name for b in made] == [RECORDED, *(m.name for m in LIBRARY)]
    for branch in made:
        np.testing.assert_array_equal(branch.ego[0], made[0].ego[0])
        np.testing.assert_array_equal(branch.state[:, 0], made[0].state[:, 0])
        ego = branch.ego
        assert ego[:, EgoColumn.VX].min() >= -1e-9
        grip = np.hypot(ego[1:, EgoColumn.AX], ego[1:, EgoColumn.AY])
        assert grip.max() < 0.8 * 9.81 * 1.1
        moved = np.hypot(*np.diff(ego[:, :2], axis=0).T)
        np.testing.assert_allclose(moved, ego[:-1, EgoColumn.VX] * 0.1, atol=1e-9)


def test_manoeuvres_do_what_their_names_say(made):
    ends = {b.name: b.ego[-1] for b in made}
    assert ends["stop"][EgoColumn.VX] < ends["brake_soft"][EgoColumn.VX]
    assert ends["keep"][EgoColumn.VX] < ends["accelerate_hard"][EgoColumn.VX]
    start = made[0].ego[0]
    left = np.array([-np.sin(start[2]), np.cos(start[2])])
    side = {name: float((end[:2] - start[:2]) @ left) for name, end in ends.items()}
    assert side["lane_left"] > side["keep"] + 0.5 > side["lane_right"] + 1.0
    assert side["swerve_left"] > side["straight_on"] > side["swerve_right"]


def test_the_score_of_a_branch_is_the_evaluators(stage, made):
    recorded = branches.scene_of(stage, made[0], STEP)
    score = ClosedLoop(load_config("closed_loop"))
    for branch in made[:6]:
        scene = branches.scene_of(stage, branch, STEP)
        verdict = judge(scene, recorded)
        assert verdict.closed_loop == score.judge(recorded, rollout_of(scene)).score
        assert (verdict.score == 0.0) == verdict.bad or verdict.progress == 0.0


def test_branches_hold_the_recorded_one_and_a_share_that_goes_wrong(stage, made):
    recorded = branches.scene_of(stage, made[0], STEP)
    verdicts = [judge(branches.scene_of(stage, b, STEP), recorded) for b in made]
    bad = {i for i, v in enumerate(verdicts) if v.bad}
    state = State(split="val", scene=stage.scene.id, keyframe=4, kind="random")
    config = TruthConfig(splits=("val",), horizon=4, history=3)
    picks = choose_branches(Surveyed(branches=made, verdicts=verdicts), state, config)
    assert len(picks) == 8 == len(set(picks)) and 0 in picks and picks == sorted(picks)
    assert len(bad) < 2 or 0.1 < len(bad & set(picks)) / 8 < 0.7


def test_a_scene_without_a_world_is_refused(small_fleet):
    infos = tuple(replace(info, world_spec=None) for info in small_fleet.scenes)
    with pytest.raises(InputError, match="no synthetic world"):
        branches.stage_of(Fleet(small_fleet.path, infos), infos[0].id)


def test_a_world_that_ends_elsewhere_is_refused(small_fleet):
    first, second, *rest = small_fleet.scenes
    swapped = replace(first, world_spec=second.world_spec)
    with pytest.raises(InputError, match="from the recorded ego"):
        branches.stage_of(Fleet(small_fleet.path, (swapped, second, *rest)), first.id)
