import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivewm.errors import InputError
from drivewm.eval.forecast.ego import (
    Forecast,
    assumed_poses,
    exp_motion,
    in_true_frame,
    log_motion,
    sample_plan,
)
from drivewm.eval.forecast.truth import WindowTruth, load_truth
from drivewm.eval.forecast.windows import Window
from drivewm.geometry.se2 import compose
from drivewm.models.grid import GridConfig
from drivewm.models.world_model import ModelConfig
from drivewm.planners.registry import create
from drivewm.scene import EgoColumn, OccClass
from tests.models.hand import road_with_car

GRID = GridConfig(x_max_m=38.4, y_min_m=-25.6, y_max_m=25.6, cell_m=1.6)
NUMBERS = st.floats(-5, 5)


@given(NUMBERS, NUMBERS, st.floats(-3, 3))
def test_the_twist_of_a_motion_makes_that_motion(x, y, yaw):
    motion = np.array([x, y, yaw])
    np.testing.assert_allclose(exp_motion(log_motion(motion)), motion, atol=1e-6)


@given(NUMBERS, NUMBERS, st.floats(-1, 1))
def test_a_constant_twist_repeats_its_motion(x, y, yaw):
    motion = np.array([x, y, yaw])
    twice = exp_motion(2 * log_motion(motion))
    np.testing.assert_allclose(twice, compose(motion, motion), atol=1e-6)


def truth_at(poses: np.ndarray) -> WindowTruth:
    steps = len(poses)
    return WindowTruth(
        occupancy=np.zeros((steps, *GRID.shape), np.uint8), masks={"none": None},
        flow=np.zeros((steps, 2, *GRID.shape[:2]), np.float32),
        flow_known=np.zeros((steps, *GRID.shape[:2]), bool), poses=poses,
        times_s=np.arange(steps) * 0.5, origins_m=[np.zeros((1, 3))] * steps,
    )  # fmt: skip


def said(occupancy: np.ndarray, vx: float = 0.0) -> Forecast:
    flow = np.zeros((1, 2, *GRID.shape[:2]), np.float32)
    flow[:, 0] = vx
    one_hot = (occupancy[None] == np.arange(18)[:, None, None, None]).astype(np.float32)
    return Forecast(classes=occupancy[None], flow=flow, probability=one_hot[None])


def test_the_right_ego_motion_changes_nothing():
    scene, pose = road_with_car(GRID, 6.4, 1.6), np.array([[3.0, 0.4, 0.1]])
    out = in_true_frame(said(scene, 2.0), pose, truth_at(pose), GRID)
    np.testing.assert_array_equal(out.classes[0], scene)
    assert out.probability is not None
    np.testing.assert_array_equal(out.probability[0].argmax(0), scene)
    np.testing.assert_allclose(out.flow[:, 0], 2.0)


def test_an_ego_that_went_further_sees_the_car_nearer_and_the_end_free():
    scene = road_with_car(GRID, 9.6, 0.0)
    out = in_true_frame(
        said(scene), np.zeros((1, 3)), truth_at(np.array([[3.2, 0.0, 0.0]])), GRID
    ).classes[0]
    np.testing.assert_array_equal(out[:-2], road_with_car(GRID, 6.4, 0.0)[:-2])
    assert (out[-2:] == OccClass.FREE).all()  # beyond what was said


def test_velocities_turn_with_the_ego():
    quarter = np.array([[0.0, 0.0, np.pi / 2]])
    scene = road_with_car(GRID, 6.4, 0.0)
    flow = in_true_frame(said(scene, 3.0), np.zeros((1, 3)), truth_at(quarter), GRID).flow[0]
    ahead = flow[:, 8, 16]  # what went ahead goes right of an ego that turned left
    np.testing.assert_allclose(ahead, [0.0, -3.0], atol=1e-6)


def test_a_plan_is_interpolated_and_goes_on_past_its_end():
    plan_s = np.array([0.0, 1.0, 2.0])
    poses = np.array([[0.0, 0, 0], [4.0, 0, 0], [10.0, 0, 0]])
    found = sample_plan(plan_s, poses, np.array([0.0, 0.5, 2.0, 3.0]))
    np.testing.assert_allclose(found[:, 0], [0.0, 2.0, 10.0, 16.0])


@pytest.fixture(scope="module")
def driven(small_fleet):
    config = ModelConfig(encoder="privileged", grid=GRID)
    return load_truth(small_fleet, small_fleet.scenes[0].id, config)


def of_scene(truth, keyframe=3) -> Window:
    return Window(scene=truth.scene.id, keyframe=keyframe, history=1, horizon=3)


def test_standing_is_zero_and_the_recorded_motion_is_the_truth(driven):
    window = of_scene(driven)
    assert not assumed_poses("none", driven, window).any()
    recorded = driven.window(window).poses
    np.testing.assert_array_equal(assumed_poses("gt", driven, window), recorded)


def test_constant_velocity_looks_at_the_past_alone(driven):
    window = of_scene(driven)
    found = assumed_poses("cv", driven, window)
    last = driven.frames.motion[2].astype(float)
    np.testing.assert_allclose(found[1], last, atol=1e-3)
    np.testing.assert_allclose(found[2], compose(last, last), atol=2e-3)
    with pytest.raises(InputError, match="has no past to extrapolate"):
        assumed_poses("cv", driven, of_scene(driven, 0))


def test_a_planner_plans_from_the_state_of_the_window(driven):
    window = of_scene(driven)
    found = assumed_poses("planner", driven, window, create("constant_velocity"))
    speed = driven.scene.ego[driven.steps[3], EgoColumn.VX]
    np.testing.assert_allclose(np.hypot(*found[:, :2].T), speed * np.arange(4) * 0.5, atol=0.05)
    assert not found[0].any()


def test_a_planner_that_wants_pictures_or_fails_is_one_line(driven):
    class Blind:
        mode = "sensor"

    class Broken:
        def reset(self, scenes):
            raise RuntimeError("no map\nfor you")

    with pytest.raises(InputError, match=r"\[--planner\].*camera pictures"):
        assumed_poses("planner", driven, of_scene(driven), Blind())  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"keyframe 3: reset\(\) raised RuntimeError") as caught:
        assumed_poses("planner", driven, of_scene(driven), Broken())  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)
