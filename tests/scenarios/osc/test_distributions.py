"""Files of parameter values: sets, ranges, combinations, seeded draws, paths."""
# ruff: noqa: E501 (XML stays on its line)

import pytest

from drivewm.errors import InputError
from drivewm.scenarios.osc.document import distribution_of, read_document
from tests.scenarios.osc.files import HEADER, STANDING, write, xodr, xosc


def single(name, inner):
    return f'<DeterministicSingleParameterDistribution parameterName="{name}">{inner}</DeterministicSingleParameterDistribution>'


def some(*values):
    return (
        "<DistributionSet>"
        + "".join(f'<Element value="{v}"/>' for v in values)
        + "</DistributionSet>"
    )


def spread(step, low, high):
    return f'<DistributionRange stepWidth="{step}"><Range lowerLimit="{low}" upperLimit="{high}"/></DistributionRange>'


def together(*sets):
    rows = "".join(
        "<ParameterValueSet>"
        + "".join(f'<ParameterAssignment parameterRef="{k}" value="{v}"/>' for k, v in one.items())
        + "</ParameterValueSet>"
        for one in sets
    )
    return f"<DeterministicMultiParameterDistribution><ValueSetDistribution>{rows}</ValueSetDistribution></DeterministicMultiParameterDistribution>"


def values_file(folder, *inner, scenario="scenario.xosc", kind="Deterministic", more=""):
    text = (
        f'<OpenSCENARIO>{HEADER}<ParameterValueDistribution><ScenarioFile filepath="{scenario}"/>'
        f"<{kind}{more}>{''.join(inner)}</{kind}></ParameterValueDistribution></OpenSCENARIO>"
    )
    path = folder / "values.xosc"
    path.write_text(text)
    return path


def scenario(folder, **parameters):
    text = "".join(
        f'<ParameterDeclaration name="{k}" parameterType="{"string" if isinstance(v, str) else "double"}" value="{v}"/>'
        for k, v in parameters.items()
    )
    return write(
        folder, xosc(STANDING, parameters=text, road=str(parameters.get("road", "road.xodr")))
    )


def test_combinations_vary_the_last_fastest(tmp_path):
    scenario(tmp_path, a=0, b=0, c=0)
    found = distribution_of(values_file(
        tmp_path, single("a", some(1, 2)), single("b", spread(0.5, 0, 1)), together({"c": 7}, {"c": 8})
    ))  # fmt: skip
    rows = list(found.combinations())
    assert found.count == len(rows) == 12
    assert rows[:3] == [{"a": "1", "b": "0", "c": "7"}, {"a": "1", "b": "0", "c": "8"},
                        {"a": "1", "b": "0.5", "c": "7"}]  # fmt: skip
    assert [found.at(i) for i in range(12)] == rows


def test_range_keeps_its_upper_end(tmp_path):
    scenario(tmp_path, a=0)
    found = distribution_of(values_file(tmp_path, single("a", spread(0.1, 0, 0.3))))
    assert [row["a"] for row in found.combinations()] == ["0", "0.1", "0.2", "0.3"]


def test_first_value_is_read_and_others_by_number(tmp_path):
    scenario(tmp_path, a=0)
    path = values_file(tmp_path, single("a", some(3, 4)))
    assert read_document(path).parameters["a"] == "3"
    assert read_document(path, combination=1).parameters["a"] == "4"
    with pytest.raises(InputError, match="no combination 2"):
        read_document(path, combination=2)


def test_paths_in_values_count_from_the_scenario_file(tmp_path):
    inner = tmp_path / "base"
    (inner / "roads").mkdir(parents=True)
    scenario(inner, road="road.xodr")
    text = (inner / "scenario.xosc").read_text().replace('filepath="road.xodr"', 'filepath="$road"')
    (inner / "scenario.xosc").write_text(text)
    (inner / "roads" / "other.xodr").write_text(xodr(100))
    path = values_file(
        tmp_path, single("road", some("roads/other.xodr")), scenario="base/scenario.xosc"
    )
    assert read_document(path).network.file.name == "other.xodr"


def test_forbidden_combinations_are_passed_over_and_named(tmp_path):
    path = write(tmp_path, xosc(STANDING, parameters=(
        '<ParameterDeclaration name="a" parameterType="double" value="9"><ConstraintGroup>'
        '<ValueConstraint rule="greaterThan" value="2"/></ConstraintGroup></ParameterDeclaration>'
    )))  # fmt: skip
    assert read_document(path).parameters["a"] == "9"
    document = read_document(values_file(tmp_path, single("a", some(1, 2, 3))))
    assert document.parameters["a"] == "3"
    assert any("combination 2 is read" in note.text for note in document.notes)
    with pytest.raises(InputError, match="does not allow a = 1"):
        read_document(values_file(tmp_path, single("a", some(1, 2))))


@pytest.mark.parametrize(
    ("kind", "low", "high"),
    [
        ('<UniformDistribution><Range lowerLimit="2" upperLimit="3"/></UniformDistribution>', 2, 3),
        ('<NormalDistribution expectedValue="5" variance="1"><Range lowerLimit="4" upperLimit="6"/></NormalDistribution>', 4, 6),
        ('<LogNormalDistribution expectedValue="5" variance="1"/>', 0, 50),
        ('<PoissonDistribution expectedValue="4"/>', 0, 40),
        ('<Histogram><Bin weight="1"><Range lowerLimit="0" upperLimit="1"/></Bin><Bin weight="0"><Range lowerLimit="8" upperLimit="9"/></Bin></Histogram>', 0, 1),
        ('<ProbabilityDistributionSet><Element value="1" weight="0"/><Element value="2" weight="3"/></ProbabilityDistributionSet>', 2, 2),
    ],
)  # fmt: skip
def test_draws_are_seeded_and_stay_within(tmp_path, kind, low, high):
    scenario(tmp_path, a=0)

    def drawn(seed):
        body = f'<StochasticDistribution parameterName="a">{kind}</StochasticDistribution>'
        more = f' numberOfTestRuns="40" randomSeed="{seed}"'
        path = values_file(tmp_path, body, kind="Stochastic", more=more)
        return [float(row["a"]) for row in distribution_of(path).combinations()]

    assert len(drawn(1)) == 40 and drawn(1) == drawn(1)
    assert all(low <= x <= high for x in drawn(1))
    if low != high:
        assert drawn(1) != drawn(2)


@pytest.mark.parametrize(
    ("inner", "told"),
    [
        (single("a", spread(0, 0, 1)), "steps of 0"),
        (single("a", spread(1e-9, 0, 1)), "more than 100000"),
        (single("a", "<UserDefinedDistribution type='x'/>"), "maker's own"),
        (single("a", "<DistributionSet/>"), "holds no value"),
        (single("a", some(1)) + single("a", some(2)), "'a' values twice"),
        (single("zzz", some(1)), "does not declare"),
    ],
)
def test_bad_values_are_named(tmp_path, inner, told):
    scenario(tmp_path, a=0)
    with pytest.raises(InputError, match=told):
        read_document(values_file(tmp_path, inner))


def test_missing_scenario_is_named(tmp_path):
    with pytest.raises(InputError, match=r"gone.xosc, which is not there"):
        read_document(values_file(tmp_path, single("a", some(1)), scenario="gone.xosc"))
