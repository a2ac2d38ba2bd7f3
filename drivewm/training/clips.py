"""Frames of a scene as the model reads them, and the windows cut from them.

A frame is an instant 0.5 s after the one before. Camera frames are the recorded keyframes;
privileged frames are every fifth step of the 10 Hz scene.
Shapes: K frames, N cameras, X, Y, Z cells.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drivewm.geometry.se2 import relative
from drivewm.geometry.se3 import yaw_from_rotation
from drivewm.logs.fleet import Fleet
from drivewm.measures.reward import recorded_reward
from drivewm.models.grid import STEP_S, pool_labels, pool_mask
from drivewm.models.world_model import ModelConfig
from drivewm.scene import EgoColumn, Scene
from drivewm.scene.rasterise import rasterise
from drivewm.training.agent_labels import agent_label, returns
from drivewm.training.labels import flow_label
from drivewm.training.pictures import load_pictures

GAP_S = 0.2  # frames further than this from 0.5 s apart break a window


@dataclass(frozen=True, kw_only=True)
class Frames:
    """One scene, frame by frame. Action t leads from frame t to t + 1."""

    scene_id: str
    occupancy: np.ndarray  # uint8 [K, X, Y, Z], OccClass
    visible: np.ndarray  # bool [K, X, Y, Z], seen by a camera (all True when unknown)
    flow: np.ndarray  # float16 [K, 2, X, Y]
    flow_known: np.ndarray  # bool [K, X, Y]
    motion: np.ndarray  # float32 [K - 1, 3] ego motion in the frame before it
    dt_s: np.ndarray  # float32 [K - 1]
    reward: np.ndarray  # float32 [K - 1], NaN where unknown
    cont: np.ndarray  # float32 [K - 1], NaN where unknown
    agents: np.ndarray  # float32 [K, M, 8], boxes in the ego frame (training/agent_labels.py)
    agent_class: np.ndarray  # int8 [K, M], -1 in empty slots
    value: np.ndarray  # float32 [K] discounted return of the recorded drive, NaN where unknown
    images: np.ndarray | None = None  # uint8 [K, N, H, W, 3]
    intrinsics: np.ndarray | None = None  # float32 [K, N, 3, 3]
    ego_from_camera: np.ndarray | None = None  # float32 [K, N, 4, 4]
    present: np.ndarray | None = None  # bool [K, N]
    channels: tuple[str, ...] = ()  # N names of cameras
    depth_m: np.ndarray | None = None  # float16 [K, N, h, w] of lidar points, NaN = none

    def starts(self, length: int) -> np.ndarray:
        """First frames of the windows of ``length`` frames without a gap; int [W]."""
        return window_starts(self.dt_s, length)

    @property
    def times(self) -> SceneTimes:
        return SceneTimes(self.scene_id, len(self.occupancy), self.dt_s)


@dataclass(frozen=True)
class SceneTimes:
    """When the frames of a scene are: enough to cut its windows."""

    scene_id: str
    count: int  # K
    dt_s: np.ndarray  # float32 [K - 1]

    def starts(self, length: int) -> np.ndarray:
        """First frames of the windows of ``length`` frames without a gap; int [W]."""
        return window_starts(self.dt_s, length)


def window_starts(dt_s: np.ndarray, length: int) -> np.ndarray:
    """First frames of the windows of ``length`` frames without a gap; int [W].

    Args:
        dt_s: [K - 1] seconds between frames.
    """
    regular = np.abs(dt_s - STEP_S) <= GAP_S
    usable = [k for k in range(len(dt_s) + 2 - length) if regular[k : k + length - 1].all()]
    return np.array(usable, int)


def load_frames(fleet: Fleet, scene_id: str, config: ModelConfig, pictures: bool = True) -> Frames:
    """Reads and prepares one scene; without its pictures where only labels are wanted.

    Raises:
        InputError: the model needs cameras and the scene has no pictures, or a file is absent.
    """
    scene = fleet.scene(scene_id)
    if config.cameras is not None:
        keys = fleet.keyframes(scene_id)
        times_us, poses = keys.times_us, keys.global_from_ego
        yaw = yaw_from_rotation(poses[:, :3, :3])
        planar = np.stack([poses[:, 0, 3], poses[:, 1, 3], yaw], -1)
    else:
        steps = np.arange(0, scene.steps, 5)
        times_us = scene.times_us[steps]
        planar = scene.ego[steps][:, [EgoColumn.X, EgoColumn.Y, EgoColumn.HEADING]]
    steps = np.abs(scene.times_us[None] - times_us[:, None]).argmin(1)
    occupancy, visible = _occupancy(fleet, scene, steps, config)
    flows = [flow_label(scene, step, config.grid) for step in steps]
    reward, cont = _rewards(scene, steps)
    agents = [agent_label(scene, s, config.grid, config.heads.agent_slots) for s in steps]
    look = config.cameras if pictures else None
    seen = {} if look is None else load_pictures(fleet, scene_id, look)
    return Frames(
        scene_id=scene_id, occupancy=occupancy, visible=visible,
        flow=np.stack([f for f, _ in flows]).astype(np.float16),
        flow_known=np.stack([known for _, known in flows]),
        motion=relative(planar[:-1], planar[1:]).astype(np.float32),
        dt_s=(np.diff(times_us) / 1e6).astype(np.float32), reward=reward, cont=cont,
        agents=np.stack([boxes for boxes, _ in agents]),
        agent_class=np.stack([kinds for _, kinds in agents]),
        value=returns(reward, cont, config.heads.value_steps, config.heads.value_discount), **seen,
    )  # fmt: skip


def _occupancy(
    fleet: Fleet, scene: Scene, steps: np.ndarray, config: ModelConfig
) -> tuple[np.ndarray, np.ndarray]:
    keyframes = np.asarray(fleet.keyframes(scene.id).times_us)
    classes, masks = [], []
    for step in steps:
        key = int(np.abs(keyframes - scene.times_us[step]).argmin()) if len(keyframes) else -1
        near = key >= 0 and abs(int(keyframes[key]) - int(scene.times_us[step])) <= 60_000
        label = fleet.occupancy(scene.id, key) if near else None
        if label is None:
            classes.append(pool_labels(rasterise(scene, int(step)), config.grid))
            masks.append(np.ones(config.grid.shape, bool))
        else:
            classes.append(pool_labels(label.semantics, config.grid))
            masks.append(pool_mask(label.mask_camera, config.grid))
    return np.stack(classes), np.stack(masks)


def _rewards(scene: Scene, steps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Reward and continue of the step from each frame to the next; [K - 1] each.

    After a terminal step the recording goes on but the drive is over: unknown, not 0.
    """
    reward, cont = recorded_reward(scene, step_s=STEP_S)
    over = np.concatenate([[False], cont[:-1] == 0.0])
    index = np.minimum(steps[:-1] // 5, len(reward) - 1)
    known = [np.where(over, np.nan, values)[index].astype(np.float32) for values in (reward, cont)]
    return known[0], known[1]
