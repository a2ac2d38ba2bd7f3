"""Baselines: what is copied, recorded, refused; and that a changed one is noticed."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from drivewm.errors import InputError
from drivewm.eval.gate import baseline
from drivewm.eval.gate.judge import compare
from drivewm.eval.gate.policy import load_policy
from drivewm.eval.gate.runs import read_run
from drivewm.eval.schema import TABLES
from tests.eval.gate import TODAY
from tests.eval.gate.build import Driven, drives, film, write

DAY = date(2030, 1, 2)


def accept(results: Path, to: Path, **more):
    return baseline.accept(results, to, **({"by": "alice", "why": "first", "when": DAY} | more))


def test_a_baseline_is_plain_tables_with_a_record(tmp_path) -> None:
    record = accept(write(tmp_path / "run", drives(4)), tmp_path / "base")
    names = {path.name for path in (tmp_path / "base").iterdir()}
    tables = {f"{name}.parquet" for name in ("scenario", *TABLES)}
    assert names == tables | {"manifest.json", "baseline.json"}
    assert (record["by"], record["why"], record["date"]) == ("alice", "first", "2030-01-02")
    assert record["diff"] == [] and len(record["history"]) == 1
    assert baseline.read_record(tmp_path / "base") == record
    same = compare(read_run(tmp_path / "base"), read_run(tmp_path / "run"), load_policy(),
                   today=TODAY)  # fmt: skip
    assert same.exit_code == 0


def test_the_next_one_keeps_the_history_and_tells_the_difference(tmp_path) -> None:
    accept(write(tmp_path / "a", drives(4)), tmp_path / "base")
    rows = drives(5)
    rows[0] = replace(rows[0], red=True)
    record = accept(write(tmp_path / "b", rows), tmp_path / "base", by="bob", why="new lights")
    assert [entry["by"] for entry in record["history"]] == ["alice", "bob"]
    (diff,) = record["diff"]
    assert diff["verdict"] == "regression" and "red light" in diff["lines"][0]
    assert diff["new_scenarios"] == ["crossing/1"]
    text = baseline.as_text(record, tmp_path / "base")
    assert "accepted 2030-01-02 by bob: new lights" in text and "by alice: first" in text


def test_the_drives_come_along_when_asked_for(tmp_path) -> None:
    rows = drives(2)
    folder = write(tmp_path / "run", rows)
    film(folder, rows, 6.0)
    accept(folder, tmp_path / "base", rollouts=True)
    assert (tmp_path / "base/rollouts/mine/cut_in/0.npz").exists()
    accept(folder, tmp_path / "base")
    assert not (tmp_path / "base/rollouts").exists()


def test_a_table_that_was_changed_afterwards_is_noticed(tmp_path) -> None:
    accept(write(tmp_path / "run", drives(4)), tmp_path / "base")
    (tmp_path / "base/scores.parquet").write_bytes(
        write(tmp_path / "other", drives(4, score=0.1)).joinpath("scores.parquet").read_bytes()
    )
    with pytest.raises(InputError, match="not the table that was accepted"):
        read_run(tmp_path / "base")
    (tmp_path / "base/baseline.json").write_text("{")
    with pytest.raises(InputError, match="damaged record"):
        read_run(tmp_path / "base")


def test_failed_drives_are_no_baseline(tmp_path) -> None:
    rows = [*drives(3), Driven(scenario="merge/9", failed="crashed")]
    with pytest.raises(InputError, match=r"1 drives of 'mine' failed \(such as merge/9\)"):
        accept(write(tmp_path / "run", rows), tmp_path / "base")
    assert not (tmp_path / "base").exists()


@pytest.mark.parametrize(("change", "says"), [
    ({"by": " "}, r"\[--by\] is empty"), ({"why": ""}, r"\[--why\] is empty"),
])  # fmt: skip
def test_nobody_and_no_reason(change, says, tmp_path) -> None:
    with pytest.raises(InputError, match=says):
        accept(write(tmp_path / "run", drives(3)), tmp_path / "base", **change)


def test_folders_that_are_something_else_are_left_alone(tmp_path) -> None:
    run = write(tmp_path / "run", drives(3))
    other = write(tmp_path / "other", drives(3))
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes/todo.txt").write_text("x")
    for to in (other, tmp_path / "notes"):
        with pytest.raises(InputError, match="holds something that is no baseline"):
            accept(run, to)
    with pytest.raises(InputError, match="is the results folder itself"):
        accept(run, run)
    with pytest.raises(InputError, match="holds no baseline"):
        baseline.read_record(run)
    with pytest.raises(InputError, match="no such results folder"):
        accept(tmp_path / "gone", tmp_path / "base")
    assert (tmp_path / "notes/todo.txt").exists()


def test_unfinished_results_are_refused(tmp_path) -> None:
    run = write(tmp_path / "run", drives(3))
    manifest = json.loads((run / "manifest.json").read_text())
    (run / "manifest.json").write_text(json.dumps(manifest | {"status": "running"}))
    with pytest.raises(InputError, match="not finished"):
        accept(run, tmp_path / "base")
