"""The verbs `gate` and `baseline` as a CI job calls them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from drivewm import cli
from tests.eval.gate.build import drives, write


@pytest.fixture
def folders(tmp_path, monkeypatch) -> Path:
    """``old``, ``new`` (a red light is run) in the current folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    rows = drives(6)
    for row in rows:
        family = tmp_path / f"scenarios/library/{row.group}/{row.scenario.partition('/')[0]}.yaml"
        family.parent.mkdir(parents=True, exist_ok=True)
        family.touch()
    write(tmp_path / "old", rows)
    write(tmp_path / "new", [replace(rows[0], red=True), *rows[1:]])
    return tmp_path


def test_exit_codes(folders, capsys) -> None:
    assert cli.main(["gate", "old", "old"]) == 0
    assert capsys.readouterr().out.startswith("PASS: mine")
    assert cli.main(["gate", "old", "new"]) == 1
    assert "red light" in capsys.readouterr().out
    assert cli.main(["gate", "gone", "new"]) == 2
    error = capsys.readouterr().err
    assert error == "drivewm gate: gone: no such results folder; run `drivewm score`\n"
    write(folders / "other", drives(6, hash="x"))
    assert cli.main(["gate", "old", "other", "--json", "o.json"]) == 2
    assert "not comparable: the content of" in capsys.readouterr().err
    assert json.loads(Path("o.json").read_text())["exit_code"] == 2


def test_every_output_is_written(folders, capsys) -> None:
    names = {"junit": "j.xml", "summary": "s.md", "annotations": "a.txt", "json": "g.json",
             "html": "g.html"}  # fmt: skip
    options = [word for key, name in names.items() for word in (f"--{key}", name)]
    assert cli.main(["gate", "old", "new", *options]) == 1
    assert ET.parse("j.xml").getroot().tag == "testsuites"
    assert Path("s.md").read_text().startswith("## ❌ drivewm gate: regression")
    assert Path("a.txt").read_text().startswith("::error file=scenarios/library/urban/cut_in.yaml")
    assert json.loads(Path("g.json").read_text())["verdict"] == "regression"
    assert "<!doctype html>" in Path("g.html").read_text()


def test_one_output_alone_on_standard_output(folders, capsys) -> None:
    assert cli.main(["gate", "old", "new", "--json", "-"]) == 1
    assert json.loads(capsys.readouterr().out)["verdict"] == "regression"


def test_two_outputs_on_standard_output_are_refused(folders, capsys) -> None:
    assert cli.main(["gate", "old", "new", "--json", "-", "--junit", "-"]) == 2
    error = capsys.readouterr().err
    assert "[--junit --json] standard output can hold one of them" in error


def test_in_a_github_job(folders, monkeypatch, capsys) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(folders / "step.md"))
    monkeypatch.setenv("GITHUB_WORKSPACE", str(folders))
    (folders / "step.md").write_text("before\n")
    assert cli.main(["gate", "old", "new", "--github"]) == 1
    assert (folders / "step.md").read_text().startswith("before\n## ❌")
    assert "\n::error file=scenarios/library" in capsys.readouterr().out
    monkeypatch.delenv("GITHUB_STEP_SUMMARY")
    assert cli.main(["gate", "old", "new", "--github"]) == 2
    assert "GITHUB_STEP_SUMMARY is not set" in capsys.readouterr().err


def test_policy_waivers_and_day(folders, capsys) -> None:
    Path("soft.yaml").write_text("rules: {red_light: warn, not_passed: warn}")
    assert cli.main(["gate", "old", "new", "--policy", "soft.yaml"]) == 0
    Path("w.yaml").write_text(
        "- {scenario: cut_in/0, reason: known, owner: alice, expires: 2030-01-31}"
    )
    waived = ["gate", "old", "new", "--waivers", "w.yaml", "--today"]
    assert cli.main([*waived, "2030-01-31"]) == 0
    assert cli.main([*waived, "2030-02-01"]) == 1
    capsys.readouterr()
    assert cli.main([*waived, "tomorrow"]) == 2
    assert "[--today] 'tomorrow' is no date" in capsys.readouterr().err
    Path("w.yaml").write_text("- {scenario: cut_in/0, reason: known, owner: alice}")
    assert cli.main([*waived, "2030-01-31"]) == 2
    assert "w.yaml:1: [expires]" in capsys.readouterr().err


def test_a_planner_whose_label_changed(folders, capsys) -> None:
    write(folders / "renamed", drives(6), planner="next")
    assert cli.main(["gate", "old", "renamed"]) == 0
    assert "planner 'mine' against 'next'" in capsys.readouterr().out
    assert cli.main(["gate", "old", "renamed", "--planner", "mine=next"]) == 0
    assert cli.main(["gate", "old", "renamed", "--planner", "mine"]) == 2


def test_baselines_are_accepted_shown_and_judged_against(folders, capsys) -> None:
    accept = ["baseline", "accept", "old", "--to", "base", "--by", "alice", "--why", "release 1"]
    assert cli.main([*accept, "--date", "2030-01-02"]) == 0
    assert "accepted 2030-01-02 by alice: release 1" in capsys.readouterr().out
    assert cli.main(["baseline", "show", "base"]) == 0
    assert "from old" in capsys.readouterr().out
    assert cli.main(["gate", "base", "new"]) == 1
    capsys.readouterr()
    assert cli.main([*accept, "--date", "2.1.2030"]) == 2
    assert "[--date] '2.1.2030' is no date" in capsys.readouterr().err
    assert cli.main(["baseline", "show", "old"]) == 2
