"""The range of a parameter: its units, its centre and ends, and values checked against it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping

from drivewm.errors import InputError
from drivewm.scenarios.expressions import Value
from drivewm.scenarios.loading import Document
from drivewm.scenarios.problems import unit_hint
from drivewm.scenarios.schema_parameters import Choice, Distribution, Normal, Parameter, Range

FOREIGN = {
    "_kph": "_mps", "_kmh": "_mps", "_mph": "_mps", "_degrees": "_rad",
    "_ms": "_s", "_min": "_s", "_ft": "_m", "_feet": "_m", "_km": "_m", "_cm": "_m", "_mm": "_m",
    "_g": "_mps2",
}  # fmt: skip
WIDEST = {"_deg": 360.0, "_mps": 70.0, "_mps2": 12.0, "_rad": 6.4, "_m": 1500.0, "_s": 120.0}


def check_units(name: str, parameter: Parameter, document: Document) -> None:
    """Raises InputError for a unit that is not SI, and for numbers that no such unit has."""
    at, field = document.where(("parameters", name)), f"parameters.{name}"
    for end, instead in FOREIGN.items():
        if name.endswith(end):
            fix = f"name it {name.removesuffix(end)}{instead}"
            raise InputError(f"units are SI, not '{end}'", file=at, field=field, fix=fix)
    most = next((most for end, most in WIDEST.items() if name.endswith(end)), math.inf)
    for value in ends(parameter):
        if not isinstance(value, str | bool) and abs(value) > most:
            problem = f"{value:g} is out of range: at most {most:g}"
            raise InputError(problem, file=at, field=field, fix=unit_hint(name))


def bounds(parameter: Parameter) -> Range | None:
    """The range of a parameter that has one."""
    if isinstance(parameter, Distribution):
        return parameter.uniform or parameter.normal or parameter.lognormal
    return parameter if isinstance(parameter, Range) else None


def ends(parameter: Parameter) -> tuple[Value, ...]:
    """The lowest and the highest value; every choice; the one fixed value."""
    if isinstance(parameter, Choice):
        return parameter.choice
    inside = bounds(parameter)
    if inside is not None:
        return (inside.min,) if inside.min == inside.max else (inside.min, inside.max)
    return (parameter,)  # type: ignore[return-value]


def centre(parameter: Parameter) -> Value:
    """The usual value: middle of a range, mean or median where given, first choice."""
    if isinstance(parameter, Choice):
        return parameter.choice[0]
    inside = bounds(parameter)
    if inside is None:
        return parameter  # type: ignore[return-value]
    middle = (inside.min + inside.max) / 2
    if isinstance(inside, Normal):
        middle = inside.mean
    middle = getattr(inside, "median", middle)
    return min(max(middle, inside.min), inside.max)


def corners(parameters: Mapping[str, Parameter], most: int = 128) -> Iterator[dict[str, Value]]:
    """The centre, each end of each parameter alone, then all ends together (``most`` of them)."""
    middle = {name: centre(parameter) for name, parameter in parameters.items()}
    yield middle
    for name, parameter in parameters.items():
        for value in ends(parameter):
            if value != middle[name]:
                yield {**middle, name: value}
    together = itertools.product(*[ends(parameter) for parameter in parameters.values()])
    for chosen in itertools.islice(together, most):
        yield dict(zip(parameters, chosen))


def check_parameter(
    name: str, parameter: Parameter, values: Mapping[str, Value], document: Document
) -> Value:
    """The value of one parameter, checked.

    Raises:
        InputError: it is missing, or not one that the parameter can have.
    """
    at, field = document.where(("parameters", name)), f"parameters.{name}"
    if name not in values:
        if isinstance(parameter, Range | Choice | Distribution):
            raise InputError("no value given", file=at, field=field)
        return parameter
    value, inside = values[name], bounds(parameter)
    if inside is not None:
        if isinstance(value, str | bool) or not inside.min <= value <= inside.max:
            allowed = f"between {inside.min:g} and {inside.max:g}"
            raise InputError(f"{value!r} is not {allowed}", file=at, field=field)
        return value
    if value not in ends(parameter):
        allowed = ", ".join(map(str, ends(parameter)))
        raise InputError(f"{value!r} is not allowed", file=at, field=field, fix=f"one of {allowed}")
    return value
