"""Parameters of an OpenSCENARIO file: declared values, scopes, constraints, references.

A value may be text, ``$name`` or ``${expression}``. Declarations may refer to each other in any
order; a circle is an error that names its members.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping

from drivewm.errors import InputError
from drivewm.scenarios.osc.expressions import ExpressionError, Value, evaluate
from drivewm.scenarios.xml_files import Node

RULES: Mapping[str, Callable[[float, float], bool]] = {
    "equalTo": operator.eq, "notEqualTo": operator.ne, "greaterThan": operator.gt,
    "greaterOrEqual": operator.ge, "lessThan": operator.lt, "lessOrEqual": operator.le,
}  # fmt: skip
WHOLE = {"integer", "int", "unsignedInt", "unsignedShort"}
KINDS = WHOLE | {"double", "boolean", "string", "dateTime"}
TRUE, FALSE = ("true", "1"), ("false", "0")


class Scope:
    """Names that an element may refer to: its own declarations, then those around it."""

    def __init__(self, outer: Scope | None = None) -> None:
        self.outer = outer
        self._values: dict[str, Value] = {}
        self._kinds: dict[str, str] = {}
        self._pending: dict[str, tuple[Node, str, Scope]] = {}  # kind, scope of the value
        self._busy: list[str] = []

    def declare(self, name: str, kind: str, node: Node, scope: Scope | None = None) -> None:
        """Adds a declaration; its ``value`` is read in ``scope`` (default: here) when needed."""
        self._pending[name] = (node, kind, scope or self)
        self._kinds[name] = kind

    def set(self, name: str, value: Value) -> None:
        """Gives a name its value at once."""
        self._values[name] = value
        replaced = self._pending.pop(name, None)
        if replaced is not None:
            replaced[0].get("value")  # counts as read: it is known, and replaced

    def names(self) -> tuple[str, ...]:
        """Names declared here, in the file's order."""
        return tuple(self._kinds) + tuple(n for n in self._values if n not in self._kinds)

    def kind(self, name: str) -> str | None:
        """Declared type of a name, here or further out."""
        if name in self._kinds:
            return self._kinds[name]
        return self.outer.kind(name) if self.outer else None

    def has(self, name: str) -> bool:
        """Is the name declared here or further out?"""
        known = name in self._values or name in self._pending
        return known or (self.outer is not None and self.outer.has(name))

    def value(self, name: str, node: Node) -> Value:
        """The value of a parameter.

        Raises:
            InputError: unknown name, circular declarations, a value that does not fit its type.
        """
        if name in self._values:
            return self._values[name]
        if name not in self._pending:
            if self.outer is None:
                raise node.error(f"refers to the unknown parameter '${name}'", field=name,
                                 fix="declare it in ParameterDeclarations")  # fmt: skip
            return self.outer.value(name, node)
        if name in self._busy:
            ring = [*self._busy[self._busy.index(name) :], name]
            text = " -> ".join(f"${n}" for n in ring)
            raise self._pending[name][0].error(f"is part of circular parameters: {text}",
                                               field=name)  # fmt: skip
        self._busy.append(name)
        try:
            declared, kind, scope = self._pending[name]
            text = declared.need("value")
            value = convert(resolve(text, scope, declared, "value"), kind, declared, name)
        finally:
            self._busy.pop()
        self.set(name, value)
        return value

    def all_values(self, node: Node) -> dict[str, Value]:
        """Every name declared here with its value."""
        return {name: self.value(name, node) for name in self.names()}


def resolve(text: str, scope: Scope, node: Node, field: str) -> Value:
    """The value that an attribute's text stands for.

    Raises:
        InputError: (with file and line) unknown parameter, malformed expression.
    """
    if text.startswith("\\$"):
        return text[1:]
    if not text.startswith("$"):
        return text
    if not text.startswith("${"):
        return scope.value(text[1:], node)
    if not text.rstrip().endswith("}"):
        raise node.error(f"has an expression without its closing brace: {text}", field=field)
    try:
        return evaluate(text.rstrip()[2:-1], lambda name: _typed(scope, name, node))
    except ExpressionError as error:
        raise node.error(f"has an expression that cannot be evaluated: {text}: {error}",
                         field=field) from None  # fmt: skip


def _typed(scope: Scope, name: str, node: Node) -> Value:
    """In arithmetic a text that is a number counts as one (untyped assignments are text)."""
    value = scope.value(name, node)
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return value
    return value


def convert(value: Value, kind: str, node: Node, name: str) -> Value:
    """A value as its declared type.

    Raises:
        InputError: unknown type, or the value does not fit.
    """
    if kind not in KINDS:
        known = ", ".join(sorted(KINDS))
        raise node.error(f"has the unknown type '{kind}'", field=name, fix=f"known: {known}")
    if kind == "boolean":
        return as_boolean(value, node, name)
    if kind in ("string", "dateTime"):
        return as_text(value)
    if value == "":
        fix = f"give one: --set {name}=VALUE, or import a file of parameter values"
        raise node.error(f"declares '{name}' without a value", field=name, fix=fix)
    number = as_number(value, node, name)
    if kind not in WHOLE:
        return number
    if number != int(number):
        raise node.error(f"gives '{name}' {number}, which is no whole number", field=name)
    if kind.startswith("unsigned") and number < 0:
        raise node.error(f"gives '{name}' {number}, which is negative", field=name)
    return int(number)


def as_number(value: Value, node: Node, field: str) -> float:
    """A finite number, or InputError."""
    try:
        number = float(value)
    except ValueError:
        number = float("nan")
    if not abs(number) < float("inf"):
        raise node.error(f'has {field}="{value}", which is no finite number', field=field)
    return number


def as_boolean(value: Value, node: Node, field: str) -> bool:
    """True or false, or InputError."""
    text = str(value).strip().lower()
    if text in TRUE or text in FALSE:
        return text in TRUE
    raise node.error(f'has {field}="{value}", which is neither true nor false', field=field)


def as_text(value: Value) -> str:
    """As OpenSCENARIO writes it: ``true``, ``5``, ``2.5``."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value == int(value) and abs(value) < 1e15:
        return str(int(value))
    return str(value)


def check_constraints(declaration: Node, scope: Scope, name: str) -> None:
    """Groups are alternatives; the constraints within a group hold together.

    Raises:
        InputError: no group allows the value.
    """
    groups = list(declaration.all("ConstraintGroup"))
    if not groups:
        return
    for group in groups:
        group.skip()
    value, told = scope.value(name, declaration), []
    for group in groups:
        limits = list(group.all("ValueConstraint"))
        texts = [(node.need("rule"), resolve(node.need("value"), scope, node, "value"))
                 for node in limits]  # fmt: skip
        for node, (rule, _) in zip(limits, texts, strict=True):
            if rule not in RULES:
                raise node.error(f"has the unknown rule '{rule}'", field="rule")
        if all(compare(rule, value, limit) for rule, limit in texts):
            return
        told.append(" and ".join(f"{rule} {as_text(limit)}" for rule, limit in texts))
    raise declaration.error(f"does not allow {name} = {as_text(value)}", field=name,
                            fix=f"allowed: {' or '.join(told)}")  # fmt: skip


def compare(rule: str, left: Value, right: Value) -> bool:
    """Compares as numbers where both are numbers, else as text."""
    try:
        return RULES[rule](float(left), float(right))
    except ValueError:
        pass
    equal = as_text(left) == as_text(right)
    return equal if rule == "equalTo" else (not equal if rule == "notEqualTo" else False)


def declare_all(parent: Node, scope: Scope) -> tuple[Node, ...]:
    """Declares what is in ``<ParameterDeclarations>`` of an element.

    Raises:
        InputError: a name declared twice, an unknown type.
    """
    found: list[Node] = []
    for block in parent.all("ParameterDeclarations"):
        for node in block.all("ParameterDeclaration"):
            name, kind = node.need("name"), node.need("parameterType")
            if any(name == other.need("name") for other in found):
                raise node.error(f"declares '{name}' a second time", field=name)
            if kind not in KINDS:
                convert("", kind, node, name)
            scope.declare(name, kind, node)
            found.append(node)
    return tuple(found)


def assign_all(block: Node | None, scope: Scope, outer: Scope, what: str) -> None:
    """``<ParameterAssignments>``: values for declared names, read in the scope of who assigns.

    Raises:
        InputError: a name that ``what`` does not declare.
    """
    if block is None:
        return
    for node in block.all("ParameterAssignment"):
        name = node.need("parameterRef").removeprefix("$")
        kind = scope.kind(name) if name in scope.names() else None
        if kind is None:
            raise node.error(f"assigns '{name}', which {what} does not declare", field=name)
        value = resolve(node.need("value"), outer, node, "value")
        scope.set(name, convert(value, kind, node, name))


def unknown_name(error_of: Node, name: str, known: tuple[str, ...]) -> InputError:
    """An error that names the nearest known name."""
    from difflib import get_close_matches

    near = get_close_matches(name, known, 1)
    fix = f"did you mean '{near[0]}'?" if near else f"known: {', '.join(known) or 'none'}"
    return error_of.error(f"names '{name}', which is not there", field=name, fix=fix)
