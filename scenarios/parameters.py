"""Draws values of a family's parameters, and makes concrete scenarios of them.

Methods: ``sobol``, ``halton`` and ``lhs`` fill the space evenly (``scipy.stats.qmc``),
``pairwise`` meets every pair of levels of any two parameters, ``grid`` crosses levels with each
other, ``centre`` is the one usual scenario. Shapes: D parameters that vary.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from typing import Literal, get_args

from drivewm.errors import InputError
from drivewm.scenarios.expressions import Value
from drivewm.scenarios.family import Concrete, Family
from drivewm.scenarios.parameters_pairs import covering_rows
from drivewm.scenarios.parameters_points import grid_points, sequence
from drivewm.scenarios.parameters_scale import at, centre, varies
from drivewm.seeds import generator

Method = Literal["sobol", "halton", "lhs", "pairwise", "grid", "centre"]
METHODS: tuple[str, ...] = get_args(Method)
MOST = 65_536  # points of one call
TRIES = 64  # points drawn for each one wanted, before giving up on ``require``


def concrete(family: Family, values: Mapping[str, Value], name: str = "given") -> Concrete:
    """The scenario at these values; its id is ``<family>/<name>``.

    Raises:
        InputError: a value is unknown, missing or out of its range, or ``require`` is not met.
    """
    return family.concrete(values, name)


def concretes(
    family: Family, n: int, method: str = "sobol", seed: int = 0, prefix: str = ""
) -> tuple[Concrete, ...]:
    """As ``sample``, made into scenarios named by their index; that of ``centre`` is so named."""
    drawn = sample(family, n, method, seed)
    if method == "centre":
        return (family.concrete(drawn[0], f"{prefix}centre"),)
    return tuple(family.concrete(v, f"{prefix}{k:03d}") for k, v in enumerate(drawn))


def nth(family: Family, index: int, method: str = "sobol", seed: int = 0) -> Concrete:
    """Number ``index`` (from 0 on) of ``concretes``.

    Raises:
        InputError: as ``sample``; or the method draws fewer.
    """
    if not 0 <= index < MOST:
        raise InputError(f"no scenario number {index}", field="--index", fix=f"0 to {MOST - 1}")
    drawn = concretes(family, index + 1, method, seed)
    if index >= len(drawn):
        fix = f"0 to {len(drawn) - 1}, or another --method" if len(drawn) > 1 else "name a --method"
        raise InputError(f"no scenario number {index}: {method} draws {len(drawn)}",
                         field="--index", fix=fix)  # fmt: skip
    return drawn[index]


def sample(
    family: Family, n: int, method: str = "sobol", seed: int = 0
) -> tuple[dict[str, Value], ...]:
    """``n`` sets of values that meet ``require``; the same for the same family and seed.

    ``centre`` gives one, ``grid`` as many as a grid of at most ``n`` points has, ``pairwise`` the
    first ``n`` of its rows (filled up by ``sobol`` where it needs fewer).

    Raises:
        InputError: the method is unknown, or ``require`` leaves next to nothing to draw.
    """
    if method not in METHODS:
        raise InputError(
            f"no method '{method}'", field="method", fix=f"known: {', '.join(METHODS)}"
        )
    if not 1 <= n <= MOST:
        raise InputError(f"{n} samples", field="n", fix=f"1 to {MOST}")
    free = {name: p for name, p in family.head.parameters.items() if varies(p)}
    fixed = {name: centre(p) for name, p in family.head.parameters.items() if not varies(p)}
    if method == "centre" or not free:
        middle = {name: centre(p) for name, p in family.head.parameters.items()}
        return (_met(family, [middle], 1, "its centre does not meet it")[0],)

    def values(point: Iterable[float]) -> dict[str, Value]:
        found = {name: at(p, float(u)) for (name, p), u in zip(free.items(), point)}
        return {name: {**found, **fixed}[name] for name in family.head.parameters}

    if method == "grid":
        points = grid_points(list(free.values()), n)
        return tuple(_met(family, map(values, points), n, "no point of the grid meets it"))
    rows: list[dict[str, Value]] = []
    if method == "pairwise":
        rng = generator("pairwise", family.id, seed)
        found = covering_rows(list(free.values()), rng, lambda p: not family.unmet(values(p)))
        rows = [values(point) for point in itertools.islice(found, n)]
    kind = "sobol" if method == "pairwise" else method
    stream = map(
        values, itertools.islice(sequence(kind, len(free), n, family.id, seed), TRIES * n + 256)
    )
    more = _met(family, stream, n - len(rows), "no drawn point meets it") if len(rows) < n else []
    if len(rows) + len(more) < n:
        raise _scarce(family, f"only {len(rows) + len(more)} of {n} draws meet it")
    return (*rows, *more)


def _met(
    family: Family, drawn: Iterable[dict[str, Value]], n: int, none: str
) -> list[dict[str, Value]]:
    """The first ``n`` that meet the requirements."""
    kept: list[dict[str, Value]] = []
    for values in drawn:
        if family.unmet(values) is None:
            kept.append(values)
        if len(kept) == n:
            break
    if not kept:
        raise _scarce(family, none)
    return kept


def _scarce(family: Family, problem: str) -> InputError:
    at = family.document.where(("require",))
    return InputError(problem, file=at, field="require", fix="widen it, or narrow the parameters")
