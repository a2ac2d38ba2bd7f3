"""Checks drivewm against a folder of fixtures, kind by kind."""

from __future__ import annotations

import importlib
import traceback
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from drivewm.errors import InputError
from drivewm.eval.conform.fixtures import Fixtures
from drivewm.eval.conform.registry import KINDS
from drivewm.eval.conform.tally import Count, Tally
from drivewm.progress import bar

MAX_EXCEPTED = 0.05  # share of closed-loop runs that may differ by a shown tie


def conform(folder: Path, kinds: Sequence[str] | None = None) -> list[Count]:
    """Compares every quantity of every case; kinds that the folder lacks are left out.

    Args:
        folder: holds maps.json.gz and one file per kind.
        kinds: which to run (default: all of ``registry.KINDS`` that the folder holds).

    Raises:
        InputError: no fixtures there, an unknown kind, or a file that cannot be read or has no
            cases.
    """
    fixtures = Fixtures(folder)
    for kind in kinds or ():
        if kind not in KINDS:
            raise InputError(f"unknown kind '{kind}'", fix=f"use {', '.join(KINDS)}")
    here = [kind for kind in kinds or KINDS if kinds or fixtures.has(source_of(kind))]
    if not here:
        raise InputError("no kind of case is here", file=folder, fix="name a set's folder")
    counts: list[Count] = []
    with bar("conform", total=len(here)) as progress:
        for kind in here:
            tally = Tally(kind)
            module = importlib.import_module(KINDS[kind])
            _check(module, fixtures, tally)
            counts += tally.counts.values()
            progress.update()
    return counts


def _check(module: Any, fixtures: Fixtures, tally: Tally) -> None:
    """All cases of a kind.

    Raises:
        InputError: there are none, or one holds something else than it should.
    """
    file = fixtures.path(source_of(tally.kind))
    try:
        module.check(fixtures, tally)
    except (TypeError, ValueError, LookupError) as error:
        at = traceback.extract_tb(error.__traceback__)[-1]
        text = f"{type(error).__name__} at {Path(at.filename).name}:{at.lineno}: {error}"
        raise InputError(f"a case of {tally.kind} cannot be judged ({text})", file=file,
                         fix="fetch it again") from error  # fmt: skip
    if not tally.counts:
        raise InputError("holds no cases", file=file, fix="fetch it again")


def absent(folder: Path) -> list[str]:
    """Kinds that the folder does not hold."""
    fixtures = Fixtures(folder)
    return [kind for kind in KINDS if not fixtures.has(source_of(kind))]


def source_of(kind: str) -> str:
    """The file that holds a kind's cases: ``comfort_navsim`` reads ``comfort``."""
    return getattr(importlib.import_module(KINDS[kind]), "SOURCE", kind)


def is_equal(count: Count) -> bool:
    """No mismatch, or few and each shown to be a tie in the reference."""
    if count.mismatches == 0:
        return True
    return count.mismatches <= count.excepted <= MAX_EXCEPTED * count.cases


def table(counts: Sequence[Count]) -> str:
    """Markdown: kind, quantity, cases, mismatches, ties, largest difference, tolerance."""
    lines = [
        "| kind | quantity | cases | mismatches | shown ties | largest difference | allowed |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for c in counts:
        allowed = "equal" if c.tolerance is None else f"{c.tolerance:.0e}"
        largest = "" if c.tolerance is None else f"{c.largest:.1e}"
        mark = "" if is_equal(c) else " **"
        lines.append(
            f"| {c.kind} | {c.quantity}{mark} | {c.cases} | {c.mismatches} | {c.excepted} | "
            f"{largest} | {allowed} |"
        )
    return "\n".join(lines)


def summary(counts: Sequence[Count]) -> str:
    """Markdown: one line per kind."""
    lines = [
        "| kind | cases | quantities | comparisons | mismatches | shown ties "
        "| largest difference |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for kind in dict.fromkeys(count.kind for count in counts):
        own = [count for count in counts if count.kind == kind]
        lines.append(
            f"| {kind} | {max(c.cases for c in own)} | {len(own)} | {sum(c.cases for c in own)} | "
            f"{sum(c.mismatches for c in own)} | {sum(c.excepted for c in own)} | "
            f"{max(c.largest for c in own):.1e} |"
        )
    return "\n".join(lines)


def as_rows(counts: Sequence[Count]) -> list[dict[str, Any]]:
    """Plain dicts for a JSON file."""
    return [asdict(count) | {"equal": is_equal(count)} for count in counts]
