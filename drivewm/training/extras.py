"""What a frame brings along when its stage asks for it: earlier frames, masks, lidar depth.

Shapes: B batch, N cameras, P earlier frames (oldest first), X, Y, Z cells.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from drivewm.geometry.se2 import compose
from drivewm.models.encoders.config import LiftConfig
from drivewm.models.grid import STEP_S
from drivewm.training.clips import GAP_S, Frames
from drivewm.training.config import TrainConfig

Batch = dict[str, Tensor]
CAMERA_KEYS = ("images", "intrinsics", "ego_from_camera", "present")
_FILL = {"intrinsics": "eye", "ego_from_camera": "eye", "depth": "nan"}


@dataclass(frozen=True, kw_only=True)
class Extras:
    """What the perception stage wants of a frame beside its pictures and labels."""

    past: int = 0  # earlier frames
    visible: bool = False  # the camera mask
    depth: bool = False  # lidar depth
    dropout: float = 0.0  # chance of each camera to be taken away


NOTHING_MORE = Extras()


def extras_of(config: TrainConfig) -> Extras:
    """What a run's configuration asks for."""
    cameras = config.model.cameras
    return Extras(
        past=0 if cameras is None else config.model.temporal.frames - 1,
        visible=config.perception_mask == "camera",
        depth=isinstance(cameras, LiftConfig) and cameras.lidar_depth,
        dropout=0.0 if cameras is None else config.camera_dropout,
    )


def add_extras(one: Batch, scene: Frames, k: int, wanted: Extras) -> Batch:
    """The frame ``k`` of a scene with what is wanted beside it."""
    out = dict(one)
    if wanted.visible:
        out["visible"] = torch.from_numpy(scene.visible[k])
    if wanted.depth and scene.depth_m is not None:
        out["depth"] = torch.from_numpy(scene.depth_m[k]).float()
    if wanted.past and scene.images is not None:
        out |= _past(scene, k, wanted.past)
    return out


def _past(scene: Frames, k: int, count: int) -> Batch:
    motion, known, frames = np.zeros((count, 3), np.float32), np.zeros(count, bool), []
    since, regular = np.zeros(3), True
    for p in range(1, count + 1):
        before = k - p
        regular = regular and before >= 0 and abs(float(scene.dt_s[before]) - STEP_S) <= GAP_S
        if regular:
            since = compose(scene.motion[before].astype(np.float64), since)
            motion[-p], known[-p] = since, True
        frames.append(before if regular else k)
    pick = frames[::-1]
    assert scene.images is not None and scene.intrinsics is not None
    assert scene.ego_from_camera is not None and scene.present is not None
    return {
        "past_images": torch.from_numpy(scene.images[pick]).permute(0, 1, 4, 2, 3),
        "past_intrinsics": torch.from_numpy(scene.intrinsics[pick]),
        "past_ego_from_camera": torch.from_numpy(scene.ego_from_camera[pick]),
        "past_present": torch.from_numpy(scene.present[pick]),
        "past_motion": torch.from_numpy(motion),
        "past_known": torch.from_numpy(known),
    }


def mirrored_extras(one: Batch) -> Batch:
    """The extras of a frame as seen in a mirror along the ego's x axis."""
    out: Batch = {}
    if "visible" in one:
        out["visible"] = one["visible"].flip(1)
    if "depth" in one:
        out["depth"] = one["depth"].flip(-1)
    if "past_images" in one:
        names = ("images", "intrinsics", "ego_from_camera")
        turned = mirrored_cameras(*(one[f"past_{name}"] for name in names))
        out |= {f"past_{name}": value for name, value in zip(names, turned)}
        out["past_motion"] = one["past_motion"] * torch.tensor([1.0, -1.0, -1.0])
    return out


def mirrored_cameras(
    images: Tensor, intrinsics: Tensor, ego_from_camera: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Pictures [..., 3, H, W] and their geometry in a mirror along the ego's x axis."""
    mirrored = intrinsics.clone()
    mirrored[..., 0, 2] = images.shape[-1] - intrinsics[..., 0, 2]
    left_right = torch.diag(torch.tensor([1.0, -1.0, 1.0, 1.0]))  # ego frame: y -> -y
    column = torch.diag(torch.tensor([-1.0, 1.0, 1.0, 1.0]))  # camera frame: x -> -x
    return images.flip(-1), mirrored, left_right @ ego_from_camera @ column


def without_cameras(one: Batch, chance: float, rng: np.random.Generator) -> Batch:
    """Each camera taken away with a chance; one that is there always stays."""
    if not chance or "present" not in one:
        return one
    there = one["present"].numpy()
    kept = there & (rng.random(len(there)) >= chance)
    if not kept.any() and there.any():
        kept[rng.choice(np.flatnonzero(there))] = True
    mask = torch.from_numpy(kept)
    return {**one, "present": mask, "images": one["images"] * mask[:, None, None, None]}


def collate(frames: Sequence[Batch]) -> Batch:
    """Frames stacked; rigs with fewer cameras are filled up with absent ones."""
    if "present" not in frames[0]:
        return {key: torch.stack([f[key] for f in frames]) for key in frames[0]}
    most = max(len(f["present"]) for f in frames)
    keys = [key for key in frames[0] if all(key in f for f in frames)]
    return {key: torch.stack([_filled(key, f[key], most) for f in frames]) for key in keys}


def _filled(key: str, value: Tensor, cameras: int) -> Tensor:
    name = key.removeprefix("past_")
    if name not in (*CAMERA_KEYS, "depth"):
        return value
    axis = 1 if key.startswith("past_") else 0
    lacking = cameras - value.shape[axis]
    if not lacking:
        return value
    shape = list(value.shape)
    shape[axis] = lacking
    fill = value.new_zeros(shape)
    if _FILL.get(name) == "eye":
        fill = fill + torch.eye(shape[-1], dtype=value.dtype)
    elif _FILL.get(name) == "nan":
        fill = fill + float("nan")
    return torch.cat([value, fill], axis)
