from __future__ import annotations

import contextlib
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivewm.scenarios.expressions import ExpressionError, evaluate, holds, is_expression, names_in

VALUES = {"a": 2.0, "b": 5, "word": "van", "yes": True}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$a", 2.0),
        (" $word ", "van"),
        ("$yes", True),
        ("$a + 3 * $b", 17.0),
        ("($a + 3) * $b", 25.0),
        ("-$a", -2.0),
        ("+$a - -1", 3.0),
        ("$b / $a / 2", 1.25),
        ("min($a, $b, 1)", 1.0),
        ("max($a)", 2.0),
        ("1e2 * $a", 200.0),
    ],
)
def test_arithmetic(text: str, value: object) -> None:
    assert evaluate(text, VALUES) == value


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("$c", "no parameter 'c'"),
        ("$a + $c", "no parameter 'c'"),
        ("a + $b", "unknown name 'a'"),
        ("$a / ($b - 5)", "division by 0"),
        ("$word + 1", "is no number"),
        ("$yes + 1", "is no number"),
        ("$a ** 2", "only numbers"),
        ("$a % 2", "only numbers"),
        ("$a if 1 else 2", "only numbers"),
        ("abs($a)", "only min"),
        ("min(key=$a)", "only min"),
        ("min()", "only min"),
        ("__import__('os').system('true') + $a", "only"),
        ("$a.real + 1", "only numbers"),
        ("[$a][0] + 1", "only numbers"),
        ("'x' + $a", "only numbers"),
        ("$a + True", "only numbers"),
        ("$a +", "no arithmetic"),
        ("$ a + 1", "a \\$ stands"),
        ("$a; 1", "no arithmetic"),
        ("1e308 * 10 * $a", "not a finite"),
        ("$a + " + "1 + " * 80 + "1", "more than 200"),
        ("-" * 60 + "$a + 1", "nested too deeply"),
    ],
)
def test_everything_else_is_refused(text: str, problem: str) -> None:
    with pytest.raises(ExpressionError, match=problem):
        evaluate(text, VALUES)


@pytest.mark.parametrize(
    ("text", "met"),
    [("$a < $b", True), ("$a >= $b", False), ("0 < $a <= 2", True), ("0 < $a < 2", False)],
)
def test_requirements(text: str, met: bool) -> None:
    assert holds(text, VALUES) is met


@pytest.mark.parametrize("text", ["$a", "$a == 2", "$a < 3 and $b > 1", "$a in ($b, 2)"])
def test_requirements_compare(text: str) -> None:
    with pytest.raises(ExpressionError):
        holds(text, VALUES)


def test_names_in_order_each_once() -> None:
    assert names_in("$b + $a * $b") == ("b", "a")
    assert is_expression("$a") and not is_expression("a") and not is_expression(3)


NUMBERS = st.floats(-1e3, 1e3).map(lambda x: round(x, 3))
TREES = st.recursive(
    st.sampled_from(["$a", "$b"]) | NUMBERS.map(lambda x: f"{x!r}" if x >= 0 else f"({x!r})"),
    lambda inner: (
        st.tuples(inner, st.sampled_from("+-*"), inner).map(lambda t: f"({' '.join(t)})")
        | st.tuples(st.sampled_from(["min", "max"]), inner, inner).map(
            lambda t: f"{t[0]}({t[1]}, {t[2]})"
        )
    ),
    max_leaves=8,
)


@given(TREES, NUMBERS, NUMBERS)
def test_it_computes_what_python_computes(text: str, a: float, b: float) -> None:
    if len(text) > 200:
        return
    plain = text.replace("$", "")
    expected = eval(plain, {"__builtins__": {}}, {"a": a, "b": b, "min": min, "max": max})
    found = evaluate(text, {"a": a, "b": b})
    assert isinstance(found, float) and math.isclose(found, expected, rel_tol=1e-12, abs_tol=1e-12)


@given(st.text(alphabet="$ab()+-*/.,0123456789 minmax<>=_'[]{}:;\"\\\n", max_size=50))
def test_any_text_is_computed_or_refused(text: str) -> None:
    for function in (evaluate, holds):
        with contextlib.suppress(ExpressionError):
            function(text, {"a": 1.0, "b": 0.0})
