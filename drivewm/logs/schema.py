"""The tables of a fleet. One row group per scene in every table, in the order of ``scenes``.

Times are int64 microseconds; lengths m, angles rad, speeds m/s; a null is a value that the source
does not know. Poses are SE(3) of the rear axle in the map frame; boxes are centres in that frame.
"""

from __future__ import annotations

import pyarrow as pa

SCHEMA_VERSION = 1
VERSION_KEY = b"drivewm_fleet_schema"

_F, _S, _I64, _I32, _I8 = pa.float64(), pa.string(), pa.int64(), pa.int32(), pa.int8()
_VECTOR = pa.list_(pa.float64())  # 4x4 and 3x3 matrices, row by row


def _schema(**columns: pa.DataType) -> pa.Schema:
    return pa.schema(list(columns.items()), metadata={VERSION_KEY: str(SCHEMA_VERSION).encode()})


SCENES = _schema(
    id=_S,
    source=_S,
    location=_S,
    split=_S,
    start_us=_I64,
    duration_s=_F,
    native_rate_hz=_F,
    keyframes=_I32,
    tracks=_I32,
    licence=_S,
    content_hash=_S,
    length_m=_F,
    width_m=_F,
    height_m=_F,
    rear_axle_to_center_m=_F,
    wheelbase_m=_F,
    map_origin=_S,
    has_images=_I32,
    has_lidar=_I32,
    has_occupancy=_I32,
    speed_limit_mps=_F,
    policy=_S,
    world_spec=_S,
    notes=_S,
    data_root=_S,
    data_root_relative=_S,
)
EGO = _schema(
    scene_id=_S,
    time_us=_I64,
    keyframe=_I32,
    x_m=_F,
    y_m=_F,
    z_m=_F,
    qw=_F,
    qx=_F,
    qy=_F,
    qz=_F,
    vx_mps=_F,
    vy_mps=_F,
    ax_mps2=_F,
    ay_mps2=_F,
    steer_rad=_F,
    steer_rate_radps=_F,
    yaw_rate_radps=_F,
    yaw_acc_radps2=_F,
)
TRACKS = _schema(
    scene_id=_S,
    time_us=_I64,
    keyframe=_I32,
    track_id=_S,
    category=_S,
    score_type=_I8,
    occ_class=_I8,
    x_m=_F,
    y_m=_F,
    z_m=_F,
    yaw_rad=_F,
    length_m=_F,
    width_m=_F,
    height_m=_F,
    vx_mps=_F,
    vy_mps=_F,
)
CAMERAS = _schema(
    scene_id=_S,
    keyframe=_I32,
    channel=_S,
    timestamp_us=_I64,
    global_from_ego=_VECTOR,
    ego_from_sensor=_VECTOR,
    intrinsics=_VECTOR,
    width=_I32,
    height=_I32,
    path=_S,
    exists=pa.bool_(),
)
LIDAR = _schema(
    scene_id=_S,
    keyframe=_I32,
    channel=_S,
    timestamp_us=_I64,
    global_from_ego=_VECTOR,
    ego_from_sensor=_VECTOR,
    path=_S,
    exists=pa.bool_(),
)
MAP = _schema(
    scene_id=_S,
    layer=_S,
    id=_S,
    geometry=pa.binary(),
    polygon=pa.binary(),
    left_boundary=pa.binary(),
    right_boundary=pa.binary(),
    is_connector=pa.bool_(),
    is_bike=pa.bool_(),
    speed_limit_mps=_F,
    successors=pa.list_(_S),
    predecessors=pa.list_(_S),
    left_neighbor=_S,
    right_neighbor=_S,
    roadblock_id=_S,
    has_light=pa.bool_(),
)
LIGHTS = _schema(
    scene_id=_S,
    time_us=_I64,
    lane_id=_S,
    status=_I8,
    stop_x_m=_F,
    stop_y_m=_F,
)
OCCUPANCY = _schema(
    scene_id=_S,
    keyframe=_I32,
    semantics=pa.binary(),
    mask_camera=pa.binary(),
    mask_lidar=pa.binary(),
)
TABLES: dict[str, pa.Schema] = {
    "scenes": SCENES,
    "ego": EGO,
    "tracks": TRACKS,
    "cameras": CAMERAS,
    "lidar": LIDAR,
    "map": MAP,
    "lights": LIGHTS,
    "occupancy": OCCUPANCY,
}
SCENE_TABLES = tuple(name for name in TABLES if name != "scenes")
