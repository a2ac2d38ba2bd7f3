"""Expressions ``${...}`` of OpenSCENARIO XML 1.1 to 1.3, evaluated without Python's ``eval``.

Numbers, booleans, parameters ``$name``, ``pi`` and ``e``; ``+ - * / %``, unary ``-``, ``not``,
``and``, ``or``, comparisons; the functions of ``FUNCTIONS``. Division is that of real numbers, also
between whole ones (the Euro NCAP files write ``1/1500``).
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping

Value = float | int | bool | str


class ExpressionError(ValueError):
    """What is wrong with an expression, in words; the caller knows file and line."""


def _half_away(value: float) -> int:
    """Rounds halves away from zero (C and XPath differ from Python, which rounds to even)."""
    return math.floor(abs(value) + 0.5) * (-1 if value < 0 else 1)


FUNCTIONS: Mapping[str, tuple[int, Callable[..., float]]] = {
    "round": (1, _half_away), "floor": (1, math.floor), "ceil": (1, math.ceil),
    "sqrt": (1, math.sqrt), "pow": (2, math.pow), "abs": (1, abs),
    "sign": (1, lambda x: (x > 0) - (x < 0)), "min": (2, min), "max": (2, max),
    "sin": (1, math.sin), "cos": (1, math.cos), "tan": (1, math.tan),
    "asin": (1, math.asin), "acos": (1, math.acos), "atan": (1, math.atan),
}  # fmt: skip
CONSTANTS: Mapping[str, Value] = {"pi": math.pi, "e": math.e, "true": True, "false": False}
COMPARISONS = {
    "==": operator.eq, "!=": operator.ne, "<=": operator.le, ">=": operator.ge,
    "<": operator.lt, ">": operator.gt,
}  # fmt: skip
TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)"
    r"|(?P<parameter>\$(?:\{\s*\w+\s*\}|\w+))|(?P<name>[A-Za-z_]\w*)"
    r"|(?P<sign>==|!=|<=|>=|[-+*/%(),<>]))"
)
MAX_LENGTH, MAX_DEPTH = 10_000, 100


def evaluate(text: str, lookup: Callable[[str], Value]) -> Value:
    """Value of the text inside ``${`` and ``}``.

    Args:
        text: the expression.
        lookup: value of a parameter by name; raises for unknown ones.

    Raises:
        ExpressionError: malformed text, a wrong number of arguments, or arithmetic that has no
            result (division by zero, root of a negative number).
    """
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"longer than {MAX_LENGTH} characters")
    try:
        return _Reader(text, lookup).whole()
    except ZeroDivisionError:
        raise ExpressionError("divides by zero") from None
    except (ValueError, OverflowError, TypeError) as error:
        if isinstance(error, ExpressionError):
            raise
        raise ExpressionError(str(error)) from None


def _tokens(text: str) -> list[tuple[str, str]]:
    found, at = [], 0
    end = len(text.rstrip())
    while at < end:
        match = TOKEN.match(text, at)
        if match is None:
            raise ExpressionError(f"cannot read '{text[at : at + 20].strip()}'")
        kind = match.lastgroup or ""
        found.append((kind, match.group(kind)))
        at = match.end()
    return found


def _number(value: Value) -> float | int:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ExpressionError(f"'{value}' is not a number")
    return value


def _boolean(value: Value) -> bool:
    if not isinstance(value, bool):
        raise ExpressionError(f"'{value}' is neither true nor false")
    return value


class _Reader:
    """Recursive descent, the loosest binding first."""

    def __init__(self, text: str, lookup: Callable[[str], Value]) -> None:
        self._tokens, self._at, self._lookup, self._depth = _tokens(text), 0, lookup, 0

    def whole(self) -> Value:
        value = self._either()
        if self._at < len(self._tokens):
            raise ExpressionError(f"'{self._tokens[self._at][1]}' is not expected there")
        return value

    def _take(self, *wanted: str) -> str | None:
        if self._at < len(self._tokens) and self._tokens[self._at][1] in wanted:
            self._at += 1
            return self._tokens[self._at - 1][1]
        return None

    def _either(self) -> Value:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise ExpressionError(f"nested deeper than {MAX_DEPTH}")
        value = self._both()
        while self._take("or"):
            other = _boolean(self._both())
            value = _boolean(value) or other
        self._depth -= 1
        return value

    def _both(self) -> Value:
        value = self._compared()
        while self._take("and"):
            other = _boolean(self._compared())
            value = _boolean(value) and other
        return value

    def _compared(self) -> Value:
        value = self._sum()
        while sign := self._take(*COMPARISONS):
            value = COMPARISONS[sign](value, self._sum())
        return value

    def _sum(self) -> Value:
        value = self._product()
        while sign := self._take("+", "-"):
            other = _number(self._product())
            value = _number(value) + (other if sign == "+" else -other)
        return value

    def _product(self) -> Value:
        value = self._signed()
        while sign := self._take("*", "/", "%"):
            left, right = _number(value), _number(self._signed())
            if sign == "%":
                value = math.fmod(left, right) if right else left / right
            else:
                value = left * right if sign == "*" else left / right
        return value

    def _signed(self) -> Value:
        signs: list[str] = []
        while sign := self._take("-", "+", "not"):
            signs.append(sign)
        value = self._atom()
        for sign in reversed(signs):
            value = not _boolean(value) if sign == "not" else _number(value) * _sign_of(sign)
        return value

    def _atom(self) -> Value:
        if self._at >= len(self._tokens):
            raise ExpressionError("ends too early")
        kind, text = self._tokens[self._at]
        self._at += 1
        if kind == "number":
            return int(text) if text.isdigit() else float(text)
        if kind == "parameter":
            return self._lookup(text.strip("${} "))
        if text == "(":
            value = self._either()
            self._expect(")")
            return value
        if text in CONSTANTS:
            return CONSTANTS[text]
        if text in FUNCTIONS:
            return self._call(text)
        if kind == "name":
            raise ExpressionError(f"unknown name '{text}' (parameters are written ${text})")
        raise ExpressionError(f"'{text}' is not expected there")

    def _call(self, name: str) -> Value:
        count, function = FUNCTIONS[name]
        self._expect("(")
        values = [_number(self._either())]
        while self._take(","):
            values.append(_number(self._either()))
        self._expect(")")
        if len(values) != count:
            raise ExpressionError(f"{name} takes {count} values, not {len(values)}")
        return function(*values)

    def _expect(self, sign: str) -> None:
        if not self._take(sign):
            raise ExpressionError(f"'{sign}' is missing")


def _sign_of(sign: str) -> int:
    return -1 if sign == "-" else 1
