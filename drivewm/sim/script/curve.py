"""Polylines to move along, point by point, in plain Python numbers. Shapes: Q vertices.

The engine asks for one pose at a time some ten thousand times a run: lists and ``bisect`` answer
ten times faster than arrays do.
"""

from __future__ import annotations

import math
from bisect import bisect_right

import numpy as np

from drivewm.errors import InputError
from drivewm.sim.script.places import Path

CORNER_M = 0.5  # headings turn within this way before and behind a corner of a polyline
NEAR_M = 1e-9


def wrap(angle_rad: float) -> float:
    """An angle between -pi and pi."""
    return math.atan2(math.sin(angle_rad), math.cos(angle_rad))


class Curve:
    """A path: positions, tangents and (where a path has its own) orientations by arc length.

    Positions lie on the polyline's edges; tangents are interpolated between its vertices, so that
    a finely sampled curve turns evenly. Both ends go straight on.
    """

    def __init__(
        self, xy: np.ndarray, heading_rad: np.ndarray | None = None,
        times_s: np.ndarray | None = None, index: int = -1, width_m: float = 3.5,
    ) -> None:  # fmt: skip
        xy = np.asarray(xy, float)
        edges = np.diff(xy, axis=0)
        lengths = np.hypot(*edges.T)
        arc = np.concatenate([[0.0], np.cumsum(lengths)])
        self.index, self.width_m, self.length_m = index, width_m, float(arc[-1])
        s, points, tangent = _turned(xy, edges, lengths, arc)
        self._s, self._x, self._y = s.tolist(), points[:, 0].tolist(), points[:, 1].tolist()
        self._tangent, self._array = tangent.tolist(), points
        self._own: list[float] | None = None
        if heading_rad is not None:
            self._own = np.interp(s, arc, np.unwrap(np.asarray(heading_rad, float))).tolist()
        self.times_s = None if times_s is None else np.asarray(times_s, float).tolist()
        self.arc_m: list[float] = arc.tolist()

    @property
    def has_orientation(self) -> bool:
        """Whether poses have a heading of their own beside the tangent."""
        return self._own is not None

    def _at(self, s_m: float) -> tuple[int, float]:
        """Edge and how far along it (in edges, beyond 0..1 outside the ends)."""
        i = min(max(bisect_right(self._s, s_m) - 1, 0), len(self._s) - 2)
        return i, (s_m - self._s[i]) / (self._s[i + 1] - self._s[i])

    def pose(self, s_m: float, lateral_m: float = 0.0) -> tuple[float, float, float]:
        """x, y and the tangent's direction, ``lateral_m`` to the left."""
        i, part = self._at(s_m)
        inside = min(max(part, 0.0), 1.0)
        turn = self._tangent[i] + inside * (self._tangent[i + 1] - self._tangent[i])
        x = self._x[i] + part * (self._x[i + 1] - self._x[i])
        y = self._y[i] + part * (self._y[i + 1] - self._y[i])
        return x - lateral_m * math.sin(turn), y + lateral_m * math.cos(turn), turn

    def orientation(self, s_m: float) -> float:
        """The path's own heading; its tangent where it has none."""
        if self._own is None:
            return self.pose(s_m)[2]
        i, part = self._at(s_m)
        inside = min(max(part, 0.0), 1.0)
        return self._own[i] + inside * (self._own[i + 1] - self._own[i])

    def curvature(self, s_m: float) -> float:
        """1/m, positive to the left; 0 beyond the ends."""
        i, part = self._at(s_m)
        if not 0.0 <= part <= 1.0:
            return 0.0
        return (self._tangent[i + 1] - self._tangent[i]) / (self._s[i + 1] - self._s[i])

    def project(self, x_m: float, y_m: float, near_s_m: float | None = None) -> tuple[float, float]:
        """(s, lateral) such that ``pose`` gives the point back; beyond the ends it goes straight
        on. ``near_s_m``: a guess, from which the nearest place is walked to."""
        i = self._nearest(x_m, y_m) if near_s_m is None else self._walk(x_m, y_m, near_s_m)
        s = self._foot(i, x_m, y_m)[1]
        for _ in range(4):  # the normal turns along an edge: the foot of the true one
            x, y, turn = self.pose(s)
            along = (x_m - x) * math.cos(turn) + (y_m - y) * math.sin(turn)
            if abs(along) < 1e-7:
                break
            s += along
        x, y, turn = self.pose(s)
        return s, (y_m - y) * math.cos(turn) - (x_m - x) * math.sin(turn)

    def _nearest(self, x_m: float, y_m: float) -> int:
        a, b = self._array[:-1], self._array[1:]
        edge = b - a
        part = ((x_m - a[:, 0]) * edge[:, 0] + (y_m - a[:, 1]) * edge[:, 1]) / (edge**2).sum(-1)
        foot = a + np.clip(part, 0.0, 1.0)[:, None] * edge
        return int(np.argmin((foot[:, 0] - x_m) ** 2 + (foot[:, 1] - y_m) ** 2))

    def _walk(self, x_m: float, y_m: float, near_s_m: float) -> int:
        i, last = self._at(near_s_m)[0], len(self._s) - 2
        here = self._foot(i, x_m, y_m)[0]
        for step in (1, -1):
            while 0 <= i + step <= last:
                there = self._foot(i + step, x_m, y_m)[0]
                if there > here:
                    break
                i, here = i + step, there
        return i

    def _foot(self, i: int, x_m: float, y_m: float) -> tuple[float, float]:
        """Squared distance to an edge, and the arc length of its nearest point (straight on
        beyond the curve's ends)."""
        ax, ay = self._x[i], self._y[i]
        ex, ey = self._x[i + 1] - ax, self._y[i + 1] - ay
        part = ((x_m - ax) * ex + (y_m - ay) * ey) / (ex * ex + ey * ey)
        low = -math.inf if i == 0 else 0.0
        high = math.inf if i == len(self._s) - 2 else 1.0
        part = min(max(part, low), high)
        dx, dy = x_m - ax - part * ex, y_m - ay - part * ey
        return dx * dx + dy * dy, self._s[i] + part * (self._s[i + 1] - self._s[i])


def _turned(
    xy: np.ndarray, edges: np.ndarray, lengths: np.ndarray, arc: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Arc lengths, points and tangents, with a vertex added before and behind each corner between
    long edges: headings turn there only."""
    along = np.unwrap(np.arctan2(edges[:, 1], edges[:, 0]))
    before, after = lengths[:-1], lengths[1:]
    bent = along[1:] != along[:-1]
    a, b = np.minimum(before, CORNER_M), np.minimum(after, CORNER_M)
    long = 2 * CORNER_M + 0.01  # an edge just as long would get two vertices in one place
    early, late = bent & (before > long), bent & (after > long)
    inner = arc[1:-1]
    s = np.concatenate([arc, inner[early] - CORNER_M, inner[late] + CORNER_M])
    middle = (along[:-1] * b + along[1:] * a) / (a + b)
    ends = np.concatenate([along[:1], middle, along[-1:]])
    tangent = np.concatenate([ends, along[:-1][early], along[1:][late]])
    order = np.argsort(s, kind="stable")
    out = s[order]
    points = np.stack([np.interp(out, arc, column) for column in xy.T], -1)
    return out, points, tangent[order]


def straight(x_m: float, y_m: float, heading_rad: float) -> Curve:
    """A line through a pose: the way of what follows no path."""
    end = (x_m + 10.0 * math.cos(heading_rad), y_m + 10.0 * math.sin(heading_rad))
    return Curve(np.array([(x_m, y_m), end]))


def curve_of(path: Path, index: int) -> Curve:
    """Checks a path and makes it ready.

    Raises:
        InputError: fewer than two vertices, repeated ones, wrong lengths or falling times.
    """
    xy = np.asarray(path.xy, float)
    name = f"path {path.name}"
    if xy.ndim != 2 or xy.shape[1] != 2 or len(xy) < 2 or not np.isfinite(xy).all():
        raise InputError("a path needs two finite vertices or more", file=path.where, field=name)
    if np.hypot(*np.diff(xy, axis=0).T).min() < NEAR_M:
        raise InputError("two vertices that follow each other are the same point",
                         file=path.where, field=name, fix="leave one out")  # fmt: skip
    for what, values in (("heading_rad", path.heading_rad), ("times_s", path.times_s)):
        if values is not None and len(values) != len(xy):
            raise InputError(f"{what} has {len(values)} values for {len(xy)} vertices",
                             file=path.where, field=name)  # fmt: skip
    if path.times_s is not None and np.min(np.diff(path.times_s)) <= 0:
        raise InputError("times do not rise", file=path.where, field=name)
    return Curve(xy, path.heading_rad, path.times_s, index, path.width_m)
