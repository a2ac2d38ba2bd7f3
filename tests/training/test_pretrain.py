"""Learning from video alone."""

import pytest
import torch

from drivewm.config import load
from drivewm.errors import InputError
from drivewm.models.encoders.selfsup import spread_loss
from drivewm.models.world_model import WorldModel
from drivewm.training.clips import Frames, load_frames
from drivewm.training.config import TrainConfig
from drivewm.training.data import with_labels
from drivewm.training.order import Shuffled
from drivewm.training.pairs import PairBatches, pair
from drivewm.training.pretrain import (
    PretrainStage,
    load_inverse,
    recover_motion,
    save_inverse,
    single_of,
)


@pytest.fixture(scope="module")
def config() -> TrainConfig:
    return load(TrainConfig, "train/smoke", ["stages=[pretrain,encoder,dynamics]"])


@pytest.fixture(scope="module")
def scene(small_fleet, config) -> Frames:
    return load_frames(small_fleet, small_fleet.scenes[0].id, config.model)


def stage_of(config: TrainConfig) -> PretrainStage:
    torch.manual_seed(0)
    return PretrainStage(WorldModel(config.model), config, torch.ones(18), 50)


def batches(scene: Frames, **changes) -> PairBatches:
    rows = len(scene.occupancy) - 1
    return PairBatches([scene], [scene.times], Shuffled(rows, 3, 0), 0, 50, **changes)


def test_a_pair_is_two_neighbours_and_the_motion_between_them(scene):
    one = pair(scene, 2, told=True)
    assert torch.equal(one["past_images"][0], torch.from_numpy(scene.images[2]).permute(0, 3, 1, 2))
    assert torch.equal(one["images"], torch.from_numpy(scene.images[3]).permute(0, 3, 1, 2))
    assert torch.equal(one["motion"], torch.from_numpy(scene.motion[2]))
    assert torch.isnan(pair(scene, 2, told=False)["motion"]).all()


def test_no_label_is_read(scene):
    batch = batches(scene, mirror=True, repaint=True).batch(3)
    assert not {"occupancy", "flow", "visible"} & set(batch)


def test_it_learns_and_the_inverse_dynamics_head_tells_the_motion(scene, config, tmp_path):
    stage, data = stage_of(config), batches(scene)
    optimizer = torch.optim.AdamW(stage.trained(), lr=4e-3)
    history = []
    for step in range(45):
        losses = stage.losses(data.batch(step))
        optimizer.zero_grad()
        stage.total(losses).backward()
        optimizer.step()
        stage.on_train_batch_end()
        history.append({k: float(v.detach()) for k, v in losses.items()})
    first, last = history[0], {k: sum(h[k] for h in history[-5:]) / 5 for k in history[0]}
    assert all(last[k] < 0.8 * first[k] for k in ("feature", "colour", "inverse")), (first, last)
    with torch.no_grad():
        features = single_of(stage.model)(_cameras(data.batch(0)))
    assert float(spread_loss(features)) < 0.9  # it did not collapse
    save_inverse(tmp_path, stage)
    told = recover_motion(stage.model, load_inverse(tmp_path, stage.model), scene)
    true = torch.from_numpy(scene.motion)
    assert told.shape == true.shape
    assert (told[:, 0] - true[:, 0]).abs().mean() < 0.6 * true[:, 0].abs().mean() + 0.2


def _cameras(batch):
    from drivewm.training.pairs import cameras_of

    return cameras_of(batch, False)


def test_without_told_motion_the_head_answers_in_its_place(scene, config):
    stage = stage_of(config)
    batch = batches(scene, known=0.0).batch(0)
    assert torch.isnan(batch["motion"]).all()
    losses = stage.losses(batch)
    assert float(losses["inverse"].detach()) == 0.0
    assert torch.isfinite(stage.total(losses))


def test_the_slow_copy_follows_and_is_not_trained(scene, config):
    stage = stage_of(config)
    trained = {id(p) for p in stage.trained()}
    assert not trained & {id(p) for p in stage.teacher.parameters()}
    parameter = next(single_of(stage.model).parameters())
    slow = next(stage.teacher.parameters())
    with torch.no_grad():
        parameter += 1.0
    before = slow.clone()
    stage.on_train_batch_end()
    torch.testing.assert_close(slow, before + 0.01, atol=1e-5, rtol=0)


def test_making_the_stage_changes_no_later_random_number(config):
    torch.manual_seed(5)
    model = WorldModel(config.model)
    state = torch.get_rng_state()
    PretrainStage(model, config, torch.ones(18), 5)
    assert torch.equal(torch.get_rng_state(), state)


def test_a_share_of_labels_holds_whole_scenes_out_always_the_same(small_fleet, config):
    train = [s.id for s in small_fleet.scenes if "train" in s.split]
    some = with_labels([small_fleet], config.model_copy(update={"label_share": 0.34}))
    assert len(some.holdout_scenes) == len(train) - 1 and set(some.holdout_scenes) < set(train)
    again = with_labels([small_fleet], config.model_copy(update={"label_share": 0.34, "seed": 9}))
    assert again.holdout_scenes == some.holdout_scenes
    assert with_labels([small_fleet], config).holdout_scenes == ()


def test_stages_out_of_order_and_runs_without_the_head_are_refused(tmp_path, config):
    with pytest.raises(InputError, match="pretrain, encoder, motion, dynamics, in this order"):
        load(TrainConfig, "train/smoke", ["stages=[dynamics,encoder]"])
    with pytest.raises(InputError, match="no inverse-dynamics head"):
        load_inverse(tmp_path, WorldModel(config.model))
