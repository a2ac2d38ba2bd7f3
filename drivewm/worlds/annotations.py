"""Rows of ``sample_annotation`` and ``instance``. Shapes: N actors, T steps, K keyframes."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from drivewm.scene import TrackColumn
from drivewm.worlds.actors import Actors
from drivewm.worlds.tables import attribute_token, category_token, token

REACH_M = 80.0  # objects farther from the ego are not annotated
MOVING_MPS = 0.2
CYCLES = ("vehicle.bicycle", "vehicle.motorcycle")


def annotated(actors: Actors, ego_pose: np.ndarray) -> np.ndarray:
    """int64 [A]: indices of the valid actors within reach of the ego."""
    away = np.hypot(*(actors.state[:, :2] - ego_pose[:2]).T)
    return np.flatnonzero(actors.valid & (away <= REACH_M))


def ever_moving(state: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """bool [N]: does the actor move at any valid step? ``state`` [N, T, 6], ``valid`` [N, T]."""
    speed = np.hypot(state[..., TrackColumn.VX], state[..., TrackColumn.VY])
    return ((speed > MOVING_MPS) & valid).any(1)


def attribute(category: str, speed_mps: float, moves: bool) -> str | None:
    """The nuScenes attribute of an object; ``moves``: does it move at any time of the scene?"""
    if category in CYCLES:
        return "cycle.with_rider" if moves else "cycle.without_rider"
    if category.startswith("vehicle."):
        if speed_mps > MOVING_MPS:
            return "vehicle.moving"
        return "vehicle.stopped" if moves else "vehicle.parked"
    if category.startswith("human.pedestrian."):
        return "pedestrian.moving" if speed_mps > MOVING_MPS else "pedestrian.standing"
    return None


def quaternion(heading_rad: float) -> list[float]:
    """w, x, y, z of a turn about z."""
    half = heading_rad / 2
    return [round(float(np.cos(half)), 12), 0.0, 0.0, round(float(np.sin(half)), 12)]


@dataclass(kw_only=True)
class Annotator:
    """Collects the annotations of one scene, keyframe after keyframe, and links them."""

    scene_token: str
    moves: np.ndarray  # bool [N]
    rows: list[dict] = field(default_factory=list)
    _last: dict[int, dict] = field(default_factory=dict)
    _instances: dict[int, dict] = field(default_factory=dict)

    def add(
        self,
        sample_token: str,
        actors: Actors,
        chosen: np.ndarray,  # int64 [A] of ``annotated``
        visibility: list[str],  # A visibility tokens
        lidar_points: np.ndarray,  # int64 [A]
    ) -> None:
        """Annotates the ``chosen`` actors of one keyframe."""
        for index, seen, count in zip(chosen.tolist(), visibility, lidar_points.tolist()):
            row = self._row(sample_token, actors, index)
            row.update(visibility_token=seen, num_lidar_pts=count, num_radar_pts=0)
            before = self._last.get(index)
            if before is not None:
                before["next"], row["prev"] = row["token"], before["token"]
            self._count(row, actors.categories[index], index)
            self._last[index] = row
            self.rows.append(row)

    def instances(self) -> list[dict]:
        """One row per annotated actor, in order of first appearance."""
        return list(self._instances.values())

    def _row(self, sample_token: str, actors: Actors, index: int) -> dict:
        state, size = actors.state[index], actors.size_m[index]
        speed = float(np.hypot(state[TrackColumn.VX], state[TrackColumn.VY]))
        name = attribute(actors.categories[index], speed, bool(self.moves[index]))
        return {
            "token": token("annotation", self.scene_token, sample_token, actors.ids[index]),
            "sample_token": sample_token,
            "instance_token": actors.ids[index],
            "visibility_token": "",
            "attribute_tokens": [attribute_token(name)] if name else [],
            "translation": [round(float(v), 6) for v in state[:3]],
            "size": [round(float(size[k]), 6) for k in (1, 0, 2)],  # width, length, height
            "rotation": quaternion(float(state[TrackColumn.HEADING])),
            "prev": "",
            "next": "",
        }

    def _count(self, row: dict, category: str, index: int) -> None:
        instance = self._instances.setdefault(
            index,
            {
                "token": row["instance_token"],
                "category_token": category_token(category),
                "nbr_annotations": 0,
                "first_annotation_token": row["token"],
                "last_annotation_token": "",
            },
        )
        instance["nbr_annotations"] += 1
        instance["last_annotation_token"] = row["token"]
