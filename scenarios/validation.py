"""Whether a family's scenarios can be built, and whether what they are about occurs: with an ego
that does not react every trigger fires and the conflict comes about."""

from __future__ import annotations

from drivewm.errors import InputError
from drivewm.scenarios.build import Built, build
from drivewm.scenarios.family import Concrete, Family
from drivewm.scenarios.parameters import concretes
from drivewm.scenarios.unreacting import Unreacting, drive_unreacting


def check_built(family: Family, n: int, seed: int = 0) -> int:
    """Builds and drives the centre and ``n`` draws; the number of scenarios.

    Raises:
        InputError: one cannot be built, a trigger never fires, or there is no conflict.
    """
    drawn = concretes(family, 1, "centre")
    if family.head.parameters:
        drawn += concretes(family, n, "sobol", seed)
    for concrete in drawn:
        check_conflict(family, concrete, drive_unreacting(built_at_its_line(family, concrete)))
    return len(drawn)


def built_at_its_line(family: Family, concrete: Concrete) -> Built:
    """As ``build``; what cannot be built is told at its line, with the parameters."""
    try:
        return build(concrete)
    except InputError as error:
        place = tuple(int(w) if w.isdigit() else w for w in (error.field or "").split("."))
        raise InputError(f"{error.problem}{_at(concrete)}", file=family.document.where(place),
                         field=error.field, fix=error.fix) from error  # fmt: skip


def _at(concrete: Concrete) -> str:
    told = ", ".join(f"{name}={value}" for name, value in concrete.values.items())
    return f" at {told}" if told else ""


def check_conflict(family: Family, concrete: Concrete, driven: Unreacting) -> None:
    """Raises InputError, at the line of the event or of ``conflict``, with the parameters."""
    at, began = _at(concrete), driven.began()
    wanted = concrete.conflict.triggers or tuple(event.name for event in concrete.story)
    for k, event in enumerate(concrete.story):
        if event.name in wanted and event.name not in began:
            raise InputError(
                f"'{event.name}' never fires with an ego that does not react{at}",
                file=family.document.where(("story", k, "when")), field=f"story.{k}.when",
                fix="loosen the trigger, or begin nearer",
            )  # fmt: skip
    least, most = driven.least_ttc_s(concrete.conflict.actor), concrete.conflict.max_ttc_s
    if least >= most:
        raise InputError(
            f"no conflict: the least time to collision with {concrete.conflict.actor} is "
            f"{least:.1f} s, not below {most:g} s, with an ego that does not react{at}",
            file=family.document.where(("conflict",)), field="conflict",
            fix="make the gap smaller or the timing tighter",
        )  # fmt: skip
