import errno
import shutil
from unittest.mock import Mock

import numpy as np
import pytest
import torch

from drivewm.config import load
from drivewm.errors import InputError
from drivewm.models import checkpoint
from drivewm.models.world_model import ModelConfig
from drivewm.training import batches as made
from drivewm.training import train as training
from drivewm.training.clips import load_frames
from drivewm.training.config import TrainConfig


@pytest.fixture(scope="module")
def config() -> TrainConfig:
    return load(TrainConfig, "train/smoke")


def test_a_run_publishes_weights_config_card_and_curves(smoke_run):
    model = checkpoint.load(smoke_run)
    facts = checkpoint.provenance(smoke_run)
    assert facts["parameters"] == sum(p.numel() for p in model.parameters())
    assert len(facts["scenes"]) == 3
    assert "Intended use" in (smoke_run / "README.md").read_text()
    assert list((smoke_run / "tensorboard").rglob("events.out.*"))


def test_a_finished_run_returns_at_once_and_another_config_is_refused(
    small_fleet, smoke_run, config
):
    before = (smoke_run / checkpoint.WEIGHTS).stat().st_mtime_ns
    training.train([small_fleet], smoke_run, config)
    assert (smoke_run / checkpoint.WEIGHTS).stat().st_mtime_ns == before
    with pytest.raises(InputError, match="config"):
        training.train([small_fleet], smoke_run, config.model_copy(update={"seed": 9}))


def test_a_run_stopped_in_any_stage_ends_equal_to_one_that_was_not(
    small_fleet, smoke_run, config, tmp_path, monkeypatch
):
    run = tmp_path / "run"
    monkeypatch.setattr(training.checkpoint, "save", lambda *_: None)
    frames = {"perception": 1, "motion": 3, "dynamics": 5}  # of a row
    for stage, stop in (("perception", 4), ("motion", 3), ("dynamics", 4)):
        real = made.SteppedBatches.__iter__

        def interrupted(self, stop=stop, real=real, stage=stage):
            for n, batch in enumerate(real(self)):
                if self.frames == frames[stage] and self.first_step + n == stop:
                    raise KeyboardInterrupt
                yield batch

        monkeypatch.setattr(made.SteppedBatches, "__iter__", interrupted)
        with pytest.raises(KeyboardInterrupt):
            training.train([small_fleet], run, config)
        monkeypatch.setattr(made.SteppedBatches, "__iter__", real)
        assert (run / "checkpoints" / stage / "last.ckpt").exists()
    monkeypatch.undo()
    training.train([small_fleet], run, config)
    whole, resumed = checkpoint.load(smoke_run), checkpoint.load(run)
    for name, value in whole.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name]), name


def test_actions_say_how_the_ego_really_moved(small_fleet):
    scene_id = small_fleet.scenes[0].id
    frames = load_frames(small_fleet, scene_id, load(TrainConfig, "train/smoke").model)
    poses = small_fleet.keyframes(scene_id).global_from_ego
    for t in range(len(frames.motion)):
        step = np.linalg.inv(poses[t]) @ poses[t + 1]
        np.testing.assert_allclose(frames.motion[t, :2], step[:2, 3], atol=1e-3)
    np.testing.assert_allclose(frames.dt_s, 0.5, atol=1e-3)


def test_windows_do_not_cross_a_gap(small_fleet):
    scene_id = small_fleet.scenes[0].id
    frames = load_frames(small_fleet, scene_id, load(TrainConfig, "train/smoke").model)
    dt = frames.dt_s.copy()
    dt[3] = 1.5
    broken = frames.__class__(**{**vars(frames), "dt_s": dt})
    starts = broken.starts(3)
    assert 0 in starts and 1 in starts and not {2, 3} & set(starts.tolist()) and 4 in starts


def test_a_camera_model_on_a_fleet_without_pictures_is_told_what_to_do(small_fleet, monkeypatch):
    monkeypatch.setattr(small_fleet, "camera_rows", lambda _: [])
    with pytest.raises(InputError, match=r"model\.encoder=privileged"):
        load_frames(small_fleet, small_fleet.scenes[0].id, ModelConfig())


@pytest.mark.parametrize("content", [b"", b"cut off"])
def test_a_damaged_checkpoint_is_named(small_fleet, smoke_run, config, tmp_path, content):
    run = tmp_path / "run"
    shutil.copytree(smoke_run, run)
    (run / checkpoint.WEIGHTS).unlink()
    (run / "checkpoints/dynamics/last.ckpt").write_bytes(content)
    with pytest.raises(InputError, match=r"last\.ckpt: not a readable checkpoint"):
        training.train([small_fleet], run, config)


@pytest.mark.parametrize("content", ["{", "[]"])
def test_a_damaged_run_file_is_named(small_fleet, config, tmp_path, content):
    (tmp_path / training.RUN).write_text(content)
    with pytest.raises(InputError, match=r"run\.json: not"):
        training.train([small_fleet], tmp_path, config)


def test_a_folder_of_something_else_is_left_alone(small_fleet, config, tmp_path):
    (tmp_path / "README.md").write_text("mine")
    with pytest.raises(InputError, match="holds no run"):
        training.train([small_fleet], tmp_path, config)
    assert [p.name for p in tmp_path.iterdir()] == ["README.md"]


def test_what_cannot_be_trained_is_known_before_anything_is_written(
    small_fleet, config, tmp_path, monkeypatch
):
    long = config.model.model_copy(update={"imagined_steps": 50})
    with pytest.raises(InputError, match="no scene has 52 frames"):
        training.train([small_fleet], tmp_path / "a", config.model_copy(update={"model": long}))
    typo = config.model_copy(update={"holdout_scenes": ("scene-9999",)})
    with pytest.raises(InputError, match="no fleet has a scene 'scene-9999'"):
        training.train([small_fleet], tmp_path / "b", typo)
    broken = InputError("image file is missing", file="a.jpg")
    monkeypatch.setattr(type(small_fleet), "image", Mock(side_effect=broken))
    with pytest.raises(InputError, match="image file is missing"):
        training.train([small_fleet], tmp_path / "c", config)
    assert not list(tmp_path.iterdir())


def test_a_full_disk_keeps_the_last_whole_checkpoint(
    small_fleet, smoke_run, config, tmp_path, monkeypatch
):
    run, real, written = tmp_path / "run", torch.save, []

    def save(content, target):
        written.append(target)
        if len(written) == 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(content, target)

    monkeypatch.setattr(torch, "save", save)
    with pytest.raises(OSError, match="No space left") as caught:
        training.train([small_fleet], run, config)
    assert caught.value.filename
    monkeypatch.undo()
    training.train([small_fleet], run, config)
    assert (run / checkpoint.WEIGHTS).read_bytes() == (smoke_run / checkpoint.WEIGHTS).read_bytes()
