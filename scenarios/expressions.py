"""Arithmetic in scenario files: ``$gap_m + 2 * ($speed_mps - 3)``; parsed, never evaluated by
Python.

Known: + - * / and parentheses, min(...), max(...), numbers, and ``$name`` for a parameter. A
requirement is a comparison of such expressions: ``$a < $b + 3``, ``0 < $a <= 5``.
"""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Mapping

Value = float | int | str | bool
LONGEST = 200  # characters of an expression
DEEPEST = 24  # nested operations
PARAMETER = re.compile(r"\$([A-Za-z_][A-Za-z0-9_]*)")
_MARK = "p_"  # stands for the $ in what the parser of Python reads

_BINARY: dict[type, Callable[[float, float], float]] = {
    ast.Add: operator.add, ast.Sub: operator.sub,
    ast.Mult: operator.mul, ast.Div: operator.truediv,
}  # fmt: skip
_COMPARED: dict[type, Callable[[float, float], bool]] = {
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge,
}  # fmt: skip
_CALLS: dict[str, Callable[..., float]] = {"min": min, "max": max}


class ExpressionError(ValueError):
    """What is wrong with an expression, in words."""


def is_expression(value: object) -> bool:
    """Is this a text that names a parameter?"""
    return isinstance(value, str) and "$" in value


def names_in(text: str) -> tuple[str, ...]:
    """Parameters that the expression names, each once, in order."""
    return tuple(dict.fromkeys(PARAMETER.findall(text)))


def evaluate(text: str, values: Mapping[str, Value]) -> Value:
    """The value of an expression; a lone ``$name`` may be a text or a truth value.

    Raises:
        ExpressionError: it is malformed, names an unknown parameter, divides by 0, is not finite.
    """
    lone = PARAMETER.fullmatch(text.strip())
    if lone:
        return _parameter(lone[1], values)
    result = _number(_parsed(text).body, values, 0)
    if not math.isfinite(result):
        raise ExpressionError(f"'{text}' is not a finite number")
    return result


def holds(text: str, values: Mapping[str, Value]) -> bool:
    """Is the requirement met?

    Raises:
        ExpressionError: as for ``evaluate``, or it compares nothing.
    """
    node = _parsed(text).body
    if not isinstance(node, ast.Compare):
        raise ExpressionError(f"'{text}' compares nothing; write for example '$a < $b'")
    sides = [_number(side, values, 0) for side in (node.left, *node.comparators)]
    for comparison, left, right in zip(node.ops, sides, sides[1:]):
        if type(comparison) not in _COMPARED:
            raise ExpressionError(f"'{text}': compare by < <= > >= only")
        if not _COMPARED[type(comparison)](left, right):
            return False
    return True


def _parsed(text: str) -> ast.Expression:
    if len(text) > LONGEST:
        raise ExpressionError(f"expression of more than {LONGEST} characters")
    plain = PARAMETER.sub(lambda found: _MARK + found[1], text.strip())
    if "$" in plain:
        raise ExpressionError(f"'{text}': a $ stands before the name of a parameter")
    try:
        return ast.parse(plain, mode="eval")
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise ExpressionError(f"'{text}' is no arithmetic expression") from error


def _parameter(name: str, values: Mapping[str, Value]) -> Value:
    if name not in values:
        raise ExpressionError(f"no parameter '{name}'; known: {', '.join(values) or 'none'}")
    return values[name]


def _number(node: ast.expr, values: Mapping[str, Value], depth: int) -> float:
    if depth > DEEPEST:
        raise ExpressionError("expression nested too deeply")
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        return float(node.value)  # type: ignore[arg-type]
    if isinstance(node, ast.Name):
        return _named_number(node.id, values)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        inner = _number(node.operand, values, depth + 1)
        return -inner if isinstance(node.op, ast.USub) else inner
    if isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
        left, right = (_number(side, values, depth + 1) for side in (node.left, node.right))
        return _operated(_BINARY[type(node.op)], left, right)
    if isinstance(node, ast.Call):
        return _called(node, values, depth)
    raise ExpressionError("only numbers, $parameters, + - * / ( ), min and max are known")


def _named_number(marked: str, values: Mapping[str, Value]) -> float:
    if not marked.startswith(_MARK):
        raise ExpressionError(f"unknown name '{marked}'; a parameter is written ${marked}")
    value = _parameter(marked.removeprefix(_MARK), values)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ExpressionError(f"${marked.removeprefix(_MARK)} is no number")
    return float(value)


def _operated(function: Callable[[float, float], float], left: float, right: float) -> float:
    try:
        return function(left, right)
    except ZeroDivisionError as error:
        raise ExpressionError("division by 0") from error
    except OverflowError as error:
        raise ExpressionError("a number too large") from error


def _called(node: ast.Call, values: Mapping[str, Value], depth: int) -> float:
    name = node.func.id if isinstance(node.func, ast.Name) else "?"
    if name not in _CALLS or node.keywords or not 1 <= len(node.args) <= 8:
        raise ExpressionError("only min(...) and max(...) can be called")
    return _CALLS[name](*[float(_number(arg, values, depth + 1)) for arg in node.args], *_PAD[name])


_PAD: dict[str, tuple[float, ...]] = {"min": (math.inf,), "max": (-math.inf,)}  # for one argument
