"""The ego's recent past for planners that ask for one. Shapes: [11] ego states (EgoColumn)."""

from __future__ import annotations

import math

import numpy as np

from drivewm.geometry.se2 import wrap_angle
from drivewm.scene import EgoColumn as E


class EgoPast:
    """States seen so far; what lies before the first is driven back at its speed and yaw rate.

    A scene shows nothing from before its start, and planners want histories of fixed length.
    """

    def __init__(self) -> None:
        self._times_s: list[float] = []
        self._states: list[np.ndarray] = []

    def add(self, time_s: float, ego: np.ndarray) -> None:
        """The ego state [11] at a time later than the last."""
        self._times_s.append(time_s)
        self._states.append(ego.copy())

    def at(self, time_s: float) -> np.ndarray:
        """The state at a time up to the last; linear between two, held after the last."""
        times, states = self._times_s, self._states
        if time_s <= times[0]:
            return driven_back(states[0], times[0] - time_s)
        k = int(np.searchsorted(times, time_s - 1e-9))
        if k >= len(times):
            return states[-1].copy()
        share = (time_s - times[k - 1]) / (times[k] - times[k - 1])
        a, b = states[k - 1], states[k]
        out = a + min(share, 1.0) * (b - a)
        turn = wrap_angle(b[E.HEADING] - a[E.HEADING])
        out[E.HEADING] = wrap_angle(a[E.HEADING] + min(share, 1.0) * turn)
        return out


def driven_back(ego: np.ndarray, by_s: float) -> np.ndarray:
    """Where a car of this speed and yaw rate was ``by_s`` seconds ago."""
    out = ego.copy()
    turn = ego[E.YAW_RATE] * by_s
    heading = ego[E.HEADING] - turn
    chord_m = ego[E.VX] * by_s
    if abs(turn) > 1e-6:
        chord_m *= math.sin(turn / 2) / (turn / 2)
    out[E.X] -= chord_m * math.cos(ego[E.HEADING] - turn / 2)
    out[E.Y] -= chord_m * math.sin(ego[E.HEADING] - turn / 2)
    out[E.HEADING] = wrap_angle(heading)
    return out
