"""``drivewm score --suite``: the same results for any number of workers, and what reads them."""

import numpy as np
import pytest

from drivewm.config import load
from drivewm.eval.explain import choose, explain
from drivewm.eval.results import read_manifest, read_table
from drivewm.eval.scores.registry import load_config
from drivewm.eval.scores.safety import SafetyConfig
from drivewm.eval.scoring import ScoringRun, score_planners
from drivewm.sim.config import SimConfig
from tests.scenarios.hand_built import EMPTY, HEAD, LEAD_BRAKES, RED

TABLES = ("scores", "series", "safety", "worst", "scenario")
PLANNERS = ("careful", "idm", "constant_velocity")


@pytest.fixture(scope="module")
def suite(tmp_path_factory):
    folder = tmp_path_factory.mktemp("suite")
    lines = ["schema_version: 1", "scenarios:"]
    for name, body in (("empty_road", EMPTY), ("lead_brakes", LEAD_BRAKES), ("red", RED)):
        name = f"{name}_test"
        (folder / f"{name}.yaml").write_text(HEAD.format(id=name) + body)
        lines.append(f"  - {{family: {name}.yaml, sampling: centre}}")
    (folder / "suite.yaml").write_text("\n".join(lines) + "\n")
    return str(folder / "suite.yaml")


def score(suite, out, planners=PLANNERS, workers=1, given=(), seeds=1, **sim):
    return score_planners(
        ScoringRun(
            planners=planners, fleet=suite, out=out, scene_ids=None, split=None,
            sim=SimConfig(agents="reactive", **sim), score=load_config("closed_loop", []),
            safety=load(SafetyConfig, "safety/default"), seeds=seeds, workers=workers,
            overwrite=False, command="drivewm score --suite", suite=True, given=frozenset(given),
        )
    )  # fmt: skip


@pytest.fixture(scope="module")
def results(suite, tmp_path_factory):
    out = tmp_path_factory.mktemp("results") / "one"
    score(suite, out)
    return out


def rows_of(folder, **wanted):
    rows = read_table(folder, "scenario").to_pylist()
    return [row for row in rows if all(row[name] == value for name, value in wanted.items())]


def test_offset_from_the_lane_is_measured_in_suites(suite, tmp_path):
    score(suite, tmp_path, ("straight=careful", "aside=defect?kind=lateral_offset&metres=0.4"))
    series = read_table(tmp_path, "series").to_pylist()
    of = {row["planner"]: np.array(row["lane_offset_m"]) for row in series
          if row["scene_id"] == "empty_road_test/centre"}  # fmt: skip
    assert np.abs(of["straight"]).max() < 0.1
    assert of["aside"][-20:].mean() == pytest.approx(0.4, abs=0.1)  # to the left


def test_careful_passes_and_who_does_not_look_does_not(results):
    assert all(row["passed"] for row in rows_of(results, planner="careful"))
    blind = {row["scene_id"]: row for row in rows_of(results, planner="constant_velocity")}
    assert blind["empty_road_test/centre"]["passed"]
    assert "at-fault collision" in blind["lead_brakes_test/centre"]["reason"]
    assert "red light" in blind["red_test/centre"]["reason"]


def test_rows_tell_the_scenario_and_its_script(results):
    (row,) = rows_of(results, planner="careful", scene_id="lead_brakes_test/centre")
    assert row["triggers_fired"] == "brakes" and row["never_fired"] == "late"
    assert row["family"] == "lead_brakes_test" and row["file"].endswith("lead_brakes_test.yaml")
    assert row["goal_reached"] and row["progress_m"] >= row["required_progress_m"] - 0.5
    hashes = read_manifest(results)["scene_hashes"]
    assert hashes[row["scene_id"]] == row["scenario_hash"]


def test_two_workers_write_the_same_bytes(results, suite, tmp_path):
    score(suite, tmp_path / "two", workers=2)
    for name in TABLES:
        one, two = ((f / f"{name}.parquet").read_bytes() for f in (results, tmp_path / "two"))
        assert one == two, name


def test_every_drive_is_archived_and_explained(results):
    cell = choose(results, "red_test/centre", "constant_velocity")[0]
    assert explain(results, cell).row["status"] == "ok"
    assert len(list((results / "rollouts").rglob("*.npz"))) == 9


def test_scenarios_own_settings_win_unless_given(suite, tmp_path):
    def seconds(out):
        return [row["duration_s"] for row in read_table(out, "scores").to_pylist()]

    score(suite, tmp_path / "own", planners=("idm",), duration_s=2.0)
    score(suite, tmp_path / "given", planners=("idm",), given=("duration_s",), duration_s=2.0)
    assert seconds(tmp_path / "own") == [10.0, 14.0, 22.0]
    assert seconds(tmp_path / "given") == [2.0, 2.0, 2.0]


def test_failed_planner_has_not_passed(suite, tmp_path):
    (tmp_path / "broken.py").write_text(
        "class Broken:\n    def reset(self, scenes): pass\n"
        "    def plan(self, observation): raise ValueError('no idea')\n"
    )
    out = tmp_path / "broken"
    score(suite, out, planners=(str(tmp_path / "broken.py"),))
    assert all(not row["passed"] and "no idea" in row["reason"] for row in rows_of(out))


def test_finished_results_are_not_driven_again(results, suite):
    before = (results / "scenario.parquet").stat().st_mtime_ns
    assert len(score(suite, results)) == 9
    assert (results / "scenario.parquet").stat().st_mtime_ns == before


def test_damaged_table_is_judged_again(suite, tmp_path):
    out = tmp_path / "out"
    score(suite, out, planners=("idm",))
    whole = (out / "scenario.parquet").read_bytes()
    (out / "scenario.parquet").write_bytes(whole[:-200])
    score(suite, out, planners=("idm",))
    assert (out / "scenario.parquet").read_bytes() == whole
