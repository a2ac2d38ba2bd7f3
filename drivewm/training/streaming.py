"""Data larger than memory: scenes read from the fleet when asked for, features kept on disk.

Shapes: K frames, C channels, h, w state cells.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as serialise
from torch import Tensor

from drivewm.errors import InputError
from drivewm.logs.fleet import Fleet
from drivewm.models.world_model import ModelConfig
from drivewm.scene import Scene
from drivewm.storage import atomic_file
from drivewm.training.clips import Frames, SceneTimes, load_frames

STRIDE = 5  # steps of the 10 Hz scene between privileged frames


class LazyScenes(Sequence[Frames]):
    """Scenes of fleets, each read (one Parquet row group of a table) when it is first asked for.

    The last ``kept`` scenes stay in memory, in every process of its own.
    """

    def __init__(
        self,
        wanted: Sequence[tuple[Fleet, str]],
        config: ModelConfig,
        kept: int,
        pictures: bool = True,
    ) -> None:
        self._wanted, self._config, self._kept = list(wanted), config, kept
        self._pictures = pictures
        self._read: OrderedDict[int, Frames] = OrderedDict()

    def __len__(self) -> int:
        return len(self._wanted)

    def __getitem__(self, s):  # type: ignore[override]
        if s not in range(len(self._wanted)):
            raise IndexError(s)
        if s not in self._read:
            fleet, scene_id = self._wanted[s]
            self._read[s] = load_frames(fleet, scene_id, self._config, self._pictures)
            if len(self._read) > self._kept:
                self._read.popitem(last=False)
        self._read.move_to_end(s)
        return self._read[s]


def scene_times(fleet: Fleet, scene_id: str, config: ModelConfig) -> SceneTimes:
    """When the frames of a scene are, without reading labels or pictures."""
    if config.cameras is not None:
        times_us = np.asarray(fleet.keyframes(scene_id).times_us)
    else:
        scene: Scene = fleet.scene(scene_id)
        times_us = scene.times_us[::STRIDE]
    return SceneTimes(scene_id, len(times_us), (np.diff(times_us) / 1e6).astype(np.float32))


class FeatureFile:
    """Kept features of one scene; a slice of frames reads only these."""

    def __init__(self, path: Path, frames: int) -> None:
        self.path, self.frames = path, frames

    def __getitem__(self, frames: slice) -> Tensor:
        with safe_open(self.path, framework="pt") as file:
            return file.get_slice("features")[frames]

    def check(self) -> bool:
        """Whether the file is there and whole.

        Raises:
            InputError: it is there and is something else.
        """
        if not self.path.exists():
            return False
        try:
            with safe_open(self.path, framework="pt") as file:
                shape = file.get_slice("features").get_shape()
        except (SafetensorError, OSError) as error:
            raise InputError(
                f"not readable ({error})", file=self.path, fix="delete it: it is made again"
            ) from error
        if shape[0] != self.frames:
            raise InputError(
                f"has features of {shape[0]} frames, the scene has {self.frames}",
                file=self.path, fix="delete the folder: it is made again",
            )  # fmt: skip
        return True

    def write(self, features: Tensor) -> None:
        with atomic_file(self.path) as partial:
            partial.write_bytes(serialise({"features": features.contiguous()}))
