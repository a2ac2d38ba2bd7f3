import os
import pickle
import signal
import subprocess
import sys
import time

import pytest

from drivewm.cli import main
from tests.logs import tiny_dataroot as tiny


@pytest.fixture
def dataroot(tmp_path):
    return tiny.write(tmp_path / "dataroot")


def test_ingest_writes_a_fleet_and_shows_progress(dataroot, tmp_path, capsys):
    assert main(["ingest", "nuscenes", str(dataroot), str(tmp_path / "fleet")]) == 0
    captured = capsys.readouterr()
    assert captured.out == f"wrote {tmp_path / 'fleet'}\n"
    assert "1/1" in captured.err


def test_option_of_another_source_is_refused(tmp_path, capsys):
    (tmp_path / "logs").mkdir()
    arguments = ["ingest", "av2", str(tmp_path / "logs"), str(tmp_path / "fleet"), "--version", "x"]
    assert main(arguments) == 2
    assert "[--version] only nuScenes has this option" in capsys.readouterr().err


def test_pickle_that_runs_code_is_one_line_and_exit_code_2(tmp_path, capsys):
    class Evil:
        def __reduce__(self):
            return os.system, (f"touch {tmp_path}/ran",)

    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "sd_x_scene-0001.pkl").write_bytes(pickle.dumps(Evil()))
    assert main(["ingest", "scenarionet", str(tmp_path / "src"), str(tmp_path / "fleet")]) == 2
    error = capsys.readouterr().err
    assert "sd_x_scene-0001.pkl" in error and "could run code" in error
    assert not (tmp_path / "ran").exists()
    assert not (tmp_path / "fleet").exists()


def test_ctrl_c_exits_130_and_leaves_nothing(dataroot, tmp_path):
    """The pipe in place of the map holds the process up while it reads."""
    mask = dataroot / "maps" / "mask.png"
    mask.unlink()
    expansion = dataroot / "maps" / "expansion"
    expansion.mkdir()
    os.mkfifo(expansion / f"{tiny.LOCATION}.json")
    command = [
        sys.executable,
        "-m",
        "drivewm.cli",
        "ingest",
        "nuscenes",
        str(dataroot),
        str(tmp_path / "fleet"),
    ]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob(".fleet.*.partial/*.parquet")) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert list(tmp_path.glob(".fleet.*.partial"))
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=30)
    assert process.returncode == 130, error
    assert "Traceback" not in error
    assert [p.name for p in tmp_path.iterdir()] == ["dataroot"]
