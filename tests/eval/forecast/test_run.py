import json

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image

from drivewm.errors import InputError
from drivewm.eval.forecast import store, windows
from drivewm.eval.forecast.results import write_tables
from drivewm.eval.forecast.run import Options, forecast
from drivewm.eval.forecast.windows import Window, WindowList
from drivewm.models import checkpoint

BASELINES = ("copy", "ego-warp", "ego-warp+cv-boxes")
PAIRS = {("model", "perceived"), ("map-prior", "map")} | {
    (b, i) for b in BASELINES for i in ("perceived", "true")
}


def held_out(fleet) -> tuple[str, ...]:
    return tuple(s.id for s in fleet.scenes if "train" not in s.split)


@pytest.fixture(scope="module")
def made(small_fleet, smoke_run, tmp_path_factory):
    """A whole forecast folder and its content."""
    folder = tmp_path_factory.mktemp("forecast") / "gt"
    options = Options(scene_ids=held_out(small_fleet), threads=1)
    return folder, forecast([smoke_run], small_fleet, folder, options)


def one_window(fleet, tmp_path, **changes) -> str:
    row = {"scene": held_out(fleet)[0], "keyframe": 3, "history": 3, "horizon": 3, **changes}
    windows.save(tmp_path / "w.json", WindowList(name="one", windows=(Window(**row),)))
    return str(tmp_path / "w.json")


def rows_of(content, row, source, mask="none"):
    return [r for r in content["rows"] if (r["row"], r["input"], r["mask"]) == (row, source, mask)]


def test_every_row_stands_beside_the_model_under_every_mask(made):
    folder, content = made
    on_disk = json.loads((folder / "forecast.json").read_text())
    assert {(r["row"], r["input"]) for r in on_disk["rows"]} == PAIRS
    assert {r["mask"] for r in on_disk["rows"]} == {"none", "overlap", "camera", "lidar"}
    listed = windows.read(folder / "windows.json")
    assert listed.hash == content["windows_hash"] and len(listed.windows) == content["windows"]
    for row, source in sorted(PAIRS):
        if source == "true":
            now = rows_of(content, row, source)[0]
            assert now["horizon_s"] == 0 and now["iou"] == now["miou"] == now["rayiou"] == 1.0
    assert content["about"]["judged_scenes_trained_on"] == []


def test_pictures_and_archive_can_be_opened(made):
    folder, _ = made
    frames = np.load(folder / "frames.npz")
    assert frames["true_bev"].shape == frames["predicted_bev"].shape
    assert frames["cameras"].shape[1] == 6
    pictures = sorted((folder / "figures").iterdir())
    assert len(pictures) == len(frames["scene_id"]) + 1
    assert all(min(Image.open(p).size) > 100 for p in pictures)


def test_the_tables_come_from_the_counts_of_every_window(made):
    folder, content = made
    counts = pq.read_table(folder / store.COUNTS)
    lines = len(PAIRS) * 4  # masks
    steps = len(rows_of(content, "model", "perceived"))
    assert counts.num_rows == content["windows"] * lines * steps
    matrices = np.array(counts["confusion"].to_pylist())
    none = np.array(counts["mask"].to_pylist()) == "none"
    assert len(set(matrices[none].sum(1).tolist())) == 1  # every voxel, every time
    before = (folder / "forecast.json").read_bytes()
    assert write_tables(folder) == content
    assert (folder / "forecast.json").read_bytes() == before


def test_a_window_file_and_the_same_numbers_again(small_fleet, smoke_run, tmp_path):
    options = Options(windows=one_window(small_fleet, tmp_path), threads=1)
    a = forecast([smoke_run], small_fleet, tmp_path / "a", options)
    b = forecast([smoke_run], small_fleet, tmp_path / "b", options)
    assert a == b and a["windows"] == 1 and a["about"]["windows_name"] == "one"
    counts = [(tmp_path / x / store.COUNTS).read_bytes() for x in "ab"]
    assert counts[0] == counts[1]


def test_other_ego_motions_are_columns_and_change_what_uses_them(
    small_fleet, smoke_run, made, tmp_path
):
    file = one_window(small_fleet, tmp_path)
    found = {}
    for ego, frame in (("gt", "true"), ("cv", "true"), ("none", "true"), ("none", "assumed"),
                       ("planner", "true")):  # fmt: skip
        options = Options(windows=file, ego=ego, compare_in=frame, threads=1)
        content = forecast([smoke_run], small_fleet, tmp_path / f"{ego}-{frame}", options)
        assert {r["ego_mode"] for r in content["rows"]} == {
            "planner:idm" if ego == "planner" else ego
        }
        found[ego, frame] = content
    copy = [rows_of(c, "copy", "true")[-1]["miou"] for c in found.values()]
    assert len(set(copy)) == 1  # copy knows no ego motion
    warp = {k: rows_of(c, "ego-warp", "true")[-1]["iou"] for k, c in found.items()}
    stands = rows_of(found["none", "assumed"], "copy", "true")[-1]["iou"]
    assert warp["none", "assumed"] == stands  # a warp by nothing is a copy
    # Carried into the true frame, only the rounding to cells is left of a wrong ego motion.
    assert abs(warp["none", "true"] - warp["gt", "true"]) < 0.12
    assert abs(warp["cv", "true"] - warp["gt", "true"]) < 0.12
    assert found["none", "true"]["outcomes"]["steps"] == 0  # of another drive than the recorded


def sibling(run, folder, seed=1):
    """Another seed of the same configuration: the same weights, a little off."""
    model = checkpoint.load(run)
    with torch.no_grad():
        model.gain.mul_(1.5)
    origin = json.loads(json.dumps(checkpoint.provenance(run)))
    origin["config"]["seed"] = seed
    checkpoint.save(folder, model, origin, "card")
    return folder


def test_checkpoints_of_one_configuration_give_a_mean_and_a_spread(
    small_fleet, smoke_run, tmp_path
):
    other = sibling(smoke_run, tmp_path / "seed1")
    options = Options(windows=one_window(small_fleet, tmp_path), threads=1)
    both = forecast([smoke_run, other], small_fleet, tmp_path / "both", options)
    last = rows_of(both, "model", "perceived")[-1]
    assert last["runs"] == 2 and last["spread"]["nll"] > 0
    assert rows_of(both, "ego-warp", "true")[-1]["runs"] == 1
    with pytest.raises(InputError, match="the same weights as"):
        forecast([smoke_run, smoke_run], small_fleet, tmp_path / "c", options)
    origin = json.loads((other / "config.json").read_text())
    origin["provenance"]["config"]["learning_rate"] = 7.0
    (other / "config.json").write_text(json.dumps(origin))
    with pytest.raises(InputError, match=r"\[learning_rate\] is 7.0, in .* it is"):
        forecast([smoke_run, other], small_fleet, tmp_path / "d", options)


def test_a_list_that_names_its_windows_takes_no_split(small_fleet, smoke_run, tmp_path):
    options = Options(windows=one_window(small_fleet, tmp_path), split="val", threads=1)
    with pytest.raises(InputError, match=r"\[--split\].*says itself which windows"):
        forecast([smoke_run], small_fleet, tmp_path / "out", options)


def test_a_folder_of_something_else_is_left_alone(small_fleet, smoke_run, tmp_path):
    (tmp_path / "model.safetensors").write_text("mine")
    with pytest.raises(InputError, match=r"\[--output\] holds other files"):
        forecast([smoke_run], small_fleet, tmp_path, Options())
    assert [p.name for p in tmp_path.iterdir()] == ["model.safetensors"]
