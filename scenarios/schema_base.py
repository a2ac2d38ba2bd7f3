"""What every part of the schema does: unknown fields are answered with the nearest known one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from drivewm.config import Config
from drivewm.scenarios.loading import nearest


class Part(Config):
    """Base of the schema's classes."""

    @model_validator(mode="before")
    @classmethod
    def _known_fields_only(cls, value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        known = [
            name for field, info in cls.model_fields.items() for name in (info.alias or field,)
        ]
        for name in value:
            if name not in known and name not in cls.model_fields:
                near = nearest(name, known)
                fix = f"did you mean '{near}'?" if near else f"known: {', '.join(known)}"
                raise PydanticCustomError(
                    "unknown_field", "unknown field '{name}'", {"name": str(name), "fix": fix}
                )
        return value


def wrong(place: tuple[str | int, ...], problem: str, fix: str | None = None) -> Exception:
    """A problem of a whole part that stands at ``place`` below it."""
    return PydanticCustomError("inconsistent", "{problem}",
                               {"problem": problem, "place": place, "fix": fix})  # fmt: skip
