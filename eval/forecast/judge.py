"""A forecast against the truth: the counts of every step. Shapes: H forecast frames (0 = now)."""

from __future__ import annotations

import numpy as np

from drivewm.eval.forecast.ego import Forecast
from drivewm.eval.forecast.store import StepCounts
from drivewm.eval.forecast.truth import WindowTruth, cell_size, lower_corner, movable_columns
from drivewm.measures.calibration import calibration_sums
from drivewm.measures.flow import flow_sums
from drivewm.measures.iou import confusion
from drivewm.measures.rayiou import COLUMNS, cast_rays, ray_counts, ray_pattern
from drivewm.models.grid import GridConfig
from drivewm.scene import OccClass

RAYS = ray_pattern()  # [14040, 3]


class Judge:
    """Counts forecasts of one window; the truth's rays are cast once."""

    def __init__(self, truth: WindowTruth, grid: GridConfig) -> None:
        self._truth, self._lower, self._cell = truth, lower_corner(grid), cell_size(grid)
        self._hits = [
            [cast_rays(truth.occupancy[h], o, RAYS, self._lower, self._cell) for o in origins]
            for h, origins in enumerate(truth.origins_m)
        ]

    def counts(self, forecast: Forecast) -> list[StepCounts]:
        """One element a mask and step."""
        truth, out = self._truth, []
        for h in range(len(truth.occupancy)):
            rays = self._rays(forecast.classes[h], h)
            for name, masks in truth.masks.items():
                mask = None if masks is None else masks[h]
                probability = None if forecast.probability is None else forecast.probability[h]
                columns = movable_columns(truth, h, mask)
                out.append(
                    StepCounts(
                        step=h, mask=name,
                        confusion=confusion(forecast.classes[h], truth.occupancy[h], mask),
                        rays=rays if name == "none" else None,
                        flow=flow_sums(forecast.flow[h], truth.flow[h], columns),
                        calibration=None if probability is None
                        else calibration_sums(probability, truth.occupancy[h], mask),
                    )
                )  # fmt: skip
        return out

    def _rays(self, predicted: np.ndarray, h: int) -> np.ndarray:
        total = np.zeros((int(OccClass.FREE), COLUMNS), np.int64)
        for origin, true in zip(self._truth.origins_m[h], self._hits[h]):
            keep = true[0] != OccClass.FREE
            ours = cast_rays(predicted, origin, RAYS, self._lower, self._cell, keep)
            total += ray_counts(ours, true)
        return total
