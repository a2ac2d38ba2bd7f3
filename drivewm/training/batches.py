"""Which frames make a batch: decided by seed and step alone, so that a resumed run sees the same.

Shapes: B batch, N cameras, T window length.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import IterableDataset, get_worker_info

from drivewm.models.dynamics.base import make_action
from drivewm.models.encoders.base import CameraBatch
from drivewm.seeds import generator
from drivewm.training.branches import Branches
from drivewm.training.clips import Frames, SceneTimes
from drivewm.training.extras import (
    NOTHING_MORE,
    Extras,
    add_extras,
    collate,
    mirrored_cameras,
    mirrored_extras,
    without_cameras,
)
from drivewm.training.order import Order

Batch = dict[str, Tensor]


class Scenes(Protocol):
    """Prepared scenes: all in memory (a list of ``Frames``), or read when asked for."""

    def __len__(self) -> int: ...

    def __getitem__(self, s: int) -> Frames: ...


class SteppedBatches(IterableDataset):
    """One batch per step, from ``first_step`` to ``steps``; loader processes take turns.

    ``shard`` (rank, ranks): each device takes its rows of the step's whole batch. Every batch
    carries its rows as ``row`` int64 [B], so that a failure can name what it happened on.
    """

    index: list[tuple[int, int]]  # row -> (scene, frame)
    ids: Sequence[str]  # scene -> its name
    frames: int = 1  # that a row spans

    def __init__(self, order: Order, steps: int, shard: tuple[int, int] = (0, 1)) -> None:
        self.order, self.steps, self.shard, self.first_step = order, steps, shard, 0

    def __iter__(self) -> Iterator[Batch]:
        worker = get_worker_info()
        turn, turns = (0, 1) if worker is None else (worker.id, worker.num_workers)
        for step in range(self.first_step + turn, self.steps, turns):
            yield self.batch(step)

    def mine(self, rows: np.ndarray) -> np.ndarray:
        """This device's share of a step's rows."""
        rank, ranks = self.shard
        return rows[rank::ranks]

    def names(self, rows: Sequence[int]) -> str:
        """The scenes and frames of rows, for a message."""
        picked = [self.index[r] for r in rows]
        last = self.frames - 1
        return "; ".join(
            f"{self.ids[s]} keyframe{'s' if last else ''} {k}{f'..{k + last}' if last else ''}"
            for s, k in picked
        )

    @abstractmethod
    def batch(self, step: int) -> Batch:
        """The batch of one step."""


class FrameBatches(SteppedBatches):
    """Single frames with their occupancy, for the perception stage."""

    def __init__(
        self,
        scenes: Scenes,
        times: Sequence[SceneTimes],
        order: Order,
        seed: int,
        steps: int,
        mirror: bool = False,
        repaint: bool = False,
        shard: tuple[int, int] = (0, 1),
        extras: Extras = NOTHING_MORE,
    ) -> None:
        super().__init__(order, steps, shard)
        self.scenes, self.seed, self.mirror, self.repaint = scenes, seed, mirror, repaint
        self.extras = extras
        self.index, self.ids = frame_rows(times), [t.scene_id for t in times]

    def batch(self, step: int) -> Batch:
        rows = self.order.rows(step)
        rng = generator("augment", self.seed, step)
        flips = rng.random(len(rows)) < 0.5 if self.mirror else np.zeros(len(rows), bool)
        picked = [(self.scenes[s], k) for s, k in (self.index[i] for i in self.mine(rows))]
        frames = [add_extras(frame(s, k), s, k, self.extras) for s, k in picked]
        frames = [mirrored(f) if flip else f for f, flip in zip(frames, self.mine(flips))]
        frames = [repainted(f, rng) for f in frames] if self.repaint else frames
        frames = [without_cameras(f, self.extras.dropout, rng) for f in frames]
        return {**collate(frames), "row": torch.from_numpy(self.mine(rows))}


class ClipBatches(SteppedBatches):
    """Windows with the encoder's kept features, for the dynamics stage.

    With a share of ``end_windows`` clips come from the windows in which the drive ends (``ends``):
    few do, and what is rare is not learned.
    """

    def __init__(
        self,
        scenes: Scenes,
        times: Sequence[SceneTimes],
        features: Sequence[Tensor],
        order: Order,
        length: int,
        observed: int,
        seed: int,
        steps: int,
        shard: tuple[int, int] = (0, 1),
        ends: Sequence[int] = (),
        end_windows: float = 0.0,
        branches: Branches | None = None,
        branch_share: float = 0.0,
    ) -> None:
        super().__init__(order, steps, shard)
        self.scenes, self.features = scenes, features
        self.branches, self.branch_share = branches, branch_share
        self.length, self.observed, self.seed, self.frames = length, observed, seed, length
        self.ends, self.end_windows = np.asarray(ends, int), end_windows if len(ends) else 0.0
        self.index, self.ids = clip_rows(times, length), [t.scene_id for t in times]

    def batch(self, step: int) -> Batch:
        rows = self.order.rows(step)
        if self.end_windows:
            rng = generator("ends", self.seed, step)
            chosen = rng.random(len(rows)) < self.end_windows
            rows = np.where(chosen, rng.choice(self.ends, len(rows)), rows)
        if self.branches is not None:  # their rows come after those of the recorded windows
            rng = generator("branches", self.seed, step)
            picks = len(self.index) + rng.integers(0, len(self.branches.rows), len(rows))
            rows = np.where(rng.random(len(rows)) < self.branch_share, picks, rows)
        clips = [self._clip(int(row)) for row in self.mine(rows)]
        whole = {key: torch.stack([c[key] for c in clips]) for key in clips[0]}
        return {**whole, "row": torch.from_numpy(self.mine(rows))}

    def names(self, rows: Sequence[int]) -> str:
        """The scenes and frames of rows, and which branch, for a message."""
        recorded, own = len(self.index), [r for r in rows if r < len(self.index)]
        parts = [super().names(own)] if own else []
        if self.branches is not None:
            parts += [
                f"{self.ids[s]} keyframe {k} branch {b}"
                for s, k, b in (self.branches.rows[r - recorded] for r in rows if r >= recorded)
            ]
        return "; ".join(parts)

    def _clip(self, row: int) -> Batch:
        """A recorded window, or the recorded past of a branch with the branch's future."""
        branch = row - len(self.index)
        if branch < 0 or self.branches is None:
            return self._recorded(*self.index[row])
        s, frame, _ = self.branches.rows[branch]
        whole = self._recorded(s, frame + 1 - (self.length - self.branches.horizon))
        whole["value"] = torch.full_like(whole["value"], float("nan"))
        for name, value in self.branches.future(branch).items():
            whole[name] = torch.cat([whole[name][: len(whole[name]) - len(value)], value])
        return whole

    def _recorded(self, s: int, k: int) -> Batch:
        return clip(self.scenes[s], int(k), self.length, self.features[s], self.observed)


def frame_rows(times: Sequence[SceneTimes]) -> list[tuple[int, int]]:
    """(scene, frame) of every frame."""
    return [(s, k) for s, t in enumerate(times) for k in range(t.count)]


def clip_rows(times: Sequence[SceneTimes], length: int) -> list[tuple[int, int]]:
    """(scene, first frame) of every window of ``length`` frames."""
    return [(s, int(k)) for s, t in enumerate(times) for k in t.starts(length)]


def windows_that_end(scenes: Iterable[Frames], length: int, observed: int) -> list[int]:
    """Rows of ``clip_rows`` in whose imagined part the drive ends."""
    ended = [
        bool((f.cont[k + observed - 1 : k + length - 1] == 0.0).any())
        for f in scenes
        for k in f.starts(length)
    ]
    return [row for row, yes in enumerate(ended) if yes]


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
    out = {**one, **mirrored_extras(one)}
    out["occupancy"] = one["occupancy"].flip(1)
    if "images" in one:
        names = ("images", "intrinsics", "ego_from_camera")
        out |= dict(zip(names, mirrored_cameras(*(one[name] for name in names))))
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
    out = dict(one)
    for key in [k for k in ("images", "past_images") if k in one]:
        images = one[key].float() / 255.0
        painted = torch.einsum("ij,...jhw->...ihw", mix, images) + offset
        out[key] = (painted.clamp(0, 1) * 255.0).to(torch.uint8)
    return out


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
