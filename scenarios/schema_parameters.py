"""Parameters of a family: fixed values, ranges, choices and truncated distributions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import (
    Discriminator,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    Tag,
    model_validator,
)  # fmt: skip

from drivewm.scenarios.schema_base import Part

Scalar = StrictBool | StrictInt | StrictFloat | StrictStr
Number = Annotated[float, Field(allow_inf_nan=False)]


class Range(Part):
    """Any number between two, all alike."""

    min: Number
    max: Number

    @model_validator(mode="after")
    def _ordered(self):
        if self.max < self.min:
            raise ValueError("max lies below min")
        return self


class Choice(Part):
    """One of a list, each alike or by weight."""

    choice: Annotated[tuple[Scalar, ...], Field(min_length=1, max_length=64)]
    weights: tuple[Annotated[float, Field(gt=0.0, allow_inf_nan=False)], ...] | None = None

    @model_validator(mode="after")
    def _weighed(self):
        if self.weights is not None and len(self.weights) != len(self.choice):
            raise ValueError("as many weights as choices")
        return self


class Normal(Range):
    """A normal distribution, cut off at min and max."""

    mean: Number
    sd: Annotated[float, Field(gt=0.0)]


class LogNormal(Range):
    """exp of a normal distribution, cut off at min and max."""

    median: Annotated[float, Field(gt=0.0)]
    sigma: Annotated[float, Field(gt=0.0, le=5.0)]  # of the logarithm

    @model_validator(mode="after")
    def _positive(self):
        if self.max <= 0:
            raise ValueError("a lognormal is positive: max must be above 0")
        return self


class Distribution(Part):
    """One distribution by its name."""

    uniform: Range | None = None
    normal: Normal | None = None
    lognormal: LogNormal | None = None

    @model_validator(mode="after")
    def _one(self):
        given = [name for name in type(self).model_fields if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError("exactly one of uniform, normal, lognormal")
        return self


def _form(value: Any) -> str:
    if isinstance(value, Range | Choice | Distribution):
        return type(value).__name__
    if not isinstance(value, Mapping):
        return "fixed"
    if "choice" in value:
        return "Choice"
    return "Distribution" if set(Distribution.model_fields) & set(value) else "Range"


Parameter = Annotated[
    Annotated[Scalar, Tag("fixed")] | Annotated[Range, Tag("Range")]
    | Annotated[Choice, Tag("Choice")] | Annotated[Distribution, Tag("Distribution")],
    Discriminator(_form),
]  # fmt: skip
