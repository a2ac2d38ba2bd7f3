"""Hand-made counts of forecasts that find a chosen share of a car."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from drivewm.eval.forecast import store
from drivewm.eval.forecast.store import StepCounts
from drivewm.eval.forecast.windows import Window
from drivewm.measures import calibration
from drivewm.measures.iou import confusion
from drivewm.scene import OccClass

ABOUT: dict[str, Any] = {
    "drivewm": "0", "models": ["a"], "weights": ["0"], "fleet": "0", "encoder": "pull",
    "dynamics": "rssm", "parameters": 1, "trained_on_scenes": 1, "judged_scenes_trained_on": [],
    "grid": {}, "windows_name": "all", "windows_hash": "00", "windows": 24, "scenes": 12,
    "ego_mode": "gt", "compared_in": "true", "rays": "some", "interval": "some",
    "baselines": "some", "labels": "some",
}  # fmt: skip
STEPS = 7


def counts(share: float) -> list[StepCounts]:
    """A forecast of 7 steps that finds ``share`` of 20 car voxels among 20 free ones."""
    true = np.full((40, 1, 1), OccClass.FREE, np.uint8)
    true[:20] = OccClass.CAR
    seen = true.copy()
    seen[: 20 - round(20 * share)] = OccClass.FREE
    rays = np.zeros((17, 5), np.int64)
    rays[OccClass.CAR] = [0, 10 * share, 10 * share, 10, 10]
    return [
        StepCounts(
            step=h, mask="none", confusion=confusion(seen, true, None), rays=rays,
            flow=np.array([h * 1.0, 2.0, 0.0, 0.0]), calibration=np.ones(calibration.COLUMNS),
        )
        for h in range(STEPS)
    ]  # fmt: skip


def write(
    folder: Path, model: float, warp: float = 0.5, runs: int = 1, scenes: int = 12,
    change: float = 0.0,
) -> Path:  # fmt: skip
    """Two windows a scene; scenes differ by up to 0.05, the same for all rows; run r finds
    ``change`` * r more than the first."""
    rng = np.random.default_rng(0)
    folder.mkdir(parents=True, exist_ok=True)
    with store.writing(folder / store.COUNTS, {**ABOUT, "scenes": scenes}) as out:
        for s in range(scenes):
            noise = 0.05 * rng.integers(-1, 2)
            for keyframe in (3, 4):
                window = Window(scene=f"s{s:02d}", keyframe=keyframe, history=4, horizon=6)
                for run in range(runs):
                    made = counts(model + change * run + noise)
                    out.add(store.table_of([(run, "model", "perceived", made)], window))
                    entry = (run, "ego-warp", "perceived", counts(warp + noise))
                    out.add(store.table_of([entry], window))
                shared = [(-1, "ego-warp", "true", counts(warp + noise)),
                          (-1, "map-prior", "map", counts(0.1))]  # fmt: skip
                out.add(store.table_of(shared, window))
            out.end_scene()
    return folder
