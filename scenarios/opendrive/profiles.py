"""Functions of s made of cubic pieces: lane offsets, widths, borders, elevation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

_JUST = 1e-9  # metres


@dataclass(frozen=True)
class Cubics:
    """a + b ds + c ds2 + d ds3 from each start on, ds = s - start; N pieces.

    ``start_m`` is absolute along the road. Before the first start, and without pieces, it is 0.
    """

    start_m: np.ndarray  # [N], ascending
    coefficients: np.ndarray  # [N, 4]

    def at(self, s_m: np.ndarray, until_m: float = np.inf) -> np.ndarray:
        """Values at s ([K]). Pieces that start at ``until_m`` or later are not used: at the end
        of a lane section the lane offset is not yet that of the next section."""
        return self._sum(s_m, until_m, 0)

    def slope(self, s_m: np.ndarray, until_m: float = np.inf) -> np.ndarray:
        """First derivatives at s ([K])."""
        return self._sum(s_m, until_m, 1)

    def _sum(self, s_m: np.ndarray, until_m: float, order: int) -> np.ndarray:
        s_m = np.asarray(s_m, float)
        if not len(self.start_m):
            return np.zeros_like(s_m)
        last = int(np.searchsorted(self.start_m, until_m - _JUST, "left")) - 1
        row = np.minimum(np.searchsorted(self.start_m, s_m + _JUST, "right") - 1, last)
        a, b, c, d = self.coefficients[np.maximum(row, 0)].T
        ds = s_m - self.start_m[np.maximum(row, 0)]
        value = a + ds * (b + ds * (c + ds * d)) if order == 0 else b + ds * (2 * c + 3 * d * ds)
        return np.where(row < 0, 0.0, value)

    @property
    def is_zero(self) -> bool:
        return not self.coefficients.any()


def cubics(pieces: Sequence[tuple[float, float, float, float, float]]) -> Cubics:
    """From rows (start, a, b, c, d); they are sorted by start, later ones of equal start win."""
    rows = np.array(sorted(pieces, key=lambda row: row[0]), float).reshape(-1, 5)
    return Cubics(rows[:, 0].copy(), rows[:, 1:].copy())


NONE = cubics(())
