"""What a run trains on: its scenes, in memory or read as they are needed, and their batches."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import torch
from torch import Tensor

from drivewm import progress
from drivewm.errors import InputError
from drivewm.logs.fleet import Fleet
from drivewm.models.grid import OCC3D_CLASSES
from drivewm.models.motion import FRAMES
from drivewm.models.world_model import WorldModel
from drivewm.seeds import generator
from drivewm.training.batches import (
    ClipBatches,
    FrameBatches,
    Scenes,
    clip_rows,
    frame_rows,
    windows_that_end,
)
from drivewm.training.branches import load_branches
from drivewm.training.clips import SceneTimes, load_frames
from drivewm.training.config import TrainConfig
from drivewm.training.extras import extras_of
from drivewm.training.forcing import forcing_of
from drivewm.training.order import Order, Pooled, Shuffled
from drivewm.training.pairs import PairBatches
from drivewm.training.parallel import wait_for
from drivewm.training.perception import scene_features
from drivewm.training.streaming import FeatureFile, LazyScenes, scene_times

FEATURES = "features"  # folder of a streaming run: the encoder's kept features, a file a scene
COUNTED_SCENES = 50  # of a streaming run, whose classes are counted for the class weights


@dataclass(frozen=True, kw_only=True)
class TrainingData:
    """The scenes of a run and the batches cut from them."""

    config: TrainConfig
    times: list[SceneTimes]
    scenes: Scenes
    labels: Scenes  # the same without pictures, where that saves reading them

    def class_counts(self) -> Tensor:
        """Voxels of each class, int64 [K]; of a fixed sample of scenes when streaming."""
        chosen = range(len(self.times))
        if self.config.stream:
            order = generator("class counts", self.config.seed).permutation(len(self.times))
            chosen = sorted(int(s) for s in order[:COUNTED_SCENES])  # type: ignore[assignment]
        counts = [torch.from_numpy(self.labels[s].occupancy).flatten().long() for s in chosen]
        return torch.stack([torch.bincount(c, minlength=OCC3D_CLASSES) for c in counts]).sum(0)

    def frames(self, config: TrainConfig, shard: tuple[int, int]) -> FrameBatches:
        """Batches of single frames."""
        order = self._order(frame_rows(self.times), config.perception_batch)
        return FrameBatches(
            self.scenes, self.times, order, config.seed,
            config.perception_steps * config.accumulate, config.mirror, config.repaint, shard,
            extras_of(config),
        )  # fmt: skip

    def clips(
        self, config: TrainConfig, features: Sequence[Tensor], shard: tuple[int, int]
    ) -> ClipBatches:
        """Batches of windows; their features reach as far as the forcing needs."""
        observed, length = config.model.observed_steps, window_length(config)
        forced = forcing_of(config.forcing, config.model.dynamics) != "self"
        ends: list[int] = []
        if config.end_windows:
            every = (self.labels[s] for s in range(len(self.times)))
            ends = windows_that_end(every, length, observed)
        branches = None
        if config.branches is not None:
            ids = [t.scene_id for t in self.times]
            branches = load_branches(config.branches, ids, config.model)
        order = self._order(clip_rows(self.times, length), config.dynamics_batch)
        return ClipBatches(
            self.labels, self.times, features, order, length, length if forced else observed,
            config.seed, config.dynamics_steps * config.accumulate, shard, ends, config.end_windows,
            branches, config.branch_share,
        )  # fmt: skip

    def glimpses(
        self, config: TrainConfig, features: Sequence[Tensor], shard: tuple[int, int]
    ) -> ClipBatches:
        """Batches of short windows, all of whose frames are seen."""
        order = self._order(clip_rows(self.times, FRAMES), config.motion_batch)
        return ClipBatches(
            self.labels, self.times, features, order, FRAMES, FRAMES, config.seed,
            config.motion_steps * config.accumulate, shard,
        )  # fmt: skip

    def pairs(self, config: TrainConfig, shard: tuple[int, int]) -> PairBatches:
        """Batches of neighbouring frames, without labels.

        Raises:
            InputError: the model reads no pictures, or no two frames follow each other.
        """
        rows = clip_rows(self.times, 2)
        if config.model.cameras is None or not rows:
            raise InputError(
                "there is no video to learn from" if rows else "no two frames are 0.5 s apart",
                field="stages", fix="leave pretrain out, or use a camera encoder",
            )  # fmt: skip
        return PairBatches(
            self.scenes, self.times, self._order(rows, config.pretrain_batch), config.seed,
            config.pretrain_steps * config.accumulate, mirror=config.mirror,
            repaint=config.repaint, known=config.pretrain_known, shard=shard,
        )  # fmt: skip

    def features(self, model: WorldModel, run: Path, shard: tuple[int, int]) -> list[Tensor]:
        """The trained encoder's features of every scene: in memory, or files of the run."""
        if not self.config.stream:
            return keep_features(model, self.scenes)
        folder = run / FEATURES
        files = [FeatureFile(folder / f"{t.scene_id}.safetensors", t.count) for t in self.times]
        rank, ranks = shard
        mine = [s for s in range(rank, len(files), ranks) if not files[s].check()]
        for s in progress.track(mine, "features", len(mine)):
            files[s].write(scene_features(model, self.scenes[s]))
        wait_for(f.path for f in files)
        return files  # type: ignore[return-value]

    def windows_digest(self) -> dict[str, int | str]:
        """Number of training windows and a hash of their list (scene, first frame)."""
        length = window_length(self.config)
        rows = clip_rows(self.times, length)
        text = "\n".join(f"{self.times[s].scene_id} {k} {length}" for s, k in rows)
        return {"count": len(rows), "sha256": hashlib.sha256(text.encode()).hexdigest()}

    def _order(self, rows: Sequence[tuple[int, int]], size: int) -> Order:
        c = self.config
        if not c.stream:
            return Shuffled(len(rows), size, c.seed)
        return Pooled([s for s, _ in rows], size, c.seed, max(1, c.workers), c.pool_scenes)


def prepare(fleets: Sequence[Fleet], config: TrainConfig) -> TrainingData:
    """Finds the scenes to train on and reads them, or only their times when streaming.

    Raises:
        InputError: no scene to train on, a holdout that is none, or too few frames for a window.
    """
    wanted = _wanted(fleets, config)
    scenes: Scenes
    labels: Scenes
    if config.stream:
        times = [
            scene_times(f, i, config.model) for f, i in progress.track(wanted, "times", len(wanted))
        ]
        kept = config.pool_scenes + 1
        scenes = LazyScenes(wanted, config.model, kept)
        labels = LazyScenes(wanted, config.model, kept, pictures=False)
    else:
        scenes = labels = [
            load_frames(f, i, config.model)
            for f, i in progress.track(wanted, "frames", len(wanted))
        ]
        times = [s.times for s in scenes]
    length = window_length(config)
    if not any(len(t.starts(length)) for t in times):
        raise InputError(
            f"no scene has {length} frames 0.5 s apart in a row",
            field="model.imagined_steps",
            fix="use longer scenes or fewer steps",
        )
    return TrainingData(config=config, times=times, scenes=scenes, labels=labels)


def with_labels(fleets: Sequence[Fleet], config: TrainConfig) -> TrainConfig:
    """The configuration with a share of the training scenes held out: their labels do not count."""
    scenes = [i for f in fleets for i in training_scenes(f, config.holdout_scenes)]
    keep = max(1, round(config.label_share * len(scenes)))
    if keep >= len(scenes):
        return config
    order = generator("label share").permutation(len(scenes))
    without = tuple(scenes[i] for i in sorted(order[keep:]))
    return config.model_copy(update={"holdout_scenes": (*config.holdout_scenes, *without)})


def _wanted(fleets: Sequence[Fleet], config: TrainConfig) -> list[tuple[Fleet, str]]:
    wanted = [(f, i) for f in fleets for i in training_scenes(f, config.holdout_scenes)]
    if not wanted:
        names = ", ".join(str(f.path) for f in fleets)
        raise InputError("no scene to train on", file=names, fix="ingest scenes or free a holdout")
    known = [s.id for f in fleets for s in f.scenes]
    for name in config.holdout_scenes:
        if name not in known:
            raise InputError(
                f"no fleet has a scene '{name}'",
                field="holdout_scenes",
                fix=f"the fleets have {', '.join(known[:8])}{', ...' if len(known) > 8 else ''}",
            )
    ids = sorted(i for _, i in wanted)
    twice = next((a for a, b in pairwise(ids) if a == b), None)
    if config.stream and twice is not None:
        raise InputError(
            f"two fleets have a scene '{twice}'", field="stream",
            fix="set stream=false, or train on fleets of different scenes",
        )  # fmt: skip
    return wanted


def training_scenes(fleet: Fleet, holdout: Sequence[str]) -> list[str]:
    """Scenes of the splits called train; every scene where the fleet has no such split."""
    wanted = [s.id for s in fleet.scenes if "train" in s.split]
    return [i for i in wanted or [s.id for s in fleet.scenes] if i not in holdout]


def window_length(config: TrainConfig) -> int:
    """Frames of a training window."""
    return config.model.observed_steps + config.model.imagined_steps


def keep_features(model: WorldModel, scenes: Scenes) -> list[Tensor]:
    """The trained encoder's features of every frame, float16 [K, C, X/2, Y/2] a scene."""
    every = range(len(scenes))
    return [
        scene_features(model, scenes[s]) for s in progress.track(every, "features", len(scenes))
    ]
