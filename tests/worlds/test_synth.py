"""Making a dataroot: same bytes however it is made, and nothing half made."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from nuscenes import NuScenes

from drivewm.cli import main
from drivewm.errors import InputError
from drivewm.worlds import synth
from drivewm.worlds.synth import SynthConfig, splits, synthesise
from tests.worlds.dataroots import SMALL, VERSION, fingerprint

ARGUMENTS = ("--scenes", "2", "--seed", "7", "--image-size", "112x64", "--duration", "3")


def test_two_workers_write_the_same_bytes(dataroot, tmp_path):
    synthesise(tmp_path / "root", SMALL, workers=2)
    assert fingerprint(tmp_path / "root") == fingerprint(dataroot)


def test_killed_in_the_middle_it_resumes_to_the_same_bytes(dataroot, tmp_path):
    root = tmp_path / "root"
    command = [sys.executable, "-m", "drivewm.cli", "synth", str(root), *ARGUMENTS]
    process = subprocess.Popen([*command, "--workers", "1"], stderr=subprocess.DEVNULL)
    first = root / ".partial" / "scene-2001"
    while not first.is_dir() and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not (root / VERSION).exists()  # nobody can take it for a dataroot
    made = synthesise(root, SMALL, workers=1)
    assert made.made == 1  # the first scene was kept
    assert fingerprint(root) == fingerprint(dataroot)


def test_workers_end_with_their_parent(tmp_path):
    root = tmp_path / "root"
    command = [
        sys.executable,
        "-m",
        "drivewm.cli",
        "synth",
        str(root),
        "--scenes",
        "4",
        "--workers",
        "2",
    ]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, start_new_session=True)
    while not list(root.glob(".partial/.*")) and process.poll() is None:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    deadline = time.monotonic() + 20
    while group_alive(process.pid) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not group_alive(process.pid)


def group_alive(group: int) -> bool:
    """Does any process of the group still run? (Zombies do not.)"""
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open(f"/proc/{entry}/stat") as stat:
                fields = stat.read().rsplit(")", 1)[1].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[2]) == group and fields[0] != "Z":
            return True
    return False


def test_interrupted_it_says_so_and_keeps_finished_scenes(tmp_path, monkeypatch, capsys):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(synth, "make_scene", interrupt)
    root = str(tmp_path / "root")
    assert main(["synth", root, *ARGUMENTS, "--workers", "1"]) == 130
    assert "interrupted" in capsys.readouterr().err
    assert not (tmp_path / "root" / VERSION).exists()


def end_abruptly(*_):
    os._exit(9)


def test_a_killed_worker_is_one_line(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(synth, "make_scene", end_abruptly)
    assert main(["synth", str(tmp_path / "root"), *ARGUMENTS, "--workers", "2"]) == 2
    assert "a worker process was killed" in capsys.readouterr().err


def test_full_disk_is_one_line(tmp_path, monkeypatch, capsys):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(synth, "make_scene", full)
    assert main(["synth", str(tmp_path / "root"), *ARGUMENTS, "--workers", "1"]) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert "No space left on device; free space" in lines[-1]
    assert "root" in lines[-1]


def test_a_finished_dataroot_is_left_alone(dataroot, capsys):
    before = fingerprint(dataroot)
    start = time.monotonic()
    assert main(["synth", str(dataroot), *ARGUMENTS]) == 0
    assert time.monotonic() - start < 5
    printed = capsys.readouterr().out
    assert "already complete" in printed and "perturbed or reckless" in printed
    assert fingerprint(dataroot) == before


def test_other_arguments_are_refused(dataroot, capsys):
    other = ["8" if argument == "7" else argument for argument in ARGUMENTS]
    assert main(["synth", str(dataroot), *other]) == 2
    message = capsys.readouterr().err
    assert "dataroot.json" in message and "[seed]" in message and "--overwrite" in message


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--scenes", "0"),
        ("--duration", "0.1"),
        ("--image-size", "big"),
        ("--sweeps", "some"),
    ],
)
def test_bad_options_are_refused(tmp_path, option, value):
    try:
        code = main(["synth", str(tmp_path / "root"), option, value])
    except SystemExit as error:  # argparse's own refusal
        code = error.code
    assert code == 2 and not (tmp_path / "root").exists()


def test_full_sweeps_run_at_12_and_20_hz(tmp_path):
    root = tmp_path / "root"
    synthesise(
        root,
        SMALL.model_copy(
            update={"scenes": 1, "duration_s": 1.0, "sweeps": "full", "image_size": (64, 36)}
        ),
        workers=1,
    )
    nusc = NuScenes(VERSION, str(root), verbose=False)
    for channel, count, step_us in (("CAM_FRONT", 13, 83_333), ("LIDAR_TOP", 21, 50_000)):
        rows = [row for row in nusc.sample_data if row["channel"] == channel]
        times = np.array([row["timestamp"] for row in rows])
        assert len(rows) == count and sum(row["is_key_frame"] for row in rows) == 3
        assert np.abs(np.diff(times) - step_us).max() <= 1
        for row in rows:
            assert (root / row["filename"]).exists()
            assert row["filename"].startswith("samples" if row["is_key_frame"] else "sweeps")
            sample = nusc.get("sample", row["sample_token"])
            assert 0 <= sample["timestamp"] - row["timestamp"] < 500_000
    middle = next(
        r for r in nusc.sample_data if r["channel"] == "LIDAR_TOP" and not r["is_key_frame"]
    )
    assert nusc.get("ego_pose", middle["ego_pose_token"])["timestamp"] == middle["timestamp"]
    assert len(nusc.get_boxes(middle["token"])) > 0


def test_sidecar_holds_the_10_hz_truth(dataroot, nusc):
    scene = nusc.scene[0]
    folder = dataroot / "drivewm" / "scenes"
    with np.load(folder / f"{scene['name']}.npz", allow_pickle=False) as truth:
        ids, state, valid = truth["ids"].tolist(), truth["state"], truth["valid"]
        steps = len(truth["times_us"])
        assert truth["ego"].shape == (steps, 11) and truth["actions"].shape == (steps, 2)
        assert steps == 31 and state.shape == (len(ids), steps, 6)
        assert truth["light_status"].shape == (len(truth["light_lane_ids"]), steps)
        assert truth["speed_limit_mps"].shape == () and truth["speed_limit_mps"] > 0
        sample, step = nusc.get("sample", scene["first_sample_token"]), 0
        for token in sample["anns"]:
            row = nusc.get("sample_annotation", token)
            index = ids.index(row["instance_token"])
            assert valid[index, step]
            assert np.allclose(state[index, step, :3], row["translation"], atol=1e-6)
    about = json.loads((folder / f"{scene['name']}.json").read_text())
    assert about["split"] == "train" and about["world_spec"]["duration_s"] == 3.0
    assert {"policy", "generator_version", "collision_time_s"} <= about.keys()


def test_a_third_of_training_is_not_careful():
    config = SynthConfig(scenes=26)
    policies = [p.spec.policy for p in config.plan() if p.split == "train"]
    assert sum(policy != "careful" for policy in policies) >= 0.3 * len(policies)
    groups = splits(config.plan())
    assert sum(len(names) for names in groups.values()) == 26
    assert all(groups.values())


def test_a_foreign_folder_is_refused(tmp_path):
    (tmp_path / "photo.jpg").write_text("")
    with pytest.raises(InputError, match="not made by drivewm"):
        synthesise(tmp_path, SMALL)
