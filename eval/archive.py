"""One rollout as an ``.npz`` that a report can draw. Shapes: T steps, N tracks, K plans, H poses.

Lists of lines and polygons are flat: ``<name>_xy`` [V, 2] with ``<name>_start`` [R + 1]; polygons
are WKB bytes ``drivable_wkb`` with ``drivable_wkb_start``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from drivewm.eval.schema import Cell
from drivewm.scene import RoadMap, Scene
from drivewm.sim.rollout import Rollout
from drivewm.storage import write_npz

GRID = 2.0**13  # per metre, rad and m/s of road users and plans; the ego is kept as it was
REACH_M = 80.0  # the map further than this from the drive is left out


def path_of(rollouts: Path, cell: Cell) -> Path:
    """Where the drive of a cell is archived: seed 0 under the scene's own name."""
    suffix = f"~{cell.seed}" if cell.seed else ""
    return rollouts / cell.planner / f"{cell.scene_id}{suffix}.npz"


def save(path: Path, scene: Scene, rollout: Rollout) -> None:
    """Writes the archive atomically."""
    start_us = rollout.times_us[0]
    tracks, car = rollout.tracks, rollout.vehicle
    arrays = {
        "time_s": (rollout.times_us - start_us) / 1e6,
        "ego": rollout.ego,
        "track_state": _rounded(tracks.state),
        "track_valid": tracks.valid, "track_size": tracks.size_m,
        "track_occ_class": tracks.occ_class, "track_ids": np.array(tracks.ids, str),
        "track_categories": np.array(tracks.categories, str),
        "light_lane_ids": np.array(rollout.light_lane_ids, str),
        "light_status": rollout.light_status,
        "plan_time_s": (rollout.plan_times_us - start_us) / 1e6,
        "plans": _rounded(_padded(rollout.plan_poses, 3)),
        "plan_horizon_s": _padded([h[:, None] for h in rollout.plan_horizons_s], 1)[..., 0],
        "plan_info": np.array(json.dumps([_scalars(info) for info in rollout.info])),
        "route": scene.route,
        "vehicle": np.array([
            car.length_m, car.width_m, car.height_m, car.rear_axle_to_center_m, car.wheelbase_m,
        ]),
        **_map_arrays(scene.map, rollout.ego[:, :2]),
    }  # fmt: skip
    write_npz(path, arrays, level=1)


def _rounded(values: np.ndarray) -> np.ndarray:
    """To multiples of 2 ** -13 (0.12 mm): the empty bits compress to a third."""
    return np.rint(values * GRID) / GRID


def _padded(rows: Sequence[np.ndarray], columns: int) -> np.ndarray:
    """[K, H, columns], short plans padded with NaN."""
    longest = max((len(row) for row in rows), default=0)
    out = np.full((len(rows), longest, columns), np.nan)
    for k, row in enumerate(rows):
        out[k, : len(row)] = row
    return out


def _scalars(info: Mapping[str, Any] | None) -> dict[str, Any]:
    """What of a planner's note fits into JSON: plain numbers and texts."""
    return {
        str(key): value
        for key, value in (info or {}).items()
        if isinstance(value, (bool, int, str)) or (isinstance(value, float) and np.isfinite(value))
    }


def _map_arrays(road_map: RoadMap, places: np.ndarray) -> dict[str, np.ndarray]:
    near = shapely.box(*(places.min(0) - REACH_M), *(places.max(0) + REACH_M))
    lines = [
        lane.centerline[:, :2]
        for lane in road_map.lanes
        if len(lane.centerline) > 1 and shapely.LineString(lane.centerline[:, :2]).intersects(near)
    ]
    clipped = [shapely.make_valid(polygon).intersection(near) for polygon in road_map.drivable]
    wkb = [shapely.to_wkb(polygon) for polygon in clipped if not polygon.is_empty]
    return {
        "lane_xy": np.concatenate(lines) if lines else np.zeros((0, 2)),
        "lane_start": np.cumsum([0, *map(len, lines)]),
        "drivable_wkb": np.frombuffer(b"".join(wkb), np.uint8),
        "drivable_wkb_start": np.cumsum([0, *map(len, wkb)]),
    }
