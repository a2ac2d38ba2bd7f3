"""Earlier frames, masks, absent cameras and rigs of different size in batches."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from drivewm.config import load
from drivewm.models.warp import compose
from drivewm.training.batches import FrameBatches, frame, mirrored
from drivewm.training.clips import Frames, load_frames
from drivewm.training.config import TrainConfig
from drivewm.training.extras import Extras, add_extras, collate, extras_of, without_cameras
from drivewm.training.order import Shuffled


@pytest.fixture(scope="module")
def scene(small_fleet) -> Frames:
    config = load(TrainConfig, "train/smoke").model
    return load_frames(small_fleet, small_fleet.scenes[0].id, config)


def test_earlier_frames_come_oldest_first_with_the_motion_since(scene):
    one = add_extras(frame(scene, 3), scene, 3, Extras(past=2))
    assert torch.equal(one["past_images"][-1], frame(scene, 2)["images"])
    assert torch.equal(one["past_images"][0], frame(scene, 1)["images"])
    steps = torch.from_numpy(scene.motion[1:3])
    torch.testing.assert_close(one["past_motion"][1], steps[1])
    since = compose(steps[:1], steps[1:])[0]
    torch.testing.assert_close(one["past_motion"][0], since, atol=1e-5, rtol=0)
    assert one["past_known"].all()


def test_before_the_recording_and_before_a_gap_nothing_is_known(scene):
    first = add_extras(frame(scene, 1), scene, 1, Extras(past=2))
    assert first["past_known"].tolist() == [False, True]
    dt = scene.dt_s.copy()
    dt[2] = 1.5
    gap = replace(scene, dt_s=dt)
    assert add_extras(frame(gap, 3), gap, 3, Extras(past=2))["past_known"].tolist() == [False] * 2


def test_a_mirror_turns_everything_that_comes_along(scene):
    depth = np.random.default_rng(0).random((*scene.present.shape, 8, 14)).astype(np.float16)
    seen = replace(scene, depth_m=depth)
    one = add_extras(frame(seen, 2), seen, 2, Extras(past=1, visible=True, depth=True))
    other = mirrored(one)
    assert torch.equal(other["visible"], one["visible"].flip(1))
    assert torch.equal(other["depth"], one["depth"].flip(-1))
    expected = one["past_motion"] * torch.tensor([1.0, -1.0, -1.0])
    assert torch.equal(other["past_motion"], expected)
    for key, value in mirrored(other).items():
        torch.testing.assert_close(value, one[key], atol=1e-5, rtol=0)


def test_rigs_of_different_size_are_filled_up_with_absent_cameras(scene):
    small = frame(scene, 0)
    for name in ("images", "intrinsics", "ego_from_camera", "present"):
        small[name] = small[name][:2]
    batch = collate([frame(scene, 1), small])
    assert batch["present"].tolist() == [[True] * 6, [True] * 2 + [False] * 4]
    assert not batch["images"][1, 2:].any()
    assert torch.isfinite(torch.linalg.inv(batch["intrinsics"])).all()


def test_cameras_are_taken_away_but_never_all(scene):
    one = frame(scene, 0)
    rng = np.random.default_rng(0)
    kept = [int(without_cameras(one, 0.9, rng)["present"].sum()) for _ in range(50)]
    assert min(kept) == 1 and max(kept) < 6
    assert without_cameras(one, 0.0, rng) is one


def test_a_batch_depends_on_seed_and_step_alone(scene):
    def batch():
        order = Shuffled(len(scene.occupancy), 3, 0)
        wanted = Extras(past=1, visible=True, dropout=0.3)
        return FrameBatches([scene], [scene.times], order, 0, 9, True, True, extras=wanted).batch(4)

    first, second = batch(), batch()
    assert set(first) >= {"past_images", "visible", "row"}
    assert all(torch.equal(first[key], second[key]) for key in first)


def test_the_configuration_says_what_comes_along():
    plain = extras_of(load(TrainConfig, "train/smoke"))
    assert plain == Extras()
    overrides = ["model.encoder=lift", "model.lift.lidar_depth=true", "model.temporal.frames=3",
                 "perception_mask=camera", "camera_dropout=0.1"]  # fmt: skip
    wanted = extras_of(load(TrainConfig, "train/tiny", overrides))
    assert wanted == Extras(past=2, visible=True, depth=True, dropout=0.1)
