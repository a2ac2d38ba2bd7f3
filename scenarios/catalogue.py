"""The families of the library by id, and those of a user's own files."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from drivewm.errors import InputError
from drivewm.scenarios.family import LIBRARY, Family, load_family
from drivewm.scenarios.loading import nearest


def family_files(folder: Path = LIBRARY) -> dict[str, Path]:
    """Family id -> file, sorted by group and id; the file of a family is named by its id.

    Raises:
        InputError: two files have one name.
    """
    found: dict[str, Path] = {}
    for path in sorted(folder.rglob("*.yaml")):
        if path.stem in found:
            raise InputError(f"a second '{path.stem}'; the first is {found[path.stem]}", file=path)
        found[path.stem] = path
    return found


def find(name: str) -> Family:
    """A family by its id, or by the path of its file.

    Raises:
        InputError: there is none (the nearest id is named), or its file is wrong.
    """
    if name.endswith((".yaml", ".yml")):
        return _loaded(Path(name), _stamp(Path(name)))
    files = family_files()
    if name not in files:
        near = nearest(name, files)
        fix = f"did you mean '{near}'?" if near else "see drivewm scenarios list"
        raise InputError(f"no scenario family '{name}'", fix=fix)
    return _loaded(files[name], _stamp(files[name]))


def families(groups: Sequence[str] = (), tags: Sequence[str] = ()) -> list[Family]:
    """All families of the library, or those of any of ``groups`` that have all ``tags``."""
    found = [find(name) for name in family_files()]
    return [
        family
        for family in found
        if (not groups or family.head.group in groups)
        and all(tag in family.head.tags for tag in tags)
    ]


def _stamp(path: Path) -> tuple[int, int]:
    return (path.stat().st_mtime_ns, path.stat().st_size) if path.is_file() else (0, 0)


@lru_cache(maxsize=512)
def _loaded(path: Path, stamp: tuple[int, int]) -> Family:
    """A file is read again when it has changed."""
    del stamp
    return load_family(path)
