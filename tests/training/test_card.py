import json
import shutil

import pytest

from drivewm.errors import InputError
from drivewm.models import checkpoint
from drivewm.training.card import put_scores


@pytest.fixture
def run(smoke_run, tmp_path):
    return shutil.copytree(smoke_run, tmp_path / "run")


def forecast(folder, digest: str, **about):
    row = {
        "row": "model", "input": "perceived", "mask": "none", "horizon_s": 1.0, "iou": 0.5,
        "miou": 0.25, "movable_iou": None, "intervals": {"iou": [0.4, 0.6]},
    }  # fmt: skip
    gain = {
        "against": "ego-warp", "input": "perceived", "mask": "none", "metric": "iou",
        "horizon_s": 1.0, "difference": 0.012, "low": -0.001, "high": 0.02,
    }  # fmt: skip
    content = {
        "rows": [row], "comparisons": [gain],
        "about": {
            "weights": [digest], "windows": 20, "windows_name": "all", "windows_hash": "abc" * 9,
            "scenes": 10, "fleet": "f" * 32, "ego_mode": "gt", "interval": "95 %",
            "judged_scenes_trained_on": [], **about,
        },
    }  # fmt: skip
    folder.mkdir(exist_ok=True)
    (folder / "forecast.json").write_text(json.dumps(content))
    return folder


def test_a_new_card_says_what_was_trained_on_and_that_nothing_was_scored(run):
    text, facts = (run / "README.md").read_text(), checkpoint.provenance(run)
    windows = facts["windows"]
    assert f"{windows['count']}, `{windows['sha256'][:12]}`" in text and windows["count"] > 0
    assert "None yet" in text and "## Limits" in text


def test_scores_come_with_windows_and_intervals(run, tmp_path):
    put_scores(run, forecast(tmp_path / "f", checkpoint.digest(run)))
    text = (run / "README.md").read_text()
    assert "20 windows `all` (`abcabcabcabc`) of 10 scenes" in text
    assert "| perceived | IoU | 0.500 [0.400, 0.600] | - | - |" in text
    assert "| perceived | IoU - ego-warp | +0.012 [-0.001, +0.020] | - | - |" in text
    assert "No judged scene was trained on" in text and "None yet" not in text
    seen = forecast(tmp_path / "f", checkpoint.digest(run), judged_scenes_trained_on=["scene-1"])
    put_scores(run, seen)
    assert "1 of the judged scenes were trained on" in (run / "README.md").read_text()


def test_a_forecast_of_other_weights_or_of_nothing_is_refused(run, tmp_path):
    before = (run / "README.md").read_text()
    with pytest.raises(InputError, match="other weights"):
        put_scores(run, forecast(tmp_path / "f", "0" * 16))
    with pytest.raises(InputError, match="holds no forecast"):
        put_scores(run, tmp_path)
    for content in ("{", "[]", '{"about": {}}'):
        (tmp_path / "f" / "forecast.json").write_text(content)
        with pytest.raises(InputError, match="not a forecast"):
            put_scores(run, tmp_path / "f")
    assert (run / "README.md").read_text() == before
