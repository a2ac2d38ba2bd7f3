"""A plan being followed: timed rear-axle poses. Shapes: M poses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drivewm.geometry.se2 import wrap_angle

TELEPORT_MPS = 100.0  # no plan may be faster between two poses
FARTHEST = 1e7  # metres (and radians) of a pose; what lies farther overflows in the geometry


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Poses at absolute times; the first is where the ego was (or should have been) at planning."""

    times_us: np.ndarray  # int64 [M], strictly increasing
    poses: np.ndarray  # [M, 3] x, y, heading, map frame

    def at(self, times_us: np.ndarray | int) -> np.ndarray:
        """Poses [..., 3] at absolute times, linear between poses, held beyond the ends."""
        base = self.times_us[0]
        when, known = (
            np.asarray(np.asarray(times_us) - base, float),
            (self.times_us - base).astype(float),
        )
        heading = np.unwrap(self.poses[:, 2])
        columns = [np.interp(when, known, c) for c in (*self.poses[:, :2].T, heading)]
        columns[2] = wrap_angle(columns[2])
        return np.stack(columns, -1)

    def resampled(self, step_us: int) -> tuple[np.ndarray, np.ndarray]:
        """Times [M'] (int64) every ``step_us`` from the start to the end, and poses [M', 3]."""
        times = np.arange(self.times_us[0], self.times_us[-1] + 1, step_us)
        return times, self.at(times)
