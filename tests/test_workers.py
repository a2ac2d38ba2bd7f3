"""Workers do not outlive their parent, and Ctrl-C is the parent's alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import as_completed

import pytest

from drivewm.workers import pool

BUSY = """
import sys, time
from pathlib import Path
from drivewm.workers import pool

def stay(name):
    Path(name).write_text(str(__import__("os").getpid()))
    time.sleep(60)

if __name__ == "__main__":
    with pool(2) as submit:
        for future in [submit(stay, f"{sys.argv[1]}/{n}.pid") for n in range(2)]:
            future.result()
"""


def whoami(_: int) -> tuple[int, bool]:
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    return os.getpid(), signal.SIGINT in blocked


def remember(values: list[int]) -> None:
    whoami.__dict__["prepared"] = sum(values)


def prepared() -> int:
    return whoami.__dict__["prepared"]


def test_work_is_done_elsewhere_and_does_not_hear_ctrl_c() -> None:
    with pool(2, remember, ([1, 2],)) as submit:
        found = [f.result() for f in as_completed([submit(whoami, n) for n in range(4)])]
        assert submit(prepared).result() == 3
    assert all(pid != os.getpid() and deaf for pid, deaf in found)
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


@pytest.mark.parametrize("kill", [signal.SIGINT, signal.SIGKILL])
def test_workers_end_with_their_parent(tmp_path, kill) -> None:
    script = tmp_path / "busy.py"
    script.write_text(BUSY)
    parent = subprocess.Popen(
        [sys.executable, str(script), str(tmp_path)], stderr=subprocess.PIPE, text=True
    )
    names = [tmp_path / "0.pid", tmp_path / "1.pid"]
    _wait(lambda: all(name.exists() and name.read_text() for name in names))
    parent.send_signal(kill)
    _, error = parent.communicate(timeout=30)
    assert "Process SpawnProcess" not in error
    _wait(lambda: not any(_runs(int(name.read_text())) for name in names))


def _wait(true) -> None:
    end = time.monotonic() + 30
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


def _runs(process: int) -> bool:
    """Is it there, and not merely waiting to be reaped?"""
    try:
        with open(f"/proc/{process}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
