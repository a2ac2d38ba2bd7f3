"""YAML with the line and column of every value; safe, bounded, duplicate keys refused.

Anchors and aliases are refused (they are how a small file grows without bound), and so are tags.
Words are read as YAML 1.2 does: ``on`` and ``no`` are texts, ``1e3`` is a number.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from drivewm.errors import InputError

MOST_BYTES = 1 << 20
DEEPEST = 24
MOST_PARTS = 20_000  # values, lists and mappings
Place = tuple[str | int, ...]  # the way to a value: ("actors", "cutter", "speed_mps")


@dataclass(frozen=True, kw_only=True)
class Document:
    """A parsed file: plain values, and where each stands (line and column, from 1)."""

    file: str
    value: Any
    marks: dict[Place, tuple[int, int]]

    def where(self, place: Iterable[str | int]) -> str:
        """``file:line:column`` of a value, or of the nearest one that holds it."""
        line, column = self.mark(place)
        return f"{self.file}:{line}:{column}"

    def mark(self, place: Iterable[str | int]) -> tuple[int, int]:
        """Line and column, from 1."""
        rest = tuple(place)
        while rest and rest not in self.marks:
            rest = rest[:-1]
        return self.marks.get(rest, (1, 1))


class _Loader(yaml.SafeLoader):
    """The safe loader with YAML 1.2's words."""

    yaml_implicit_resolvers: dict = {}


_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(true|false)$"), list("tf"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^(null|~|)$"), ["n", "~", ""])
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:int", re.compile(r"^[-+]?[0-9]+$"), list("-+0123456789")
)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$"),
    list("-+.0123456789"),
)
_SCALARS = {f"tag:yaml.org,2002:{name}" for name in ("bool", "null", "int", "float", "str")}


def read(path: str | Path) -> Document:
    """Reads a YAML file.

    Raises:
        InputError: it does not exist, is larger than 1 MiB, is no UTF-8 or no YAML (with line and
            column), repeats a key, or uses anchors, aliases or tags.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError("no such file", file=path)
    if path.stat().st_size > MOST_BYTES:
        raise InputError("larger than 1 MiB", file=path, fix="a scenario is a few hundred lines")
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InputError("not UTF-8 text", file=path) from error
    return parse(text, str(path))


def parse(text: str, file: str = "<text>") -> Document:
    """As ``read``, of a text."""
    try:
        _check_events(text, file)
        node = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = f"{file}:{mark.line + 1}:{mark.column + 1}" if mark else file
        raise InputError(f"malformed YAML: {error.problem or error.context}", file=at) from error
    except yaml.YAMLError as error:  # a character that YAML forbids
        raise InputError(f"malformed YAML: {str(error).splitlines()[0]}", file=file) from error
    marks: dict[Place, tuple[int, int]] = {}
    value = {} if node is None else _value(node, (), marks, file)
    return Document(file=file, value=value, marks=marks)


def _check_events(text: str, file: str) -> None:
    depth = 0
    for count, event in enumerate(yaml.parse(text, Loader=_Loader)):
        at = f"{file}:{event.start_mark.line + 1}:{event.start_mark.column + 1}"
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise InputError("anchors and aliases are not allowed", file=at, fix="write it out")
        if getattr(event, "tag", None) is not None:
            raise InputError(f"tag '{event.tag}' is not allowed", file=at)
        if count > MOST_PARTS:
            raise InputError(f"more than {MOST_PARTS} values", file=at)
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise InputError(f"nested more than {DEEPEST} levels deep", file=at)


def _value(node: yaml.Node, place: Place, marks: dict[Place, tuple[int, int]], file: str) -> Any:
    marks.setdefault(place, _at(node))
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, place, marks, file)
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, (*place, k), marks, file) for k, item in enumerate(node.value)]
    return _scalar(node, file)


def _mapping(
    node: yaml.MappingNode, place: Place, marks: dict[Place, tuple[int, int]], file: str
) -> dict:
    found: dict[str, Any] = {}
    for key_node, value_node in node.value:
        line, column = _at(key_node)
        if not isinstance(key_node, yaml.ScalarNode):
            raise InputError("a key must be a word", file=f"{file}:{line}:{column}")
        key = key_node.value
        if key in found:
            first = marks[(*place, key)][0]
            raise InputError(f"'{key}' stands twice (first in line {first})",
                             file=f"{file}:{line}:{column}", fix="keep one")  # fmt: skip
        marks[(*place, key)] = (line, column)  # an error points at the key
        found[key] = _value(value_node, (*place, key), marks, file)
    return found


def _scalar(node: yaml.Node, file: str) -> Any:
    kind, text = node.tag, node.value
    if kind not in _SCALARS:
        line, column = _at(node)
        raise InputError(f"'{text}' is of a kind not known here", file=f"{file}:{line}:{column}")
    if kind.endswith(":bool"):
        return text == "true"
    if kind.endswith(":null"):
        return None
    if kind.endswith(":int"):
        return int(text) if len(text) < 20 else float(text)
    return float(text) if kind.endswith(":float") else text


def _at(node: yaml.Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word most like ``word``, if one is at all."""
    found = difflib.get_close_matches(str(word), list(known), n=1, cutoff=0.5)
    return found[0] if found else None
