"""A hand-made nuScenes dataroot whose truth is known: the ego drives along y = 50 at 5 m/s, a car
leads it by 15 m at the same speed, another is parked; the road is 40 < y < 60."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from PIL import Image

VERSION = "v1.0-mini"
SCENE = "scene-0001"
START_US = 1_600_000_000_000_000
KEYFRAMES = 9
SPEED_MPS = 5.0
START_X_M, LANE_Y_M = 30.0, 50.0
LEAD_M = 15.0
LOCATION = "boston-seaport"
LEADER, PARKED = "a" * 32, "b" * 32


def token(*names: object) -> str:
    return "-".join(map(str, names))


def keyframe_us(k: int) -> int:
    return START_US + 500_000 * k


def ego_x_m(time_us: int) -> float:
    return START_X_M + SPEED_MPS * (time_us - START_US) / 1e6


def write(root: Path, *, expansion: bool = False, splits: dict | None = None) -> Path:
    """Writes the dataroot: LIDAR_TOP and CAM_FRONT per keyframe, files of the first one only."""
    tables = base_tables()
    folder = root / VERSION
    folder.mkdir(parents=True)
    for name, rows in tables.items():
        (folder / f"{name}.json").write_text(json.dumps(rows))
    if splits is not None:
        (folder / "splits.json").write_text(json.dumps(splits))
    (root / "maps").mkdir()
    mask = np.zeros((1000, 1500), np.uint8)  # 150 x 100 m
    mask[400:600] = 255
    Image.fromarray(mask).save(root / "maps" / "mask.png")
    for row in tables["sample_data"][:2]:
        path = root / row["filename"]
        path.parent.mkdir(parents=True)
        if path.suffix == ".jpg":
            Image.fromarray(np.full((90, 160, 3), 128, np.uint8)).save(path)
        else:
            np.arange(20, dtype=np.float32).tofile(path)
    if expansion:
        (root / "maps" / "expansion").mkdir()
        (root / "maps" / "expansion" / f"{LOCATION}.json").write_text(json.dumps(expansion_json()))
    return root


def base_tables() -> dict[str, list[dict]]:
    samples = [
        {
            "token": token("sample", k),
            "timestamp": keyframe_us(k),
            "scene_token": "scene",
            "prev": token("sample", k - 1) if k else "",
            "next": token("sample", k + 1) if k < KEYFRAMES - 1 else "",
        }
        for k in range(KEYFRAMES)
    ]
    data, poses = [], []
    for k in range(KEYFRAMES):
        for channel, offset_us, suffix in (
            ("LIDAR_TOP", 0, "pcd.bin"),
            ("CAM_FRONT", -40_000, "jpg"),
        ):
            time_us = keyframe_us(k) + offset_us
            name = token(channel, k)
            poses.append(
                {
                    "token": name,
                    "timestamp": time_us,
                    "rotation": [1.0, 0.0, 0.0, 0.0],
                    "translation": [ego_x_m(time_us), LANE_Y_M, 0.0],
                }
            )
            camera = suffix == "jpg"
            data.append(
                {
                    "token": name,
                    "sample_token": token("sample", k),
                    "ego_pose_token": name,
                    "calibrated_sensor_token": token("calibration", channel),
                    "timestamp": time_us,
                    "fileformat": "jpg" if camera else "pcd",
                    "is_key_frame": True,
                    "height": 90 if camera else 0,
                    "width": 160 if camera else 0,
                    "filename": f"samples/{channel}/{k}.{suffix}",
                    "prev": "",
                    "next": "",
                }
            )
    annotations = []
    for k in range(KEYFRAMES):
        annotations.append(annotation(k, LEADER, ego_x_m(keyframe_us(k)) + LEAD_M, LANE_Y_M))
        annotations.append(annotation(k, PARKED, 60.0, 57.0))
    return {
        "category": [{"token": "car", "name": "vehicle.car", "description": ""}],
        "attribute": [],
        "visibility": [],
        "instance": [
            {
                "token": name,
                "category_token": "car",
                "nbr_annotations": KEYFRAMES,
                "first_annotation_token": token(name, 0),
                "last_annotation_token": token(name, KEYFRAMES - 1),
            }
            for name in (LEADER, PARKED)
        ],
        "sensor": [
            {"token": "LIDAR_TOP", "channel": "LIDAR_TOP", "modality": "lidar"},
            {"token": "CAM_FRONT", "channel": "CAM_FRONT", "modality": "camera"},
        ],
        "calibrated_sensor": [
            {
                "token": token("calibration", "LIDAR_TOP"),
                "sensor_token": "LIDAR_TOP",
                "translation": [0.9, 0.0, 1.8],
                "rotation": [1.0, 0.0, 0.0, 0.0],
                "camera_intrinsic": [],
            },
            {
                "token": token("calibration", "CAM_FRONT"),
                "sensor_token": "CAM_FRONT",
                "translation": [1.7, 0.0, 1.5],
                "rotation": [0.5, -0.5, 0.5, -0.5],
                "camera_intrinsic": [[126.0, 0.0, 80.0], [0.0, 126.0, 45.0], [0.0, 0.0, 1.0]],
            },
        ],
        "ego_pose": poses,
        "log": [
            {
                "token": "log",
                "logfile": "n000",
                "vehicle": "n000",
                "location": LOCATION,
                "date_captured": "2020-09-13",
            }
        ],
        "scene": [
            {
                "token": "scene",
                "log_token": "log",
                "nbr_samples": KEYFRAMES,
                "name": SCENE,
                "first_sample_token": token("sample", 0),
                "description": "follow a car",
                "last_sample_token": token("sample", KEYFRAMES - 1),
            }
        ],
        "sample": samples,
        "sample_data": data,
        "sample_annotation": annotations,
        "map": [
            {
                "token": "map",
                "category": "semantic_prior",
                "filename": "maps/mask.png",
                "log_tokens": ["log"],
            }
        ],
    }


def annotation(k: int, instance: str, x_m: float, y_m: float) -> dict:
    return {
        "token": token(instance, k),
        "sample_token": token("sample", k),
        "instance_token": instance,
        "visibility_token": "",
        "attribute_tokens": [],
        "translation": [x_m, y_m, 0.8],
        "size": [1.9, 4.5, 1.6],
        "rotation": [1.0, 0.0, 0.0, 0.0],
        "prev": token(instance, k - 1) if k else "",
        "next": token(instance, k + 1) if k < KEYFRAMES - 1 else "",
        "num_lidar_pts": 5,
        "num_radar_pts": 0,
    }


def expansion_json() -> dict:
    """One road with a lane, a connector and a lane in a row along y = 50, and a crossing."""
    nodes: list[dict] = []
    polygons: list[dict] = []

    def polygon(x0: float, y0: float, x1: float, y1: float) -> str:
        ring = []
        for x, y in ((x0, y0), (x1, y0), (x1, y1), (x0, y1)):
            nodes.append({"token": f"n{len(nodes)}", "x": x, "y": y})
            ring.append(nodes[-1]["token"])
        polygons.append({"token": f"p{len(polygons)}", "exterior_node_tokens": ring, "holes": []})
        return polygons[-1]["token"]

    def straight(x0: float, length: float) -> list[dict]:
        return [
            {
                "start_pose": [x0, LANE_Y_M, 0.0],
                "end_pose": [x0 + length, LANE_Y_M, 0.0],
                "shape": "LSR",
                "radius": 999.0,
                "segment_length": [0.0, length, 0.0],
            }
        ]

    lane = {"lane_type": "CAR", "left_lane_divider_segments": [], "right_lane_divider_segments": []}
    return {
        "version": "1.3",
        "canvas_edge": [150.0, 100.0],
        "drivable_area": [{"token": "d", "polygon_tokens": [polygon(0, 40, 150, 60)]}],
        "road_segment": [
            {"token": "r", "polygon_token": polygon(60, 40, 70, 60), "is_intersection": True}
        ],
        "lane": [
            {"token": "in", "polygon_token": polygon(0, 48, 60, 52), **lane},
            {"token": "out", "polygon_token": polygon(70, 48, 150, 52), **lane},
        ],
        "lane_connector": [{"token": "via", "polygon_token": polygon(60, 48, 70, 52)}],
        "ped_crossing": [{"token": "c", "polygon_token": polygon(80, 40, 83, 60)}],
        "walkway": [],
        "stop_line": [],
        "carpark_area": [],
        "road_divider": [],
        "lane_divider": [],
        "line": [],
        "polygon": polygons,
        "node": nodes,
        "arcline_path_3": {"in": straight(0, 60), "via": straight(60, 10), "out": straight(70, 80)},
        "connectivity": {
            "in": {"incoming": [], "outgoing": ["via"]},
            "via": {"incoming": ["in"], "outgoing": ["out"]},
            "out": {"incoming": ["via"], "outgoing": []},
        },
    }


def edit(root: Path, table: str, change) -> None:
    """Applies ``change`` to the parsed records of a table and writes them back."""
    path = root / VERSION / f"{table}.json"
    rows = json.loads(path.read_text())
    changed = change(rows)
    path.write_text(json.dumps(rows if changed is None else changed))
