"""Which split a nuScenes scene is in: the dataroot's own splits file, else the official ones."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from drivewm.errors import InputError

DEFAULT = "all"


def read_split_file(path: Path) -> dict[str, str]:
    """``{split: [scene names]}`` JSON -> scene name -> split.

    Raises:
        InputError: the file is absent, not such JSON, or puts a scene into two splits.
    """
    try:
        splits = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError("no such splits file", file=path) from error
    except ValueError as error:
        raise InputError(f"not JSON ({error})", file=path, fix="write it again") from error
    if not isinstance(splits, dict) or not all(isinstance(v, list) for v in splits.values()):
        raise InputError("must be {split: [scene names]}", file=path)
    out: dict[str, str] = {}
    for split, names in splits.items():
        for name in names:
            if out.setdefault(name, split) != split:
                raise InputError(
                    f"scene {name} is in two splits",
                    file=path,
                    field=split,
                    fix="keep it in one",
                )
    return out


def split_of(
    scene: str, version: str, custom: Mapping[str, str], official: Mapping[str, list[str]]
) -> str:
    """Custom split, else the official one of that version, else ``all``."""
    if scene in custom:
        return custom[scene]
    names = ("mini_train", "mini_val") if version.endswith("mini") else ("train", "val", "test")
    return next((name for name in names if scene in official.get(name, ())), DEFAULT)
