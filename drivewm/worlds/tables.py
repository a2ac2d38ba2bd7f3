"""The thirteen nuScenes v1.0 tables: tokens, the fixed rows, and JSON in table form.

Fields: nuScenes schema, https://www.nuscenes.org/nuscenes#data-format.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from drivewm.scene.classes import NUSCENES

VERSION = "v1.0-drivewm"
TABLES = (
    "attribute",
    "calibrated_sensor",
    "category",
    "ego_pose",
    "instance",
    "log",
    "map",
    "sample",
    "sample_annotation",
    "sample_data",
    "scene",
    "sensor",
    "visibility",
)
SCENE_TABLES = (  # those whose rows belong to one scene
    "calibrated_sensor",
    "ego_pose",
    "instance",
    "log",
    "sample",
    "sample_annotation",
    "sample_data",
    "scene",
)
Rows = Mapping[str, list[dict]]  # table name -> rows

ATTRIBUTES = {
    "vehicle.moving": "The vehicle moves.",
    "vehicle.stopped": "The vehicle stands still for a moment, its driver means to go on.",
    "vehicle.parked": "The vehicle stands still for the whole scene.",
    "cycle.with_rider": "Somebody rides the bicycle or motorcycle.",
    "cycle.without_rider": "Nobody rides the bicycle or motorcycle.",
    "pedestrian.sitting_lying_down": "The person sits or lies.",
    "pedestrian.standing": "The person stands.",
    "pedestrian.moving": "The person moves.",
}
VISIBILITY = {"1": "v0-40", "2": "v40-60", "3": "v60-80", "4": "v80-100"}


def token(*names: object) -> str:
    """32 hexadecimal digits derived from any sequence of printable names."""
    text = "\x1f".join(map(str, names))
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def category_token(name: str) -> str:
    return token("category", name)


def attribute_token(name: str) -> str:
    return token("attribute", name)


def sensor_token(channel: str) -> str:
    return token("sensor", channel)


def fixed_rows(channels: Mapping[str, str]) -> dict[str, list[dict]]:
    """The rows that no scene changes. ``channels``: sensor channel -> modality."""
    categories = [
        {
            "token": category_token(name),
            "name": name,
            "description": name.replace(".", ", "),
            "index": index,
        }
        for index, name in enumerate(sorted(NUSCENES), start=1)
    ]
    attributes = [
        {"token": attribute_token(name), "name": name, "description": text}
        for name, text in ATTRIBUTES.items()
    ]
    visibility = [
        {
            "token": key,
            "level": level,
            "description": f"{level[1:].replace('-', ' to ')} % of the object's pixels are visible",
        }
        for key, level in VISIBILITY.items()
    ]
    sensors = [
        {"token": sensor_token(channel), "channel": channel, "modality": modality}
        for channel, modality in channels.items()
    ]
    return {
        "category": categories,
        "attribute": attributes,
        "visibility": visibility,
        "sensor": sensors,
    }


def lines(rows: Iterable[dict]) -> list[str]:
    """One compact JSON line per row."""
    return [json.dumps(row, separators=(",", ":"), allow_nan=False) for row in rows]


def table_text(row_lines: Iterable[str]) -> str:
    """A table file's text from the lines of its rows."""
    body = ",\n".join(row_lines)
    return f"[\n{body}\n]\n" if body else "[]\n"


def write_fragment(folder: Path, rows: Rows) -> None:
    """Writes a scene's rows, one ``<table>.jsonl`` per table, into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    for table in SCENE_TABLES:
        (folder / f"{table}.jsonl").write_text("\n".join(lines(rows[table])), encoding="utf-8")


def merge_fragments(folders: Iterable[Path], rows: Rows, target: Path) -> None:
    """Writes all thirteen tables into ``target``: ``rows`` and the fragments, in given order."""
    row_lines: dict[str, list[str]] = {table: lines(rows.get(table, [])) for table in TABLES}
    for folder in folders:
        for table in SCENE_TABLES:
            text = (folder / f"{table}.jsonl").read_text(encoding="utf-8")
            row_lines[table] += text.splitlines()
    for table in TABLES:
        (target / f"{table}.json").write_text(table_text(row_lines[table]), encoding="utf-8")
