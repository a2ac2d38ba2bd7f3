"""Which frames make a batch: decided by seed and step alone, so that a resumed run sees the same.

Shapes: B batch, N cameras, T window length.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import IterableDataset

from drivewm.models.dynamics.base import make_action
from drivewm.models.encoders.base import CameraBatch
from drivewm.seeds import generator
from drivewm.training.clips import Frames

Batch = dict[str, Tensor]


class SteppedBatches(IterableDataset):
    """One batch per optimiser step, from ``first_step`` to ``steps``."""

    def __init__(self, steps: int, first_step: int = 0) -> None:
        self.steps, self.first_step = steps, first_step

    def __iter__(self) -> Iterator[Batch]:
        for step in range(self.first_step, self.steps):
            yield self.batch(step)

    @abstractmethod
    def batch(self, step: int) -> Batch:
        """The batch of one step."""


class FrameBatches(SteppedBatches):
    """Single frames with their occupancy, for the perception stage."""

    def __init__(
        self,
        scenes: Sequence[Frames],
        size: int,
        seed: int,
        steps: int,
        mirror: bool = False,
        repaint: bool = False,
    ) -> None:
        super().__init__(steps)
        self.scenes, self.size, self.seed = scenes, size, seed
        self.mirror, self.repaint = mirror, repaint
        self.index = [(s, k) for s, f in enumerate(scenes) for k in range(len(f.occupancy))]

    def batch(self, step: int) -> Batch:
        picked = _pick(len(self.index), step, self.size, self.seed)
        rng = generator("augment", self.seed, step)
        flips = rng.random(self.size) < 0.5 if self.mirror else np.zeros(self.size, bool)
        frames = [frame(self.scenes[s], k) for s, k in (self.index[i] for i in picked)]
        frames = [mirrored(f) if flip else f for f, flip in zip(frames, flips)]
        frames = [repainted(f, rng) for f in frames] if self.repaint else frames
        return {key: torch.stack([f[key] for f in frames]) for key in frames[0]}


class ClipBatches(SteppedBatches):
    """Windows with the encoder's kept features, for the dynamics stage."""

    def __init__(
        self,
        scenes: Sequence[Frames],
        features: Sequence[Tensor],
        length: int,
        observed: int,
        size: int,
        seed: int,
        steps: int,
    ) -> None:
        super().__init__(steps)
        self.scenes, self.features = scenes, features
        self.length, self.observed, self.size, self.seed = length, observed, size, seed
        self.index = [(s, k) for s, f in enumerate(scenes) for k in f.starts(length)]

    def batch(self, step: int) -> Batch:
        picked = _pick(len(self.index), step, self.size, self.seed)
        clips = [
            clip(self.scenes[s], int(k), self.length, self.features[s], self.observed)
            for s, k in (self.index[i] for i in picked)
        ]
        return {key: torch.stack([c[key] for c in clips]) for key in clips[0]}


def _pick(count: int, step: int, size: int, seed: int) -> np.ndarray:
    """Indices of one step: epochs of fresh permutations, cut into batches."""
    wanted = np.arange(step * size, (step + 1) * size)
    epochs = wanted // count
    orders = {
        int(e): generator("epoch", seed, int(e)).permutation(count) for e in np.unique(epochs)
    }
    return np.array([orders[int(e)][w % count] for e, w in zip(epochs, wanted)])


def frame(scene: Frames, k: int) -> Batch:
    """One frame as tensors."""
    out = {"occupancy": torch.from_numpy(scene.occupancy[k])}
    if scene.images is not None:
        assert scene.intrinsics is not None and scene.ego_from_camera is not None
        assert scene.present is not None
        out["images"] = torch.from_numpy(scene.images[k]).permute(0, 3, 1, 2)
        out["intrinsics"] = torch.from_numpy(scene.intrinsics[k])
        out["ego_from_camera"] = torch.from_numpy(scene.ego_from_camera[k])
        out["present"] = torch.from_numpy(scene.present[k])
    return out


def mirrored(one: Batch) -> Batch:
    """The frame as seen in a mirror along the ego's x axis; exact, cameras included."""
    out = dict(one)
    out["occupancy"] = one["occupancy"].flip(1)
    if "images" in one:
        width = one["images"].shape[-1]
        out["images"] = one["images"].flip(-1)
        intrinsics = one["intrinsics"].clone()
        intrinsics[:, 0, 2] = width - intrinsics[:, 0, 2]
        out["intrinsics"] = intrinsics
        left_right = torch.diag(torch.tensor([1.0, -1.0, 1.0, 1.0]))  # ego frame: y -> -y
        column = torch.diag(torch.tensor([-1.0, 1.0, 1.0, 1.0]))  # camera frame: x -> -x
        out["ego_from_camera"] = left_right @ one["ego_from_camera"] @ column
    return out


def repainted(one: Batch, rng: np.random.Generator) -> Batch:
    """The frame in other colours and light: gain and offset of each colour, mixed colours.

    The shapes stay; what a model learns of them must not hang on the paint of the cars it met.
    """
    if "images" not in one:
        return one
    gain = torch.from_numpy(rng.uniform(0.7, 1.3, 3)).float()
    mix = torch.eye(3) * gain + torch.from_numpy(rng.uniform(-0.2, 0.2, (3, 3))).float()
    offset = torch.from_numpy(rng.uniform(-0.1, 0.1, (3, 1, 1))).float()
    images = one["images"].float() / 255.0
    painted = torch.einsum("ij,njhw->nihw", mix, images) + offset
    return {**one, "images": (painted.clamp(0, 1) * 255.0).to(torch.uint8)}


def clip(scene: Frames, k: int, length: int, features: Tensor, observed: int) -> Batch:
    """A window of ``length`` frames from frame ``k`` with its actions [length - 1, 6]."""
    window, steps = slice(k, k + length), slice(k, k + length - 1)
    motion, dt = torch.from_numpy(scene.motion[steps]), torch.from_numpy(scene.dt_s[steps])
    return {
        "features": features[k : k + observed].float(),
        "occupancy": torch.from_numpy(scene.occupancy[window]),
        "flow": torch.from_numpy(scene.flow[window]).float(),
        "flow_known": torch.from_numpy(scene.flow_known[window]),
        "action": make_action(motion, dt),
        "reward": torch.from_numpy(scene.reward[steps]),
        "cont": torch.from_numpy(scene.cont[steps]),
        "agents": torch.from_numpy(scene.agents[window]),
        "agent_class": torch.from_numpy(scene.agent_class[window]).long(),
        "value": torch.from_numpy(scene.value[window]),
    }


def observation(batch: Batch) -> CameraBatch | Tensor:
    """What the encoder reads from a batch of frames: pictures, else the occupancy itself."""
    if "images" not in batch:
        return batch["occupancy"]
    return CameraBatch(
        images=batch["images"], intrinsics=batch["intrinsics"],
        ego_from_camera=batch["ego_from_camera"], present=batch["present"],
    )  # fmt: skip
