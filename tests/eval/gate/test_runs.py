"""Results that are not whole, and rows that are missing."""

from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from drivewm.errors import InputError
from drivewm.eval.gate.judge import compare
from drivewm.eval.gate.policy import load_policy
from drivewm.eval.gate.runs import read_run
from tests.eval.gate import TODAY
from tests.eval.gate.build import Driven, drives, write

ONE = Driven(scenario="cut_in/0")


def test_missing_rows_are_found_by_what_the_manifest_promises(tmp_path) -> None:
    names = [d.scenario for d in drives(4)]
    promised = {"fleet": {"path": "f", "scenes": names, "content_hash": "x"},
                "config": {"sim": {"seed": 0}, "seeds": 1, "planners": {"mine": "m"}}}  # fmt: skip
    whole = read_run(write(tmp_path / "a", drives(4), manifest=promised))
    short = read_run(write(tmp_path / "b", drives(3), manifest=promised))
    assert short.missing == (("cut_in/1", 0),)
    assert compare(whole, short, load_policy(), today=TODAY).exit_code == 1
    assert compare(short, whole, load_policy(), today=TODAY).exit_code == 2


def test_folders_that_hold_no_whole_results(tmp_path) -> None:
    good = write(tmp_path / "good", drives(3))
    for name, says in (("gone", "no such results folder"), ("empty", "no results here")):
        (tmp_path / "empty").mkdir(exist_ok=True)
        with pytest.raises(InputError, match=says):
            read_run(tmp_path / name)
    manifest = json.loads((good / "manifest.json").read_text())
    (good / "manifest.json").write_text(json.dumps(manifest | {"status": "running"}))
    with pytest.raises(InputError, match="not finished"):
        read_run(good)
    (good / "manifest.json").write_text(json.dumps(manifest))
    (good / "scenario.parquet").write_bytes(b"PAR1 half a file")
    with pytest.raises(InputError, match="not readable"):
        read_run(good)
    (good / "scenario.parquet").unlink()
    (good / "safety.parquet").unlink()
    with pytest.raises(InputError, match="file is missing"):
        read_run(good)


@pytest.mark.parametrize("place", ["config", "config.sim", "fleet", "scene_hashes"])
def test_a_manifest_that_was_changed_by_hand_is_named(tmp_path, place) -> None:
    good = write(tmp_path / "good", drives(3))
    manifest = json.loads((good / "manifest.json").read_text())
    part, *rest = place.split(".")
    manifest[part] = {rest[0]: "x"} if rest else "x"
    (good / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(InputError, match=rf"manifest.json: \[{place}\] is not a mapping"):
        read_run(good)


def test_a_row_twice_and_two_planners(tmp_path) -> None:
    twice = write(tmp_path / "twice", [ONE, ONE])
    with pytest.raises(InputError, match="two rows for 'cut_in/0' and seed 0"):
        read_run(twice)
    both = write(tmp_path / "both", drives(3))
    table = pq.read_table(both / "scores.parquet")
    renamed = table.set_column(0, "planner", [["other"] * 3]).cast(table.schema)
    pq.write_table(pa.concat_tables([table, renamed]), both / "scores.parquet")
    with pytest.raises(InputError, match="holds 2 planners; choose one of mine, other"):
        read_run(both)
    assert read_run(both, "other").planner == "other"
    with pytest.raises(InputError, match="did you mean 'other'"):
        read_run(both, "othr")
