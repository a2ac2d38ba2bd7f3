"""A scene record as Arrow tables, checked and hashed."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from drivewm.errors import InputError
from drivewm.logs import map_tables, schema
from drivewm.logs.occupancy_codec import pack_mask, pack_semantics
from drivewm.logs.records import EgoRows, LightRows, SceneRecord, SensorRow, TrackRows
from drivewm.logs.route import scene_route
from drivewm.scene.classes import classify


def build(record: SceneRecord) -> dict[str, pa.Table]:
    """Every table of one scene, ``scenes`` (one row) included.

    Raises:
        InputError: a pose is not finite, a box has no size, times do not increase, a class is
            outside the occupancy classes.
    """
    _check_ego(record)
    _check_tracks(record)
    tables = {
        "ego": _ego(record.id, record.ego),
        "tracks": _tracks(record.id, record.source, record.tracks),
        "cameras": _sensors(record.id, record.cameras, schema.CAMERAS),
        "lidar": _sensors(record.id, record.lidar, schema.LIDAR),
        "map": map_tables.to_table(record.id, record.road_map, scene_route(record)),
        "lights": _lights(record.id, record.lights),
        "occupancy": _occupancy(record),
    }
    tables["scenes"] = _scene(record, tables)
    return tables


def content_hash(tables: dict[str, pa.Table]) -> str:
    """blake2b over the Arrow bytes of a scene's tables, in the order of the schema."""
    digest = hashlib.blake2b(digest_size=16)
    for name in schema.SCENE_TABLES:
        sink = pa.BufferOutputStream()
        table = tables[name].combine_chunks().replace_schema_metadata(None)
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        digest.update(name.encode())
        digest.update(sink.getvalue())
    return digest.hexdigest()


def _check_ego(record: SceneRecord) -> None:
    ego = record.ego
    poses = np.column_stack([ego.translation_m, ego.rotation_wxyz])
    where = f"scene {record.id}, ego pose"
    if len(poses) == 0 or not (ego.keyframe >= 0).any():
        raise InputError("the scene has no ego pose", file=record.data_root, field=where)
    if not np.isfinite(poses).all():
        row = int(np.nonzero(~np.isfinite(poses).all(1))[0][0])
        raise InputError(
            f"pose at {ego.times_us[row]} us is not finite",
            file=record.data_root,
            field=where,
            fix="repair or remove the pose",
        )
    if (np.diff(ego.times_us) <= 0).any():
        raise InputError("pose times do not increase", file=record.data_root, field=where)


def _check_tracks(record: SceneRecord) -> None:
    tracks = record.tracks
    bad_size = ~(tracks.size_m > 0).all(1)
    bad_pose = ~np.isfinite(np.column_stack([tracks.center_m, tracks.yaw_rad])).all(1)
    for bad, what in ((bad_size, "size is not above 0"), (bad_pose, "pose is not finite")):
        if bad.any():
            row = int(np.nonzero(bad)[0][0])
            raise InputError(
                f"box of track {tracks.track_id[row]} at {tracks.times_us[row]} us: {what}",
                file=record.data_root,
                field=f"scene {record.id}, tracks",
                fix="repair or remove the box",
            )
    _, track = np.unique(np.array(tracks.track_id, str), return_inverse=True)
    order = np.lexsort((tracks.times_us, track))
    again = (np.diff(track[order]) == 0) & (np.diff(tracks.times_us[order]) == 0)
    if again.any():
        row = int(order[1:][again][0])
        raise InputError(
            f"track {tracks.track_id[row]} has two boxes at {tracks.times_us[row]} us",
            file=record.data_root,
            field=f"scene {record.id}, tracks",
            fix="remove one of them",
        )


def _nullable(values: np.ndarray | None, rows: int) -> pa.Array:
    if values is None:
        return pa.nulls(rows, pa.float64())
    return pa.array(np.asarray(values, float), mask=np.isnan(values))


def _keyframe(index: np.ndarray) -> pa.Array:
    return pa.array(index.astype(np.int32), mask=index < 0)


def _table(name: str, columns: dict[str, Any]) -> pa.Table:
    target = schema.TABLES[name]
    return pa.table(
        [
            pa.array(columns[c], target.field(c).type)
            if isinstance(columns[c], list)
            else columns[c]
            for c in target.names
        ],
        schema=target,
    )


def _ego(scene_id: str, ego: EgoRows) -> pa.Table:
    rows = len(ego.times_us)
    motion = ego.motion
    names = schema.EGO.names[-8:]
    return _table(
        "ego",
        {
            "scene_id": [scene_id] * rows,
            "time_us": pa.array(ego.times_us, pa.int64()),
            "keyframe": _keyframe(ego.keyframe),
            **{f"{axis}_m": pa.array(ego.translation_m[:, i]) for i, axis in enumerate("xyz")},
            **{f"q{axis}": pa.array(ego.rotation_wxyz[:, i]) for i, axis in enumerate("wxyz")},
            **{
                n: _nullable(None if motion is None else motion[:, i], rows)
                for i, n in enumerate(names)
            },
        },
    )


def _tracks(scene_id: str, source: str, tracks: TrackRows) -> pa.Table:
    rows = len(tracks.track_id)
    kinds = {
        # ScenarioNet keeps the original name (vehicle.truck), which says more than its own VEHICLE
        name: classify("nuscenes" if "." in name else source, name)
        for name in dict.fromkeys(tracks.category)
    }
    velocity = tracks.velocity_mps
    return _table(
        "tracks",
        {
            "scene_id": [scene_id] * rows,
            "time_us": pa.array(tracks.times_us, pa.int64()),
            "keyframe": _keyframe(tracks.keyframe),
            "track_id": tracks.track_id,
            "category": tracks.category,
            "score_type": [int(kinds[c][0]) for c in tracks.category],
            "occ_class": [int(kinds[c][1]) for c in tracks.category],
            **{f"{axis}_m": pa.array(tracks.center_m[:, i]) for i, axis in enumerate("xyz")},
            "yaw_rad": pa.array(tracks.yaw_rad),
            **{
                f"{n}_m": pa.array(tracks.size_m[:, i])
                for i, n in enumerate(("length", "width", "height"))
            },
            "vx_mps": _nullable(None if velocity is None else velocity[:, 0], rows),
            "vy_mps": _nullable(None if velocity is None else velocity[:, 1], rows),
        },
    )


def _sensors(scene_id: str, rows: Sequence[SensorRow], target: pa.Schema) -> pa.Table:
    ordered = sorted(rows, key=lambda row: (row.timestamp_us, row.channel))
    dicts = [
        {
            "scene_id": scene_id,
            "keyframe": row.keyframe if row.keyframe >= 0 else None,
            "channel": row.channel,
            "timestamp_us": row.timestamp_us,
            "global_from_ego": row.global_from_ego.ravel(),
            "ego_from_sensor": row.ego_from_sensor.ravel(),
            "intrinsics": None if row.intrinsics is None else row.intrinsics.ravel(),
            "width": row.width,
            "height": row.height,
            "path": row.path,
            "exists": row.exists,
        }
        for row in ordered
    ]
    return pa.table({n: [d[n] for d in dicts] for n in target.names}, schema=target)


def _lights(scene_id: str, lights: LightRows | None) -> pa.Table:
    if lights is None or not lights.lane_ids:
        return schema.LIGHTS.empty_table()
    steps, count = len(lights.times_us), len(lights.lane_ids)
    return _table(
        "lights",
        {
            "scene_id": [scene_id] * (steps * count),
            "time_us": pa.array(np.tile(lights.times_us, count), pa.int64()),
            "lane_id": [lane for lane in lights.lane_ids for _ in range(steps)],
            "status": pa.array(lights.status.reshape(-1), pa.int8()),
            "stop_x_m": _nullable(np.repeat(lights.stop_points[:, 0], steps), steps * count),
            "stop_y_m": _nullable(np.repeat(lights.stop_points[:, 1], steps), steps * count),
        },
    )


def _occupancy(record: SceneRecord) -> pa.Table:
    rows: dict[str, list] = {name: [] for name in schema.OCCUPANCY.names}
    for keyframe, label in record.occupancy() if record.occupancy else ():
        rows["scene_id"].append(record.id)
        rows["keyframe"].append(keyframe)
        rows["semantics"].append(pack_semantics(label.semantics))
        rows["mask_camera"].append(pack_mask(label.mask_camera))
        rows["mask_lidar"].append(pack_mask(label.mask_lidar))
    return pa.table(rows, schema=schema.OCCUPANCY)


def _scene(record: SceneRecord, tables: dict[str, pa.Table]) -> pa.Table:
    ego, vehicle = record.ego, record.vehicle
    times = ego.times_us[ego.keyframe >= 0]

    def present(name: str) -> int:
        rows = tables[name].select(["keyframe", "exists"]).to_pylist()
        return sum(row["exists"] and row["keyframe"] is not None for row in rows)

    row = {
        "id": record.id,
        "source": record.source,
        "location": record.location,
        "split": record.split,
        "start_us": int(times[0]),
        "duration_s": float(times[-1] - times[0]) / 1e6,
        "native_rate_hz": record.native_rate_hz,
        "keyframes": len(times),
        "tracks": len(dict.fromkeys(record.tracks.track_id)),
        "licence": record.licence,
        "content_hash": content_hash(tables),
        "length_m": vehicle.length_m,
        "width_m": vehicle.width_m,
        "height_m": vehicle.height_m,
        "rear_axle_to_center_m": vehicle.rear_axle_to_center_m,
        "wheelbase_m": vehicle.wheelbase_m,
        "map_origin": record.road_map.origin,
        "has_images": present("cameras"),
        "has_lidar": present("lidar"),
        "has_occupancy": tables["occupancy"].num_rows,
        "speed_limit_mps": record.speed_limit_mps,
        "policy": record.policy,
        "world_spec": record.world_spec,
        "notes": record.notes,
        "data_root": record.data_root,
        "data_root_relative": None,
    }
    return pa.table({name: [row[name]] for name in schema.SCENES.names}, schema=schema.SCENES)
