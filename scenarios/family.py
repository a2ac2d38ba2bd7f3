"""A scenario family read from its file, and the concrete scenarios it resolves to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from drivewm.errors import InputError
from drivewm.scenarios.expressions import (
    ExpressionError,
    Value,
    evaluate,
    holds,
    is_expression,
    names_in,
)  # fmt: skip
from drivewm.scenarios.loading import Document, Place, parse, read
from drivewm.scenarios.problems import as_input_error, unknown_field
from drivewm.scenarios.ranges import check_parameter, check_units, corners
from drivewm.scenarios.schema import Body, Head

LIBRARY = Path(__file__).parent / "library"
GENERATOR_VERSION = 1  # goes up when the same file means another drive


class Concrete(Body):
    """A scenario in which everything is resolved: what is built, driven and judged."""

    schema_version: int = 1
    family: str
    name: str  # what tells it from others of the family
    title: str = ""
    group: str = ""
    tags: tuple[str, ...] = ()
    values: dict[str, bool | int | float | str] = {}
    file: str = ""
    line: int = 1

    @property
    def id(self) -> str:
        """``family/name``."""
        return f"{self.family}/{self.name}"

    @property
    def content_hash(self) -> str:
        """Hash of what is driven and how it is judged; not of names, texts, files or order."""
        body = self.model_dump(mode="json", include=set(_HASHED))
        content = {"schema": self.schema_version, "generator": GENERATOR_VERSION, **body}
        text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
        return blake2b(text.encode(), digest_size=16).hexdigest()

    def to_json(self) -> str:
        """One line that ``from_json`` reads back to an equal scenario."""
        return self.model_dump_json(by_alias=True)

    @classmethod
    def from_json(cls, text: str) -> Concrete:
        """The scenario written by ``to_json``.

        Raises:
            InputError: it is none.
        """
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            raise InputError(f"no concrete scenario: {error.errors()[0]['msg']}") from error


_HASHED = ("road", "ego", "actors", "story", "sim", "passing")


@dataclass(frozen=True, kw_only=True)
class Family:
    """A family: its head, and its body with expressions unresolved."""

    head: Head
    document: Document

    @property
    def id(self) -> str:
        return self.head.id

    @property
    def file(self) -> str:
        return self.document.file

    def resolve(self, values: Mapping[str, Value]) -> Body:
        """The body with its expressions worked out.

        Raises:
            InputError: an expression is wrong, or gives what the schema does not allow.
        """
        raw = _body_of(self.document.value)
        plain = {key: _resolved(value, (key,), values, self.document) for key, value in raw.items()}
        try:
            return Body.model_validate(plain)
        except ValidationError as error:
            raise as_input_error(error, self.document, plain, values) from error

    def concrete(self, values: Mapping[str, Value], name: str) -> Concrete:
        """The scenario at these values of the parameters; fixed ones are filled in.

        Raises:
            InputError: a value is unknown, missing or out of its range, or ``require`` is not met.
        """
        full = self.complete(values)
        body = self.resolve(full)
        unmet = self.unmet(full)
        if unmet:
            raise InputError(f"'{unmet}' does not hold", file=self.file, field="require")
        head = self.head
        return Concrete.model_construct(
            **{part: getattr(body, part) for part in Body.model_fields},
            schema_version=head.schema_version, family=head.id, name=name,
            title=head.title, group=head.group, tags=head.tags, values=full,
            file=_told_as(self.file), line=self.document.mark(("id",))[0],
        )  # fmt: skip

    def complete(self, values: Mapping[str, Value]) -> dict[str, Value]:
        """Values of all parameters in the order of the file, each checked against its range."""
        return {
            name: check_parameter(name, parameter, values, self.document)
            for name, parameter in _checked_names(self, values)
        }

    def unmet(self, values: Mapping[str, Value]) -> str | None:
        """The first requirement that these values do not meet."""
        for k, text in enumerate(self.head.require):
            try:
                if not holds(text, values):
                    return text
            except ExpressionError as error:
                at = self.document.where(("require", k))
                raise InputError(str(error), file=at, field="require") from error
        return None


def _told_as(file: str) -> str:
    """A file of the library by its place in the repository, wherever that lies; else as it is."""
    path = Path(file)
    if path.is_relative_to(LIBRARY):
        return (Path("scenarios/library") / path.relative_to(LIBRARY)).as_posix()
    return file


def _checked_names(family: Family, values: Mapping[str, Value]):
    parameters = family.head.parameters
    for name in values:
        if name not in parameters:
            known = ", ".join(parameters) or "none"
            raise InputError(f"no parameter '{name}'", file=family.file, fix=f"known: {known}")
    return parameters.items()


def load_family(path: str | Path) -> Family:
    """Reads and checks a family file: the head, then the body at the corners of its parameters.

    Raises:
        InputError: with file, line and column of the first problem.
    """
    return _family(read(path))


def parse_family(text: str, file: str = "<text>") -> Family:
    """As ``load_family``, of a text."""
    return _family(parse(text, file))


def _family(document: Document) -> Family:
    if not isinstance(document.value, dict):
        raise InputError("a family is a mapping of fields", file=document.where(()))
    _check_top(document)
    raw = {key: value for key, value in document.value.items() if key in Head.model_fields}
    try:
        head = Head.model_validate(raw)
    except ValidationError as error:
        raise as_input_error(error, document, raw, {}) from error
    family = Family(head=head, document=document)
    for name, parameter in head.parameters.items():
        check_units(name, parameter, document)
    tried = 0
    for values in corners(head.parameters):
        if family.unmet(values) is None:
            family.resolve(values)
            tried += 1
    if not tried:
        raise InputError("no corner of the parameters meets it", field="require",
                         file=document.where(("require",)))  # fmt: skip
    _check_names(family)
    return family


def _check_top(document: Document) -> None:
    """Unknown fields before anything else: a misspelt one is also a missing one."""
    if "scenarios" in document.value and "id" not in document.value:
        raise InputError("a suite, not a family", file=document.where(("scenarios",)),
                         fix="drive it with drivewm score PLANNER --suite FILE")  # fmt: skip
    known = [*Head.model_fields, *_fields(Body)]
    for key in document.value:
        if key not in known:
            raise unknown_field(document, (key,), known)


def _fields(cls: type[BaseModel]) -> list[str]:
    return [info.alias or name for name, info in cls.model_fields.items()]


def _body_of(raw: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in raw.items() if key not in Head.model_fields}


def _resolved(value: Any, place: Place, values: Mapping[str, Value], document: Document) -> Any:
    if isinstance(value, dict):
        return {k: _resolved(v, (*place, k), values, document) for k, v in value.items()}
    if isinstance(value, list):
        return [_resolved(v, (*place, k), values, document) for k, v in enumerate(value)]
    if not is_expression(value):
        return value
    try:
        return evaluate(value, values)
    except ExpressionError as error:
        field = ".".join(map(str, place))
        raise InputError(str(error), file=document.where(place), field=field) from error


def _check_names(family: Family) -> None:
    """Every parameter must be used: one that is not was misspelt somewhere."""
    used: list[str] = [name for text in family.head.require for name in names_in(text)]
    waiting: list[Any] = [_body_of(family.document.value)]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
        elif is_expression(value):
            used += names_in(value)
    for name in family.head.parameters:
        if name not in used:
            at = family.document.where(("parameters", name))
            raise InputError("never used", file=at, field=f"parameters.{name}", fix="remove it")
