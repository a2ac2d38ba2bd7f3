"""Opens nuScenes tables through the devkit, with every broken table named in one line."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from nuscenes.nuscenes import NuScenes

from drivewm.errors import InputError

TABLES = (
    "category",
    "attribute",
    "visibility",
    "instance",
    "sensor",
    "calibrated_sensor",
    "ego_pose",
    "log",
    "scene",
    "sample",
    "sample_data",
    "sample_annotation",
    "map",
)
_FIELDS = {  # read here or by the devkit
    "category": ("name",),
    "instance": ("category_token",),
    "sensor": ("channel", "modality"),
    "calibrated_sensor": ("sensor_token", "camera_intrinsic"),
    "ego_pose": ("timestamp",),
    "log": ("location",),
    "scene": ("name", "log_token"),
    "sample": ("timestamp", "scene_token"),
    "sample_data": (
        "sample_token", "ego_pose_token", "calibrated_sensor_token", "timestamp", "is_key_frame",
        "filename",
    ),
    "sample_annotation": ("sample_token", "instance_token"),
    "map": ("filename",),
}  # fmt: skip
_NUMBERS = {
    "ego_pose": {"translation": 3, "rotation": 4},
    "calibrated_sensor": {"translation": 3, "rotation": 4},
    "sample_annotation": {"translation": 3, "rotation": 4, "size": 3},
}


def find_version(dataroot: Path, version: str | None) -> str:
    """The version folder to read: the one asked for, else the only ``v1.0-*`` there.

    Raises:
        InputError: it is not there, or there are several and none was asked for.
    """
    found = sorted(p.name for p in dataroot.glob("v1.0-*") if (p / "scene.json").exists())
    if version is not None:
        if not (dataroot / version).is_dir():
            raise InputError(
                f"the dataroot has no version '{version}'",
                file=dataroot,
                field="--version",
                fix=f"it has {', '.join(found) or 'none'}",
            )
        return version
    if not found:
        raise InputError(
            "no v1.0-* folder with tables",
            file=dataroot,
            fix="name the folder that holds v1.0-mini or v1.0-trainval",
        )
    if len(found) > 1:
        raise InputError(
            f"several versions: {', '.join(found)}",
            file=dataroot,
            field="--version",
            fix="choose one with --version",
        )
    return found[0]


def open_tables(dataroot: Path, version: str) -> NuScenes:
    """The devkit's database, checked.

    Raises:
        InputError: a table is missing, truncated, has a duplicate token, a pose that is not
            finite, a box without size, or refers to a record that is not there.
    """
    try:
        return _CheckedNuScenes(version=version, dataroot=str(dataroot), verbose=False)
    except KeyError as error:
        raise InputError(
            f"a record refers to {error.args[0]!r}, which no table has",
            file=dataroot / version,
            fix="take all tables from the same download",
        ) from error


class _CheckedNuScenes(NuScenes):
    """The devkit's class with its table loader replaced: same tables, named failures."""

    def getind(self, table_name: str, token: str) -> int:
        try:
            return super().getind(table_name, token)
        except KeyError as error:
            raise InputError(
                f"no record {token!r}, though another table refers to it",
                file=Path(self.table_root) / f"{table_name}.json",
                field="token",
                fix="take all tables from the same download",
            ) from error

    def __load_table__(self, table_name: str) -> list[dict[str, Any]]:
        path = Path(self.table_root) / f"{table_name}.json"
        table = _load_json(path)
        _check_records(path, table, _FIELDS.get(table_name, ()))
        for field, width in _NUMBERS.get(table_name, {}).items():
            _check_numbers(path, table, field, width)
        if table_name == "map":
            _check_maps(path, table)
            for record in table:
                if not (Path(self.dataroot) / record["filename"]).is_file():
                    # The devkit insists that the mask exists, though nothing here opens it.
                    record["absent"], record["filename"] = record["filename"], str(path)
        return table


def _load_json(path: Path) -> list[dict[str, Any]]:
    try:
        table = json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise InputError(
            "table is missing", file=path, fix="unpack the metadata archive again"
        ) from error
    except ValueError as error:
        raise InputError(
            f"not valid JSON ({error})", file=path, fix="the file is cut off: unpack it again"
        ) from error
    if not isinstance(table, list):
        raise InputError("must be a list of records", file=path)
    return table


def _check_records(path: Path, table: list[dict[str, Any]], fields: Sequence[str]) -> None:
    seen: set[str] = set()
    for i, record in enumerate(table):
        if not isinstance(record, dict):
            raise InputError(f"record {i} is not an object", file=path, fix="unpack it again")
        token = record.get("token")
        if token is None:
            raise InputError(f"record {i} has no token", file=path, field="token")
        if token in seen:
            raise InputError(
                f"token {token} occurs twice",
                file=path,
                field="token",
                fix="remove one of the records",
            )
        seen.add(token)
        for field in fields:
            wanted = int if field == "timestamp" else object
            if field not in record or not isinstance(record[field], wanted):
                raise InputError(
                    f"record {token} has no {field}" + ("" if wanted is object else " in us"),
                    file=path,
                    field=field,
                    fix="unpack the table again",
                )


def _check_numbers(path: Path, table: list[dict[str, Any]], field: str, width: int) -> None:
    try:
        values = np.array([record[field] for record in table], float).reshape(len(table), width)
    except (KeyError, ValueError, TypeError) as error:
        raise InputError(
            f"every record needs {width} numbers ({error})",
            file=path,
            field=field,
            fix="unpack the table again",
        ) from error
    bad = ~np.isfinite(values).all(1)
    what = "is not finite"
    if field == "size" and not bad.any():
        bad, what = ~(values > 0).all(1), "is not above 0"
    if field == "rotation" and not bad.any():
        bad, what = np.linalg.norm(values, axis=1) < 1e-6, "is a quaternion of length 0"
    if bad.any():
        token = table[int(np.nonzero(bad)[0][0])]["token"]
        raise InputError(
            f"record {token}: {field} {what}",
            file=path,
            field=field,
            fix="repair or remove the record",
        )


def _check_maps(path: Path, table: list[dict[str, Any]]) -> None:
    if not table or any("log_tokens" not in record for record in table):
        raise InputError(
            "records have no log_tokens (teaser format?)",
            file=path,
            field="log_tokens",
            fix="use a v1.0 dataroot",
        )
