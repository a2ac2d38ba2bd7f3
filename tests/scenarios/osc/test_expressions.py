"""Expressions of OpenSCENARIO: values, precedence, what is refused."""
# ruff: noqa: E501 (XML stays on its line)

import contextlib
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivewm.scenarios.osc.expressions import ExpressionError, evaluate


def value(text, **names):
    return evaluate(text, names.__getitem__)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1/1500", 1 / 1500),
        ("2 + 3 * 4", 14),
        ("(2+3)*4", 20),
        ("-2*-3", 6),
        ("7 % 4", 3),
        ("-7 % 4", -3),
        ("pow(2, 3)", 8),
        ("sqrt( 2 * 8 )", 4),
        ("round(2.5)", 3),
        ("round(-2.5)", -3),
        ("floor(-1.5) + ceil(1.2)", 0),
        ("acos(cos(0.3))", 0.3),
        ("atan(1)*4 - pi", 0),
        ("max(1, min(5, 3))", 3),
        ("sign(-3) + abs(-2)", 1),
        ("1.5e3", 1500),
        ("not (1 < 2)", False),
        ("1 < 2 and 2 <= 2 or false", True),
    ],
)
def test_value(text, expected):
    assert value(text) == pytest.approx(expected, abs=1e-12)


def test_parameters_are_put_in():
    assert value("$a/3.6 + ${b}", a=36.0, b=1) == pytest.approx(11.0)


@pytest.mark.parametrize(
    "text",
    ["1 +", "1 2", "foo(1)", "sqrt(-1)", "1/0", "1 % 0", "(1", "pow(2)", "__import__('os')",
     "a.b", "not 3", "1 and true", "9**9", "", "max(1,2,3)", "acos(3)", "pow(10, 400)"],
)  # fmt: skip
def test_refused_with_words(text):
    with pytest.raises(ExpressionError) as told:
        value(text)
    assert str(told.value)


def test_deep_nesting_is_refused_not_crashed():
    with pytest.raises(ExpressionError, match="nested"):
        value("(" * 500 + "1" + ")" * 500)


@given(st.recursive(
    st.integers(1, 50).map(str) | st.sampled_from(["2.5", "0.125"]),
    lambda inner: st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda t: f"({t[0]}{t[1]}{t[2]})"),
    max_leaves=12,
))  # fmt: skip
def test_same_as_python(text):
    try:
        expected = eval(text)
    except ZeroDivisionError:
        with pytest.raises(ExpressionError):
            value(text)
        return
    assert math.isclose(value(text), expected, rel_tol=1e-12, abs_tol=1e-12)


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text):
    with contextlib.suppress(ExpressionError, KeyError):
        evaluate(text, {"a": 1.0}.__getitem__)
