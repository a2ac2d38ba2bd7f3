"""Bad results and forecast folders are named, with their file."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from drivewm.errors import InputError
from drivewm.eval.commands import report
from drivewm.eval.report import forecast, page, results
from tests.eval.report import folders
from tests.eval.report.command import run_report


@pytest.fixture
def scored(tmp_path: Path) -> Path:
    return folders.write_results(tmp_path / "results", [folders.score_row("solo", "scene-0001")])


@pytest.mark.parametrize("name", ["manifest.json", "scores.parquet", "series.parquet"])
def test_a_missing_file_is_named(scored: Path, name: str) -> None:
    (scored / name).unlink()
    with pytest.raises(InputError, match=r"missing|no results") as caught:
        results.read(scored)
    assert Path(caught.value.file).name == name


@pytest.mark.parametrize("name", ["manifest.json", "scores.parquet", "series.parquet"])
def test_a_truncated_file_is_named(scored: Path, name: str) -> None:
    whole = (scored / name).read_bytes()
    (scored / name).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError) as caught:
        results.read(scored)
    assert Path(caught.value.file).name == name


def test_a_missing_column_is_named(scored: Path) -> None:
    table = pq.read_table(scored / "scores.parquet")
    pq.write_table(table.drop_columns(["comfort"]), scored / "scores.parquet")
    with pytest.raises(InputError, match="comfort"):
        results.read(scored)


def test_a_column_of_another_type_is_named(scored: Path) -> None:
    table = pq.read_table(scored / "scores.parquet")
    at = table.column_names.index("score")
    text = table.set_column(at, "score", [["high"] * table.num_rows])
    pq.write_table(text, scored / "scores.parquet")
    with pytest.raises(InputError, match=r"scores\.parquet: a column has another type"):
        results.read(scored)


@pytest.mark.parametrize("part", ["command", "created", "fleet", "score"])
def test_a_manifest_that_lacks_a_part_is_named(scored: Path, part: str) -> None:
    file = scored / "manifest.json"
    content = json.loads(file.read_text("utf-8"))
    del content[part]
    file.write_text(json.dumps(content), "utf-8")
    with pytest.raises(InputError, match=rf"manifest\.json: \[{part}\] is missing"):
        results.read(scored)


def test_a_row_twice_is_refused(tmp_path: Path) -> None:
    folders.write_results(tmp_path, [folders.score_row("solo", "a")] * 2)
    with pytest.raises(InputError, match="two rows"):
        results.read(tmp_path)


def test_no_row_is_refused(tmp_path: Path) -> None:
    folders.write_results(tmp_path, [])
    with pytest.raises(InputError, match="no row"):
        results.read(tmp_path)


def test_a_corrupt_rollout_is_named(scored: Path) -> None:
    archive = scored / "rollouts" / "solo" / "scene-0001.npz"
    archive.write_bytes(archive.read_bytes()[:200])
    with pytest.raises(InputError, match=r"scene-0001\.npz"):
        page.render(results.read(scored), None)


def test_a_rollout_without_an_array_is_named(scored: Path) -> None:
    np.savez(scored / "rollouts" / "solo" / "scene-0001.npz", ego=np.zeros((2, 11)))
    with pytest.raises(InputError, match="time_s"):
        page.render(results.read(scored), None)


def test_an_unfinished_run_is_refused(scored: Path) -> None:
    file = scored / "manifest.json"
    file.write_text(file.read_text("utf-8").replace('"complete"', '"running"'), "utf-8")
    with pytest.raises(InputError, match="not finished"):
        results.read(scored)


def test_no_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such results folder"):
        results.read(tmp_path / "nothing")


def test_the_verb_refuses_another_kind_of_file(scored: Path) -> None:
    with pytest.raises(InputError, match="HTML"):
        run_report(report, scored, "-o", scored / "report.pdf")


def test_a_broken_report_leaves_no_file(scored: Path, tmp_path: Path) -> None:
    (scored / "manifest.json").write_text("{", encoding="utf-8")
    with pytest.raises(InputError):
        run_report(report, scored, "-o", tmp_path / "report.html")
    assert not (tmp_path / "report.html").exists()


@pytest.mark.parametrize("key", ["rows", "windows", "comparisons"])
def test_a_forecast_that_lacks_a_part_is_named(tmp_path: Path, key: str) -> None:
    file = folders.write_forecast(tmp_path) / "forecast.json"
    content = json.loads(file.read_text(encoding="utf-8"))
    del content[key]
    file.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(InputError, match=key):
        forecast.read(tmp_path)


@pytest.mark.parametrize(
    ("key", "value"), [("rows", 3), ("rows", [3]), ("comparisons", {}), ("windows", None)]
)
def test_a_forecast_part_of_another_kind_is_named(tmp_path: Path, key: str, value) -> None:
    file = folders.write_forecast(tmp_path) / "forecast.json"
    content = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps({**content, key: value}), encoding="utf-8")
    with pytest.raises(InputError, match=rf"forecast\.json: \[{key}\] is not"):
        forecast.read(tmp_path)


@pytest.mark.parametrize("name", ["true_bev", "keyframe", "cameras"])
def test_frames_that_do_not_belong_together_are_named(tmp_path: Path, name: str) -> None:
    file = folders.write_forecast(tmp_path) / "frames.npz"
    with np.load(file) as archive:
        frames = dict(archive)
    np.savez(file, **{**frames, name: frames[name][:1]})
    with pytest.raises(InputError, match=rf"frames\.npz: \[{name}\] does not hold 3"):
        forecast.read(tmp_path)


def test_corrupt_frames_are_named(tmp_path: Path) -> None:
    file = folders.write_forecast(tmp_path) / "frames.npz"
    file.write_bytes(file.read_bytes()[:300])
    with pytest.raises(InputError, match=r"frames\.npz"):
        forecast.read(tmp_path)


def test_a_forecast_without_frames_has_no_films(tmp_path: Path) -> None:
    (folders.write_forecast(tmp_path) / "frames.npz").unlink()
    assert forecast.read(tmp_path).films == []


@pytest.mark.parametrize("named", [False, True])
def test_every_camera_picture_gets_its_own_name(tmp_path: Path, named: bool) -> None:
    """Pictures come in the order of their channels' names unless the archive names them."""
    file = folders.write_forecast(tmp_path) / "frames.npz"
    with np.load(file) as archive:
        frames = dict(archive)
    channels = sorted(forecast.CHANNELS, reverse=named)
    for n in range(6):
        frames["cameras"][:, n] = 40 * n
    np.savez(file, **frames, **({"channels": np.array(channels)} if named else {}))
    shown = {image["name"]: image["src"] for image in forecast.read(tmp_path).films[0]["images"]}
    assert list(shown) == ["front left", "front", "front right", "back left", "back", "back right"]
    raw = base64.b64decode(shown["front"].split(",")[1])
    level = np.asarray(Image.open(io.BytesIO(raw)).convert("L")).mean()
    assert level == pytest.approx(40 * channels.index("CAM_FRONT"), abs=3)
