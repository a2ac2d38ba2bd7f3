"""A polyline as a chain of cubics with continuous heading: the reference line of a written road."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drivewm.scenarios.opendrive.curves import Cubic

WITHIN_M = 0.01  # between the polyline's points and the cubics
LONGEST = 64  # points in one cubic


@dataclass(frozen=True)
class Placed:
    """A cubic, where it starts in the map frame, and which point of the polyline ends it."""

    x_m: float
    y_m: float
    heading_rad: float
    curve: Cubic
    last: int


def fitted(line: np.ndarray) -> list[Placed]:
    """Cubics from point to point of a polyline [P, 2], P >= 2, that leave no point further off
    than ``WITHIN_M``; each is as long as that allows."""
    heading, arc = _headings(line), _arcs(line)
    found, i = [], 0
    while i < len(line) - 1:
        best, size = _between(line, heading, arc, i, i + 1), 2
        while size <= LONGEST and i + 1 < len(line) - 1:
            j = min(i + size, len(line) - 1)
            longer = _between(line, heading, arc, i, j)
            if not _is_close(longer, line[i : j + 1], arc[i : j + 1] - arc[i]):
                break
            best, size = longer, 2 * size
            if j == len(line) - 1:
                break
        found.append(best)
        i = best.last
    return found


def _arcs(line: np.ndarray) -> np.ndarray:
    return np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])


def _headings(line: np.ndarray) -> np.ndarray:
    """At each point: between its two chords; at the ends the last bend goes on."""
    chord = np.unwrap(np.arctan2(*np.diff(line, axis=0).T[::-1]))
    size = np.hypot(*np.diff(line, axis=0).T)
    if len(chord) == 1:
        return np.repeat(chord, 2)
    share = size[:-1] / (size[:-1] + size[1:])
    inner = chord[:-1] + share * np.diff(chord)
    return np.concatenate([[2 * chord[0] - inner[0]], inner, [2 * chord[-1] - inner[-1]]])


def _between(line: np.ndarray, heading: np.ndarray, arc: np.ndarray, i: int, j: int) -> Placed:
    c, s = np.cos(heading[i]), np.sin(heading[i])
    dx, dy = line[j] - line[i]
    u, v = c * dx + s * dy, c * dy - s * dx
    turn, size = heading[j] - heading[i], arc[j] - arc[i]
    du, dv = size * np.cos(turn), size * np.sin(turn)
    coefficients = (
        (0.0, float(size), float(3 * u - 2 * size - du), float(size + du - 2 * u)),
        (0.0, 0.0, float(3 * v - dv), float(dv - 2 * v)),
    )
    length = Cubic(*coefficients, 1.0, float(size), is_scaled=True).arc_length_m
    curve = Cubic(*coefficients, 1.0, length, is_scaled=True)
    return Placed(float(line[i, 0]), float(line[i, 1]), float(heading[i]), curve, j)


def _is_close(placed: Placed, points: np.ndarray, arc_m: np.ndarray) -> bool:
    at = placed.curve.at(arc_m * placed.curve.length_m / arc_m[-1])
    c, s = np.cos(placed.heading_rad), np.sin(placed.heading_rad)
    x, y = placed.x_m + c * at.u_m - s * at.v_m, placed.y_m + s * at.u_m + c * at.v_m
    return bool(np.hypot(x - points[:, 0], y - points[:, 1]).max() <= WITHIN_M)
