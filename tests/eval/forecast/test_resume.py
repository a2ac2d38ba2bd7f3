import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from drivewm.eval.forecast.parts import FOLDER, Parts
from drivewm.eval.forecast.run import Options, forecast
from drivewm.eval.forecast.windows import Window
from drivewm.seeds import generator

KILLS = 3


def command(run, fleet, folder) -> list[str]:
    return [
        sys.executable, "-m", "drivewm.cli", "forecast", str(run), str(fleet.path), "--split",
        "val", "--stride", "2", "--threads", "1", "-o", str(folder),
    ]  # fmt: skip


def files_of(folder) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def parts_of(folder) -> int:
    return len(list((folder / FOLDER).rglob("*.npz")))


@pytest.fixture(scope="module")
def uninterrupted(small_fleet, smoke_run, tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole") / "out"
    start = time.monotonic()
    subprocess.run(command(smoke_run, small_fleet, folder), check=True, capture_output=True)
    return folder, time.monotonic() - start


def test_killed_at_random_times_it_goes_on_and_the_files_are_the_same(
    small_fleet, smoke_run, uninterrupted, tmp_path
):
    whole, seconds = uninterrupted
    out, rng, kept = tmp_path / "out", generator("kills"), []
    for _ in range(KILLS):
        process = subprocess.Popen(
            command(smoke_run, small_fleet, out), stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            process.wait(timeout=seconds * rng.uniform(0.3, 0.95))
            break  # faster than the first one was
        except subprocess.TimeoutExpired:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
        kept.append(parts_of(out))
    assert kept == sorted(kept)  # what was finished is not lost
    subprocess.run(command(smoke_run, small_fleet, out), check=True, capture_output=True)
    assert files_of(out) == files_of(whole)
    assert not (out / FOLDER).exists()


class Stopped(Exception):
    pass


def stop_after(monkeypatch, count: int) -> None:
    """The run ends by an exception after so many windows are kept."""
    write, seen = Parts.write, []

    def stopping(self, window, part):
        write(self, window, part)
        seen.append(window)
        if len(seen) == count:
            raise Stopped

    monkeypatch.setattr(Parts, "write", stopping)


def options(fleet) -> Options:
    held_out = tuple(s.id for s in fleet.scenes if "train" not in s.split)
    return Options(scene_ids=held_out, stride=2, threads=1)


def test_finished_windows_are_not_forecast_again_and_damaged_ones_are(
    small_fleet, smoke_run, tmp_path, monkeypatch
):
    with monkeypatch.context() as patch:
        stop_after(patch, 2)
        with pytest.raises(Stopped):
            forecast([smoke_run], small_fleet, tmp_path / "a", options(small_fleet))
    first, second = sorted((tmp_path / "a" / FOLDER).rglob("*.npz"))
    second.write_bytes(second.read_bytes()[:-30])
    made = []

    def counting(self, window, part, write=Parts.write):
        made.append(window)
        write(self, window, part)

    monkeypatch.setattr(Parts, "write", counting)
    again = forecast([smoke_run], small_fleet, tmp_path / "a", options(small_fleet))
    assert len(made) == again["windows"] - 1 and first.name.split("@")[0] == made[0].scene
    fresh = forecast([smoke_run], small_fleet, tmp_path / "b", options(small_fleet))
    assert again == fresh
    assert files_of(tmp_path / "a") == files_of(tmp_path / "b")


def test_windows_of_another_question_are_not_taken(tmp_path):
    window = Window(scene="s", keyframe=3, history=2, horizon=3)
    mine = Parts(tmp_path, {"ego_mode": "gt", "weights": ["1"]})
    assert mine.path(window) == Parts(tmp_path, {"weights": ["1"], "ego_mode": "gt"}).path(window)
    for other in ({"ego_mode": "cv", "weights": ["1"]}, {"ego_mode": "gt", "weights": ["2"]}):
        assert Parts(tmp_path, other).path(window) != mine.path(window)


def test_samples_are_rows_beside_the_likeliest(small_fleet, smoke_run, tmp_path):
    some = Options(
        scene_ids=options(small_fleet).scene_ids, stride=4, threads=1, samples=3,
    )  # fmt: skip
    content = forecast([smoke_run], small_fleet, tmp_path / "out", some)
    last = {
        r["row"]: r for r in content["rows"] if (r["mask"], r["input"]) == ("none", "perceived")
    }
    assert {"model", "model, mean of samples", "model, best of samples"} <= set(last)
    assert "has looked at the truth" in (tmp_path / "out" / "table.md").read_text()
    assert np.isfinite(last["model, mean of samples"]["nll"])
    plain = Options(scene_ids=some.scene_ids, stride=4, threads=1)
    without = forecast([smoke_run], small_fleet, tmp_path / "plain", plain)
    assert not any("samples" in r["row"] for r in without["rows"])
    rows = [r for r in content["rows"] if r["row"] == "model"]
    assert rows == [r for r in without["rows"] if r["row"] == "model"]
