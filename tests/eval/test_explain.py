"""Explanations of rows: costs, moments, whom it was against, pictures."""

import json

import numpy as np
import pytest
from PIL import Image

from drivewm.cli import main
from drivewm.errors import InputError
from drivewm.eval import explain, explain_text, recovery
from drivewm.eval.schema import Cell
from tests.eval.report import folders

CAR = f"{0:032x}"  # the first of the cast


@pytest.fixture
def scored(tmp_path):
    """A collision with a car, a drive that failed, one that lost nothing, a moment of a scene."""
    rows = [
        folders.score_row(
            "blind", "a", score=0.0, no_at_fault_collision=0.0, ttc=0.0, comfort=0.0,
            collision_time_s=4.2, collisions=1,
        ),
        folders.score_row("fine", "a"),
        folders.score_row("dead", "a", status="failed", reason="plan() hung", score=0.0),
        folders.score_row("fine", "b@2.0", recording="b", score=0.9, score_name="navsim_pdms"),
        folders.score_row("fine", "b@4.0", recording="b", score=0.4, score_name="navsim_pdms"),
        folders.score_row("fine", "c", seed=0),
        folders.score_row("fine", "c", seed=2, score=0.7),
    ]  # fmt: skip
    worst = [
        folders.worst_row("blind", "a", "no_at_fault_collision", 42, CAR, 7.5),
        folders.worst_row("blind", "a", "ttc_s", 40, None, 0.3),
        folders.worst_row("blind", "a", "jerk_mps3", 12, None, -16.0),
        folders.worst_row("blind", "a", "lon_acc_mps2", 41, None, -5.0),
        folders.worst_row("fine", "a", "min_ttc_s", 33, f"{1:032x}", 2.5),
    ]
    return folders.write_results(tmp_path / "results", rows, worst=worst)


def test_costs_moments_and_opponents(scored):
    found = explain.explain(scored, Cell("blind", "a", 0))
    costs = {cause.share.term: cause for cause in found.causes}
    assert found.causes[0].share.term == "no_at_fault_collision"
    assert sum(c.share.lost for c in found.causes) == pytest.approx(1.0)
    hit = costs["no_at_fault_collision"].moment
    assert (hit.step, hit.time_s, hit.track_id, hit.category) == (42, 4.2, CAR, "vehicle.car")
    assert costs["comfort"].moment.metric == "jerk_mps3"  # 1.9 of its bound; braking is at 1.2
    assert costs["comfort"].moment.unit == "m/s3"
    assert costs["progress"].moment is None and costs["progress"].share.lost == 0
    text = explain_text.as_text(found)
    assert f"collision, delta-v 7.50 m/s at 4.2 s against vehicle.car {CAR}" in text
    assert "jerk_mps3 -16.00 m/s3 at 1.2 s" in text


def test_a_collision_without_a_recorded_moment_is_dated_by_its_column(tmp_path):
    row = folders.score_row("p", "s", score=0, no_at_fault_collision=0.0, collision_time_s=3.1)
    found = explain.explain(folders.write_results(tmp_path / "r", [row]), Cell("p", "s", 0))
    assert found.causes[0].moment.time_s == 3.1


def test_a_faultless_drive_tells_what_came_near(scored):
    found = explain.explain(scored, Cell("fine", "a", 0))
    assert found.nearest_harm.track_id == f"{1:032x}"
    assert "no term lost a point" in explain_text.as_text(found)


def test_a_failed_drive_tells_its_reason(scored):
    assert "plan() hung" in explain_text.as_text(explain.explain(scored, Cell("dead", "a", 0)))


def test_what_terms_do_not_account_for_is_said(scored):
    found = explain.explain(scored, Cell("fine", "b@2.0", 0))  # all terms 1, score 0.9
    assert found.rest == pytest.approx(0.1)
    assert "0.1000 is not explained" in explain_text.as_text(found)


def test_the_worst_moment_and_seed_are_chosen(scored):
    assert explain.choose(scored, "b") == [Cell("fine", "b@4.0", 0)]
    assert explain.choose(scored, "b@2.0") == [Cell("fine", "b@2.0", 0)]
    assert explain.choose(scored, "c") == [Cell("fine", "c", 2)]
    assert explain.choose(scored, "c", seed=0) == [Cell("fine", "c", 0)]
    assert [cell.planner for cell in explain.choose(scored, "a")] == ["blind", "fine", "dead"]


@pytest.mark.parametrize(
    ("more", "field"), [({"planner": "x"}, "--planner"), ({"seed": 9}, "--seed")]
)
def test_what_is_not_there_is_named(scored, more, field):
    with pytest.raises(InputError, match=field):
        explain.choose(scored, "a", **more)
    with pytest.raises(InputError, match=r"choose of a, b@2\.0"):
        explain.choose(scored, "nowhere")


def test_the_verb_writes_pictures_that_ring_the_opponent(scored, capsys):
    assert main(["explain", str(scored), "--scene", "a", "--planner", "blind"]) == 0
    printed = capsys.readouterr().out
    picture = scored / "explain" / "blind" / "a.no_at_fault_collision.png"
    assert str(picture) in printed
    pixels = np.asarray(Image.open(picture).convert("RGB"))
    assert (pixels[:900] == [0xC8, 0x1E, 0x3A]).all(-1).sum() > 200  # the ring
    content = json.loads((scored / "explain" / "blind" / "a.json").read_text())
    assert content["terms"][0]["moment"]["track_id"] == CAR
    assert content["pictures"] == [
        "a.no_at_fault_collision.png", "a.ttc.png", "a.comfort.png",
    ]  # fmt: skip


def test_without_an_archive_there_is_text_alone(scored, capsys):
    for path in scored.rglob("*.npz"):
        path.unlink()
    assert main(["explain", str(scored), "--scene", "a", "--planner", "blind"]) == 0
    assert "no picture" in capsys.readouterr().out


def test_tables_of_another_run_are_not_explained(scored, tmp_path, capsys):
    recovery.keep_footers(scored, [path.stem for path in scored.glob("*.parquet")])
    other = folders.write_results(tmp_path / "other", [folders.score_row("else", "a")])
    (scored / "scores.parquet").write_bytes((other / "scores.parquet").read_bytes())
    for verb in (["explain", str(scored), "--scene", "a"],
                 ["report", str(scored), "-o", str(tmp_path / "r.html")]):  # fmt: skip
        assert main(verb) == 2
        error = capsys.readouterr().err.strip().splitlines()[-1]
        assert "scores.parquet: not the table that this run wrote" in error


def test_a_two_stage_score_says_that_it_is_a_mean_of_products(tmp_path):
    row = folders.score_row("fine", "a", score=0.6, score_name="navsim_epdms", comfort=0.5)
    worst = [
        folders.worst_row("fine", "a", "lon_acc_mps2", 41, None, -1.0),
        folders.worst_row("fine", "a", "comfort", 3, None, 1.2),
    ]
    folder = folders.write_results(tmp_path / "results", [row], worst=worst)
    text = explain_text.as_text(explain.explain(folder, Cell("fine", "a", 0)))
    assert "mean over a frame pair of stage 1 times stage 2" in text
    assert "not explained" not in text and "share of its bound 1.20 at 0.3 s" in text
