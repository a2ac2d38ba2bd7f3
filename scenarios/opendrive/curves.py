"""The curves of a plan view in their own frame: start at (0, 0), u along the start heading.

Every curve maps the distance from its start (array [N], metres of arc length) to :class:`Local`.
Source: ASAM OpenDRIVE 1.8, "Road reference line".
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, Protocol

import numpy as np

_NODES, _WEIGHTS = (0.5 * x for x in np.polynomial.legendre.leggauss(10))
_NODES = _NODES + 0.5  # both for [0, 1]
PANEL_RAD = 0.5  # a clothoid is integrated in panels that turn less
CHUNK = 2000  # distances at a time
STILL = 1e-12  # a slower parametric curve has no direction there


class Local(NamedTuple):
    """Points of a curve in its own frame; each array is [N]."""

    u_m: np.ndarray
    v_m: np.ndarray
    heading_rad: np.ndarray
    curvature_per_m: np.ndarray  # positive: turns left


class Curve(Protocol):
    """What a piece of a reference line is made of."""

    def at(self, distance_m: np.ndarray) -> Local: ...


@dataclass(frozen=True)
class Line:
    """Straight ahead."""

    def at(self, distance_m: np.ndarray) -> Local:
        zero = np.zeros_like(distance_m)
        return Local(distance_m.copy(), zero, zero.copy(), zero.copy())


@dataclass(frozen=True)
class Arc:
    """A circle; the curvature is positive to the left."""

    curvature_per_m: float

    def at(self, distance_m: np.ndarray) -> Local:
        turned = self.curvature_per_m * distance_m
        # chord = distance * sinc(turned / 2), at half the angle: exact for tiny curvatures too
        chord = distance_m * np.sinc(turned / (2 * np.pi))
        u, v = chord * np.cos(turned / 2), chord * np.sin(turned / 2)
        return Local(u, v, turned, np.full_like(distance_m, self.curvature_per_m))


@dataclass(frozen=True)
class Spiral:
    """A clothoid: the curvature changes linearly over the length.

    Integrated by Gauss-Legendre panels; Fresnel integrals lose digits where the curvature hardly
    changes.
    """

    start_per_m: float
    end_per_m: float
    length_m: float

    @property
    def turned_rad(self) -> float:
        """A bound of the angle turned, both ways summed."""
        return max(abs(self.start_per_m), abs(self.end_per_m)) * self.length_m

    def at(self, distance_m: np.ndarray) -> Local:
        parts = [
            self._ends(part) for part in np.split(distance_m, range(CHUNK, len(distance_m), CHUNK))
        ]
        u, v = np.concatenate(parts, axis=1)
        rate = (self.end_per_m - self.start_per_m) / self.length_m
        return Local(u, v, self._angle(distance_m), self.start_per_m + rate * distance_m)

    def _angle(self, distance_m: np.ndarray) -> np.ndarray:
        rate = (self.end_per_m - self.start_per_m) / self.length_m
        return distance_m * (self.start_per_m + 0.5 * rate * distance_m)

    def _ends(self, distance_m: np.ndarray) -> np.ndarray:
        panels = int(np.ceil(self.turned_rad / PANEL_RAD)) + 1
        share = ((np.arange(panels)[:, None] + _NODES) / panels).ravel()
        weight = np.tile(_WEIGHTS, panels) / panels
        angle = self._angle(distance_m[:, None] * share)
        return distance_m * np.stack([np.cos(angle) @ weight, np.sin(angle) @ weight])


@dataclass(frozen=True)
class Cubic:
    """Two cubics u(p), v(p), walked by arc length: ``poly3`` (u = p) and ``paramPoly3``.

    ``end`` is p at the end of the curve. If ``is_scaled``, the declared length is spread evenly
    over the arc length of [0, end] (``paramPoly3``; the two differ by rounding in a good file);
    else the curve is left where its arc length is reached (``poly3``).
    """

    u: tuple[float, float, float, float]
    v: tuple[float, float, float, float]
    end: float
    length_m: float
    is_scaled: bool

    @cached_property
    def _table(self) -> tuple[np.ndarray, np.ndarray]:
        """p at the knots, and the arc length up to each."""
        panels = int(np.clip(np.ceil(self.length_m / 2.0), 16, 4000))
        knots = np.linspace(0.0, self.end, panels + 1)
        pieces = self._arc(knots[:-1], knots[1:])
        return knots, np.concatenate([[0.0], np.cumsum(pieces)])

    @property
    def arc_length_m(self) -> float:
        """Of [0, end]."""
        return float(self._table[1][-1])

    def at(self, distance_m: np.ndarray) -> Local:
        p = self._parameter(distance_m)
        (u, du, ddu), (v, dv, ddv) = (_cubic(c, p) for c in (self.u, self.v))
        speed = np.hypot(du, dv)
        is_still = speed < STILL
        if is_still.any():  # the limit of the direction, towards the inside
            inward = np.where(p < 0.5 * self.end, 1.0, -1.0) * 1e-6 * self.end
            du = np.where(is_still, inward * ddu, du)
            dv = np.where(is_still, inward * ddv, dv)
            speed = np.maximum(np.hypot(du, dv), STILL)
        curvature = np.where(is_still, 0.0, (du * ddv - dv * ddu) / speed**3)
        return Local(u, v, np.arctan2(dv, du), curvature)

    def _parameter(self, distance_m: np.ndarray) -> np.ndarray:
        """p where the arc length from the start is that distance."""
        knots, arc_m = self._table
        wanted = distance_m * (arc_m[-1] / self.length_m if self.is_scaled else 1.0)
        panel = np.clip(np.searchsorted(arc_m, wanted, "right") - 1, 0, len(knots) - 2)
        low, high = knots[panel], knots[panel + 1]
        share = (wanted - arc_m[panel]) / np.maximum(arc_m[panel + 1] - arc_m[panel], STILL)
        p = low + share * (high - low)
        for _ in range(
            4
        ):  # Newton; the panels are short, so that two steps are nearly always enough
            speed = np.maximum(self._speed(p), STILL)
            step = (wanted - arc_m[panel] - self._arc(low, p)) / speed
            p = p + np.clip(step, low - high, high - low)
        return p

    def _arc(self, low: np.ndarray, high: np.ndarray) -> np.ndarray:
        """Arc length between parameters, [N] each."""
        width = high - low
        return width * (self._speed(low[:, None] + width[:, None] * _NODES) @ _WEIGHTS)

    def _speed(self, p: np.ndarray) -> np.ndarray:
        return np.hypot(_cubic(self.u, p)[1], _cubic(self.v, p)[1])


def poly3(a: float, b: float, c: float, d: float, length_m: float) -> Cubic:
    """v(u) = a + bu + cu2 + du3. u never exceeds the arc length."""
    return Cubic((0.0, 1.0, 0.0, 0.0), (a, b, c, d), length_m, length_m, is_scaled=False)


def _cubic(c: tuple[float, ...], p: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Value, first and second derivative."""
    a, b, c2, d = c
    return (
        a + p * (b + p * (c2 + p * d)),
        b + p * (2 * c2 + p * 3 * d),
        2 * c2 + p * 6 * d,
    )
