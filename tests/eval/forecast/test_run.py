import json

import numpy as np
import pytest

from drivewm.errors import InputError
from drivewm.eval.forecast.run import forecast


def test_a_forecast_folder_holds_tables_counts_and_pictures(small_fleet, smoke_run, tmp_path):
    held_out = [s.id for s in small_fleet.scenes if "train" not in s.split]
    content = forecast(smoke_run, small_fleet, held_out, tmp_path / "a", threads=1)
    again = forecast(smoke_run, small_fleet, held_out, tmp_path / "b", threads=1)
    assert content == again  # same model, same windows, same numbers
    on_disk = json.loads((tmp_path / "a" / "forecast.json").read_text())
    assert on_disk["windows"] == len(on_disk["window_list"]) > 0
    pairs = {(r["row"], r["input"]) for r in on_disk["rows"]}
    baselines = ("copy", "ego-warp", "ego-warp+cv-boxes")
    assert pairs == {("model", "perceived")} | {
        (b, i) for b in baselines for i in ("perceived", "true")
    }
    true_now = [
        r for r in on_disk["rows"]
        if r["input"] == "true" and r["horizon_s"] == 0 and r["row"] != "ego-warp+cv-boxes"
    ]  # fmt: skip
    assert true_now and all(r["iou"] == r["miou"] == 1.0 for r in true_now)
    frames = np.load(tmp_path / "a" / "frames.npz")
    assert frames["true_bev"].shape == frames["predicted_bev"].shape
    assert frames["cameras"].shape[1] == 6
    counts = np.load(tmp_path / "a" / "counts.npz")
    assert counts["model|perceived|none"].shape[0] == on_disk["windows"]


def test_a_folder_of_something_else_is_left_alone(small_fleet, smoke_run, tmp_path):
    (tmp_path / "model.safetensors").write_text("mine")
    with pytest.raises(InputError, match=r"\[--output\] holds other files"):
        forecast(smoke_run, small_fleet, ["any"], tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["model.safetensors"]
