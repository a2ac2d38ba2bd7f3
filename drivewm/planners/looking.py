"""How a planner looks through a world model: pictures or annotations in, a perceived state out.

One scene a call. Shapes: N cameras, X, Y, Z grid cells.
"""

from __future__ import annotations

from collections import deque

import numpy as np
import torch
from torch import Tensor

from drivewm.errors import InputError
from drivewm.geometry.se2 import relative
from drivewm.models.dynamics.base import make_action
from drivewm.models.encoders.base import CameraBatch
from drivewm.models.encoders.temporal import BevMemory
from drivewm.models.grid import STEP_S, pool_labels
from drivewm.models.rollout import observe_all
from drivewm.models.world_model import Imagined, WorldModel
from drivewm.scene import EgoColumn, Observation
from drivewm.scene.rasterise import rasterise_snapshot

POSE = [EgoColumn.X, EgoColumn.Y, EgoColumn.HEADING]


class Gaze:
    """The last frames of one drive, exactly as many as training had."""

    def __init__(self, model: WorldModel) -> None:
        self.model = model
        self.reset()

    def reset(self) -> None:
        """Forgets the last drive."""
        seen = self.model.config.observed_steps
        self.features: deque[Tensor] = deque(maxlen=seen)
        self.poses: deque[np.ndarray] = deque(maxlen=seen)
        self.memory = BevMemory(self.model.encoder)

    @torch.no_grad()
    def look(self, observation: Observation, learned: bool = True) -> Imagined:
        """Takes in one more frame, 0.5 s after the last, and perceives what is there now.

        Raises:
            InputError: the model sees through cameras and there are none.
        """
        pose = observation.ego[0][POSE]
        motion = None
        if self.poses:
            motion = torch.from_numpy(relative(self.poses[-1], pose)).float()[None]
        self.features.append(self.memory.encode(seen_by(self.model, observation), motion))
        self.poses.append(pose)
        poses = np.stack(self.poses)
        actions = [a[None] for a in actions_of(poses[:-1], poses[1:])]
        latent = observe_all(self.model, list(self.features), actions)
        return self.model.start(latent, self.features[-1], learned)


def modes_of(model: WorldModel) -> tuple[str, ...]:
    """The observation modes that a model can look through."""
    return ("privileged",) if model.config.cameras is None else ("sensor",)


def image_size_of(model: WorldModel) -> tuple[int, int] | None:
    """Width and height of the pictures that a model wants; None when it wants none."""
    camera = model.config.cameras
    return None if camera is None else (camera.image_width, camera.image_height)


def seen_by(model: WorldModel, observation: Observation) -> CameraBatch | Tensor:
    """What the model's encoder reads of an observation of one scene.

    Raises:
        InputError: the model sees through cameras and there are none.
    """
    if model.config.cameras is None:
        occupancy = pool_labels(rasterise_snapshot(observation, 0), model.config.grid)
        return torch.from_numpy(occupancy)[None]
    if observation.cameras is None:
        raise InputError(
            "the model sees through cameras and this scene has none in the loop",
            field="mode", fix="use a synthetic fleet, or a model trained with "
            "model.encoder=privileged",
        )  # fmt: skip
    frames = [frame for _, frame in sorted(observation.cameras[0].items())]
    stack = np.stack([f.rgb for f in frames]).transpose(0, 3, 1, 2)
    return CameraBatch(
        images=torch.from_numpy(np.ascontiguousarray(stack))[None],
        intrinsics=torch.from_numpy(np.stack([f.intrinsics for f in frames])).float()[None],
        ego_from_camera=torch.from_numpy(np.stack([f.ego_from_camera for f in frames])).float()[
            None
        ],
        present=torch.ones(1, len(frames), dtype=torch.bool),
    )


def actions_of(before: np.ndarray, after: np.ndarray) -> Tensor:
    """Actions [..., 6] of model steps between poses [..., 3]."""
    motion = torch.from_numpy(relative(before, after)).float()
    return make_action(motion, torch.full(motion.shape[:-1], STEP_S))
