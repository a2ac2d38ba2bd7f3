"""Packs polylines into the engine's path tables. Shapes: P paths, Q samples of one path."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from drivewm.sim.traffic_state import Paths

SPACING_M = 0.5
LATERAL_MPS2 = 2.2  # comfortable centripetal acceleration
SLOW_DOWN_MPS2 = 1.5  # braking before a curve


@dataclass(frozen=True, kw_only=True)
class Path:
    """One polyline to follow. ``zones``: (zone, is_yielding, stop, in, out) arc lengths."""

    xy: np.ndarray  # [Q, 2], any spacing
    heading: np.ndarray | None = None  # [Q]; None = tangent
    z: np.ndarray | None = None  # [Q]; None = 0
    limit: float = 50.0  # m/s
    stops: list[tuple[float, int]] = field(default_factory=list)  # arc length, light index
    zones: list[tuple[int, bool, float, float, float]] = field(default_factory=list)


def arc_lengths(xy: np.ndarray) -> np.ndarray:
    """Arc length at each vertex; [Q, 2] -> [Q]."""
    return np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(xy, axis=0).T))])


def tangent_headings(xy: np.ndarray) -> np.ndarray:
    """Heading of the polyline at each vertex (central differences); [Q, 2] -> [Q]."""
    delta = np.gradient(xy, axis=0)
    return np.arctan2(delta[:, 1], delta[:, 0])


def sample(path: Path, spacing_m: float = SPACING_M) -> tuple[np.ndarray, float]:
    """Even samples [Q, 5] (x, y, heading, z, speed bound) and their spacing."""
    s = arc_lengths(path.xy)
    count = max(int(np.ceil(s[-1] / spacing_m)) + 1, 2)
    even = np.linspace(0.0, max(s[-1], 1e-6), count)
    out = np.zeros((count, 5))
    out[:, 0], out[:, 1] = (np.interp(even, s, path.xy[:, k]) for k in (0, 1))
    if path.heading is None:
        out[:, 2] = np.unwrap(tangent_headings(out[:, :2]))
    else:
        out[:, 2] = np.interp(even, s, np.unwrap(path.heading))
    if path.z is not None:
        out[:, 3] = np.interp(even, s, path.z)
    out[:, 4] = speed_bound(out[:, :3], even[1], path.limit)
    return out, float(even[1])


def speed_bound(poses: np.ndarray, spacing_m: float, limit_mps: float) -> np.ndarray:
    """Speed that curves allow, with room to brake before them; [Q, 3] -> [Q]."""
    headings = np.unwrap(poses[:, 2])
    reach = max(round(3.0 / spacing_m), 1)
    ends = np.clip(np.arange(len(headings)) + reach, 0, len(headings) - 1)
    starts = np.clip(np.arange(len(headings)) - reach, 0, len(headings) - 1)
    span = np.maximum(ends - starts, 1) * spacing_m
    curvature = np.abs(headings[ends] - headings[starts]) / span
    bound = np.minimum(limit_mps, np.sqrt(LATERAL_MPS2 / np.maximum(curvature, 1e-4)))
    for i in range(len(bound) - 2, -1, -1):
        reachable = np.sqrt(bound[i + 1] ** 2 + 2 * SLOW_DOWN_MPS2 * spacing_m)
        bound[i] = min(bound[i], reachable)
    return bound


def pack(paths: list[Path], zone_soft: np.ndarray | None = None) -> Paths:
    """All tables of the engine from a list of paths."""
    soft = np.zeros(0, bool) if zone_soft is None else np.asarray(zone_soft, bool)
    sampled = [sample(path) for path in paths]
    counts = [len(rows) for rows, _ in sampled]
    stops = [sorted(path.stops) for path in paths]
    tables = np.full((2, len(paths), len(soft), 3), np.nan)
    for index, path in enumerate(paths):
        for zone, yields, stop, enter, leave in path.zones:
            tables[0 if yields else 1, index, zone] = stop, enter, leave
    return Paths(
        first=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        samples=np.concatenate([rows for rows, _ in sampled] or [np.zeros((0, 5))]),
        spacing_m=np.array([spacing for _, spacing in sampled], float),
        light_first=np.concatenate([[0], np.cumsum([len(x) for x in stops])]).astype(np.int64),
        light_s=np.array([s for rows in stops for s, _ in rows], float),
        light_index=np.array([i for rows in stops for _, i in rows], np.int64),
        zone_soft=soft, zone_yield=tables[0], zone_prior=tables[1],
    )  # fmt: skip
