"""Windows with other actions: the recorded branch is the recorded window, bad folders are named."""

import json
import shutil

import numpy as np
import pytest
import torch

from drivewm import cli
from drivewm.config import load
from drivewm.errors import InputError
from drivewm.models.world_model import WorldModel
from drivewm.training.branches import load_branches
from drivewm.training.config import TrainConfig
from drivewm.training.data import prepare
from drivewm.training.stages import window_losses
from drivewm.training.train import DynamicsStage

CHANGES = ["model.encoder=privileged", "model.dynamics=gru"]


@pytest.fixture(scope="module")
def folder(small_fleet, tmp_path_factory):
    """Branches of the small fleet's training scenes, made by the command."""
    place = tmp_path_factory.mktemp("branches")
    arguments = ["branch", small_fleet.path, "-o", str(place), "--preset", "smoke"]
    assert cli.main([str(a) for a in [*arguments, "--states", "3"]]) == 0
    return next(p.parent for p in place.rglob("survey.json"))


@pytest.fixture(scope="module")
def config(folder):
    return load(TrainConfig, "train/smoke", [*CHANGES, f"branches={folder}", "branch_share=1.0"])


@pytest.fixture(scope="module")
def data(small_fleet, config):
    return prepare([small_fleet], config)


def clips_of(data, config):
    features = [torch.zeros(t.count, 3, 16, 16) for t in data.times]
    return data.clips(config, features, (0, 1))


def test_the_branch_that_does_what_was_recorded_is_the_recorded_window(data, config, folder):
    clips = clips_of(data, config)
    found = 0
    for row, (scene, frame, branch) in enumerate(clips.branches.rows):
        with np.load(folder / f"{data.times[scene].scene_id}@{frame}.npz") as kept:
            name = str(kept["names"][branch])
        if name != "recorded":
            continue
        found += 1
        own = clips._clip(len(clips.index) + row)
        first = frame + 1 - config.model.observed_steps
        recorded = clips._recorded(scene, first)
        assert torch.equal(own["flow_known"], recorded["flow_known"])
        assert torch.equal(own["features"], recorded["features"])
        same = (own["occupancy"] == recorded["occupancy"]).float().mean()
        assert same > 0.999  # poses of the simulator and of the log differ in the last bits
        torch.testing.assert_close(own["action"], recorded["action"], atol=1e-3, rtol=1e-3)
        torch.testing.assert_close(own["flow"], recorded["flow"], atol=2e-2, rtol=1e-2)
    assert found


def test_branches_of_one_state_share_their_past_and_differ_after_it(data, config):
    clips = clips_of(data, config)
    scene, frame, _ = clips.branches.rows[0]
    rows = [i for i, (s, f, _) in enumerate(clips.branches.rows) if (s, f) == (scene, frame)]
    several = [clips._clip(len(clips.index) + r) for r in rows]
    seen = config.model.observed_steps
    assert len(several) == 8
    for other in several[1:]:
        assert torch.equal(other["occupancy"][:seen], several[0]["occupancy"][:seen])
    assert len({o["action"][seen - 1 :].numpy().tobytes() for o in several}) > 4
    assert all(torch.isnan(o["reward"][seen - 1 :]).all() for o in several)


def test_a_drive_goes_on_until_it_ends_and_nothing_is_said_after(data, config, folder):
    clips = clips_of(data, config)
    for row, (scene, frame, branch) in enumerate(clips.branches.rows):
        with np.load(folder / f"{data.times[scene].scene_id}@{frame}.npz") as kept:
            ends = min(kept["collision_s"][branch], kept["departure_s"][branch])
        cont = clips.branches.future(row)["cont"].numpy()
        steps = np.arange(1, len(cont) + 1) * 0.5
        np.testing.assert_array_equal(cont == 1.0, steps < ends)
        assert (cont == 0.0).sum() == (ends <= steps[-1])


def test_the_share_of_branches_is_kept_and_none_leaves_the_batches_alone(data, config):
    none = clips_of(data, config.model_copy(update={"branches": None}))
    never = clips_of(data, config.model_copy(update={"branch_share": 0.0}))
    half = clips_of(data, config.model_copy(update={"branch_share": 0.5, "dynamics_batch": 64}))
    one, two = none.batch(3), never.batch(3)
    assert all(torch.equal(one[k], two[k]) or k in ("reward", "value") for k in one)
    recorded = len(half.index)
    share = (half.batch(0)["row"] >= recorded).float().mean()
    assert 0.3 < share < 0.7
    assert "branch" in half.names([recorded]) and "keyframes" in half.names([0])


def test_a_step_on_branches_alone_has_finite_losses(data, config):
    torch.manual_seed(0)
    model = WorldModel(config.model)
    features = data.features(model, None, (0, 1))
    clips = data.clips(config, features, (0, 1))
    stage = DynamicsStage(model, config, torch.ones(18), 5, clips.names)
    losses = {k: v.detach() for k, v in window_losses(stage, clips.batch(0)).items()}
    assert all(torch.isfinite(v) for v in losses.values()) and losses["imagined"] > 0


def test_bad_folders_are_named(data, config, folder, tmp_path):
    ids = [t.scene_id for t in data.times]
    with pytest.raises(InputError, match="no branches"):
        load_branches(tmp_path, ids, config.model)
    with pytest.raises(InputError, match="none of its branches"):
        load_branches(folder, ["another"], config.model)
    other = config.model.model_copy(update={"imagined_steps": 6})
    with pytest.raises(InputError, match="horizon"):
        load_branches(folder, ids, other)
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    first = sorted(copy.glob("*.npz"))[0]
    first.write_bytes(first.read_bytes()[:200])
    with pytest.raises(InputError, match=first.name):
        load_branches(copy, ids, config.model)
    (copy / "survey.json").write_text(json.dumps({"states": 1}))
    with pytest.raises(InputError, match=r"survey\.json"):
        load_branches(copy, ids, config.model)


@pytest.mark.parametrize("change", ["forcing=teacher", "model.heads.agents=true"])
def test_what_branches_cannot_teach_is_refused(change):
    with pytest.raises(InputError, match="branches have no"):
        load(TrainConfig, "train/smoke", [*CHANGES, "branches=somewhere", change])
