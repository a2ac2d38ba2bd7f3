"""What the readers of a storyboard share: who is there, what may be referred to, notes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from drivewm.scenarios.osc.catalogs import Catalogs
from drivewm.scenarios.osc.element import Element
from drivewm.scenarios.osc.entities import Entities
from drivewm.scenarios.osc.parameters import unknown_name

if TYPE_CHECKING:
    from drivewm.scenarios.osc.places import Places


class Note(NamedTuple):
    """Something of the file that is done otherwise, or not at all, without changing what happens
    to the ego beyond what the text says."""

    where: str  # file:line
    text: str

    def __str__(self) -> str:
        return f"{self.where}: {self.text}"


@dataclass
class Context:
    """Filled while a storyboard is read."""

    entities: Entities
    catalogs: Catalogs
    places: Places
    parameters: Mapping[str, str]
    variables: Mapping[str, str]
    controllers: tuple[str, ...] = ()  # traffic signal controllers
    notes: list[Note] = field(default_factory=list)
    signals: dict[str, None] = field(default_factory=dict)  # named by conditions and actions
    user_values: dict[str, None] = field(default_factory=dict)
    actor: str | None = None  # whose action is being read
    is_init: bool = False  # the init actions are being read
    clock_s: float | None = None  # the time of day at the start, where Init tells one
    references: list[tuple[Element, str, str]] = field(default_factory=list)

    def note(self, item: Element, text: str) -> None:
        self.notes.append(Note(item.where, text))

    def refer_to_element(self, item: Element, kind: str, name: str) -> None:
        """Remembers a reference to a part of the storyboard, checked when all of it is read."""
        self.references.append((item, kind, name))

    def need_parameter(self, item: Element, name: str) -> None:
        if name not in self.parameters:
            raise unknown_name(item.node, name, tuple(self.parameters))

    def need_variable(self, item: Element, name: str) -> None:
        if name not in self.variables:
            raise unknown_name(item.node, name, tuple(self.variables))

    def need_controller(self, item: Element, name: str) -> None:
        if name not in self.controllers:
            raise unknown_name(item.node, name, self.controllers)

    def use_signal(self, item: Element, name: str) -> None:
        self.signals.setdefault(name)

    def use_value(self, item: Element, name: str) -> None:
        if name not in self.user_values:
            self.note(item, f"value '{name}' is one that a simulator sets; it has none here "
                      "(give one: --value NAME=TEXT)")  # fmt: skip
        self.user_values.setdefault(name)
