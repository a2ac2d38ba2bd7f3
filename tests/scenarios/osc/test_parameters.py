"""Parameters: order, circles, constraints, overriding, scopes."""
# ruff: noqa: E501 (XML stays on its line)

import pytest

from drivewm.errors import InputError
from drivewm.scenarios.osc.document import read_document
from tests.scenarios.osc.files import (
    STANDING,
    event,
    lane,
    private,
    speed,
    story,
    teleport,
    write,
    xosc,
)


def declared(name, value, kind="double", inner=""):
    return f'<ParameterDeclaration name="{name}" parameterType="{kind}" value="{value}">{inner}</ParameterDeclaration>'


def limits(*rules):
    inner = "".join(f'<ValueConstraint rule="{r}" value="{v}"/>' for r, v in rules)
    return f"<ConstraintGroup>{inner}</ConstraintGroup>"


def test_declarations_may_refer_to_later_ones(tmp_path):
    text = xosc(
        STANDING, parameters=declared("a", "${$b*2}") + declared("b", "$c") + declared("c", "3")
    )
    assert read_document(write(tmp_path, text)).parameters == {"a": "6", "b": "3", "c": "3"}


def test_circle_is_named_with_its_line(tmp_path):
    text = xosc(STANDING, parameters=declared("a", "$b") + "\n" + declared("b", "${$a+1}"))
    with pytest.raises(InputError, match=r"scenario.xosc:\d+.*\$a -> \$b -> \$a"):
        read_document(write(tmp_path, text))


def test_unknown_parameter_is_named(tmp_path):
    text = xosc(private("Ego", teleport(lane(s="$where"))))
    with pytest.raises(InputError, match=r"scenario.xosc:\d+.*unknown parameter '\$where'"):
        read_document(write(tmp_path, text))


def test_missing_value_says_how_to_give_one(tmp_path):
    path = write(tmp_path, xosc(STANDING, parameters=declared("v", "")))
    with pytest.raises(InputError, match="--set v=VALUE"):
        read_document(path)
    assert read_document(path, {"v": "${2*3}"}).parameters["v"] == "6"


def test_types_are_kept(tmp_path):
    text = xosc(STANDING, parameters=declared("n", "2.5", "integer"))
    with pytest.raises(InputError, match="no whole number"):
        read_document(write(tmp_path, text))
    text = xosc(STANDING, parameters=declared("n", "yes", "boolean"))
    with pytest.raises(InputError, match="neither true nor false"):
        read_document(write(tmp_path, text))


def test_constraint_groups_are_alternatives(tmp_path):
    inner = limits(("equalTo", 1)) + limits(("greaterThan", 5), ("lessThan", 8))
    path = write(tmp_path, xosc(STANDING, parameters=declared("v", "6", inner=inner)))
    assert read_document(path).parameters["v"] == "6"
    assert read_document(path, {"v": "1"}).parameters["v"] == "1"
    with pytest.raises(InputError, match="does not allow v = 9"):
        read_document(path, {"v": "9"})


def test_setting_an_undeclared_parameter_names_the_declared(tmp_path):
    path = write(tmp_path, xosc(STANDING, parameters=declared("speed", "6")))
    with pytest.raises(InputError, match=r"'sped'.*declared: speed"):
        read_document(path, {"sped": "9"})


def test_story_parameters_hide_those_around(tmp_path):
    body = story("Ego", event("go", speed("$v"))).replace(
        '<Story name="story">',
        f'<Story name="story"><ParameterDeclarations>{declared("v", "7")}</ParameterDeclarations>',
    )
    text = xosc(STANDING, stories=body, parameters=declared("v", "3"))
    document = read_document(write(tmp_path, text))
    action = document.read.stories[0].acts[0].groups[0].maneuvers[0].events[0].actions[0]
    assert action.speed_mps == 7.0
