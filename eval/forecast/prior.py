"""The map prior: what usually stands where, given only the road. Shapes: X, Y, Z cells, K classes.

For every voxel of the ego's grid the classes of training scenes are counted, apart where the map's
drivable area is, where it is not, and over all frames. The forecast takes the most frequent class
given the road under the (assumed) future ego; without a map, that of all frames. It looks at
nothing else: what a table's model must beat to have seen anything at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from drivewm import progress
from drivewm.eval.forecast.ego import Forecast
from drivewm.eval.forecast.truth import label_grids, road_columns
from drivewm.logs.fleet import Fleet
from drivewm.models.grid import OCC3D_CLASSES, GridConfig

MOST_SCENES = 60  # evenly chosen: the counts do not change much with more
EVERY = 2  # frames; neighbours are alike
OFF_ROAD, ON_ROAD, ANYWHERE = 0, 1, 2


@dataclass(frozen=True, kw_only=True)
class MapPrior:
    """Class frequencies of training scenes."""

    probability: np.ndarray  # float32 [3, K, X, Y, Z]: off the road, on it, anywhere
    scenes: int
    frames: int
    mapped: bool  # some training scene has a map

    def forecast(self, road: np.ndarray | None, steps: int) -> Forecast:
        """Args: ``road`` bool [H + 1, X, Y], None = not known; ``steps``: H + 1."""
        shape = self.probability.shape[2:]
        if road is None or not self.mapped:
            given = np.repeat(self.probability[None, ANYWHERE], steps, 0)
        else:
            under = road[:, None, :, :, None]
            given = np.where(under, self.probability[ON_ROAD], self.probability[OFF_ROAD])
        return Forecast(
            classes=given.argmax(1).astype(np.uint8), probability=given.astype(np.float32),
            flow=np.zeros((steps, 2, *shape[:2]), np.float32),
        )  # fmt: skip


def training_scenes(fleet: Fleet, trained_on: Sequence[str], judged: Sequence[str]) -> list[str]:
    """Scenes that may be counted: those the model was trained on, else those of a split named
    train; never one that is judged. At most MOST_SCENES."""
    free = [info for info in fleet.scenes if info.id not in set(judged)]
    known = set(trained_on)
    found = [info.id for info in free if info.id in known]
    found = found or [info.id for info in free if "train" in info.split]
    if len(found) > MOST_SCENES:
        chosen = np.unique(np.linspace(0, len(found) - 1, MOST_SCENES).round().astype(int))
        found = [found[i] for i in chosen]
    return found


def learn_prior(fleet: Fleet, scene_ids: Sequence[str], grid: GridConfig) -> MapPrior:
    """Counts the classes of the scenes' frames."""
    counts = np.zeros((2, OCC3D_CLASSES, *grid.shape), np.int64)
    apart = np.zeros_like(counts[0])  # of frames without a map
    frames, mapped = 0, False
    for scene_id in progress.track(scene_ids, "map prior", len(scene_ids)):
        scene = fleet.scene(scene_id)
        for step, labels in label_grids(fleet, scene_id, grid, every=EVERY):
            frames += 1
            road = road_columns(scene, step, np.zeros((1, 3)), grid)
            one_hot = labels[None] == np.arange(OCC3D_CLASSES, dtype=np.uint8)[:, None, None, None]
            if road is None:
                apart += one_hot
                continue
            mapped = True
            counts[ON_ROAD] += one_hot & road[0][:, :, None]
            counts[OFF_ROAD] += one_hot & ~road[0][:, :, None]
    total = counts.sum(0) + apart
    overall = total.sum((1, 2, 3)) / max(total.sum(), 1)
    everywhere = _smoothed(total, overall[:, None, None, None])
    given = [_smoothed(c, everywhere) for c in counts]
    return MapPrior(
        probability=np.stack([*given, everywhere]).astype(np.float32), scenes=len(scene_ids),
        frames=frames, mapped=mapped,
    )  # fmt: skip


def _smoothed(counts: np.ndarray, base: np.ndarray) -> np.ndarray:
    """Frequencies over axis 0 with one more frame of the base's."""
    return (counts + base) / (counts.sum(0) + 1.0)
