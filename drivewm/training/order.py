"""Which rows make a batch: a matter of seed and step alone. Shapes: R rows of the data.

`Shuffled` draws from all rows. `Pooled` draws from a few scenes at a time, so that data too large
for memory is read scene by scene; it deals the scenes to ``streams`` that loader processes work
off side by side, and step s belongs to stream s % streams.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from drivewm.seeds import generator


class Order(Protocol):
    """The rows of each step."""

    def rows(self, step: int) -> np.ndarray:
        """int [size] rows of the whole batch of one step, over all devices."""


class Shuffled:
    """Epochs of fresh permutations, cut into batches."""

    def __init__(self, count: int, size: int, seed: int) -> None:
        self.count, self.size, self.seed = count, size, seed

    def rows(self, step: int) -> np.ndarray:
        wanted = np.arange(step * self.size, (step + 1) * self.size)
        epochs = wanted // self.count
        orders = {
            int(e): generator("epoch", self.seed, int(e)).permutation(self.count)
            for e in np.unique(epochs)
        }
        return np.array([orders[int(e)][w % self.count] for e, w in zip(epochs, wanted)])


class Pooled:
    """Rows of ``pool`` scenes mixed with each other, then of the next ``pool``."""

    def __init__(
        self, scene_of_row: Sequence[int], size: int, seed: int, streams: int, pool: int
    ) -> None:
        scenes = np.asarray(scene_of_row)
        self.size, self.seed, self.pool = size, seed, pool
        there = np.unique(scenes)
        self.streams = max(1, min(streams, len(there)))
        dealt = generator("streams", seed).permutation(there)
        self._own = [np.sort(dealt[i :: self.streams]) for i in range(self.streams)]
        self._rows = {int(s): np.flatnonzero(scenes == s) for s in there}
        self._mixed: dict[tuple[int, int], np.ndarray] = {}

    def rows(self, step: int) -> np.ndarray:
        stream, local = step % self.streams, step // self.streams
        count = sum(len(self._rows[int(s)]) for s in self._own[stream])
        wanted = np.arange(local * self.size, (local + 1) * self.size)
        return np.array([self._epoch(stream, int(w // count))[w % count] for w in wanted])

    def _epoch(self, stream: int, epoch: int) -> np.ndarray:
        """The rows of one stream's epoch in order; the last few are remembered."""
        if (stream, epoch) not in self._mixed:
            if len(self._mixed) >= 2 * self.streams:
                self._mixed.clear()
            self._mixed[stream, epoch] = self._order(stream, epoch)
        return self._mixed[stream, epoch]

    def _order(self, stream: int, epoch: int) -> np.ndarray:
        rng = generator("pool", self.seed, stream, epoch)
        scenes = rng.permutation(self._own[stream])
        parts = []
        for first in range(0, len(scenes), self.pool):
            rows = [self._rows[int(s)] for s in scenes[first : first + self.pool]]
            parts.append(rng.permutation(np.concatenate(rows)))
        return np.concatenate(parts)
