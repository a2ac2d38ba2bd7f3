"""Reads a folder of fixtures: inputs and outputs of the reference implementations.

Format: integers in fixed point (``foo_e6`` = value * 10^6), one row per case, maps as JSON.
Shapes: T steps, N tracks, L lights.
"""

from __future__ import annotations

import gzip
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from shapely.geometry import Polygon

from drivewm.errors import InputError
from drivewm.measures.history import History
from drivewm.scene import PACIFICA, Lane, RoadMap, Tracks
from drivewm.scene.road_map import Roadblock

STATE = ("x", "y", "h", "vx", "vy", "ax", "ay", "steer", "steer_rate", "yaw_rate", "yaw_acc")
TRACK = ("trk_x_e4", "trk_y_e4", "trk_h_e6", "trk_vx_e4", "trk_vy_e4")
Row = dict[str, Any]


class _Named(dict):
    """What a file holds by name; what it lacks is named with the file."""

    def __init__(self, values: Row, what: str, file: Path | str) -> None:
        super().__init__(values)
        self._what, self._file = what, file

    def __missing__(self, key: str) -> Any:
        raise InputError(f"{self._what} is missing", file=self._file, field=str(key),
                         fix="fetch the whole set again")  # fmt: skip


class Fixtures:
    """One folder. ``folder`` may also be the parent of a single set named ``dev``."""

    def __init__(self, folder: Path | str) -> None:
        folder = Path(folder)
        self.folder = folder / "dev" if (folder / "dev").is_dir() else folder
        if not (self.folder / "maps.json.gz").is_file():
            raise InputError(
                "no fixtures here (maps.json.gz is missing)", file=folder,
                fix="name the folder that holds maps.json.gz and *.parquet",
            )  # fmt: skip

    def has(self, kind: str) -> bool:
        """Whether the folder holds cases of the kind."""
        return self.path(kind).is_file()

    def rows(self, kind: str) -> list[Row]:
        """All cases of a kind as dicts.

        Raises:
            InputError: the file is absent or unreadable.
        """
        path = self.path(kind)
        try:
            if path.suffix == ".gz":
                with gzip.open(path) as file:
                    rows = [json.loads(line) for line in file]
            else:
                rows = pq.read_table(path).to_pylist()
            return [_Named(row, "column", path) for row in rows]
        except FileNotFoundError as error:
            raise InputError("file is missing", file=path, fix="fetch the whole set") from error
        except (pa.ArrowInvalid, OSError, EOFError, ValueError, TypeError) as error:
            raise InputError(f"not readable ({error})", file=path, fix="fetch it again") from error

    def maps(self) -> dict[str, RoadMap]:
        """The maps by id."""
        return _maps(str(self.folder / "maps.json.gz"))

    def path(self, kind: str) -> Path:
        """Where the cases of a kind lie."""
        packed = self.folder / f"{kind}.jsonl.gz"
        return packed if packed.is_file() else self.folder / f"{kind}.parquet"


@lru_cache(maxsize=2)
def _maps(path: str) -> dict[str, RoadMap]:
    try:
        with gzip.open(path) as file:
            rows = [_Named(row, "field of a map", path) for row in json.load(file)]
        maps = {row["map_id"]: road_map_of(row) for row in rows}
        return _Named(maps, "map of a case", path)
    except (OSError, EOFError, ValueError, TypeError, KeyError) as error:
        raise InputError(f"not readable ({error})", file=path, fix="fetch it again") from error


def fixed(row: Row, column: str) -> np.ndarray:
    """A fixed-point column as floats (one division per value)."""
    return np.array(row[column], np.int64) / float(10 ** int(column[-1]))


def states(row: Row, prefix: str = "ego", lead: tuple[int, ...] = ()) -> np.ndarray:
    """[*lead, T, 11] ego states (EgoColumn)."""
    columns = [fixed(row, f"{prefix}_{name}_e6") for name in STATE]
    return np.stack(columns, -1).reshape(*lead, -1, len(STATE))


def poses(row: Row, prefix: str, lead: tuple[int, ...] = ()) -> np.ndarray:
    """[*lead, T, 3] poses."""
    return np.stack([fixed(row, f"{prefix}_{name}_e6") for name in "xyh"], -1).reshape(*lead, -1, 3)


def tracks_of(row: Row, steps: int) -> Tracks:
    """The tracks of a case on ``steps`` steps; track order is the reference's frame order."""
    count = len(row["trk_type"])
    state, valid = np.zeros((count, steps, 6)), np.zeros((count, steps), bool)
    flat = np.stack([fixed(row, name) for name in TRACK], -1) if count else np.zeros((0, 5))
    begin = 0
    for i, (start, length) in enumerate(zip(row["trk_start"], row["trk_n"])):
        stop = min(start + length, steps)
        state[i, start:stop][:, [0, 1, 3, 4, 5]] = flat[begin : begin + max(stop - start, 0)]
        valid[i, start:stop] = True
        begin += length
    sizes = [row["trk_length"], row["trk_width"], row["trk_height"]]
    return Tracks(
        ids=tuple(f"trk{i:04d}" for i in range(count)), categories=("",) * count,
        score_type=np.array(row["trk_type"], np.int8), occ_class=np.zeros(count, np.int8),
        size_m=np.array(sizes, float).T.reshape(-1, 3), state=state, valid=valid,
    )  # fmt: skip


def history_of(row: Row) -> History:
    """Ego and tracks of a ``nuplan_cls`` case."""
    ego = states(row)
    return History(
        times_us=np.array(row["t_us"]), ego=ego, vehicle=PACIFICA, tracks=tracks_of(row, len(ego))
    )


def lights_of(row: Row, steps: int) -> tuple[tuple[str, ...], np.ndarray]:
    """Connector ids (L) and status int8 [L, T] (LightStatus)."""
    names = tuple(row["tl_connector_id"])
    status = np.zeros((len(names), steps), np.int8)
    for i, switch in enumerate(row["tl_switch_step"]):
        at = steps if switch < 0 else min(switch, steps)
        status[i, :at], status[i, at:] = row["tl_status0"][i], row["tl_status1"][i]
    return names, status


def road_map_of(row: Row) -> RoadMap:
    """A map of the JSON list; lanes before connectors, everything in the file's order."""
    stop_row = {line["id"]: i for i, line in enumerate(row["stop_lines"])}
    return RoadMap(
        origin="fixture",
        lanes=tuple(
            _lane(lane, kind == "lane_connectors", stop_row)
            for kind in ("lanes", "lane_connectors")
            for lane in row[kind]
        ),
        roadblocks=tuple(
            Roadblock(
                id=block["id"], lane_ids=tuple(block["lane_ids"]), polygon=_polygon(block),
                is_connector=kind == "roadblock_connectors",
                successors=tuple(block["outgoing"]), predecessors=tuple(block["incoming"]),
            )
            for kind in ("roadblocks", "roadblock_connectors")
            for block in row[kind]
        ),
        drivable=tuple(map(_polygon, row["drivable_areas"])),
        intersections=tuple(map(_polygon, row["intersections"])),
        carparks=tuple(map(_polygon, row["carparks"])),
        stop_lines=tuple(map(_polygon, row["stop_lines"])),
    )  # fmt: skip


def _polygon(row: Row) -> Polygon:
    return Polygon(row["polygon"]["ext"], row["polygon"]["holes"])


def _lane(lane: Row, is_connector: bool, stop_row: dict[str, int]) -> Lane:
    return Lane(
        id=lane["id"], centerline=np.array(lane["baseline"]), polygon=_polygon(lane),
        left_boundary=np.array(lane["left_boundary"]),
        right_boundary=np.array(lane["right_boundary"]), is_connector=is_connector,
        speed_limit_mps=lane["speed_limit_mps"], successors=tuple(lane["outgoing"]),
        predecessors=tuple(lane["incoming"]), roadblock_id=lane["roadblock_id"],
        has_light=bool(lane.get("has_traffic_lights", False)),
        stop_lines=tuple(stop_row[name] for name in lane.get("stop_line_ids", ())),
    )  # fmt: skip
