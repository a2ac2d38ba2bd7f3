"""What truly happened in a scene, frame by frame, on the model's grid.

Shapes: K frames, X, Y, Z cells, H forecast frames, O ray origins.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from drivewm.errors import InputError
from drivewm.eval.forecast.windows import Window, frame_times
from drivewm.geometry.se2 import compose, from_local, relative
from drivewm.logs.fleet import Fleet
from drivewm.logs.records import OccupancyLabel
from drivewm.models.grid import (
    OCC3D_CLASSES,
    OCC3D_ORIGIN_M,
    OCC3D_SHAPE,
    GridConfig,
    cell_centers,
    pool_mask,
)
from drivewm.models.grid import pool_labels as pooled
from drivewm.models.world_model import ModelConfig
from drivewm.scene import MOVABLE, OccClass, Scene, Tracks
from drivewm.scene.rasterise import rasterise
from drivewm.training.clips import Frames, load_frames

NEAR_US = 60_000  # a label this near to a frame is its label
LIDAR_M = np.array([0.9858, 0.0, 1.8402])  # nuScenes' LIDAR_TOP, where a fleet has no lidar
ORIGIN_REACH_M = 39.0  # origins of rays lie this near to the ego (SparseOcc)
_MOVABLE = np.array([int(c) for c in MOVABLE])


@dataclass(frozen=True, kw_only=True)
class WindowTruth:
    """The frames of a window from now on."""

    occupancy: np.ndarray  # uint8 [H + 1, X, Y, Z]
    masks: dict[str, np.ndarray | None]  # name -> bool [H + 1, X, Y, Z]; None = every voxel
    flow: np.ndarray  # float32 [H + 1, 2, X, Y]
    flow_known: np.ndarray  # bool [H + 1, X, Y]
    poses: np.ndarray  # [H + 1, 3] of the ego, in its frame of now
    times_s: np.ndarray  # [H + 1] since now
    origins_m: list[np.ndarray]  # H + 1 of [O, 3], each in the ego frame of its instant


@dataclass(frozen=True, kw_only=True)
class SceneTruth:
    """One scene: the frames as the model reads them, and what only the judge needs."""

    grid: GridConfig
    scene: Scene
    frames: Frames
    times_us: np.ndarray  # int64 [K]
    steps: np.ndarray  # int [K] into the scene's 10 Hz grid
    camera: np.ndarray  # bool [K, X, Y, Z]
    lidar: np.ndarray
    labelled: np.ndarray  # bool [K]: a label is recorded; else boxes and road are rasterised
    lidar_m: np.ndarray  # [3] in the ego frame
    poses: np.ndarray  # [K, 3] of the ego, in the frame of the first

    def window(self, window: Window, origins: int = 1) -> WindowTruth:
        """The truth of one window; ``origins`` rays start from so many ego positions."""
        now, span = window.keyframe, slice(window.keyframe, window.last + 1)
        poses = relative(self.poses[now], self.poses[span])
        present: dict[str, np.ndarray | None] = {"none": None}
        present["overlap"] = self._inside_now(poses)
        for name, mask in (("camera", self.camera), ("lidar", self.lidar)):
            if self.labelled[span].all():
                present[name] = mask[span]
        return WindowTruth(
            occupancy=self.frames.occupancy[span], masks=present,
            flow=self.frames.flow[span].astype(np.float32),
            flow_known=self.frames.flow_known[span],
            poses=poses,
            times_s=(self.times_us[span] - self.times_us[now]) / 1e6,
            origins_m=[self._origins(k, origins) for k in range(now, window.last + 1)],
        )  # fmt: skip

    def _inside_now(self, poses: np.ndarray) -> np.ndarray:
        """Voxels of each frame [H + 1, X, Y, Z] that lie in the grid of now: the rest enters the
        grid later, and what stands there can only be guessed."""
        x0, x1, y0, y1 = self.grid.extent_m
        points = from_local(poses[:, None, None], cell_centers(self.grid)[None])
        x, y = points[..., 0], points[..., 1]
        inside = (x > x0) & (x < x1) & (y > y0) & (y < y1)
        return np.repeat(inside[..., None], self.grid.shape[2], -1)

    def _origins(self, k: int, number: int) -> np.ndarray:
        """Where rays of frame k start: the lidar now, or spread over where it was in the scene."""
        if number == 1:
            return self.lidar_m[None]
        others = relative(self.poses[k], self.poses)
        lidars = compose(others, np.array([*self.lidar_m[:2], 0.0]))[:, :2]
        near = np.flatnonzero((np.abs(lidars) < ORIGIN_REACH_M).all(1))
        chosen = near[np.round(np.linspace(0, len(near) - 1, min(number, len(near)))).astype(int)]
        return np.column_stack([lidars[chosen], np.full(len(chosen), self.lidar_m[2])])


def movable_columns(truth: WindowTruth, h: int, mask: np.ndarray | None) -> np.ndarray:
    """Columns with a movable voxel that counts and a known velocity; bool [X, Y].

    Args:
        mask: bool [X, Y, Z] of that step.
    """
    there = np.isin(truth.occupancy[h], _MOVABLE)
    there = there if mask is None else there & mask
    return there.any(-1) & truth.flow_known[h] & np.isfinite(truth.flow[h]).all(0)


def load_truth(fleet: Fleet, scene_id: str, config: ModelConfig) -> SceneTruth:
    """Reads and checks one scene.

    Raises:
        InputError: a label is of another grid or holds a class out of range; see also
            ``load_frames``.
    """
    times = frame_times(fleet, scene_id, config.encoder)
    labels = [read_label(fleet, scene_id, k) for k in _keyframes_at(fleet, scene_id, times)]
    frames = load_frames(fleet, scene_id, config)
    scene = fleet.scene(scene_id)
    nothing = np.zeros(config.grid.shape, bool)
    camera, lidar = (
        np.stack(
            [nothing if x is None else pool_mask(getattr(x, name), config.grid) for x in labels]
        )
        for name in ("mask_camera", "mask_lidar")
    )
    poses = [np.zeros(3)]
    for motion in frames.motion.astype(np.float64):
        poses.append(compose(poses[-1], motion))
    return SceneTruth(
        grid=config.grid, scene=scene, frames=frames, times_us=times, camera=camera, lidar=lidar,
        steps=np.abs(scene.times_us[None] - times[:, None]).argmin(1),
        labelled=np.array([label is not None for label in labels]),
        lidar_m=_lidar_position(fleet, scene_id), poses=np.stack(poses),
    )  # fmt: skip


def _keyframes_at(fleet: Fleet, scene_id: str, times_us: np.ndarray) -> list[int]:
    """The keyframe of each frame; -1 where none is near."""
    keys = np.asarray(fleet.keyframes(scene_id).times_us)
    gaps = np.abs(keys[None] - times_us[:, None])
    return [int(k) if g <= NEAR_US else -1 for k, g in zip(gaps.argmin(1), gaps.min(1))]


def read_label(fleet: Fleet, scene_id: str, keyframe: int) -> OccupancyLabel | None:
    """A keyframe's label, checked; None where there is none.

    Raises:
        InputError: it is of another grid, or a class is out of range.
    """
    if keyframe < 0:
        return None
    file, place = f"{fleet.path}/occupancy.parquet", f"{scene_id}, keyframe {keyframe}"
    try:
        label = fleet.occupancy(scene_id, keyframe)
    except (pa.ArrowInvalid, OSError, ValueError) as error:
        text = " ".join(str(error).split())
        raise InputError(
            f"{place}: not a label of the {OCC3D_SHAPE} grid ({text})", file=file,
            field="semantics", fix="ingest labels of Occ3D's grid",
        ) from error  # fmt: skip
    if label is not None and label.semantics.max() >= OCC3D_CLASSES:
        raise InputError(
            f"{place}: class {label.semantics.max()} is out of range 0 to {OCC3D_CLASSES - 1}",
            file=file, field="semantics", fix="map the classes to Occ3D's and ingest again",
        )  # fmt: skip
    return label


def label_grids(
    fleet: Fleet, scene_id: str, grid: GridConfig, every: int = 1
) -> list[tuple[int, np.ndarray]]:
    """(step of the 10 Hz scene, uint8 [X, Y, Z]) of a scene's labels, else of its rasterised
    boxes and road at 0.5 s steps; the first of ``every`` so many frames. Reads no picture."""
    scene = fleet.scene(scene_id)
    keys = np.asarray(fleet.keyframes(scene_id).times_us)[::every]
    labels = [read_label(fleet, scene_id, k * every) for k in range(len(keys))]
    if any(label is not None for label in labels):
        steps = np.abs(scene.times_us[None] - keys[:, None]).argmin(1)
        return [
            (int(s), pooled(label.semantics, grid))
            for s, label in zip(steps, labels)
            if label is not None
        ]
    return [(s, pooled(rasterise(scene, s), grid)) for s in range(0, scene.steps, 5 * every)]


def road_columns(scene: Scene, step: int, poses: np.ndarray, grid: GridConfig) -> np.ndarray | None:
    """Columns on the map's drivable area; bool [P, X, Y], None where the scene has no map.

    Args:
        poses: [P, 3] egos in the frame of the recorded one at ``step``.
    """
    if not scene.map.drivable:
        return None
    ego = np.repeat(scene.ego[step][None], len(poses), 0)
    ego[:, :3] = compose(scene.ego[step][None, :3], poses)
    bare = replace(scene, ego=ego, tracks=_no_tracks(len(poses)))
    roads = [
        pooled(rasterise(bare, p), grid) == OccClass.DRIVEABLE_SURFACE for p in range(len(ego))
    ]
    return np.stack(roads).any(-1)


def _no_tracks(steps: int) -> Tracks:
    return Tracks(
        ids=(), categories=(), score_type=np.zeros(0, np.int8), occ_class=np.zeros(0, np.int8),
        size_m=np.zeros((0, 3)), state=np.zeros((0, steps, 6)), valid=np.zeros((0, steps), bool),
    )  # fmt: skip


def lower_corner(grid: GridConfig) -> np.ndarray:
    """[3] metres, ego frame."""
    return np.array([grid.x_min_m, grid.y_min_m, OCC3D_ORIGIN_M[2]])


def cell_size(grid: GridConfig) -> np.ndarray:
    """[3] metres."""
    return np.array([grid.cell_m, grid.cell_m, grid.layer_m])


def _lidar_position(fleet: Fleet, scene_id: str) -> np.ndarray:
    rows = fleet.lidar_rows(scene_id)
    return rows[0].ego_from_lidar[:3, 3] if rows else LIDAR_M
