"""The reference line of a road: curves one after the other along s."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from drivewm.scenarios.opendrive.curves import Cubic, Curve


class Poses(NamedTuple):
    """Points of a reference line in the map frame; each array is [N]."""

    x_m: np.ndarray
    y_m: np.ndarray
    heading_rad: np.ndarray  # not wrapped
    curvature_per_m: np.ndarray


@dataclass(frozen=True, kw_only=True)
class Piece:
    """One ``<geometry>``: where its curve starts, in the map frame."""

    s_m: float
    x_m: float
    y_m: float
    heading_rad: float
    length_m: float
    curve: Curve
    line: int = 0  # in the file

    def at(self, s_m: np.ndarray) -> Poses:
        local = self.curve.at(s_m - self.s_m)
        c, s = np.cos(self.heading_rad), np.sin(self.heading_rad)
        return Poses(
            self.x_m + c * local.u_m - s * local.v_m,
            self.y_m + s * local.u_m + c * local.v_m,
            self.heading_rad + local.heading_rad,
            local.curvature_per_m,
        )


@dataclass(frozen=True)
class PlanView:
    """The pieces in order of s, at least one."""

    pieces: tuple[Piece, ...]

    @cached_property
    def starts_m(self) -> np.ndarray:
        return np.array([piece.s_m for piece in self.pieces])

    @property
    def end_m(self) -> float:
        return self.pieces[-1].s_m + self.pieces[-1].length_m

    def at(self, s_m: np.ndarray) -> Poses:
        """Poses at s ([N]); beyond the ends the first and last curve go on."""
        s_m = np.asarray(s_m, float)
        row = np.clip(np.searchsorted(self.starts_m, s_m, "right") - 1, 0, len(self.pieces) - 1)
        out = np.empty((4, len(s_m)))
        for k in np.unique(row):
            chosen = row == k
            out[:, chosen] = self.pieces[k].at(s_m[chosen])
        return Poses(*out)

    def sample_m(self, length_m: float, step_m: float = 2.0) -> np.ndarray:
        """Distances [N] from 0 to the length, close enough that the chords follow the curves: no
        step is longer than ``step_m`` or turns by more than about 0.1 rad."""
        knots = [float(s) for s in self.starts_m if 0 < s < length_m]
        knots = [0.0, *knots, length_m]
        parts = []
        for low, high in pairwise(knots):
            coarse = self.at(np.linspace(low, high, 33))
            bend = float(np.abs(coarse.curvature_per_m[:-1]).max())
            bend = min(bend, 10.0)  # a cusp is no reason for a million points
            count = int(np.ceil((high - low) * max(1.0 / step_m, bend / 0.1)))
            parts.append(np.linspace(low, high, max(count, 1) + 1)[:-1])
        return np.concatenate([*parts, [length_m]])


def joint_gap(before: Piece, after: Piece) -> tuple[float, float]:
    """Distance (m) and angle (rad) between the end of a piece and the start of the next."""
    end = before.at(np.array([after.s_m]))
    gap_m = float(np.hypot(end.x_m[0] - after.x_m, end.y_m[0] - after.y_m))
    turn = after.heading_rad - float(end.heading_rad[0])
    if isinstance(after.curve, Cubic):
        turn += float(after.curve.at(np.zeros(1)).heading_rad[0])
    return gap_m, float(abs(np.arctan2(np.sin(turn), np.cos(turn))))
