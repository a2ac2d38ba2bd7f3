"""The first contact of the ego in a drive: when, with whom, where on the ego, how fast.

States are known every 0.1 s; between them positions run on cubic curves that also fit the
velocities, and the contact is found by halving to a microsecond.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from shapely.geometry import Polygon

from drivewm.scene import EgoColumn, TrackColumn
from drivewm.sim.rollout import Rollout

FINE = 10  # looks between two states


@dataclass(frozen=True, kw_only=True)
class Impact:
    """``location_pct``: where the other's reference point lies across the ego, 0 at the ego's
    right side, 100 at its left side (of its width, seen along the ego's heading). ``contact_*``:
    the middle of where the boxes touch. ``front_on_other_m``: how far behind the other's front
    the middle of the ego's front (of its rear, when it reverses) meets it, along its length."""

    time_s: float
    track: str
    ego_speed_mps: float
    other_speed_mps: float
    relative_speed_mps: float
    lateral_m: float  # of the other's reference point, left of the ego's middle line
    ahead_m: float  # of the other's reference point, ahead of the ego's rear axle
    location_pct: float
    contact_pct: float  # across the ego, as location_pct
    contact_behind_front_m: float  # along the ego
    front_on_other_m: float


def first_impact(
    rollout: Rollout, references: dict[str, tuple[float, float]] | None = None
) -> Impact | None:
    """The first contact of the ego with any track.

    Args:
        rollout: the drive.
        references: by track id, the reference point seen from the middle of its box (ahead, left);
            default: the middle.
    """
    found = [
        impact
        for number in range(len(rollout.tracks))
        if (impact := _with(rollout, number, references or {})) is not None
    ]
    return min(found, key=lambda impact: impact.time_s) if found else None


def _with(rollout: Rollout, number: int, references: dict) -> Impact | None:
    for step in _near_steps(rollout, number):
        before = 0.0
        for look in range(FINE + 1):
            share = look / FINE
            if _touch(rollout, number, int(step), share):
                if share > 0.0:
                    share = _first_touch(rollout, number, int(step), before, share)
                return _impact(rollout, number, int(step), share, references)
            before = share
    return None


def _near_steps(rollout: Rollout, number: int) -> list[int]:
    """Steps in which the boxes may touch: their circles come that near."""
    tracks, vehicle = rollout.tracks, rollout.vehicle
    size, state, valid = tracks.size_m[number], tracks.state[number], tracks.valid[number]
    heading = rollout.ego[:, EgoColumn.HEADING]
    ahead = vehicle.rear_axle_to_center_m
    dx = state[:, TrackColumn.X] - rollout.ego[:, EgoColumn.X] - ahead * np.cos(heading)
    dy = state[:, TrackColumn.Y] - rollout.ego[:, EgoColumn.Y] - ahead * np.sin(heading)
    gap = np.hypot(dx, dy)
    moved = np.hypot(np.diff(dx), np.diff(dy))
    reach = 0.5 * (math.hypot(vehicle.length_m, vehicle.width_m) + math.hypot(size[0], size[1]))
    near = np.minimum(gap[:-1], gap[1:]) - 2.0 * moved < reach  # cubic curves may swing out
    return [int(step) for step in np.flatnonzero(near & valid[:-1] & valid[1:])]


def _first_touch(rollout: Rollout, number: int, step: int, low: float, high: float) -> float:
    while high - low > 1e-5:
        middle = 0.5 * (low + high)
        if _touch(rollout, number, step, middle):
            high = middle
        else:
            low = middle
    return high


def _touch(rollout: Rollout, number: int, step: int, share: float) -> bool:
    car, other = _boxes(rollout, number, step, share)
    return bool(car.intersects(other))


def _boxes(rollout: Rollout, number: int, step: int, share: float) -> tuple[Polygon, Polygon]:
    ego = _ego_at(rollout, step, share)
    other = _track_at(rollout, number, step, share)
    size, vehicle = rollout.tracks.size_m[number], rollout.vehicle
    x = ego[0] + vehicle.rear_axle_to_center_m * math.cos(ego[2])
    y = ego[1] + vehicle.rear_axle_to_center_m * math.sin(ego[2])
    car = _box(x, y, ego[2], vehicle.length_m, vehicle.width_m)
    return car, _box(other[0], other[1], other[2], size[0], size[1])


def _contact(rollout: Rollout, number: int, step: int, share: float) -> tuple[float, float]:
    """Middle of the overlap a moment after the boxes touch, map frame."""
    for later in (1e-4, 1e-3, 1e-2, 0.1):
        car, other = _boxes(rollout, number, step, min(share + later, 1.0))
        both = car.intersection(other)
        if not both.is_empty:
            return both.centroid.x, both.centroid.y
    return car.centroid.x, car.centroid.y


def _box(x: float, y: float, heading: float, length: float, width: float) -> Polygon:
    c, s = math.cos(heading), math.sin(heading)
    corners = [(0.5, 0.5), (0.5, -0.5), (-0.5, -0.5), (-0.5, 0.5)]
    return Polygon([
        (x + length * a * c - width * b * s, y + length * a * s + width * b * c)
        for a, b in corners
    ])  # fmt: skip


def _ego_at(rollout: Rollout, step: int, share: float) -> tuple[float, float, float, float]:
    """x, y, heading, speed."""
    rows = rollout.ego[step : step + 2]
    heading = rows[:, EgoColumn.HEADING]
    c, s = np.cos(heading), np.sin(heading)
    vx = rows[:, EgoColumn.VX] * c - rows[:, EgoColumn.VY] * s
    vy = rows[:, EgoColumn.VX] * s + rows[:, EgoColumn.VY] * c
    xy = rows[:, [EgoColumn.X, EgoColumn.Y]]
    x, y, speed = _between(rollout, step, share, xy, np.stack([vx, vy], -1))
    turn = math.remainder(float(heading[1] - heading[0]), 2 * math.pi)
    return x, y, float(heading[0]) + share * turn, speed


def _track_at(rollout: Rollout, number: int, step: int, share: float):
    """x, y, heading, speed."""
    rows = rollout.tracks.state[number, step : step + 2]
    xy, speed_xy = (
        rows[:, [TrackColumn.X, TrackColumn.Y]],
        rows[:, [TrackColumn.VX, TrackColumn.VY]],
    )
    x, y, speed = _between(rollout, step, share, xy, speed_xy)
    heading = rows[:, TrackColumn.HEADING]
    turn = math.remainder(float(heading[1] - heading[0]), 2 * math.pi)
    return x, y, float(heading[0]) + share * turn, speed


def _between(rollout: Rollout, step: int, share: float, xy: np.ndarray, v: np.ndarray):
    """Cubic Hermite between two states; a jump (a teleport) is not smoothed."""
    dt = float(rollout.times_us[step + 1] - rollout.times_us[step]) * 1e-6
    jump = np.hypot(*(xy[1] - xy[0])) > 2.0 * max(np.hypot(*v[0]), np.hypot(*v[1])) * dt + 0.5
    speed = (1 - share) * np.hypot(*v[0]) + share * np.hypot(*v[1])
    if jump:
        at = xy[0] if share < 0.5 else xy[1]
        return float(at[0]), float(at[1]), float(speed)
    a, b = share**2 * (3 - 2 * share), share * (1 - share) ** 2
    c = -(share**2) * (1 - share)
    at = (1 - a) * xy[0] + a * xy[1] + dt * (b * v[0] + c * v[1])
    return float(at[0]), float(at[1]), float(speed)


def _impact(rollout: Rollout, number: int, step: int, share: float, references: dict) -> Impact:
    ego, other = _ego_at(rollout, step, share), _track_at(rollout, number, step, share)
    name = rollout.tracks.ids[number]
    ahead, left = references.get(name, (0.0, 0.0))
    c, s = math.cos(other[2]), math.sin(other[2])
    x, y = other[0] + ahead * c - left * s - ego[0], other[1] + ahead * s + left * c - ego[1]
    c, s = math.cos(ego[2]), math.sin(ego[2])
    lateral = y * c - x * s
    width = rollout.vehicle.width_m
    row = rollout.ego[step]
    course = ego[2] + (math.pi if row[EgoColumn.VX] < 0 else 0.0)
    pace = rollout.tracks.state[number, step, [TrackColumn.VX, TrackColumn.VY]]
    vehicle = rollout.vehicle
    bumper = vehicle.rear_axle_to_center_m + 0.5 * vehicle.length_m
    if row[EgoColumn.VX] < 0:
        bumper -= vehicle.length_m
    front = ego[0] + bumper * c - other[0], ego[1] + bumper * s - other[1]
    on_other = front[0] * math.cos(other[2]) + front[1] * math.sin(other[2])
    touch = _contact(rollout, number, step, share)
    touch = touch[0] - ego[0], touch[1] - ego[1]
    relative = math.hypot(
        ego[3] * math.cos(course) - float(pace[0]), ego[3] * math.sin(course) - float(pace[1])
    )
    dt = float(rollout.times_us[step + 1] - rollout.times_us[step]) * 1e-6
    start = float(rollout.times_us[step] - rollout.times_us[0]) * 1e-6
    return Impact(
        time_s=start + share * dt, track=name, ego_speed_mps=ego[3], other_speed_mps=other[3],
        relative_speed_mps=relative, lateral_m=lateral, ahead_m=x * c + y * s,
        location_pct=100.0 * (lateral + 0.5 * width) / width,
        contact_pct=100.0 * (touch[1] * c - touch[0] * s + 0.5 * width) / width,
        contact_behind_front_m=bumper - (touch[0] * c + touch[1] * s),
        front_on_other_m=0.5 * float(rollout.tracks.size_m[number, 0]) - on_other,
    )  # fmt: skip
