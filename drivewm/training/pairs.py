"""Pairs of neighbouring frames without labels, for learning from video alone. Shapes: B pairs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from drivewm.models.encoders.base import CameraBatch
from drivewm.seeds import generator
from drivewm.training.batches import Batch, Scenes, SteppedBatches, clip_rows, repainted
from drivewm.training.clips import Frames, SceneTimes
from drivewm.training.extras import CAMERA_KEYS, collate, mirrored_cameras
from drivewm.training.order import Order


class PairBatches(SteppedBatches):
    """Frames k and k + 1 of a scene and the ego motion between them, NaN where it is not told."""

    frames = 2

    def __init__(
        self,
        scenes: Scenes,
        times: Sequence[SceneTimes],
        order: Order,
        seed: int,
        steps: int,
        *,
        mirror: bool = False,
        repaint: bool = False,
        known: float = 1.0,
        shard: tuple[int, int] = (0, 1),
    ) -> None:
        """
        Args:
            known: share of the scenes whose ego motion is told.
        """
        super().__init__(order, steps, shard)
        self.scenes, self.seed, self.mirror, self.repaint = scenes, seed, mirror, repaint
        self.index, self.ids = clip_rows(times, 2), [t.scene_id for t in times]
        told = generator("told motion", seed).permutation(len(times))[: round(known * len(times))]
        self.told = frozenset(int(s) for s in told)

    def batch(self, step: int) -> Batch:
        rows = self.order.rows(step)
        rng = generator("augment pairs", self.seed, step)
        flips = rng.random(len(rows)) < 0.5 if self.mirror else np.zeros(len(rows), bool)
        pairs = []
        for row, flip in zip(self.mine(rows), self.mine(flips)):
            s, k = self.index[row]
            one = pair(self.scenes[s], k, s in self.told)
            one = mirrored_pair(one) if flip else one
            pairs.append(repainted(one, rng) if self.repaint else one)
        return {**collate(pairs), "row": torch.from_numpy(self.mine(rows))}


def pair(scene: Frames, k: int, told: bool) -> Batch:
    """Frame k (keys ``past_*``, with a leading axis of one) and frame k + 1."""
    assert scene.images is not None and scene.intrinsics is not None
    assert scene.ego_from_camera is not None and scene.present is not None
    arrays = (scene.images, scene.intrinsics, scene.ego_from_camera, scene.present)
    out: Batch = {}
    for name, values in zip(CAMERA_KEYS, arrays):
        out[f"past_{name}"] = torch.from_numpy(values[k : k + 1])
        out[name] = torch.from_numpy(values[k + 1])
    for name in ("images", "past_images"):
        out[name] = out[name].movedim(-1, -3)
    motion = torch.from_numpy(scene.motion[k])
    out["motion"] = motion if told else torch.full_like(motion, float("nan"))
    return out


def mirrored_pair(one: Batch) -> Batch:
    """The pair as seen in a mirror along the ego's x axis."""
    out = dict(one)
    for prefix in ("", "past_"):
        names = [f"{prefix}{name}" for name in CAMERA_KEYS[:3]]
        out |= dict(zip(names, mirrored_cameras(*(one[name] for name in names))))
    out["motion"] = one["motion"] * torch.tensor([1.0, -1.0, -1.0])
    return out


def cameras_of(batch: Batch, before: bool) -> CameraBatch:
    """The earlier or the later frame of a batch of pairs."""
    if not before:
        return CameraBatch(**{name: batch[name] for name in CAMERA_KEYS})
    return CameraBatch(**{name: batch[f"past_{name}"][:, 0] for name in CAMERA_KEYS})
