"""Reads rows of the reference implementations' values (see their FORMAT.md)."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from shapely.geometry import Polygon

from drivewm.measures.history import History
from drivewm.scene import PACIFICA, Lane, RoadMap, Tracks

STATE = ("x", "y", "h", "vx", "vy", "ax", "ay", "steer", "steer_rate", "yaw_rate", "yaw_acc")


def folder_of(fixtures: Path) -> Path:
    return fixtures / "dev" if (fixtures / "dev").is_dir() else fixtures


def rows_of(fixtures: Path, kind: str) -> list[dict]:
    return pq.read_table(folder_of(fixtures) / f"{kind}.parquet").to_pylist()


def fixed(row: dict, column: str) -> np.ndarray:
    return np.array(row[column], np.int64) / float(10 ** int(column[-1]))


def states(row: dict, prefix: str = "ego") -> np.ndarray:
    return np.stack([fixed(row, f"{prefix}_{name}_e6") for name in STATE], -1)


def poses(row: dict, prefix: str) -> np.ndarray:
    return np.stack([fixed(row, f"{prefix}_{name}_e6") for name in "xyh"], -1)


def history_of(row: dict) -> History:
    ego, count = states(row), len(row["trk_type"])
    state = np.zeros((count, len(ego), 6))
    valid = np.zeros((count, len(ego)), bool)
    names = ("trk_x_e4", "trk_y_e4", "trk_h_e6", "trk_vx_e4", "trk_vy_e4")
    flat = np.stack([fixed(row, name) for name in names], -1) if count else np.zeros((0, 5))
    begin = 0
    for i, (start, length) in enumerate(zip(row["trk_start"], row["trk_n"])):
        state[i, start : start + length][:, [0, 1, 3, 4, 5]] = flat[begin : begin + length]
        valid[i, start : start + length] = True
        begin += length
    sizes = [row["trk_length"], row["trk_width"], row["trk_height"]]
    return History(
        times_us=np.array(row["t_us"]), ego=ego, vehicle=PACIFICA,
        tracks=Tracks(
            ids=tuple(f"trk{i:04d}" for i in range(count)), categories=("",) * count,
            score_type=np.array(row["trk_type"], np.int8), occ_class=np.zeros(count, np.int8),
            size_m=np.array(sizes, float).T.reshape(-1, 3), state=state, valid=valid,
        ),
    )  # fmt: skip


def maps_of(fixtures: Path) -> dict[str, RoadMap]:
    with gzip.open(folder_of(fixtures) / "maps.json.gz") as file:
        return {row["map_id"]: _road_map(row) for row in json.load(file)}


def _polygon(row: dict) -> Polygon:
    return Polygon(row["polygon"]["ext"], row["polygon"]["holes"])


def _road_map(row: dict) -> RoadMap:
    lanes = [
        Lane(
            id=lane["id"], centerline=np.array(lane["baseline"]), polygon=_polygon(lane),
            is_connector=kind == "lane_connectors", speed_limit_mps=lane["speed_limit_mps"],
            successors=tuple(lane["outgoing"]), predecessors=tuple(lane["incoming"]),
        )
        for kind in ("lanes", "lane_connectors")
        for lane in row[kind]
    ]  # fmt: skip
    return RoadMap(
        origin="fixture",
        lanes=tuple(lanes),
        drivable=tuple(map(_polygon, row["drivable_areas"])),
        intersections=tuple(map(_polygon, row["intersections"])),
    )
