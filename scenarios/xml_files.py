"""XML files from outside, read with the line of every element and without trust.

A document type is refused, and with it every entity declaration: no bombs, no external entities,
nothing is ever fetched. Size, depth and the number of elements are bounded. Elements remember what
a reader asked them for, so that nothing of a file is skipped without being named (:func:`unread`).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple
from xml.parsers import expat

from drivewm.errors import InputError

MAX_BYTES = 64 * 2**20
MAX_DEPTH = 100
MAX_ELEMENTS = 1_000_000
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


class Node:
    """An element: its name, attributes, text, children and where it stands in the file."""

    __slots__ = ("_asked", "_is_read", "attributes", "children", "file", "line", "tag", "text")

    def __init__(self, tag: str, attributes: dict[str, str], file: Path, line: int) -> None:
        self.tag, self.attributes, self.file, self.line = tag, attributes, file, line
        self.text = ""
        self.children: list[Node] = []
        self._asked: set[str] = set()
        self._is_read = False

    def __repr__(self) -> str:
        return f"<{self.tag}> at {self.where}"

    @property
    def where(self) -> str:
        """``file:line``."""
        return f"{self.file}:{self.line}"

    def error(
        self, problem: str, *, field: str | None = None, fix: str | None = None
    ) -> InputError:
        """An InputError (to raise) that names this element's file and line."""
        return InputError(f"<{self.tag}> {problem}", file=self.where, field=field, fix=fix)

    def has(self, name: str) -> bool:
        """Is the attribute there? Does not count as reading it."""
        return name in self.attributes

    def get(self, name: str, default: str | None = None) -> str | None:
        """The attribute's text, or the default."""
        self._asked.add(name)
        return self.attributes.get(name, default)

    def need(self, name: str) -> str:
        """The attribute's text.

        Raises:
            InputError: the element lacks it.
        """
        value = self.get(name)
        if value is None:
            near = get_close_matches(name, self.attributes, 1)
            fix = f"it has '{near[0]}'" if near else None
            raise self.error(f"lacks the attribute '{name}'", field=name, fix=fix)
        return value

    def number(self, name: str, default: float | None = None) -> float:
        """The attribute as a finite number; without a default it must be there.

        Raises:
            InputError: it is missing, or no finite number.
        """
        if default is not None and self.get(name) is None:
            return default
        text = self.need(name).strip()
        value = float(text) if _NUMBER.fullmatch(text) else math.nan
        if not math.isfinite(value):
            raise self.error(f'has {name}="{text}", which is no finite number', field=name)
        return value

    def whole(self, name: str, default: int | None = None) -> int:
        """The attribute as an integer; without a default it must be there.

        Raises:
            InputError: it is missing, or no integer.
        """
        value = self.number(name, default)
        if value != int(value):
            raise self.error(f'has {name}="{self.get(name)}", which is no integer', field=name)
        return int(value)

    def first(self, tag: str) -> Node | None:
        """The first child of that name (read), or None."""
        return next(self.all(tag), None)

    def one(self, tag: str) -> Node:
        """The first child of that name.

        Raises:
            InputError: there is none.
        """
        child = self.first(tag)
        if child is None:
            raise self.error(f"lacks the element <{tag}>", field=tag)
        return child

    def all(self, *tags: str) -> Iterator[Node]:
        """The children of those names (of any name if none is given), in the file's order; each
        counts as read once it is handed out."""
        for child in self.children:
            if not tags or child.tag in tags:
                child._is_read = True
                yield child

    def skip(self) -> None:
        """Counts this element and all in it as read: the reader has named it, or needs it not."""
        stack = [self]
        while stack:
            node = stack.pop()
            node._is_read = True
            node._asked.update(node.attributes)
            stack += node.children


class Unread(NamedTuple):
    """Something in a file that no reader asked for."""

    line: int
    path: str  # "OpenDRIVE/road/lanes", below the root
    attribute: str | None  # None: the whole element


def unread(root: Node) -> list[Unread]:
    """Elements (the outermost) and attributes that were never asked for, in the file's order.

    Names of XML itself (``xmlns``, ``xsi:...``, ``xml:...``) are not listed.
    """
    found, stack = [], [(root, root.tag)]
    while stack:
        node, path = stack.pop()
        found += [
            Unread(node.line, path, name)
            for name in node.attributes
            if name not in node._asked and not name.startswith(("xmlns", "xsi:", "xml:"))
        ]
        for child in node.children:
            if child._is_read:
                stack.append((child, f"{path}/{child.tag}"))
            else:
                found.append(Unread(child.line, f"{path}/{child.tag}", None))
    return sorted(found, key=lambda item: item.line)


def read_xml(path: str | Path, root: str | None = None) -> Node:
    """The root element of an XML file.

    Args:
        path: the file.
        root: the name that the root element must have.

    Raises:
        InputError: no such file, not well-formed (line and column), larger than 64 MiB, nested or
            numerous beyond the bounds, with a document type, or another root element.
    """
    path = Path(path)
    node = _Builder(path).parse(_bytes(path))
    if root is not None and node.tag != root:
        raise node.error("is the root element", fix=f"a file whose root is <{root}> is needed")
    return node


def _bytes(path: Path) -> bytes:
    if not path.is_file():
        raise InputError("no such file" if not path.exists() else "is no file", file=path)
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", file=path) from error
    if len(data) > MAX_BYTES:
        raise InputError(f"is larger than {MAX_BYTES // 2**20} MiB", file=path)
    return data


class _Builder:
    """Builds the tree from expat's events."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.stack: list[Node] = []
        self.texts: list[list[str]] = []
        self.root: Node | None = None
        self.count = 0
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.EntityDeclHandler = self._doctype

    def parse(self, data: bytes) -> Node:
        try:
            self.parser.Parse(data, True)
        except expat.ExpatError as error:
            why, where = expat.ErrorString(error.code), f"{self.path}:{error.lineno}"
            raise InputError(f"is not well-formed XML: {why}, column {error.offset + 1}",
                             file=where) from error  # fmt: skip
        except (LookupError, ValueError) as error:  # an encoding that Python or expat lacks
            raise InputError(f"cannot be decoded: {error}", file=self.path) from error
        assert self.root is not None  # expat reports a document without an element
        return self.root

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        line = self.parser.CurrentLineNumber
        node = Node(tag, attributes, self.path, line)
        self.count += 1
        if len(self.stack) >= MAX_DEPTH:
            raise node.error(f"is nested more than {MAX_DEPTH} deep")
        if self.count > MAX_ELEMENTS:
            raise node.error(f"is one of more than {MAX_ELEMENTS} elements")
        if self.stack:
            self.stack[-1].children.append(node)
        else:
            self.root = node
        self.stack.append(node)
        self.texts.append([])

    def _end(self, tag: str) -> None:
        self.stack.pop().text = "".join(self.texts.pop()).strip()

    def _text(self, data: str) -> None:
        self.texts[-1].append(data)

    def _doctype(self, *_) -> None:
        raise InputError(
            "declares a document type or an entity, which is refused",
            file=f"{self.path}:{self.parser.CurrentLineNumber}",
            fix="remove the DOCTYPE; OpenSCENARIO and OpenDRIVE need none",
        )
