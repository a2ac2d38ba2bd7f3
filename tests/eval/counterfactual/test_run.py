import json
import shutil

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from drivewm import cli
from drivewm.errors import InputError
from drivewm.eval.counterfactual import run, truth
from drivewm.eval.counterfactual.imagine import rows_of
from drivewm.eval.counterfactual.names import PERCEIVED, TRUE
from drivewm.eval.counterfactual.results import write_tables
from drivewm.eval.counterfactual.states import TruthConfig
from drivewm.eval.forecast.checkpoints import features_of
from drivewm.models import checkpoint
from drivewm.training.clips import load_frames

FED = ("model", "action-blind", "action-blind, placed", "ego-warp", "ego-warp+cv-boxes")
PAIRS = {(r, s) for r in FED for s in (PERCEIVED, TRUE)} | {
    ("actions-only", "none"), ("true-future", "none"),
}  # fmt: skip


@pytest.fixture(scope="module")
def options(small_fleet, tmp_path_factory):
    folder = tmp_path_factory.mktemp("cf") / "truth"
    return run.Options(
        splits=tuple(dict.fromkeys(i.split for i in small_fleet.scenes)), states=2, threads=1,
        truth=str(folder), shuffle_windows=6,
    )  # fmt: skip


@pytest.fixture(scope="module")
def made(small_fleet, untrained_run, options, tmp_path_factory):
    """A whole folder and its content."""
    folder = tmp_path_factory.mktemp("cf") / "out"
    return folder, run.counterfactual([untrained_run], small_fleet, folder, options)


@pytest.fixture(scope="module")
def config(small_fleet, untrained_run, options):
    return run.truth_config(small_fleet, [untrained_run], checkpoint.load(untrained_run), options)


def states_of(small_fleet, config, options):
    return truth.make_truth(small_fleet, config, options.truth)


def test_every_row_stands_beside_the_model(made):
    folder, content = made
    whole = [r for r in content["rows"] if r["split"] == content["facts"][0]["split"]]
    assert {(r["row"], r["input"]) for r in whole} == PAIRS
    rows = pq.read_table(folder / "branches.parquet").to_pylist()
    assert len(rows) == content["facts"][0]["branches"] * len(PAIRS)
    assert all(0 <= r["score"] <= 1 and 0 <= r["true_score"] <= 1 for r in rows)
    assert "Kendall tau" in (folder / "table.md").read_text()
    pictures = list((folder / "figures").iterdir())
    assert pictures and all(min(Image.open(p).size) > 200 for p in pictures)


def test_a_model_that_ignores_everything_cannot_rank_by_risk(made):
    _, content = made
    for row in content["rows"]:
        if row["row"] == "actions-only":
            assert row["bad_auc"] in (0.5, None) and row["movable_change"] in (0.0, None)
        if row["row"] == "action-blind" and row["occupied_change"] is not None:
            assert abs(row["occupied_change"]) < 1e-6  # the same world in every branch
        if row["row"] == "true-future" and row["bad_auc_within"] is not None:
            assert row["bad_auc_within"] > 0.75 and row["miou_1s"] == 1.0


def test_an_untrained_model_says_what_the_ego_warp_says(made):
    _, content = made
    whole = [r for r in content["rows"] if r["split"] == content["facts"][0]["split"]]
    model, warp = (
        next(r for r in whole if (r["row"], r["input"]) == (name, PERCEIVED))
        for name in ("model", "ego-warp")
    )
    for name in ("miou_1s", "movable_iou_1s", "occupied_change", "reaction_iou"):
        assert model[name] == warp[name]
    assert model["movable_change"] == pytest.approx(warp["movable_change"], abs=0.1)


def test_the_present_is_that_of_the_fleet_and_the_recorded_branch_its_future(
    small_fleet, untrained_run, config, options, made
):
    model = checkpoint.load(untrained_run)
    for state in states_of(small_fleet, config, options):
        here = truth.load(options.truth, small_fleet, config, state)
        frames = load_frames(small_fleet, state.scene, model.config)
        span = slice(state.keyframe, state.keyframe + config.horizon + 1)
        for b in range(len(here.names)):
            np.testing.assert_array_equal(here.occupancy[b, 0], frames.occupancy[state.keyframe])
        recorded = here.names.index("recorded")
        np.testing.assert_array_equal(here.occupancy[recorded], frames.occupancy[span])
        np.testing.assert_allclose(here.flow[recorded], frames.flow[span], atol=1e-2)


def test_two_workers_make_the_same_truth_and_what_is_lost_is_made_again(
    small_fleet, config, options, made, tmp_path
):
    states = states_of(small_fleet, config, options)
    assert truth.make_truth(small_fleet, config, tmp_path, workers=2) == states
    key = truth.key_of(small_fleet, config)
    names = sorted(p.name for p in (tmp_path / key).iterdir())
    assert names == sorted([truth.SURVEY, *(f"{s.name}.npz" for s in states)])
    for name in names:
        assert (tmp_path / key / name).read_bytes() == (
            truth.Path(options.truth) / key / name
        ).read_bytes()
    lost = tmp_path / key / f"{states[0].name}.npz"
    before = lost.read_bytes()
    lost.unlink()
    truth.make_truth(small_fleet, config, tmp_path)
    assert lost.read_bytes() == before
    lost.write_bytes(before[:100])
    with pytest.raises(InputError, match="not readable"):
        truth.load(tmp_path, small_fleet, config, states[0])


def test_a_run_goes_on_where_it_stopped_and_ends_the_same(
    small_fleet, untrained_run, options, made, tmp_path
):
    folder, content = made
    again = tmp_path / "again"
    shutil.copytree(folder, again)
    parts = sorted((again / run.PARTS).rglob("*.npz"))
    parts[0].unlink()
    parts[-1].write_bytes(b"broken")
    assert run.counterfactual([untrained_run], small_fleet, again, options) == content
    assert (again / "table.md").read_bytes() == (folder / "table.md").read_bytes()


def test_tables_are_made_again_from_the_rows(made):
    folder, content = made
    before = (folder / "counterfactual.json").read_bytes()
    assert write_tables(folder) == content
    assert (folder / "counterfactual.json").read_bytes() == before
    assert json.loads(before)["about"]["interval"]


def test_bad_input_is_one_line(small_fleet, untrained_run, tmp_path, capsys):
    def said(*argv: str) -> str:
        assert cli.main(["counterfactual", *argv]) == 2
        message = capsys.readouterr().err.splitlines()[-1]
        return message

    run_path, fleet = str(untrained_run), str(small_fleet.path)
    out = ["-o", str(tmp_path / "x"), "--threads", "1"]
    assert "no scene in split" in said(run_path, fleet, *out, "--splits", "nowhere")
    assert "--branches" in said(run_path, fleet, *out, "--branches", "3")
    assert "needs RUN" in said(run_path)
    assert "stands alone" in said(run_path, "--tables", str(tmp_path))
    assert "no counterfactual evaluation here" in said("--tables", str(tmp_path))
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").write_text("mine")
    assert "holds other files" in said(run_path, fleet, "-o", str(tmp_path / "full"))


def test_a_fleet_without_worlds_is_refused(small_fleet):
    from dataclasses import replace

    from drivewm.logs.fleet import Fleet

    infos = tuple(replace(info, world_spec=None) for info in small_fleet.scenes)
    bare, split = Fleet(small_fleet.path, infos), infos[0].split
    with pytest.raises(InputError, match="synthetic world"):
        truth.check(bare, TruthConfig(splits=(split,)))


def test_in_the_ego_warp_nothing_moves_and_boxes_go_on_with_what_was_perceived(
    small_fleet, untrained_run, config, options, made
):
    model = checkpoint.load(untrained_run)
    state = states_of(small_fleet, config, options)[0]
    here = truth.load(options.truth, small_fleet, config, state)
    frames = load_frames(small_fleet, state.scene, model.config)
    said = rows_of(model, frames, features_of(model, frames), here)
    assert not said["ego-warp", TRUE].seen.flow.any()
    assert here.flow[0, 0].any() and said["ego-warp+cv-boxes", TRUE].seen.flow.any()
    for key, row in said.items():
        np.testing.assert_array_equal(
            row.seen.classes[:, 0], np.repeat(row.seen.classes[:1, 0], len(here.names), 0)
        )
        if key[0] != "action-blind, placed":
            np.testing.assert_array_equal(row.seen.classes[:, 0], here.occupancy[:, 0])
