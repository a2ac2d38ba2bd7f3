"""Long and large runs: killed and resumed, several processes, several batches a step, streamed."""

import json
import os
import pickle
import signal
import subprocess
import sys

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from drivewm.config import load
from drivewm.errors import InputError
from drivewm.models import checkpoint
from drivewm.training import batches as made
from drivewm.training.config import TrainConfig
from drivewm.training.data import prepare
from drivewm.training.parallel import check, shard
from drivewm.training.train import train

EVERYTHING = [
    "accumulate=2", "perception_batch=2", "dynamics_batch=2", "average_decay=0.9",
    "loss_scale=true", "stream=true", "pool_scenes=2", "end_windows=0.5", "precision=bf16",
    "perception_steps=4", "dynamics_steps=4", "model.heads.agents=true", "model.heads.value=true",
    "model.heads.ego_action=true", "model.heads.ensemble=3", "model.heads.joint=true",
]  # fmt: skip
KILLED = """
import os, signal, sys
import drivewm.training.batches as made
real, stage = made.ClipBatches.batch, sys.argv[3]
def batch(self, step):
    if step == 6:
        os.kill(os.getpid(), signal.SIGKILL)
    return real(self, step)
made.ClipBatches.batch = batch
from drivewm.cli import main
main(["train", sys.argv[1], "-o", sys.argv[2], "--preset", "smoke", "--set", *sys.argv[4:]])
"""
ALONE = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def everything() -> TrainConfig:
    return load(TrainConfig, "train/smoke", EVERYTHING)


@pytest.fixture(scope="module")
def whole(small_fleet, everything, tmp_path_factory):
    return train([small_fleet], tmp_path_factory.mktemp("whole") / "run", everything)


def weights(run) -> dict[str, torch.Tensor]:
    return checkpoint.load(run).state_dict()


def test_a_killed_run_ends_equal_to_one_that_was_not(small_fleet, everything, whole, tmp_path):
    command = [
        sys.executable,
        "-c",
        KILLED,
        str(small_fleet.path),
        str(tmp_path / "run"),
        "dynamics",
    ]
    ended = subprocess.run(
        [*command, *EVERYTHING], env={**os.environ, **ALONE}, capture_output=True, text=True
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr[-2000:]
    assert not (tmp_path / "run" / checkpoint.WEIGHTS).exists()
    train([small_fleet], tmp_path / "run", everything)
    resumed = weights(tmp_path / "run")
    for name, value in weights(whole).items():
        assert torch.equal(value, resumed[name]), name


def test_a_run_tells_its_speed_and_what_it_waited_for(whole):
    told = json.loads((whole / "timing.json").read_text())
    assert sorted(told) == ["dynamics", "motion", "perception"]
    for stage in told.values():
        assert stage["samples_per_s"] > 0 and 0 <= stage["data_wait_share"] < 1


def test_the_published_weights_are_the_average_not_the_last(whole):
    path = whole / "checkpoints" / "dynamics" / "last.ckpt"
    state = torch.load(path, weights_only=True)
    average = state["callbacks"]["Average"]
    assert average["used"] and average["steps"] == 4
    name, value = next(
        (n, v) for n, v in average["values"].items() if n.endswith("foresee.out.weight")
    )
    assert torch.equal(weights(whole)[name.removeprefix("model.")], value)


def test_two_processes_train_as_one_that_gathers_two_batches(small_fleet, tmp_path):
    steps = ["perception_steps=2", "motion_steps=2", "dynamics_steps=2"]
    changes = ["mirror=false", *steps, "picture_every=50"]
    two = [*changes, "devices=2", "perception_batch=2", "motion_batch=2", "dynamics_batch=2"]
    command = [
        sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2",
        "--master-port", str(29500 + os.getpid() % 500), "-m", "drivewm.cli", "train",
        str(small_fleet.path), "-o", str(tmp_path / "two"), "--preset", "smoke", "--set", *two,
    ]  # fmt: skip
    ended = subprocess.run(
        command, env={**os.environ, **ALONE}, capture_output=True, text=True, timeout=300
    )
    assert ended.returncode == 0, ended.stderr[-3000:]
    one = [*changes, "accumulate=2", "perception_batch=1", "motion_batch=1", "dynamics_batch=1"]
    train([small_fleet], tmp_path / "one", load(TrainConfig, "train/smoke", one))
    ours, theirs = weights(tmp_path / "one"), weights(tmp_path / "two")
    gaps = torch.cat([(ours[n].float() - theirs[n].float()).abs().flatten() for n in ours])
    # Sums in another order; where a gradient is almost 0, AdamW makes a step of any sign of it.
    assert float(gaps.median()) < 1e-6 and float((gaps > 1e-4).float().mean()) < 0.02
    assert json.loads((tmp_path / "two" / "timing.json").read_text())["dynamics"]["devices"] == 2


def test_loader_processes_keep_the_order_of_the_steps(small_fleet):
    config = load(TrainConfig, "train/smoke", ["stream=true", "workers=2", "pool_scenes=1"])
    frames = prepare([small_fleet], config).frames(config, (0, 1))
    frames.first_step = 1
    loader = DataLoader(frames, batch_size=None, num_workers=2, multiprocessing_context="fork")
    for step, batch in zip(range(1, 6), loader, strict=True):
        alone = frames.batch(step)
        assert all(torch.equal(batch[key], alone[key]) for key in alone)
    sent = pickle.loads(pickle.dumps(frames))  # as to a loader process that is spawned
    assert torch.equal(sent.batch(3)["occupancy"], frames.batch(3)["occupancy"])


def test_devices_share_the_rows_of_a_step(small_fleet, everything):
    data = prepare([small_fleet], everything)
    whole_rows = data.frames(everything, (0, 1)).batch(3)["row"]
    parts = [data.frames(everything, (r, 2)).batch(3) for r in (0, 1)]
    assert sorted(np.concatenate([p["row"] for p in parts])) == sorted(whole_rows.numpy())


def test_a_number_of_processes_other_than_configured_is_named(monkeypatch):
    config = load(TrainConfig, "train/smoke", ["devices=2"])
    with pytest.raises(InputError, match=r"devices.*torchrun --nproc-per-node 2"):
        check(config)
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "1")
    assert check(config) == shard() == (1, 2)
    odd = config.model_copy(update={"dynamics_batch": 3})
    with pytest.raises(InputError, match="dynamics_batch"):
        check(odd)
    sharded = config.model_copy(update={"strategy": "fsdp", "average_decay": 0.9})
    with pytest.raises(InputError, match="average_decay"):
        check(sharded)


def test_a_loss_that_is_no_number_names_the_batch(small_fleet, tmp_path, monkeypatch):
    config = load(TrainConfig, "train/smoke", ["perception_steps=1"])
    real = made.clip

    def clip(scene, k, *rest):
        out = real(scene, k, *rest)
        return {**out, "flow": torch.full_like(out["flow"], torch.nan)}

    monkeypatch.setattr(made, "clip", clip)
    with pytest.raises(InputError) as caught:
        train([small_fleet], tmp_path / "run", config)
    text = str(caught.value)
    assert "flow = nan" in text and "in step 0" in text
    assert any(f"{s.id} keyframes " in text for s in small_fleet.scenes)


@pytest.mark.parametrize(
    "error", [torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"),
              RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to"),
              MemoryError()],
)  # fmt: skip
def test_memory_that_ran_out_names_the_batch(small_fleet, tmp_path, monkeypatch, error):
    from drivewm.training import stages

    def losses(self, batch):
        raise error

    monkeypatch.setattr(stages.PerceptionStage, "losses", losses)
    config = load(TrainConfig, "train/smoke", ["perception_steps=1"])
    with pytest.raises(InputError, match=r"memory ran out in step 0.*accumulate") as caught:
        train([small_fleet], tmp_path / "run", config)
    assert "keyframe" in str(caught.value)


def test_a_gradient_that_is_no_number_is_named_before_it_reaches_the_weights():
    from drivewm.training.failures import Witness

    witness = Witness(lambda rows: f"scene-{rows[0]}")
    weight = torch.nn.Parameter(torch.zeros(2))
    weight.grad = torch.tensor([1.0, torch.inf])
    witness.sees(torch.tensor([7]), 3)
    with pytest.raises(InputError, match=r"a gradient is not finite in step 3.*") as caught:
        witness.check_gradient([weight])
    assert "scene-7" in str(caught.value)
