"""Suites: which scenarios are driven together (``suites/<name>.yaml``). See docs/suites.md."""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError, model_validator

from drivewm.errors import InputError
from drivewm.scenarios import catalogue
from drivewm.scenarios.family import Concrete, Family
from drivewm.scenarios.loading import Document, nearest, read
from drivewm.scenarios.parameters import METHODS, concretes
from drivewm.scenarios.problems import as_input_error
from drivewm.scenarios.schema import Group
from drivewm.scenarios.schema_base import Part
from drivewm.scenarios.windows import LogWindow

FOLDER = Path(__file__).parent / "suites"
MOST = 20_000  # scenarios of one suite
Sampling = Literal["sobol", "halton", "lhs", "pairwise", "grid", "centre"]


class Entry(Part):
    """Some families, and how many scenarios of each; or an imported file; or a log's window."""

    family: str | None = None  # id, glob of ids, or path of a family file beside the suite's
    tags: tuple[str, ...] = ()  # families that have all of them
    groups: tuple[Group, ...] = ()
    # path (or glob) of OpenSCENARIO files, beside the suite's file; it may begin with $VARIABLE
    xosc: str | None = None
    log: LogWindow | None = None  # a stretch of a log
    samples: int = Field(default=1, ge=1, le=4096)
    sampling: Sampling = "sobol"
    seed: int = Field(default=0, ge=0)
    values: dict[str, bool | int | float | str] | None = None  # of the parameters, instead
    name: str | None = Field(default=None, pattern=r"^[a-z0-9][a-z0-9_.-]{0,39}$")

    @model_validator(mode="after")
    def _one_kind(self):
        chosen = self.family is not None or bool(self.tags) or bool(self.groups)
        if chosen + (self.xosc is not None) + (self.log is not None) != 1:
            raise ValueError("give either family, tags or groups, or xosc, or log")
        if self.values is not None and self.name is None:
            raise ValueError("values need a name, which becomes the scenario's")
        return self


class Suite(Part):
    """A suite file."""

    schema_version: Literal[1]
    title: str = ""
    scenarios: tuple[Entry, ...] = Field(min_length=1)
    without: Annotated[tuple[str, ...], Field(description="ids or globs of families")] = ()


@dataclass(frozen=True, kw_only=True)
class Listed:
    """What a suite comes to: scenarios of families, and imported files."""

    name: str
    file: str
    title: str
    concretes: tuple[Concrete, ...]
    imported: tuple[str, ...] = ()
    windows: tuple[LogWindow, ...] = ()


def suite_names() -> list[str]:
    """Suites of the library."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def load_suite(name: str) -> Listed:
    """Reads a suite of the library by name, or a suite file, and draws its scenarios.

    A family file (it has an ``id``) or an OpenSCENARIO file is a suite of its own.

    Raises:
        InputError: there is none (the nearest name is told), or something in it is wrong: the
            place in the file is named.
    """
    path = Path(name)
    if path.suffix == ".xosc":
        _check_exists(path)
        return Listed(name=path.stem, file=name, title=path.stem, concretes=(), imported=(name,))
    if path.suffix not in (".yaml", ".yml"):
        path = FOLDER / f"{name}.yaml"
        if not path.exists():
            return _one_family(name)
    document = read(path)
    if isinstance(document.value, dict) and "id" in document.value:
        return _listed_family(catalogue.find(str(path)), str(path))
    suite = _parsed(document)
    drawn = [c for k, entry in enumerate(suite.scenarios) if entry.xosc is None
             and entry.log is None for c in _drawn(entry, k, suite, document)]  # fmt: skip
    _check_without(suite, document)
    if len(drawn) > MOST:
        raise InputError(f"{len(drawn)} scenarios", file=document.file, fix=f"at most {MOST}")
    return Listed(
        name=path.stem, file=str(path), title=suite.title, concretes=tuple(_once(drawn, document)),
        imported=tuple(f for k, e in enumerate(suite.scenarios) for f in _files(e, k, document)),
        windows=tuple(_windows(suite, document)),
    )  # fmt: skip


def _check_without(suite: Suite, document: Document) -> None:
    """What is left out must be there; families of files are known once they are read."""
    known = list(catalogue.family_files())
    own = [e.family for e in suite.scenarios if e.family and e.family.endswith((".yaml", ".yml"))]
    known += [catalogue.find(str(Path(document.file).parent / name)).id for name in own]
    for k, pattern in enumerate(suite.without):
        if not any(fnmatch.fnmatchcase(name, pattern) for name in known):
            near = nearest(pattern, known)
            fix = f"did you mean '{near}'?" if near else "see drivewm scenarios list"
            raise InputError(f"no scenario family '{pattern}'", file=document.where(("without", k)),
                             field="without", fix=fix)  # fmt: skip


def _one_family(name: str) -> Listed:
    """The family of that name as a suite; else what is near it."""
    if name in catalogue.family_files():
        return _listed_family(catalogue.find(name), name)
    known = [*suite_names(), *catalogue.family_files()]
    near = nearest(name, known)
    fix = f"did you mean '{near}'?" if near else f"suites: {', '.join(suite_names()) or 'none'}"
    raise InputError(f"no suite or family '{name}'", field="--suite", fix=fix)


def _listed_family(family: Family, file: str) -> Listed:
    drawn = concretes(family, 1, "centre") + concretes(family, 4, "sobol")
    return Listed(name=family.id, file=file, title=family.head.title, concretes=drawn)


def _check_exists(path: Path) -> None:
    if not path.is_file():
        raise InputError("no such file", file=path, fix="check the path")


def _parsed(document: Document) -> Suite:
    if not isinstance(document.value, dict):
        raise InputError("a suite is a mapping of fields", file=document.where(()))
    try:
        return Suite.model_validate(document.value)
    except ValidationError as error:
        raise as_input_error(error, document, document.value, {}) from error


def _drawn(entry: Entry, k: int, suite: Suite, document: Document) -> list[Concrete]:
    """The scenarios of one entry."""
    at = document.where(("scenarios", k))
    drawn: list[Concrete] = []
    for family in _families(entry, k, document):
        if any(fnmatch.fnmatchcase(family.id, pattern) for pattern in suite.without):
            continue
        try:
            if entry.values is not None:
                drawn.append(family.concrete(entry.values, str(entry.name)))
                continue
            prefix = "" if entry.sampling == "centre" else f"{entry.sampling}{entry.seed}_"
            name = prefix if entry.name is None else f"{entry.name}_"
            drawn += concretes(family, entry.samples, entry.sampling, entry.seed, prefix=name)
        except InputError as error:
            raise InputError(f"{error.problem} (family {family.id})", file=at, field=error.field,
                             fix=error.fix) from error  # fmt: skip
    if not drawn:
        raise InputError("chooses no family", file=at, field=f"scenarios.{k}",
                         fix="see drivewm scenarios list")  # fmt: skip
    return drawn


def _families(entry: Entry, k: int, document: Document) -> Sequence[Family]:
    name = entry.family
    if name is None:
        return catalogue.families(entry.groups, entry.tags)
    if name.endswith((".yaml", ".yml")):
        return [catalogue.find(str(Path(document.file).parent / name))]
    known = catalogue.family_files()
    found = [key for key in known if fnmatch.fnmatchcase(key, name)]
    if not found:
        near = nearest(name, known)
        fix = f"did you mean '{near}'?" if near else "see drivewm scenarios list"
        raise InputError(f"no scenario family '{name}'", fix=fix,
                         file=document.where(("scenarios", k, "family")))  # fmt: skip
    chosen = [catalogue.find(key) for key in found]
    return [f for f in chosen if (not entry.groups or f.head.group in entry.groups)
            and all(tag in f.head.tags for tag in entry.tags)]  # fmt: skip


def _files(entry: Entry, k: int, document: Document) -> list[str]:
    if entry.xosc is None:
        return []
    at = document.where(("scenarios", k, "xosc"))
    name = os.path.expandvars(entry.xosc)
    if name.startswith("$"):
        raise InputError(f"'{entry.xosc}': the environment variable is not set", file=at,
                         fix="set it to the folder of the files")  # fmt: skip
    base = Path(Path(name).anchor or Path(document.file).parent)
    found = sorted(base.glob(str(Path(name).relative_to(Path(name).anchor))))
    if not found or not all(path.is_file() for path in found):
        raise InputError(f"no file '{entry.xosc}'", file=at,
                         fix="paths count from the suite's own folder")  # fmt: skip
    return [str(path) for path in found]


def _windows(suite: Suite, document: Document) -> list[LogWindow]:
    """The windows of logs, each id once."""
    base = Path(document.file).parent
    kept: dict[str, LogWindow] = {}
    for k, entry in enumerate(suite.scenarios):
        if entry.log is None:
            continue
        window = entry.log.at(base)
        if kept.setdefault(window.id, window) != window:
            raise InputError(f"two different windows are called '{window.id}'",
                             file=document.where(("scenarios", k, "log")),
                             fix="let one begin at another time")  # fmt: skip
    return list(kept.values())


def _once(drawn: Sequence[Concrete], document: Document) -> list[Concrete]:
    """Every scenario once; two different ones must not have one id."""
    kept: dict[str, Concrete] = {}
    for concrete in drawn:
        other = kept.setdefault(concrete.id, concrete)
        if other.content_hash != concrete.content_hash:
            raise InputError(f"two different scenarios are called '{concrete.id}'",
                             file=document.file, fix="give one entry another name")  # fmt: skip
    return list(kept.values())


__all__ = ["METHODS", "Entry", "Listed", "Suite", "load_suite", "suite_names"]
