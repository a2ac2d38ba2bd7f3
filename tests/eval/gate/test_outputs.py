"""Terminal, JUnit, summary, annotations and JSON of one comparison with a bit of everything."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from drivewm.eval.gate import annotations, as_json, summary
from drivewm.eval.gate.cases import cases, place_of
from drivewm.eval.gate.junit import as_junit
from drivewm.eval.gate.replay import replay_command, score_parser
from drivewm.eval.gate.text import as_text
from tests.eval.gate.build import Driven, drives, judged, write

HARD = 'plan() raised ValueError: <b>NaN</b> & "co" | `x`, 50 %\n\x00second line'
WAIVERS = """waivers:
  - {scenario: crossing/0, rule: red_light, reason: known, owner: alice, expires: 2031-01-01}
  - {scenario: crosing/1, reason: r, owner: o, expires: 2031-01-01}
  - {scenario: merge/1, reason: r, owner: o, expires: 2031-01-01}
  - {scenario: merge/2, reason: r, owner: bob, expires: 2030-05-31}
"""


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    """A crash, a collision, a waived red light, a near miss, a flaky and a new one; waivers."""
    old = drives(12, seeds=(0, 1))
    old[-1] = replace(old[-1], collision=True)
    new = [replace(drive, score=0.8) for drive in old]
    new[0] = replace(new[0], collision=True, impact_mps=4.0)
    new[2] = replace(new[2], red=True)
    new[4] = replace(new[4], failed=HARD)
    new[8] = replace(new[8], min_ttc_s=0.5)
    new.append(Driven(scenario="fresh/0"))
    return judged(tmp_path_factory.mktemp("mixed"), old, new, waivers=WAIVERS)


@pytest.fixture(scope="module")
def refused(tmp_path_factory):
    return judged(tmp_path_factory.mktemp("refused"), drives(3), drives(3, score_version="2"))


def test_the_terminal_tells_it_all(mixed) -> None:
    text = as_text(mixed)
    assert text.splitlines()[0].startswith("REGRESSION: mine; 2 of 12 scenarios fail")
    for part in (
        "drive failed", "impact 4.0 m/s", "[waived by alice until 2031-01-01: known]", "short TTC",
        "worse all scenarios: score", "merge/3: at-fault collision in 1 of 2 drives, was 1 of 2",
        "new: fresh/0", "unknown: crosing/1", "did you mean 'crossing/1'?", "unused: merge/1",
        "expired: merge/2", "waivers.yaml:5", "drivewm score mine=planner.py",
    ):  # fmt: skip
        assert part in text or part.replace("mine=", "'mine=") in text, part


def test_a_planners_words_cannot_begin_a_line(tmp_path) -> None:
    evil = "x\n::error::fake\r\x1b[2J"
    text = as_text(judged(tmp_path, [Driven()], [Driven(failed=evil)]))
    assert "::error::fake" in text and "\x1b" not in text and "\r" not in text
    assert not any(line.lstrip().startswith("::") for line in text.splitlines())


def test_cases_come_worst_first(mixed) -> None:
    states = [(case.scenario, case.state) for case in cases(mixed)]
    assert states[:6] == [
        ("merge/0", "fail"), ("cut_in/0", "fail"), ("crossing/0", "waived"), ("merge/3", "flaky"),
        ("crossing/1", "warn"), ("fresh/0", "new"),
    ]  # fmt: skip
    assert {state for _, state in states[6:]} == {"pass"}


@pytest.mark.parametrize("name", ["mixed", "refused"])
def test_junit_is_what_readers_expect(name, request) -> None:
    comparison = request.getfixturevalue(name)
    root = ET.fromstring(as_junit(comparison, now=datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)))
    assert root.tag == "testsuites" and root.attrib == {}
    for n, suite in enumerate(root):
        assert set(suite.attrib) == {
            "name", "package", "id", "timestamp", "hostname", "time", "tests", "failures",
            "errors", "skipped",
        }  # fmt: skip
        assert suite.get("id") == str(n) and suite.get("timestamp") == "2030-01-02T03:04:05"
        tags = [child.tag for child in suite]
        assert tags[0] == "properties" and tags[-2:] == ["system-out", "system-err"]
        assert set(tags[1:-2]) <= {"testcase"}
        found = suite.findall("testcase")
        for case in found:
            assert {"name", "classname", "time"} == set(case.attrib)
            assert [c.tag for c in case] in ([], ["failure"], ["error"], ["skipped"])
            assert all("type" in c.attrib for c in case if c.tag != "skipped")
        for key, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert suite.get(key) == str(len(suite.findall(f"testcase/{tag}")))
        assert suite.get("tests") == str(len(found))
        properties = {p.get("name"): p.get("value") for p in suite.iter("property")}
        assert properties["verdict"] == comparison.verdict and properties["policy"] == "default"


def test_junit_holds_one_case_per_scenario_and_each_test(mixed) -> None:
    scenarios, many = ET.fromstring(as_junit(mixed))
    by_name = {case.get("name"): case for case in scenarios.findall("testcase")}
    names = {*mixed.baseline.infos, *mixed.candidate.infos}
    assert set(by_name) == names | {"waiver of merge/2"}
    failed = {name for name, case in by_name.items() if case.find("failure") is not None}
    assert failed == {"merge/0", "cut_in/0", "waiver of merge/2"}
    assert "replay: drivewm score" in by_name["cut_in/0"].find("failure").text
    assert "<b>NaN</b>" in by_name["merge/0"].find("failure").text
    assert by_name["fresh/0"].find("skipped") is not None
    assert len(many.findall("testcase")) == len(mixed.tests)
    assert len(many.findall("testcase/failure")) == len(mixed.failed_tests) == 1


def test_what_could_not_be_judged_is_an_error_of_junit(tmp_path) -> None:
    found = judged(tmp_path, [Driven(failed="crashed")], [Driven()])
    case = ET.fromstring(as_junit(found))[0].find("testcase/error")
    assert "the baseline's drive failed" in case.text


def test_annotations_are_ranked_escaped_and_point_at_the_yaml(mixed, checkout) -> None:
    lines = annotations.workflow_commands(mixed, checkout)
    assert lines[0].startswith(
        "::error file=scenarios/library/urban/merge.yaml,line=12,title=merge/0%3A drive failed::"
    )
    assert "50 %25%0A" in lines[0] and "\n" not in "".join(lines)
    assert "%0Areplay: drivewm score" in lines[1]
    assert [line.split(" ")[0] for line in lines] == ["::error"] * 4 + ["::warning"]
    assert "title=all scenarios%3A score::" in lines[2]
    assert "expired waiver" in lines[3]


def test_there_are_at_most_ten_annotations(tmp_path) -> None:
    new = drives(24, red=True)
    lines = annotations.workflow_commands(judged(tmp_path, drives(24), new), tmp_path)
    assert len(lines) == 10 and "15 more findings" in lines[-1]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    (tmp_path / "scenarios/library/urban").mkdir(parents=True)
    (tmp_path / "scenarios/library/urban/merge.yaml").write_text("id: merge\n")
    return tmp_path


def test_annotations_name_files_of_the_checkout(checkout, monkeypatch) -> None:
    name = "scenarios/library/urban/merge.yaml"
    assert place_of(name, checkout) == place_of(str(checkout / name), checkout) == name
    monkeypatch.chdir(checkout / "scenarios")  # a job of a part of the repository
    assert place_of("library/urban/merge.yaml", checkout) == name
    assert place_of("library/urban/gone.yaml", checkout) is None
    assert place_of(str(Path(__file__).resolve()), checkout) is None


def test_a_scenario_of_the_library_is_named_in_the_message(mixed, tmp_path) -> None:
    line = annotations.workflow_commands(mixed, tmp_path)[0]
    assert line.startswith("::error title=merge/0%3A drive failed::")
    assert "%0Ascenario: scenarios/library/urban/merge.yaml:12%0Areplay:" in line


@pytest.mark.parametrize(("text", "data", "told"), [
    ("a: b, c", "a: b, c", "a%3A b%2C c"), ("50 %\r\n", "50 %25%0D%0A", "50 %25%0D%0A"),
])  # fmt: skip
def test_escapes(text, data, told) -> None:
    assert annotations.escape_data(text) == data
    assert annotations.escape_property(text) == told


def test_the_summary_is_short_and_safe(mixed) -> None:
    text = summary.as_markdown(mixed)
    assert text.splitlines()[0] == "## ❌ drivewm gate: regression"
    assert text.index("### Regressions") < text.index("```sh") < text.index("### Over many")
    assert "<b>" not in text and "&lt;b&gt;NaN" in text
    rows = [line for line in text.splitlines() if line.startswith("| merge/0")]
    assert len(rows) == 1 and rows[0].replace("\\|", "").count("|") == 6
    assert len(text) < 6000


def test_a_summary_of_many_regressions_stays_short(tmp_path) -> None:
    names = [f"family/{n}" for n in range(300)]
    old = [Driven(scenario=name) for name in names]
    text = summary.as_markdown(judged(tmp_path, old, [replace(d, red=True) for d in old]))
    assert "... and 275 more" in text and len(text) < 20_000


def test_json_is_plain_and_complete(mixed) -> None:
    found = json.loads(as_json.as_json(mixed))
    assert found["schema_version"] == 1
    assert (found["verdict"], found["exit_code"]) == ("regression", 1)
    assert len(found["scenarios"]) == 13
    first = found["scenarios"][1]
    assert first["scenario"] == "cut_in/0" and first["findings"][0]["fails"]
    assert {w["state"] for w in found["waivers"]} == {"used", "unused", "unknown", "expired"}
    assert found["policy"]["rules"]["red_light"] == "fail"


def test_a_refusal_is_told_everywhere(refused) -> None:
    assert refused.exit_code == 2
    reason = "the score's version differs: closed_loop 1 and closed_loop 2"
    assert reason in as_text(refused) and reason in as_json.as_json(refused)
    assert reason in summary.as_markdown(refused).replace("\\", "")
    assert reason in as_junit(refused)
    assert reason in annotations.workflow_commands(refused, Path("."))[0]


def test_the_replay_is_the_run_but_for_one_drive(mixed) -> None:
    words = shlex.split(replay_command(mixed.candidate, "cut_in/0", 1))
    assert words == [
        "drivewm", "score", "mine=planner.py:Mine?gain=2", "--suite", "smoke", "--agents",
        "reactive", "--scenes", "cut_in/0", "--seed", "1", "-o", "runs/replay", "--overwrite",
    ]  # fmt: skip
    score_parser().parse_args(words[2:])


def test_the_replay_of_a_run_that_was_made_otherwise_is_told_from_its_settings(tmp_path) -> None:
    from drivewm.eval.gate.runs import read_run

    for n, command in enumerate(("drivewm demo -o runs", "drivewm score x --gone 1", None)):
        run = read_run(write(tmp_path / str(n), drives(3), manifest={"command": command}))
        words = shlex.split(replay_command(run, "cut_in/0", 0))
        assert "--suite smoke --agents reactive --tracker lqr" in " ".join(words)
        score_parser().parse_args(words[2:])
