"""Suite files: what they choose, and what is wrong with bad ones."""

import pytest

from drivewm.errors import InputError
from drivewm.scenarios.source import SuiteSource
from drivewm.scenarios.suite import load_suite
from tests.scenarios.hand_built import EMPTY, HEAD, LEAD_BRAKES


@pytest.fixture
def folder(tmp_path):
    for name, body in (("empty_road", EMPTY), ("lead_brakes", LEAD_BRAKES)):
        (tmp_path / f"{name}.yaml").write_text(HEAD.format(id=name) + body)
    return tmp_path


def write(folder, text):
    path = folder / "suite.yaml"
    path.write_text("schema_version: 1\n" + text)
    return str(path)


TWO = """\
scenarios:
  - {family: empty_road.yaml, sampling: centre}
  - {family: lead_brakes.yaml, sampling: centre}
"""


def test_families_by_file_in_order(folder):
    listed = load_suite(write(folder, TWO))
    assert [c.id for c in listed.concretes] == ["empty_road/centre", "lead_brakes/centre"]


def test_source_selects_and_makes_scenes(folder):
    source = SuiteSource.open(write(folder, TWO))
    (info,) = source.select(ids=["lead_brakes/centre"])
    assert info.family == "lead_brakes" and info.line > 0 and info.duration_s == 14.0
    assert source.scene(info.id).id == "lead_brakes/centre"


def test_a_family_is_a_suite_of_its_own():
    assert all(c.family == "cut_in" for c in load_suite("cut_in").concretes)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("scenarios:\n  - {family: cut_inn}\n", r"suite.yaml:3.*cut_inn.*cut_in"),
        ("scenarios:\n  - {famly: cut_in}\n", r"suite.yaml:3.*famly.*family"),
        ("scenarios:\n  - {tags: [no-such-tag]}\n", r"suite.yaml:3.*no family"),
        ("scenarios:\n  - {samples: 3}\n", "give either family"),
        ("scenarios:\n  - {family: cut_in, samples: 0}\n", r"samples"),
        ("scenarios:\n  - {family: cut_in, name: x, values: {gapp: 1}}\n", r"suite.yaml:3.*gapp"),
        ("scenarios:\n  - {xosc: nowhere.xosc}\n", r"suite.yaml:3.*nowhere.xosc"),
        ("scenarios: []\n", "scenarios"),
        (
            "without: [cut_inn]\nscenarios:\n  - {family: cut_in}\n",
            r"suite.yaml:2.*cut_inn.*cut_in",
        ),
    ],
)
def test_bad_suite_is_told_with_its_place(folder, text, told):
    with pytest.raises(InputError, match=told):
        load_suite(write(folder, text))


def test_unknown_suite_names_the_nearest():
    with pytest.raises(InputError, match="cut_in"):
        load_suite("cut_inn")


def test_unknown_scenario_names_the_nearest(folder):
    with pytest.raises(InputError, match="lead_brakes/centre"):
        SuiteSource.open(write(folder, TWO)).select(ids=["lead_brake/centre"])
