"""What every part of the schema does: unknown fields are answered with the nearest known one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import model_validator

from drivewm.config import Config
from drivewm.scenarios.loading import nearest


class Wrong(ValueError):
    """A problem of a part: where it stands below it, and what to do.

    Args:
        place: keys and indices from the part that is checked.
        explains: is it likely to be the cause of other problems that the file has?
    """

    def __init__(
        self,
        problem: str,
        place: tuple[str | int, ...] = (),
        fix: str | None = None,
        *,
        explains: bool = False,
    ) -> None:
        super().__init__(problem)
        self.place, self.fix, self.explains = place, fix, explains


def wrong(place: tuple[str | int, ...], problem: str, fix: str | None = None) -> Wrong:
    """A problem that stands at ``place`` below the part that is checked."""
    return Wrong(problem, place, fix)


class Part(Config):
    """Base of the schema's classes."""

    @model_validator(mode="before")
    @classmethod
    def _known_fields_only(cls, value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        known = [info.alias or field for field, info in cls.model_fields.items()]
        for name in value:
            if name not in known and name not in cls.model_fields:
                near = nearest(name, known)
                fix = f"did you mean '{near}'?" if near else f"known: {', '.join(known)}"
                raise Wrong(f"unknown field '{name}'", (str(name),), fix, explains=True)
        return value
