"""Pictures of a scene: cameras by name, absent ones masked, bad calibration named, lidar depth."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from drivewm.config import load
from drivewm.errors import InputError
from drivewm.models.world_model import WorldModel
from drivewm.training.batches import FrameBatches
from drivewm.training.clips import load_frames
from drivewm.training.config import TrainConfig
from drivewm.training.extras import extras_of
from drivewm.training.order import Shuffled
from drivewm.training.pictures import depth_map, load_pictures
from drivewm.training.stages import PerceptionStage


@pytest.fixture
def scene_id(small_fleet) -> str:
    return small_fleet.scenes[0].id


@pytest.fixture
def config() -> TrainConfig:
    return load(TrainConfig, "train/smoke")


def changed(fleet, scene_id, monkeypatch, change):
    """The fleet with ``change`` applied to each camera row."""
    rows = [change(row) for row in fleet.camera_rows(scene_id)]
    monkeypatch.setattr(type(fleet), "camera_rows", lambda *_: [r for r in rows if r is not None])


def test_cameras_are_known_by_name(small_fleet, scene_id, config):
    seen = load_pictures(small_fleet, scene_id, config.model.pull)
    assert seen["channels"] == (
        "CAM_BACK", "CAM_BACK_LEFT", "CAM_BACK_RIGHT", "CAM_FRONT", "CAM_FRONT_LEFT",
        "CAM_FRONT_RIGHT",
    )  # fmt: skip
    front = seen["ego_from_camera"][0, 3]
    np.testing.assert_allclose(front[:3, 2], [1, 0, 0], atol=0.05)  # it looks ahead
    assert seen["present"].all()


def test_a_file_absent_at_ingest_is_masked_and_trained_around(
    small_fleet, scene_id, config, monkeypatch
):
    def lose(row):
        return replace(row, exists=not (row.channel == "CAM_FRONT" and row.keyframe < 2))

    changed(small_fleet, scene_id, monkeypatch, lose)
    frames = load_frames(small_fleet, scene_id, config.model)
    assert frames.present.sum() == frames.present.size - 2 and not frames.present[:2, 3].any()
    assert not frames.images[:2, 3].any()
    batches = FrameBatches([frames], [frames.times], Shuffled(8, 2, 0), 0, 2)
    stage = PerceptionStage(WorldModel(config.model), config, torch.ones(18), 2)
    assert torch.isfinite(stage.total(stage.losses(batches.batch(0))))


def test_a_keyframe_without_any_picture_is_named(small_fleet, scene_id, config, monkeypatch):
    changed(small_fleet, scene_id, monkeypatch, lambda r: replace(r, exists=r.keyframe != 3))
    with pytest.raises(InputError, match=r"1 of \d+ keyframes have no picture.* keyframe 3") as e:
        load_frames(small_fleet, scene_id, config.model)
    assert e.value.field == "cameras" and "holdout_scenes" in e.value.fix


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("intrinsics", np.zeros((3, 3)), "focal length of 0 px"),
        ("intrinsics", np.diag([-90.0, 90.0, 1.0]), "focal length of -90 px"),
        ("intrinsics", np.array([[90, 0, 1e6], [0, 90, 30], [0, 0, 1.0]]), "centre at x = 1e"),
        ("intrinsics", np.diag([90.0, 90.0, 0.0]), "last row"),
        ("intrinsics", np.full((3, 3), np.nan), "no 3 x 3 matrix of finite"),
        ("ego_from_camera", np.diag([1.0, 2.0, 1.0, 1.0]), "is no rotation"),
        ("ego_from_camera", np.diag([1.0, -1.0, 1.0, 1.0]), "mirrors space"),
        ("ego_from_camera", np.eye(4) + np.eye(4, k=3) * 300, "300 m from the rear axle"),
        ("global_from_ego", np.zeros((4, 4)), "is no rotation"),
    ],
)
def test_an_absurd_calibration_is_named(
    small_fleet, scene_id, config, monkeypatch, field, value, message
):
    def spoil(row):
        return replace(row, **{field: value}) if row.channel == "CAM_BACK" else row

    changed(small_fleet, scene_id, monkeypatch, spoil)
    with pytest.raises(InputError, match=message) as caught:
        load_pictures(small_fleet, scene_id, config.model.pull)
    assert "CAM_BACK, keyframe 0" in caught.value.problem and caught.value.fix
    assert str(caught.value.file).endswith("cameras.parquet")
    assert caught.value.field == field.replace("_camera", "_sensor")


def test_a_depth_map_holds_the_nearest_point_of_each_cell():
    lens = np.array([[90.0, 0.0, 56.0], [0.0, 90.0, 32.0], [0.0, 0.0, 1.0]])
    pose = np.eye(4)
    pose[:3, :3] = [[0, 0, 1], [-1, 0, 0], [0, -1, 0]]
    points = np.array([[20.0, 0.0, 0.0], [10.0, 0.0, 0.0], [-5.0, 0.0, 0.0], [10.0, 50.0, 0.0]])
    depth = depth_map(points, lens, pose, 8, (8, 14))
    assert np.isfinite(depth).sum() == 1 and depth[4, 7] == 10.0


def test_lidar_gives_depth_and_lift_learns_it(small_fleet, scene_id):
    small = ["image_height=64", "image_width=112", "image_channels=8", "image_width_channels=4",
             "lidar_depth=true", "depth_bins=16"]  # fmt: skip
    overrides = ["model.encoder=lift", *(f"model.lift.{name}" for name in small)]
    config = load(TrainConfig, "train/smoke", overrides)
    frames = load_frames(small_fleet, scene_id, config.model)
    known = np.isfinite(frames.depth_m.astype(np.float32))
    assert frames.depth_m.shape == (len(frames.occupancy), 6, 8, 14)
    assert 0.2 < known.mean() < 0.95
    batches = FrameBatches(
        [frames], [frames.times], Shuffled(1, 1, 0), 0, 9, extras=extras_of(config)
    )
    torch.manual_seed(0)
    stage = PerceptionStage(WorldModel(config.model), config, torch.ones(18), 9)
    assert stage.loss_names() == ["occupancy", "depth"]
    optimizer = torch.optim.Adam(stage.trained(), lr=1e-2)
    depth = []
    for _ in range(12):
        losses = stage.losses(batches.batch(0))
        optimizer.zero_grad()
        losses["depth"].backward()
        optimizer.step()
        depth.append(float(losses["depth"].detach()))
    assert depth[-1] < 0.75 * depth[0]
