"""What pydantic says of a file, as one line with file, line, column, field and what to do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from drivewm.errors import InputError
from drivewm.scenarios.loading import Document, Place, nearest
from drivewm.scenarios.schema_base import Wrong
from drivewm.sim.config import VisibleConfig

_BOUNDS = ("greater_than", "greater_than_equal", "less_than", "less_than_equal")
UNITS = {
    "_mps": "metres per second: 130 km/h is 36.1",
    "_mps2": "metres per second squared: 1 g is 9.81",
    "_rad": "radians: 90 degrees is 1.571",
    "_m": "metres",
    "_s": "seconds",
}
_FIRST = (
    "unknown_field",
    "extra_forbidden",
    "union_tag_invalid",
    "union_tag_not_found",
)  # they explain others


def as_input_error(
    error: ValidationError, document: Document, plain: Any, values: Mapping[str, object]
) -> InputError:
    """The first problem (an unknown field before one that is missing)."""
    found = sorted(error.errors(), key=lambda one: not _explains(one))[0]
    context = found.get("ctx", {})
    place, missing = _place(found["loc"], plain)
    problem, fix = found["msg"].removeprefix("Value error, "), None
    cause = context.get("error")
    if isinstance(cause, Wrong):
        place, fix = (*place, *cause.place), cause.fix
    if found["type"] == "missing":
        problem, place, fix = f"'{missing}' is missing", (*place, missing), "add it"
    elif found["type"].startswith("union_tag"):
        problem, fix, key = _choose(found, context)
        place = (*place, key)
    elif found["type"] in _BOUNDS:
        problem = f"{found['input']:g} is out of range: {problem[0].lower()}{problem[1:]}"
        fix = unit_hint(str(place[-1]) if place else "")
    if found["type"] == "extra_forbidden":
        known = VisibleConfig.model_fields if "visible" in place else ()
        return unknown_field(document, place, known)
    written = _at(document.value, place)
    if isinstance(written, str) and "$" in written and place:
        told = ", ".join(f"{name}={value}" for name, value in values.items())
        problem += f" ('{written}' at {told})"
    field = ".".join(map(str, place)) or None
    return InputError(problem, file=document.where(place), field=field, fix=fix)


def _explains(found: Any) -> bool:
    """Is it likely to be the cause of other problems?"""
    cause = found.get("ctx", {}).get("error")
    return found["type"] in _FIRST or (isinstance(cause, Wrong) and cause.explains)


def unknown_field(document: Document, place: Place, known: Iterable[str]) -> InputError:
    """An unknown field, and the nearest known one."""
    known = list(known)
    near = nearest(str(place[-1]), known)
    fix = f"did you mean '{near}'?" if near else f"known: {', '.join(known)}"
    field = ".".join(map(str, place))
    return InputError("unknown field", file=document.where(place), field=field, fix=fix)


def unit_hint(name: str) -> str | None:
    """The unit that the end of a name tells."""
    return next((f"the unit is {text}" for end, text in UNITS.items() if name.endswith(end)), None)


def _choose(found: Any, context: Mapping[str, Any]) -> tuple[str, str | None, str]:
    """Of a part whose ``kind`` or ``at`` is unknown: problem, fix, and that key."""
    key = str(context.get("discriminator", "kind")).strip("'")
    if found["type"] == "union_tag_not_found":
        return f"'{key}' is missing", "it says which kind this is", key
    known = [word.strip(" '") for word in str(context.get("expected_tags", "")).split(",")]
    near = nearest(str(context.get("tag")), known)
    problem = f"unknown {key} '{context.get('tag')}'"
    return problem, f"did you mean '{near}'?" if near else f"known: {', '.join(known)}", key


def _place(location: Iterable[str | int], plain: Any) -> tuple[Place, str]:
    """The way through the file's values; pydantic's own marks of union members left out."""
    place: list[str | int] = []
    rest = ""
    for part in location:
        if isinstance(plain, dict) and part in (plain.get("kind"), plain.get("at")) and not rest:
            plain = _Seen(plain)
            continue
        try:
            plain = plain[part]  # type: ignore[index]
            place.append(part)
        except (KeyError, IndexError, TypeError):
            rest = str(part)
    return tuple(place), rest


class _Seen(dict):
    """A mapping whose union mark was passed: its keys are fields from here on."""

    def get(self, key, default=None):  # the mark does not come twice
        return default


def _at(value: Any, place: Place) -> Any:
    for part in place:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            return None
    return value
