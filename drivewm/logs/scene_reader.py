"""One row group of each table -> a ``Scene`` on a time grid; pictures, sweeps and labels.

Shapes: E recorded ego poses, T grid instants, N tracks, L lights.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import fsspec
import numpy as np
import pyarrow as pa
import pyarrow.compute

from drivewm.errors import InputError
from drivewm.geometry import se3
from drivewm.logs import ego_motion, map_tables, schema
from drivewm.logs.occupancy_codec import unpack_mask, unpack_semantics
from drivewm.logs.records import OccupancyLabel
from drivewm.logs.resample import finite_difference, resample, time_grid
from drivewm.scene import Lights, LightStatus, Scene, Tracks
from drivewm.scene.columns import TRACK_COLUMNS, EgoColumn, TrackColumn
from drivewm.scene.roadblocks import roadblocks_along

if TYPE_CHECKING:
    from drivewm.logs.fleet import SceneInfo

_FINE_RATE_HZ = 10.0  # motion is derived on this grid
_MOTION = schema.EGO.names[-8:]
_NO_LIGHT = int(LightStatus.UNKNOWN)


def read_scene(info: SceneInfo, tables: dict[str, pa.Table], rate_hz: float | None) -> Scene:
    """Builds the scene of ``info`` from its row groups."""
    ego_table = tables["ego"]
    keyframe_us, _ = keyframe_poses(ego_table)
    grid = (
        keyframe_us
        if rate_hz is None
        else time_grid(int(keyframe_us[0]), int(keyframe_us[-1]), rate_hz)
    )
    road_map, route = map_tables.from_table(tables["map"], info.map_origin)
    return Scene(
        id=info.id,
        source=info.source,
        location=info.location,
        split=info.split,
        times_us=grid,
        ego=_ego(ego_table, grid, info.vehicle.wheelbase_m),
        vehicle=info.vehicle,
        tracks=_tracks(tables["tracks"], grid),
        map=road_map,
        lights=_lights(tables["lights"], grid),
        route=route.points,
        route_roadblocks=roadblocks_along(road_map, route.lane_ids),
        native_rate_hz=info.native_rate_hz,
        world_spec=info.world_spec,
        policy=info.policy,
    )


def keyframe_poses(ego: pa.Table) -> tuple[np.ndarray, np.ndarray]:
    """Times int64 [K] and recorded poses [K, 4, 4] of the keyframes."""
    rows = ego.filter(pa.compute.is_valid(ego["keyframe"]))
    rotation = se3.rotation_from_quaternion(_columns(rows, "qw", "qx", "qy", "qz"))
    return (rows["time_us"].to_numpy(), se3.matrix(rotation, _columns(rows, "x_m", "y_m", "z_m")))


def _columns(table: pa.Table, *names: str) -> np.ndarray:
    return np.column_stack([table[name].to_numpy() for name in names])


def _ego(ego: pa.Table, grid: np.ndarray, wheelbase_m: float) -> np.ndarray:
    """[T, 11]: recorded motion where the log has all of it, else derived from the poses."""
    times = ego["time_us"].to_numpy()
    rotation = se3.rotation_from_quaternion(_columns(ego, "qw", "qx", "qy", "qz"))
    poses = np.column_stack([_columns(ego, "x_m", "y_m"), se3.yaw_from_rotation(rotation)])
    if not any(ego[name].null_count for name in _MOTION):
        state = np.column_stack([poses, _columns(ego, *_MOTION)])
        return resample(times, state, grid, angle_columns=(2,), max_gap_s=np.inf)[0]
    fine = time_grid(int(times[0]), int(times[-1]), _FINE_RATE_HZ)
    interval_s = float(np.median(np.diff(times))) / 1e6 if len(times) > 1 else 0.1
    on_fine, _ = resample(times, poses, fine, angle_columns=(2,), max_gap_s=np.inf)
    derived = ego_motion.from_poses(
        fine, on_fine, wheelbase_m=wheelbase_m, record_interval_s=interval_s
    )
    inside = np.clip(grid, fine[0], fine[-1])
    out, _ = resample(fine, derived, inside, angle_columns=(2,), max_gap_s=np.inf)
    exact, _ = resample(times, poses, grid, angle_columns=(2,), max_gap_s=np.inf)
    out[:, : EgoColumn.HEADING + 1] = exact
    return out


def _tracks(table: pa.Table, grid: np.ndarray) -> Tracks:
    ids = table["track_id"].combine_chunks()
    ids = ids if pa.types.is_dictionary(ids.type) else ids.dictionary_encode()
    code = ids.indices.to_numpy()
    order = np.argsort(code, kind="stable")  # rows stay in time order within a track
    present, first = np.unique(code[order], return_index=True)
    appearance = np.argsort([order[i] for i in first], kind="stable")
    blocks = np.split(order, first[1:]) if len(present) else []
    blocks = [blocks[i] for i in appearance]
    times = table["time_us"].to_numpy()
    values = _columns(table, "x_m", "y_m", "z_m", "yaw_rad", "vx_mps", "vy_mps")
    sizes = _columns(table, "length_m", "width_m", "height_m")
    state = np.zeros((len(blocks), len(grid), TRACK_COLUMNS))
    valid = np.zeros((len(blocks), len(grid)), bool)
    for n, rows in enumerate(blocks):
        state[n], valid[n] = _one_track(times[rows], values[rows], grid)
    first_rows = np.array([rows[0] for rows in blocks], np.int64)
    heads = table.select(["track_id", "category", "score_type", "occ_class"]).take(first_rows)
    return Tracks(
        ids=tuple(heads["track_id"].to_pylist()),
        categories=tuple(heads["category"].to_pylist()),
        score_type=heads["score_type"].to_numpy().astype(np.int8),
        occ_class=heads["occ_class"].to_numpy().astype(np.int8),
        size_m=np.array([np.median(sizes[rows], axis=0) for rows in blocks]).reshape(-1, 3),
        state=state,
        valid=valid,
    )


def _one_track(
    times: np.ndarray, values: np.ndarray, grid: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    velocity = values[:, [TrackColumn.VX, TrackColumn.VY]]
    if np.isnan(velocity).any():
        derived = finite_difference(times, values[:, :2])
        values = values.copy()
        values[:, [TrackColumn.VX, TrackColumn.VY]] = np.where(
            np.isnan(velocity), derived, velocity
        )
    return resample(times, values, grid, angle_columns=(TrackColumn.HEADING,))


def _lights(table: pa.Table, grid: np.ndarray) -> Lights:
    """The last reported state at each instant; unknown before the first report."""
    if table.num_rows == 0:
        return Lights()
    lanes = np.array(table["lane_id"].to_pylist(), dtype=object)
    times, status = table["time_us"].to_numpy(), table["status"].to_numpy()
    ids = tuple(dict.fromkeys(lanes))
    out = np.full((len(ids), len(grid)), _NO_LIGHT, np.int8)
    for row, lane in enumerate(ids):
        mine = lanes == lane
        at = np.searchsorted(times[mine], grid, side="right") - 1
        out[row] = np.where(at >= 0, status[mine][np.maximum(at, 0)], _NO_LIGHT)
    return Lights(lane_ids=ids, status=out)


def read_image(path: str) -> np.ndarray:
    """uint8 [H, W, 3] of a local path or fsspec address."""
    from PIL import Image, UnidentifiedImageError

    try:
        with fsspec.open(path, "rb") as stream, Image.open(stream) as picture:
            return np.asarray(picture.convert("RGB"))
    except FileNotFoundError as error:
        raise InputError("image file is missing", file=path, fix=_FETCH) from error
    except (UnidentifiedImageError, OSError) as error:
        known = not isinstance(error, UnidentifiedImageError)  # its text is a stream's address
        why = f" ({error})" if known else ""
        raise InputError(f"not a readable image{why}", file=path, fix=_FETCH) from error


def read_points(path: str) -> np.ndarray:
    """float32 [P, 5] of a nuScenes ``.pcd.bin``."""
    try:
        with fsspec.open(path, "rb") as stream:
            raw = stream.read()
    except FileNotFoundError as error:
        raise InputError("lidar file is missing", file=path, fix=_FETCH) from error
    if len(raw) % 20:
        raise InputError(f"{len(raw)} bytes are not rows of 5 float32", file=path, fix=_FETCH)
    return np.frombuffer(raw, np.float32).reshape(-1, 5)


_FETCH = "fetch the file or use a scene that has it (drivewm inspect)"


def unpack_label(row: dict[str, Any]) -> OccupancyLabel:
    """The label of one row of the occupancy table."""
    return OccupancyLabel(
        semantics=unpack_semantics(row["semantics"]),
        mask_camera=unpack_mask(row["mask_camera"]),
        mask_lidar=unpack_mask(row["mask_lidar"]),
    )
