"""An XML element together with the parameters it may refer to."""

from __future__ import annotations

from collections.abc import Iterator

from drivewm.errors import InputError
from drivewm.scenarios.osc.parameters import Scope, as_boolean, as_number, as_text, resolve
from drivewm.scenarios.xml_files import Node


class Element:
    """Reads attributes of a node with parameters put in. Errors name file and line."""

    __slots__ = ("node", "scope")

    def __init__(self, node: Node, scope: Scope) -> None:
        self.node, self.scope = node, scope

    @property
    def tag(self) -> str:
        return self.node.tag

    @property
    def where(self) -> str:
        """``file:line``."""
        return self.node.where

    def error(
        self, problem: str, *, field: str | None = None, fix: str | None = None
    ) -> InputError:
        """An InputError that names this element's file and line."""
        return self.node.error(problem, field=field, fix=fix)

    def has(self, name: str) -> bool:
        return self.node.has(name)

    def number(self, name: str, default: float | None = None) -> float:
        """A finite number; without a default the attribute must be there."""
        if default is not None and not self.node.has(name):
            return default
        return as_number(self._value(name), self.node, name)

    def maybe(self, name: str) -> float | None:
        """A finite number, or None where the attribute is missing."""
        return self.number(name) if self.node.has(name) else None

    def whole(self, name: str, default: int | None = None) -> int:
        """A whole number; without a default the attribute must be there."""
        value = self.number(name, default)
        if value != int(value):
            raise self.error(f"has {name}={value:g}, which is no whole number", field=name)
        return int(value)

    def flag(self, name: str, default: bool | None = None) -> bool:
        """True or false."""
        if default is not None and not self.node.has(name):
            return default
        return as_boolean(self._value(name), self.node, name)

    def text(self, name: str, default: str | None = None) -> str:
        """Text; without a default the attribute must be there."""
        if default is not None and not self.node.has(name):
            return default
        return as_text(self._value(name))

    def choice(self, name: str, known: tuple[str, ...], default: str | None = None) -> str:
        """One of the known words.

        Raises:
            InputError: it is another.
        """
        value = self.text(name, default)
        if value not in known:
            raise self.error(f'has {name}="{value}"', field=name, fix=f"known: {', '.join(known)}")
        return value

    def first(self, *tags: str) -> Element | None:
        """The first child of those names, or None."""
        found = next(self.node.all(*tags), None)
        return None if found is None else Element(found, self.scope)

    def one(self, tag: str) -> Element:
        """The first child of that name; InputError where there is none."""
        return Element(self.node.one(tag), self.scope)

    def only(self) -> Element:
        """The single child element, of any name.

        Raises:
            InputError: there is none, or several.
        """
        found = list(self.node.all())
        if len(found) != 1:
            raise self.error("is empty" if not found else "holds more than one element")
        return Element(found[0], self.scope)

    def all(self, *tags: str) -> Iterator[Element]:
        """The children of those names (of any name if none is given)."""
        for child in self.node.all(*tags):
            yield Element(child, self.scope)

    def path(self, *tags: str) -> Element:
        """A descendant by names, each of which must be there."""
        found = self
        for tag in tags:
            found = found.one(tag)
        return found

    def inner(self) -> Element:
        """The same element with a scope of its own."""
        return Element(self.node, Scope(self.scope))

    def skip(self) -> None:
        """Counts the element as read."""
        self.node.skip()

    def _value(self, name: str) -> str | float | int | bool:
        return resolve(self.node.need(name), self.scope, self.node, name)
