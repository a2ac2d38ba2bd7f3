"""A family in words: its parameters, its actors, its story."""

from __future__ import annotations

from collections.abc import Iterator

from drivewm.config import Config
from drivewm.scenarios.family import Concrete, Family
from drivewm.scenarios.ranges import bounds
from drivewm.scenarios.schema_parameters import Choice, LogNormal, Normal, Parameter
from drivewm.scenarios.schema_story import Do, Event

USUAL = "goal reached, no collision at fault, never off the road, no red light"


def tell(family: Family, middle: Concrete) -> str:
    """The family at its centre ``middle``, for a terminal."""
    head = family.head
    lines = [
        f"{head.id} ({head.group}): {head.title}",
        f"  why     {head.rationale}",
        f"  source  {head.source}",
        f"  tags    {' '.join(head.tags) or '-'}",
        f"  file    {family.file}",
        "parameters" if head.parameters else "no parameters",
        *(f"  {name:<22} {spread(parameter)}" for name, parameter in head.parameters.items()),
        *(f"  require {text}" for text in head.require),
        "at the centre",
        f"  road    {fields(middle.road)}",
        f"  ego     {fields(middle.ego)}",
    ]
    for name, actor in middle.actors.items():
        lines.append(
            f"  {name}: {actor.kind}, {fields(actor, ('kind', 'place', 'path'))}".rstrip(", ")
        )
        lines.append(f"          {fields(actor.place)}")
    lines += [f"  event   {event_text(event)}" for event in middle.story]
    lines += [
        f"  sim     {fields(middle.sim) or 'as usual'}",
        f"  pass    {fields(middle.passing) or USUAL}",
        f"  conflict with {middle.conflict.actor}: TTC below {middle.conflict.max_ttc_s:g} s "
        "when nobody reacts",
        f"  at least one of these fails: {', '.join(middle.discriminates) or 'not said'}",
        f"  hash    {middle.content_hash}",
    ]
    return "\n".join(lines)


def spread(parameter: Parameter) -> str:
    """``6 to 14``, ``1 or -1``, ``normal around 3``."""
    if isinstance(parameter, Choice):
        return " or ".join(map(str, parameter.choice))
    inside = bounds(parameter)
    if inside is None:
        return f"{parameter}, fixed"
    text = f"{inside.min:g} to {inside.max:g}"
    if isinstance(inside, Normal):
        return f"{text}, normal around {inside.mean:g} (sd {inside.sd:g})"
    if isinstance(inside, LogNormal):
        return f"{text}, lognormal around {inside.median:g} (sigma {inside.sigma:g})"
    return text


def fields(part: Config, without: tuple[str, ...] = ()) -> str:
    """What differs from the defaults, as ``name value``."""
    return ", ".join(_parts(part, without))


def _parts(part: Config, without: tuple[str, ...]) -> Iterator[str]:
    for name, info in type(part).model_fields.items():
        value = getattr(part, name)
        if name in without or (value == info.default and name not in ("kind", "at")):
            continue
        yield f"{name} {_value(value)}"


def _value(value: object) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, Config):
        return f"({fields(value)})"
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_value, value)) + "]"
    return str(value)


def event_text(event: Event) -> str:
    """``cut_in: cutter lane_change (lanes -1) when ego_within_m 19``."""
    actions = ", then ".join(map(action_text, event.do))
    return f"{event.name}: {event.actor} {actions} when {fields(event.when) or 'it starts'}"


def action_text(action: Do) -> str:
    """An action and its figures."""
    what = getattr(action, action.action)
    return f"{action.action} ({fields(what)})" if isinstance(what, Config) else (
        action.action if what is True else f"{action.action} {_value(what)}")  # fmt: skip
