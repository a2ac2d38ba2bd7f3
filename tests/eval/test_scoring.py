"""Scoring runs: rows, failures, resumption, the same bytes for any number of workers."""

import json
from datetime import date

import numpy as np
import pyarrow.parquet as pq
import pytest

from drivewm.errors import InputError
from drivewm.eval import scoring, writer
from drivewm.eval.gate.baseline import accept
from drivewm.eval.journal import MAGIC
from drivewm.eval.results import read_manifest, read_table
from drivewm.eval.scores.registry import load_config
from drivewm.eval.scoring import ScoringRun, score_planners
from drivewm.eval.table import planner_table
from drivewm.sim.config import SimConfig
from tests.eval.hand_fleet import HandFleet

TEN_LINES = """
import numpy as np
from drivewm.scene import Trajectory

class Crawl:
    def reset(self, scenes):
        pass
    def plan(self, observation):
        times = np.arange(1, 21) * 0.1
        return Trajectory(times_s=times, poses=observation.ego[:, None, :3].repeat(20, 1))
"""
BROKEN = TEN_LINES.replace("times = ", "times = 1 / 0 or ")
DYING = TEN_LINES.replace("times = ", "import os; os._exit(9); times = ")


@pytest.fixture(autouse=True)
def hand_fleet(monkeypatch):
    class Opens:
        @staticmethod
        def open(path):
            return HandFleet()

    monkeypatch.setattr(scoring, "Fleet", Opens)


@pytest.fixture
def planner_file(tmp_path):
    def write(text, name="crawl"):
        path = tmp_path / f"{name}.py"
        path.write_text(text)
        return str(path)

    return write


def run_of(out, *planners, **changes):
    settings = {
        "planners": planners or ("log_replay", "constant_velocity"), "fleet": "hand", "out": out,
        "scene_ids": None, "split": None, "sim": SimConfig(), "workers": 1, "overwrite": False,
        "score": load_config("closed_loop"), "command": "drivewm score",
    }  # fmt: skip
    return ScoringRun(**(settings | changes))


def test_rows_series_timings_rollouts_and_manifest(tmp_path):
    rows = score_planners(run_of(tmp_path / "r", "log_replay", "constant_velocity", "idm"))
    by_cell = {(row["planner"], row["scene_id"]): row for row in rows}
    assert list(by_cell)[:3] == [("log_replay", s.id) for s in HandFleet().scenes]
    assert by_cell["constant_velocity", "standing_car"]["score"] == 0.0
    assert by_cell["constant_velocity", "standing_car"]["collisions"] == 1
    assert by_cell["idm", "standing_car"]["no_at_fault_collision"] == 1.0
    assert by_cell["log_replay", "free"]["score"] == 1.0
    assert read_table(tmp_path / "r", "scores").to_pylist() == rows
    series = read_table(tmp_path / "r", "series").to_pylist()
    assert len(series) == 9 and len(series[0]["time_s"]) == 61
    assert series[0]["ttc_s"][0] is None  # infinite
    assert read_table(tmp_path / "r", "timings").num_rows == 9
    manifest = read_manifest(tmp_path / "r")
    assert manifest["status"] == "complete"
    assert manifest["score"]["weights"] == {"progress": 5.0, "ttc": 5.0, "comfort": 2.0}
    assert manifest["fleet"]["scenes"] == ["free", "standing_car", "no_lanes"]
    assert not (tmp_path / "r" / "journal.bin").exists()
    safety = read_table(tmp_path / "r", "safety").to_pylist()
    assert [(row["planner"], row["scene_id"]) for row in safety] == list(by_cell)
    assert {row["seed"] for row in rows} == {0}
    assert {(row["score_name"], row["score_version"]) for row in rows} == {("closed_loop", "1")}
    assert not any(row["not_reproducible"] for row in rows)
    worst = {
        (r["planner"], r["scene_id"], r["metric"]): r
        for r in read_table(tmp_path / "r", "worst").to_pylist()
    }
    slowest = worst["constant_velocity", "standing_car", "drivable_margin_m"]
    assert slowest["time_s"] == pytest.approx(0.1 * slowest["step"])
    with np.load(tmp_path / "r/rollouts/idm/standing_car.npz") as archive:
        assert archive["ego"].shape == (61, 11)
        assert archive["track_state"].shape == (1, 61, 6)
        assert archive["plans"].shape[0] == len(archive["plan_time_s"]) == 60
        assert len(archive["drivable_wkb_start"]) > 1
    table = planner_table(rows)
    assert "constant_velocity" in table and "mean(progress 5, ttc 5, comfort 2)" in table


def test_any_number_of_workers_gives_the_same_bytes(tmp_path):
    planners = ("log_replay", "constant_velocity", "idm")
    score_planners(run_of(tmp_path / "one", *planners))
    score_planners(run_of(tmp_path / "two", *planners, workers=2))
    assert_equal_tables(tmp_path / "one", tmp_path / "two")
    for name in ("idm/free.npz", "log_replay/no_lanes.npz"):
        one, two = (tmp_path / n / "rollouts" / name for n in ("one", "two"))
        assert one.read_bytes() == two.read_bytes()


def test_a_planner_of_ten_lines_by_file(tmp_path, planner_file):
    rows = score_planners(run_of(tmp_path / "r", planner_file(TEN_LINES)))
    assert [row["planner"] for row in rows] == ["crawl"] * 3
    assert all(row["status"] == "ok" and row["making_progress"] == 0.0 for row in rows)


def test_a_failing_planner_is_rows_and_the_run_goes_on(tmp_path, planner_file):
    rows = score_planners(run_of(tmp_path / "r", planner_file(BROKEN), "log_replay"))
    failed = [row for row in rows if row["status"] == "failed"]
    assert len(failed) == 3 and {row["score"] for row in failed} == {0.0}
    assert "ZeroDivisionError" in failed[0]["reason"]
    assert [row["score"] for row in rows if row["planner"] == "log_replay"] == [1.0, 0.0, 1.0]
    assert "failed: crawl on free" in planner_table(rows)


def test_a_worker_that_dies_costs_its_own_drives_only(tmp_path, planner_file):
    run = run_of(tmp_path / "r", planner_file(DYING), "log_replay", workers=2, scene_ids=["free"])
    rows = score_planners(run)
    assert [(row["planner"], row["status"]) for row in rows] == [
        ("crawl", "failed"), ("log_replay", "ok"),
    ]  # fmt: skip
    assert "died" in rows[0]["reason"]


def test_a_planner_whose_mode_the_scene_cannot_serve_is_a_failed_row(tmp_path, planner_file):
    text = TEN_LINES.replace("class Crawl:", "class Crawl:\n    mode = 'sensor'")
    rows = score_planners(run_of(tmp_path / "r", planner_file(text)))
    assert {row["status"] for row in rows} == {"failed"}
    assert "sensor" in rows[0]["reason"]


def test_a_name_that_leads_out_of_the_folder_is_made_harmless(tmp_path, planner_file):
    text = TEN_LINES.replace("class Crawl:", "class Crawl:\n    name = '../..'")
    rows = score_planners(run_of(tmp_path / "r", planner_file(text), scene_ids=["free"]))
    assert [row["planner"] for row in rows] == ["_.."]
    assert (tmp_path / "r/rollouts/_../free.npz").exists()


class Interrupted(Exception):
    pass


def interrupted_run(tmp_path, monkeypatch, after=2):
    kept = scoring.ResultsWriter.add
    count = iter(range(100))

    def add(self, part):
        if next(count) == after:
            raise Interrupted
        kept(self, part)

    monkeypatch.setattr(scoring.ResultsWriter, "add", add)
    with pytest.raises(Interrupted):
        score_planners(run_of(tmp_path / "r"))
    monkeypatch.setattr(scoring.ResultsWriter, "add", kept)


def count_drives(monkeypatch):
    """A list that grows by every drive that is made from now on."""
    done = []
    kept = scoring.run_jobs
    monkeypatch.setattr(
        scoring, "run_jobs", lambda jobs, *rest: done.extend(jobs) or kept(jobs, *rest)
    )
    return done


def assert_equal_tables(one, two):
    for name in ("scores", "series", "safety", "worst"):
        assert (one / f"{name}.parquet").read_bytes() == (two / f"{name}.parquet").read_bytes()


def test_an_interrupted_run_resumes(tmp_path, monkeypatch, capsys):
    interrupted_run(tmp_path, monkeypatch, after=3)
    journal = tmp_path / "r" / "journal.bin"
    whole = journal.read_bytes()
    second = whole.index(MAGIC, 1)
    journal.write_bytes(whole[:second] + b"damage" + whole[second + 6 : -5])  # and a cut end
    assert not (tmp_path / "r" / "scores.parquet").exists()
    done = count_drives(monkeypatch)
    score_planners(run_of(tmp_path / "r"))
    assert len(done) == 5  # three never made, one damaged, one cut off
    assert "journal.bin: 2 damaged records" in capsys.readouterr().err
    score_planners(run_of(tmp_path / "whole"))
    assert_equal_tables(tmp_path / "r", tmp_path / "whole")
    assert not journal.exists()


def flip(path, share):
    raw = bytearray(path.read_bytes())
    raw[int(len(raw) * share)] ^= 0xFF
    path.write_bytes(raw)


@pytest.mark.parametrize("name", ["scores", "series", "worst"])
@pytest.mark.parametrize("harm", ["cut", "flip", "gone"])
def test_a_damaged_table_is_named_and_whole_row_groups_are_kept(
    tmp_path, monkeypatch, capsys, name, harm
):
    monkeypatch.setattr(writer, "DRIVES_PER_GROUP", 2)
    out = tmp_path / "r"
    score_planners(run_of(out))
    score_planners(run_of(tmp_path / "whole"))
    path = out / f"{name}.parquet"
    if harm == "cut":
        path.write_bytes(path.read_bytes()[:-20])  # the footer: no reader knows what it holds
    elif harm == "flip":
        flip(path, 0.1)  # in the first of three row groups
    else:
        path.unlink()
    done = count_drives(monkeypatch)
    score_planners(run_of(out))
    assert f"{name}.parquet" in capsys.readouterr().err
    assert len(done) == {"cut": 0, "flip": 2, "gone": 6}[harm]
    assert_equal_tables(out, tmp_path / "whole")


def test_a_damaged_manifest_is_restored_from_its_copy(tmp_path, monkeypatch, capsys):
    score_planners(run_of(tmp_path / "r"))
    (tmp_path / "r" / "manifest.json").write_text("{")
    done = count_drives(monkeypatch)
    score_planners(run_of(tmp_path / "r"))
    assert done == [] and "manifest.json" in capsys.readouterr().err
    assert read_manifest(tmp_path / "r")["status"] == "complete"


def test_two_processes_do_not_write_one_folder(tmp_path):
    run = run_of(tmp_path / "r", "log_replay")
    score_planners(run)
    manifest = read_manifest(tmp_path / "r")
    again = pytest.raises(InputError, match="another process writes here")
    with writer.ResultsWriter(tmp_path / "r", manifest), again:
        writer.ResultsWriter(tmp_path / "r", manifest)


def test_results_are_never_mixed(tmp_path):
    rows = score_planners(run_of(tmp_path / "r"))
    made = (tmp_path / "r" / "scores.parquet").stat().st_mtime_ns
    assert score_planners(run_of(tmp_path / "r")) == rows  # complete: returned at once
    assert (tmp_path / "r" / "scores.parquet").stat().st_mtime_ns == made
    with pytest.raises(InputError, match="another run"):
        score_planners(run_of(tmp_path / "r", sim=SimConfig(tracker="perfect")))
    score_planners(run_of(tmp_path / "r", sim=SimConfig(tracker="perfect"), overwrite=True))
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "thesis.txt").write_text("mine")
    for overwrite in (False, True):
        with pytest.raises(InputError, match="no results"):
            score_planners(run_of(foreign, overwrite=overwrite))
    assert (foreign / "thesis.txt").exists()


def test_overwriting_keeps_what_else_lies_in_the_folder(tmp_path):
    run = run_of(tmp_path / "r", overwrite=True)
    score_planners(run)
    (tmp_path / "r" / "report.html").write_text("mine")
    rows = score_planners(run)
    assert score_planners(run_of(tmp_path / "r")) == rows  # whole, and known as such
    assert (tmp_path / "r" / "report.html").read_text() == "mine"


def test_an_accepted_baseline_is_never_overwritten(tmp_path):
    score_planners(run_of(tmp_path / "r"))
    accept(tmp_path / "r", tmp_path / "b", by="me", why="first", when=date(2030, 1, 1))
    before = {path.name: path.read_bytes() for path in (tmp_path / "b").iterdir()}
    for overwrite in (False, True):
        with pytest.raises(InputError, match="holds an accepted baseline; choose another"):
            score_planners(run_of(tmp_path / "b", overwrite=overwrite))
    assert {path.name: path.read_bytes() for path in (tmp_path / "b").iterdir()} == before


def test_two_planners_of_one_name_must_be_labelled(tmp_path):
    with pytest.raises(InputError, match="two planners are called 'idm'"):
        score_planners(run_of(tmp_path / "r", "idm", "idm?headway_s=3"))
    rows = score_planners(run_of(tmp_path / "r", "idm", "patient=idm?headway_s=3"))
    assert list(dict.fromkeys(row["planner"] for row in rows)) == ["idm", "patient"]


def test_no_scene_selected_is_named(tmp_path):
    with pytest.raises(InputError, match="no scene selected"):
        score_planners(run_of(tmp_path / "r", scene_ids=["nowhere"]))


def test_corrupt_results_are_named(tmp_path):
    out = tmp_path / "r"
    score_planners(run_of(out, "log_replay"))
    (out / "scores.parquet").write_bytes(b"PAR1")
    with pytest.raises(InputError, match=r"scores\.parquet"):
        read_table(out, "scores")
    (out / "series.parquet").unlink()
    with pytest.raises(InputError, match=r"series\.parquet.*missing"):
        read_table(out, "series")
    table = pq.read_table(out / "timings.parquet").drop_columns(["wall_s"])
    pq.write_table(table, out / "timings.parquet")
    with pytest.raises(InputError, match="wall_s"):
        read_table(out, "timings")
    (out / "manifest.json").write_text(json.dumps({"schema_version": 99}))
    with pytest.raises(InputError, match="schema_version"):
        read_manifest(out)


def test_seeds_drive_every_scene_again_among_other_drivers(tmp_path):
    reactive = SimConfig(agents="reactive")
    run = run_of(tmp_path / "r", "constant_velocity", sim=reactive, seeds=3, scene_ids=["free"])
    rows = score_planners(run)
    assert [row["seed"] for row in rows] == [0, 1, 2]
    assert (tmp_path / "r/rollouts/constant_velocity/free.npz").exists()
    assert (tmp_path / "r/rollouts/constant_velocity/free~2.npz").exists()
    assert "1 scenes, 3 seeds within each" in planner_table(rows)
    alone = run_of(
        tmp_path / "one", "constant_velocity", sim=SimConfig(agents="reactive", seed=2),
        scene_ids=["free"],
    )  # fmt: skip
    assert score_planners(alone) == rows[2:]  # one seed of many can be driven by itself


def test_seeds_need_agents_that_vary(tmp_path):
    with pytest.raises(InputError, match=r"--seeds.*--agents reactive"):
        score_planners(run_of(tmp_path / "r", seeds=2))
    assert not (tmp_path / "r").exists()
