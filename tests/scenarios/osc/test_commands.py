"""``drivewm scenarios import`` and ``export`` as a user calls them."""
# ruff: noqa: E501 (XML stays on its line)

import json

import pytest

from drivewm.cli import main
from tests.scenarios.osc.files import (
    CAR,
    EGO,
    HEADER,
    after,
    event,
    lane,
    private,
    speed,
    story,
    teleport,
    trigger,
    write,
    xosc,
)


@pytest.fixture
def scenario(tmp_path):
    init = private("Ego", teleport(lane()), speed("$v")) + private("Car", teleport(lane(s="90")))
    body = story("Car", event("late", speed("5"), trigger(after(100))))
    body += story("Ego", event("slow", speed("2"), trigger(after(2)))).replace('"story"', '"mine"')
    text = xosc(init, body, trigger(after(6), tag="StopTrigger"), entities=EGO + CAR,
                parameters='<ParameterDeclaration name="v" parameterType="double" value="10"/>')  # fmt: skip
    return write(tmp_path, text)


@pytest.fixture
def values(scenario):
    elements = "".join(f'<Element value="{v}"/>' for v in (8, "fast", 12))
    text = (
        f'<OpenSCENARIO>{HEADER}<ParameterValueDistribution><ScenarioFile filepath="{scenario.name}"/><Deterministic>'
        f'<DeterministicSingleParameterDistribution parameterName="v"><DistributionSet>{elements}</DistributionSet>'
        "</DeterministicSingleParameterDistribution></Deterministic></ParameterValueDistribution></OpenSCENARIO>"
    )
    path = scenario.parent / "values.xosc"
    path.write_text(text)
    return path


def test_import_tells_what_it_read_and_drives_it(scenario, capsys, tmp_path):
    out = tmp_path / "out"
    argv = ["scenarios", "import", str(scenario), "--ego", "scripted", "--ego", "constant_velocity"]
    assert main([*argv, "-o", str(out)]) == 0
    text = capsys.readouterr().out
    assert "36.0 km/h" in text and "others: Car" in text
    assert "a planner replaces" in text and "event 'slow'" in text
    assert "constant_velocity: touches Car" in text
    assert "late never" in text  # the trigger that never fired
    told = json.loads((out / "scenario.json").read_text())
    assert told["ego"]["speed_mps"] == 10.0 and len(told["drives"]) == 2
    assert told["drives"][1]["impact"]["track"] == "Car"


def test_values_are_set_and_combinations_listed(scenario, values, capsys):
    assert main(["scenarios", "import", str(scenario), "--set", "v=5"]) == 0
    assert "18.0 km/h" in capsys.readouterr().out
    assert main(["scenarios", "import", str(values)]) == 0
    assert "28.8 km/h" in capsys.readouterr().out
    assert main(["scenarios", "import", str(values), "--all"]) == 1  # "fast" is no number
    text = capsys.readouterr().out
    assert "[1]: not imported" in text and "43.2 km/h" in text
    assert main(["scenarios", "import", str(values), "--all", "--limit", "1"]) == 0
    assert "3 combinations, the first 1 are read" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (["--set", "v"], "NAME=VALUE"),
        (["--set", "v=1", "--set", "v=2"], "given twice"),
        (["--set", "w=1"], "does not declare"),
        (["--ego-name", "Bus"], "has no entity 'Bus'"),
        (["--combination", "3"], "one combination"),
        (["--ego", "warp"], "unknown planner 'warp'"),
    ],
)
def test_bad_options_are_one_line_and_exit_2(scenario, capsys, more, told):
    assert main(["scenarios", "import", str(scenario), *more]) == 2
    error = capsys.readouterr().err
    assert told in error and error.count("\n") == 1


def test_missing_file_exits_2(tmp_path, capsys):
    assert main(["scenarios", "import", str(tmp_path / "gone.xosc")]) == 2
    assert "no such file" in capsys.readouterr().err


def test_export_writes_both_files(tmp_path, capsys):
    pytest.importorskip("scenariogeneration", reason="the osc extra is not installed")
    out = tmp_path / "cut_in.xosc"
    assert main(["scenarios", "export", "cut_in", "-o", str(out)]) == 0
    assert out.exists() and out.with_suffix(".xodr").exists()
    assert "not in the file: cutter" in capsys.readouterr().out
    assert main(["scenarios", "import", str(out)]) == 0
    assert main(["scenarios", "export", "cut_in", "-o", str(tmp_path / "x.xml")]) == 2
    assert "must end in .xosc" in capsys.readouterr().err
    assert main(["scenarios", "export", "cut_inn", "-o", str(out)]) == 2
    assert "cut_in" in capsys.readouterr().err
