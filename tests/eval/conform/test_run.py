"""``drivewm conform``: table, exit codes, bad folders."""

import gzip
import json

import pytest

from drivewm.cli import main
from drivewm.errors import InputError
from drivewm.eval.conform import registry, run
from drivewm.eval.conform.fixtures import Fixtures, _maps
from drivewm.eval.conform.tally import Count


@pytest.fixture
def folder(tmp_path):
    with gzip.open(tmp_path / "maps.json.gz", "wt") as file:
        json.dump([], file)
    with gzip.open(tmp_path / "hand.jsonl.gz", "wt") as file:
        file.write('{"x": 1.0}\n{"x": 2.0}\n')
    return tmp_path


@pytest.fixture
def hand_kind(monkeypatch, tmp_path_factory):
    """A kind whose code answers 1.0 for every case."""
    module = tmp_path_factory.mktemp("kind") / "hand_kind.py"
    module.write_text(
        "def check(fixtures, tally):\n"
        "    for i, row in enumerate(fixtures.rows('hand')):\n"
        "        tally.close(str(i), 'x', row['x'], 1.0, TOLERANCE)\n"
        "TOLERANCE = 1e-6\nSOURCE = 'hand'\n"
    )
    monkeypatch.syspath_prepend(module.parent)
    monkeypatch.setattr(registry, "KINDS", {"hand": "hand_kind"})
    monkeypatch.setattr(run, "KINDS", {"hand": "hand_kind"})


def test_a_mismatch_is_exit_code_1_and_names_the_case(folder, hand_kind, capsys):
    assert main(["conform", str(folder), "--json", str(folder / "t.json")]) == 1
    out = capsys.readouterr().out
    assert "| hand | x ** | 2 | 1 | 0 | 1.0e+00 | 1e-06 |" in out
    assert "| hand | 2 | 1 | 2 | 1 | 0 | 1.0e+00 |" in out
    assert "1: differs by 1" in out
    assert json.loads((folder / "t.json").read_text())[0]["equal"] is False


def test_equal_values_are_exit_code_0(folder, hand_kind, capsys):
    with gzip.open(folder / "hand.jsonl.gz", "wt") as file:
        file.write('{"x": 1.0}\n')
    assert main(["conform", str(folder)]) == 0
    assert "all equal" in capsys.readouterr().out


def test_a_folder_without_fixtures_is_named(tmp_path, capsys):
    assert main(["conform", str(tmp_path)]) == 2
    assert "maps.json.gz is missing" in capsys.readouterr().err


def test_a_broken_file_is_named(folder, hand_kind, capsys):
    (folder / "hand.jsonl.gz").write_bytes(b"not gzip")
    assert main(["conform", str(folder)]) == 2
    assert "hand.jsonl.gz" in capsys.readouterr().err


def test_an_unknown_kind_is_named(folder, hand_kind):
    with pytest.raises(InputError, match="unknown kind 'x'"):
        run.conform(folder, ["x"])


def test_few_shown_ties_are_equal_and_many_are_not():
    few = Count(kind="k", quantity="q", tolerance=None, cases=100, mismatches=3, excepted=3)
    assert run.is_equal(few)
    unshown = Count(kind="k", quantity="q", tolerance=None, cases=100, mismatches=3, excepted=2)
    many = Count(kind="k", quantity="q", tolerance=None, cases=100, mismatches=9, excepted=9)
    assert not run.is_equal(unshown) and not run.is_equal(many)


def test_a_missing_column_and_a_wrong_type_are_one_line_and_exit_2(folder, hand_kind, capsys):
    for lines, message in (
        ('{"y": 1.0}\n', "hand.jsonl.gz: [x] column is missing"),
        ('{"x": "far"}\n', "hand.jsonl.gz: a case of hand cannot be judged (ValueError"),
        ("", "hand.jsonl.gz: holds no cases"),
    ):
        with gzip.open(folder / "hand.jsonl.gz", "wt") as file:
            file.write(lines)
        assert main(["conform", str(folder)]) == 2
        error = capsys.readouterr().err.strip().splitlines()[-1]
        assert message in error and "fetch" in error


def test_a_map_that_is_not_there_or_not_whole_is_named(folder):
    maps = Fixtures(folder).maps()
    with pytest.raises(InputError, match="m9"):
        maps["m9"]
    _maps.cache_clear()
    with gzip.open(folder / "maps.json.gz", "wt") as file:
        json.dump([{"map_id": "m1"}], file)
    with pytest.raises(InputError) as raised:
        Fixtures(folder).maps()
    assert raised.value.field == "lanes" or raised.value.field == "stop_lines"


def test_kinds_that_the_folder_lacks_are_named(folder, hand_kind, monkeypatch, capsys):
    both = {"hand": "hand_kind", "boxes": "drivewm.eval.conform.boxes"}
    monkeypatch.setattr(run, "KINDS", both)
    with gzip.open(folder / "hand.jsonl.gz", "wt") as file:
        file.write('{"x": 1.0}\n')
    assert main(["conform", str(folder)]) == 0
    assert "not compared, for the folder does not hold them: boxes" in capsys.readouterr().out
