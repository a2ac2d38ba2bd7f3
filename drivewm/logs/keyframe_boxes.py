"""Poses and boxes of one keyframe of a scene record. Shapes: N boxes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drivewm.geometry import se3
from drivewm.logs.records import EgoRows, SceneRecord
from drivewm.scene import MOVABLE
from drivewm.scene.classes import classify


@dataclass(frozen=True, kw_only=True)
class KeyframeBoxes:
    """Annotated boxes in the ego frame of their keyframe."""

    track_id: tuple[str, ...]  # N
    ego_from_box: np.ndarray  # [N, 4, 4], origin at the box centre, x ahead
    size_m: np.ndarray  # [N, 3] length, width, height
    occ_class: np.ndarray  # uint8 [N]


def keyframe_pose(ego: EgoRows, keyframe: int) -> np.ndarray:
    """[4, 4] global_from_ego of the rear axle at a keyframe."""
    row = int(np.flatnonzero(ego.keyframe == keyframe)[0])
    return se3.matrix(se3.rotation_from_quaternion(ego.rotation_wxyz[row]), ego.translation_m[row])


def boxes_at(record: SceneRecord, keyframe: int) -> KeyframeBoxes:
    """The boxes annotated at a keyframe."""
    tracks = record.tracks
    rows = np.flatnonzero(tracks.keyframe == keyframe)
    ego_from_global = se3.inverse(keyframe_pose(record.ego, keyframe))
    rotation = se3.rotation_from_quaternion(se3.quaternion_from_yaw(tracks.yaw_rad[rows]))
    classes = [int(classify(record.source, tracks.category[row])[1]) for row in rows]
    return KeyframeBoxes(
        track_id=tuple(tracks.track_id[row] for row in rows),
        ego_from_box=ego_from_global @ se3.matrix(rotation, tracks.center_m[rows]),
        size_m=tracks.size_m[rows],
        occ_class=np.array(classes, np.uint8),
    )


def movable_centers(record: SceneRecord, keyframe: int) -> np.ndarray:
    """Centres [N, 3] of the movable boxes of a keyframe, in its ego frame."""
    boxes = boxes_at(record, keyframe)
    movable = np.isin(boxes.occ_class, [int(c) for c in MOVABLE])
    return boxes.ego_from_box[movable, :3, 3]
