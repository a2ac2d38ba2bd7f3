"""Shapes of trajectories as polylines. Shapes: Q vertices."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.interpolate import BSpline

from drivewm.scenarios.osc.element import Element
from drivewm.scenarios.osc.spot import Spot

Resolve = Callable[[Element], Spot]
STEP_M, TURN_RAD = 1.0, 0.02  # of sampled curves
APART_M = 1e-3  # a vertex that repeats the one before (a halt, if timed) is put this far on
MAX_VERTICES = 200_000


@dataclass(frozen=True)
class Sampled:
    """A trajectory's vertices; headings only where the file tells all of them."""

    xy: np.ndarray  # [Q, 2]
    heading_rad: np.ndarray | None = None  # [Q]
    times_s: np.ndarray | None = None  # [Q]
    is_relative: bool = False  # to where the entity is when it starts: no start is told


def read_shape(trajectory: Element, resolve: Resolve) -> Sampled:
    """The shape of a ``<Trajectory>``.

    Raises:
        InputError: fewer than two vertices, falling times, wrong knots, an unknown shape.
    """
    shape = trajectory.one("Shape").only()
    if shape.tag not in SHAPES:
        raise shape.error("is not supported", fix=f"known: {', '.join(SHAPES)}")
    found = SHAPES[shape.tag](shape, resolve)
    if len(found.xy) > MAX_VERTICES:
        raise shape.error(f"needs more than {MAX_VERTICES} vertices")
    return _apart(found, shape)


def _polyline(shape: Element, resolve: Resolve) -> Sampled:
    vertices = list(shape.all("Vertex"))
    if len(vertices) < 2:
        raise shape.error("needs two vertices or more")
    spots = [resolve(vertex.one("Position")) for vertex in vertices]
    xy = np.array([(spot.x_m, spot.y_m) for spot in spots])
    told = all(spot.has_orientation for spot in spots)
    heading = np.unwrap([spot.heading_rad for spot in spots]) if told else None
    return Sampled(xy, heading, _times(vertices))


def _times(items: list[Element]) -> np.ndarray | None:
    if not all(item.has("time") for item in items):
        for item in items:
            item.text("time", "")
        return None
    times = np.array([item.number("time") for item in items])
    if np.min(np.diff(times), initial=0.0) < 0:
        late = items[int(np.argmin(np.diff(times))) + 1]
        raise late.error("has a time before that of the vertex before", field="time")
    return None if times[-1] == times[0] else times


def _clothoid(shape: Element, resolve: Resolve) -> Sampled:
    """One clothoid (1.0 names the change of curvature ``curvatureDot``)."""
    spot = resolve(shape.one("Position"))
    start, length = shape.number("curvature"), shape.number("length")
    rate = shape.number("curvaturePrime" if shape.has("curvaturePrime") else "curvatureDot")
    if length <= 0:
        raise shape.error(f"is {length:g} m long", field="length")
    xy, _, s = clothoid(
        (spot.x_m, spot.y_m, spot.heading_rad), start, start + rate * length, length
    )
    times = None
    if shape.has("startTime") and shape.has("stopTime"):
        first, last = shape.number("startTime"), shape.number("stopTime")
        if last < first:
            raise shape.error("stops before it starts", field="stopTime")
        times = first + (last - first) * s / length if last > first else None
    return Sampled(xy, None, times)


def _spline(shape: Element, resolve: Resolve) -> Sampled:
    """Segments one after the other; one without a start goes on where the last one ended (the
    first: from where the entity is then)."""
    pose, parts, times, is_relative = (0.0, 0.0, 0.0), [], [], False
    segments = list(shape.all("ClothoidSplineSegment"))
    if not segments:
        raise shape.error("has no segment")
    for number, segment in enumerate(segments):
        start = segment.first("PositionStart")
        if start is not None:
            spot = resolve(start)
            pose = (spot.x_m, spot.y_m, spot.heading_rad)
        elif number == 0:
            is_relative = True
        pose = (pose[0], pose[1], pose[2] + segment.number("hOffset", 0.0))
        length = segment.number("length")
        if length < 0:
            raise segment.error(f"is {length:g} m long", field="length")
        if length == 0:
            continue
        k0, k1 = segment.number("curvatureStart"), segment.number("curvatureEnd")
        xy, heading, s = clothoid(pose, k0, k1, length)
        times.append((segment.maybe("timeStart"), s / length))
        pose = (float(xy[-1, 0]), float(xy[-1, 1]), heading)
        parts.append(xy if number == 0 or start is not None else xy[1:])
    if not parts:
        raise shape.error("has no length")
    end = shape.maybe("timeEnd")
    told = _spline_times(parts, times, end)
    return Sampled(np.concatenate(parts), None, told, is_relative)


def _spline_times(parts: list, times: list, end: float | None) -> np.ndarray | None:
    starts = [start for start, _ in times]
    if end is None or any(start is None for start in starts):
        return None
    bounds = [*starts, end]
    rows = []
    for part, (start, share), stop in zip(parts, times, bounds[1:], strict=True):
        rows.append((start + (stop - start) * share)[len(share) - len(part) :])
    return np.concatenate(rows)


def clothoid(
    pose: tuple[float, float, float], k0: float, k1: float, length_m: float
) -> tuple[np.ndarray, float, np.ndarray]:
    """Points [Q, 2], heading at the end and arc lengths [Q] of a curve whose curvature goes
    linearly from ``k0`` to ``k1`` (1/m). Gauss-Legendre of four points between vertices."""
    bend = max(abs(k0), abs(k1), 1e-12)
    count = 2 if bend < 1e-9 else math.ceil(length_m / min(STEP_M, TURN_RAD / bend)) + 1
    count = min(max(count, 2), MAX_VERTICES)
    s = np.linspace(0.0, length_m, count)
    rate = (k1 - k0) / length_m

    def turn(at: np.ndarray) -> np.ndarray:
        return pose[2] + k0 * at + 0.5 * rate * at**2

    nodes, weights = np.polynomial.legendre.leggauss(4)
    half = 0.5 * np.diff(s)
    at = 0.5 * (s[1:] + s[:-1])[:, None] + half[:, None] * nodes  # [Q - 1, 4]
    steps = np.stack(
        [(np.cos(turn(at)) * weights).sum(-1), (np.sin(turn(at)) * weights).sum(-1)], -1
    )
    xy = np.concatenate([np.zeros((1, 2)), np.cumsum(steps * half[:, None], axis=0)])
    return xy + np.array(pose[:2]), float(turn(s[-1:])[0]), s


def _nurbs(shape: Element, resolve: Resolve) -> Sampled:
    order, items = shape.whole("order"), list(shape.all("ControlPoint"))
    knots = np.array([knot.number("value") for knot in shape.all("Knot")])
    if order < 2 or len(items) < order:
        raise shape.error(f"of order {order} needs {max(order, 2)} control points or more")
    if len(knots) != len(items) + order or np.min(np.diff(knots)) < 0:
        raise shape.error(f"needs {len(items) + order} knots that do not fall, not {len(knots)}")
    spots = [resolve(item.one("Position")) for item in items]
    weight = np.array([item.number("weight", 1.0) for item in items])
    if weight.min() <= 0:
        raise shape.error("has a weight that is not positive", field="weight")
    xy = np.array([(spot.x_m, spot.y_m) for spot in spots])
    columns = np.column_stack([xy * weight[:, None], weight])
    times = _times(items)
    if times is not None:
        columns = np.column_stack([columns, times * weight])
    curve = BSpline(knots, columns, order - 1)
    low, high = knots[order - 1], knots[len(items)]
    reach = float(np.hypot(*np.diff(xy, axis=0).T).sum())
    count = min(max(int(reach / 0.25), 64), 20_000)
    rows = curve(np.linspace(low, high, count))
    points = rows[:, :2] / rows[:, 2:3]
    return Sampled(points, None, None if times is None else rows[:, 3] / rows[:, 2])


def _apart(found: Sampled, shape: Element) -> Sampled:
    """Vertices that repeat the one before are dropped, or, where they tell a halt, moved on."""
    xy, times, heading = found.xy.copy(), found.times_s, found.heading_rad
    gaps = np.hypot(*np.diff(xy, axis=0).T)
    if gaps.sum() < APART_M:
        raise shape.error("leads nowhere: its vertices are the same place")
    keep = np.ones(len(xy), bool)
    for i in range(1, len(xy)):
        before = xy[:i][keep[:i]][-1]
        if np.hypot(*(xy[i] - before)) >= 1e-6:
            continue
        waits = times is not None and times[i] > times[i - 1] + 1e-9
        if not waits:
            keep[i] = False
            continue
        other = next((p for p in xy[i:] if np.hypot(*(p - before)) > 1e-6), None)
        way = other - before if other is not None else before - xy[max(i - 2, 0)]
        xy[i] = before + APART_M * way / max(float(np.hypot(*way)), 1e-9)
    if times is not None and np.min(np.diff(times[keep])) <= 0:
        raise shape.error("has two places at the same time")
    return Sampled(
        xy[keep],
        None if heading is None else heading[keep],
        None if times is None else times[keep],
        found.is_relative,
    )


SHAPES: dict[str, Callable[[Element, Resolve], Sampled]] = {
    "Polyline": _polyline, "Clothoid": _clothoid, "ClothoidSpline": _spline, "Nurbs": _nurbs,
}  # fmt: skip
