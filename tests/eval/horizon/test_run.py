import numpy as np
import pytest
from PIL import Image

from drivewm.errors import InputError
from drivewm.eval.forecast.checkpoints import features_of
from drivewm.eval.forecast.truth import load_truth
from drivewm.eval.horizon.ego import ego_path
from drivewm.eval.horizon.rows import window_rows
from drivewm.eval.horizon.run import Options, choose_windows, horizon
from drivewm.models import checkpoint


@pytest.fixture(scope="module")
def content(small_fleet, smoke_run, tmp_path_factory):
    folder = tmp_path_factory.mktemp("horizon") / "out"
    options = Options(seconds=8.0, windows=1, threads=1)
    return folder, horizon([smoke_run], small_fleet, folder, options)


def test_every_row_goes_to_the_end_and_the_log_as_far_as_it_lasts(content):
    folder, made = content
    rows = {r["row"] for r in made["rows"]}
    assert rows == {"model", "model, one sample", "copy", "ego-warp", "ego-warp+cv-boxes"}
    last = [r for r in made["rows"] if r["horizon_s"] == 8.0]
    assert last and all(r["reference"] == "pool" and r["logged_windows"] == 0 for r in last)
    first = [r for r in made["rows"] if r["horizon_s"] == 0.0]
    assert all(r["reference"] == "same" for r in first)
    assert made["about"]["log_s"][1] < 8.0
    names = sorted(p.name for p in (folder / "figures").iterdir())
    assert "drift.png" in names and len(names) > 1
    assert all(min(Image.open(folder / "figures" / n).size) > 100 for n in names)


def test_the_first_steps_are_the_forecast_and_the_ego_is_as_recorded(small_fleet, smoke_run):
    model = checkpoint.load(smoke_run)
    scene = small_fleet.scenes[0].id
    truth = load_truth(small_fleet, scene, model.config)
    rows, ego = window_rows(model, truth, features_of(model, truth.frames), 1, 12, shown=(0, 2, 12))
    assert ego.recorded == 7 and ego.poses.shape == (13, 3)
    assert len(rows["log"].readings) == 8 and len(rows["model"].readings) == 13
    np.testing.assert_array_equal(rows["log"].shown[2], truth.frames.occupancy[3])
    assert set(rows["log"].shown) == {0, 2} and set(rows["model"].shown) == {0, 2, 12}
    np.testing.assert_array_equal(rows["copy"].shown[12], rows["model"].shown[0])
    speed = np.hypot(*np.diff(ego.poses[:, :2], axis=0).T) / ego.dt_s
    np.testing.assert_allclose(speed[8:], speed[8], rtol=0.05)
    same = ego_path(truth, 1, 4)
    np.testing.assert_array_equal(same.poses, ego.poses[:5])


def test_a_horizon_shorter_than_a_forecast_and_too_short_scenes_are_named(small_fleet, smoke_run):
    model = checkpoint.load(smoke_run)
    with pytest.raises(InputError, match=r"\[--seconds\] is 0.5"):
        choose_windows(small_fleet, model, Options(seconds=0.5))
    config = model.config.model_copy(update={"imagined_steps": 40})
    model.config = config
    with pytest.raises(InputError, match="no scene has 42 frames"):
        choose_windows(small_fleet, model, Options(seconds=30.0))
