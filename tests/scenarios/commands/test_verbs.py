"""``drivewm scenarios ...`` as it is called."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from drivewm.cli import main
from drivewm.scenarios.family import Concrete
from drivewm.scenarios.schema_json import COMMITTED
from drivewm.scenarios.suite import FOLDER
from tests.scenarios.example import TEXT, changed


def test_list_prints_a_row_for_each_family(capsys: pytest.CaptureFixture) -> None:
    assert main(["scenarios", "list", "--tag", "cut-in", "--group", "highway"]) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0].split() == ["id", "group", "parameters", "tags", "title"]
    assert any(line.startswith("cut_in ") for line in out)
    assert not any("occluded_pedestrian" in line for line in out)


def test_list_as_json(capsys: pytest.CaptureFixture) -> None:
    assert main(["scenarios", "list", "--json", "--group", "vru"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {one["group"] for one in found} == {"vru"} and all(one["source"] for one in found)


def test_an_unknown_group_is_answered_with_the_nearest(capsys: pytest.CaptureFixture) -> None:
    assert main(["scenarios", "list", "--group", "higway"]) == 2
    assert "did you mean 'highway'" in capsys.readouterr().err


def test_show_tells_parameters_actors_and_story(capsys: pytest.CaptureFixture) -> None:
    assert main(["scenarios", "show", "cut_in"]) == 0
    out = capsys.readouterr().out
    for word in ("ego_speed_mps", "22 to 30", "cutter", "lane_change", "UN R157", "hash"):
        assert word in out


def test_show_as_json_is_a_scenario(capsys: pytest.CaptureFixture) -> None:
    assert main(["scenarios", "show", "cut_in", "--json"]) == 0
    assert Concrete.from_json(capsys.readouterr().out).id == "cut_in/centre"


def test_sample_writes_scenarios_line_by_line(tmp_path: Path, capsys) -> None:
    out = tmp_path / "drawn.jsonl"
    call = ["scenarios", "sample", "cut_in", "-n", "5", "--method", "halton", "--seed", "4"]
    assert main([*call, "--out", str(out)]) == 0
    found = [Concrete.from_json(line) for line in out.read_text().splitlines()]
    assert [one.name for one in found] == [f"{k:03d}" for k in range(5)]
    assert main(call) == 0
    table = capsys.readouterr().out.splitlines()[-5:]
    assert [row.split()[-1] for row in table] == [one.content_hash[:8] for one in found]


@pytest.mark.parametrize(
    ("call", "part"),
    [
        (["sample", "cut_in", "--method", "sobel"], "no method 'sobel'"),
        (["sample", "cut_in", "-n", "0"], "-n"),
        (["show", "cutin"], "did you mean 'cut_in'"),
        (["show", "none.yaml"], "no such file"),
        (["render", "cut_in", "-o", "x.gif"], "name it .png or .webp"),
        (["render", "cut_in", "-o", "x.png", "--set", "gap_m"], "not NAME=VALUE"),
        (["render", "cut_in", "-o", "x.png", "--set", "gap_m=99"], "between 6 and 14"),
        (["render", "cut_in", "-o", "x.png", "--set", "gap=9"], "no parameter 'gap'"),
        (["render", "cut_in", "-o", "x.png", "--index", "-1"], "--index"),
        (["render", "cut_in", "-o", "x.png", "--index", "999999"], "0 to 65535"),
        (["render", "cut_in", "-o", "x.png", "--index", "1", "--set", "gap_m=9"], "leave one"),
        (["render", "cut_in", "-o", "x.png", "--index", "40", "--method", "grid"], "grid draws"),
        (["sample", "cut_in", "-n", "1000000"], "[n] 1000000 samples; 1 to 65536"),
        (["export", "cut_in", "-o", "x.xosc", "--index", "3"], "centre draws 1; name a --method"),
        (["list", "--tag", "cut_in"], "no family has the tag 'cut_in'; did you mean 'cut-in'"),
        (["import", "a.xosc", "--limit", "0"], "--limit"),
        (["show", str(FOLDER / "smoke.yaml")], "a suite, not a family; drive it with"),
        (["validate", "nowhere"], "no scenario family"),
        ([], "VERB"),
    ],
)
def test_bad_calls_end_in_one_line(call: list[str], part: str, capsys) -> None:
    assert main(["scenarios", *call]) == 2
    error = capsys.readouterr().err.strip()
    assert part in error and "\n" not in error


def test_validate_names_every_wrong_file(tmp_path: Path, capsys) -> None:
    (tmp_path / "good.yaml").write_text(TEXT)
    (tmp_path / "typo.yaml").write_text(changed("rationale:", "rational:"))
    (tmp_path / "broken.yaml").write_text("a: [1\n")
    assert main(["scenarios", "validate", str(tmp_path), "--schema-only"]) == 2
    out, err = capsys.readouterr()
    assert "3 families, 2 with problems" in out
    assert "typo.yaml:6:1: [rational] unknown field; did you mean 'rationale'?" in err
    assert "broken.yaml:2:1: malformed YAML" in err and len(err.splitlines()) == 2


def test_the_library_reads_without_a_problem(capsys: pytest.CaptureFixture) -> None:
    assert main(["scenarios", "validate", "--schema-only"]) == 0
    assert "0 with problems" in capsys.readouterr().out


def test_schema_prints_what_is_committed(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    assert main(["scenarios", "schema"]) == 0
    assert capsys.readouterr().out == COMMITTED.read_text(encoding="utf-8")
    assert main(["scenarios", "schema", "-o", str(tmp_path / "s.json")]) == 0
    assert (tmp_path / "s.json").read_text() == COMMITTED.read_text(encoding="utf-8")


def test_render_draws_what_was_driven(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    from PIL import Image

    out = tmp_path / "x.webp"
    call = ["scenarios", "render", "cut_in", "-o", str(out), "--planner", "constant_velocity"]
    assert main([*call, "--set", "gap_m=8", "--dark"]) == 0
    with Image.open(out) as picture:
        assert picture.size == (1840, 860)
    assert capsys.readouterr().out.strip() == str(out)


def test_validate_builds_and_drives(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    (tmp_path / "mine.yaml").write_text(TEXT)
    assert main(["scenarios", "validate", str(tmp_path / "mine.yaml"), "-n", "1"]) == 0
    assert "1 families, 2 scenarios built, 0 with problems" in capsys.readouterr().out
