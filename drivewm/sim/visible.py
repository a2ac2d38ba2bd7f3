"""What one sensor on the ego makes out of its surroundings: mode ``visible``. Shapes: N tracks.

Geometry first (range, field of view, occlusion by ray casting from above), then what a perception
stack adds: latency, noise, misses. Who a track is stays hidden: what is seen comes as a list by
distance, anew at every step, without padding for what is not seen.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

import numpy as np
from numba import njit

from drivewm.geometry.se2 import wrap_angle
from drivewm.scene import SizeColumn, TrackSnapshot
from drivewm.scene import TrackColumn as T
from drivewm.seeds import generator
from drivewm.sim.config import DT_S, VisibleConfig
from drivewm.sim.traffic import Traffic

RAYS = 15  # per box, spread over the angle it fills


@njit(cache=True)
def ray_to_box(ox, oy, dx, dy, cx, cy, heading, half_length_m, half_width_m):
    """Metres along the ray (origin o, unit direction d) to where it enters the box; infinite when
    it misses, 0 when it starts inside."""
    cos, sin = math.cos(heading), math.sin(heading)
    px, py = cos * (ox - cx) + sin * (oy - cy), -sin * (ox - cx) + cos * (oy - cy)
    ux, uy = cos * dx + sin * dy, -sin * dx + cos * dy
    enter, leave = 0.0, np.inf
    for place, step, half in ((px, ux, half_length_m), (py, uy, half_width_m)):
        if abs(step) < 1e-12:
            if abs(place) > half:
                return np.inf
            continue
        near, far = (-half - place) / step, (half - place) / step
        if near > far:
            near, far = far, near
        enter, leave = max(enter, near), min(leave, far)
    return enter if enter <= leave else np.inf


@njit(cache=True)
def _turn(angle):
    return angle - 2.0 * math.pi * math.floor((angle + math.pi) / (2.0 * math.pi))


@njit(cache=True)
def _extents(x, y, state, size, out):
    """Per box: bearing of its centre, the angles to its outermost corners from there, and the
    distance that it certainly exceeds; ``out`` [N, 4]."""
    for n in range(len(state)):
        cos, sin = math.cos(state[n, 3]), math.sin(state[n, 3])
        bearing = math.atan2(state[n, 1] - y, state[n, 0] - x)
        low, high = 0.0, 0.0
        for a in (-0.5, 0.5):
            for b in (-0.5, 0.5):
                cx = state[n, 0] + cos * a * size[n, 0] - sin * b * size[n, 1] - x
                cy = state[n, 1] + sin * a * size[n, 0] + cos * b * size[n, 1] - y
                off = _turn(math.atan2(cy, cx) - bearing)
                low, high = min(low, off), max(high, off)
        out[n, 0], out[n, 1], out[n, 2] = bearing, low, high
        centre = math.hypot(state[n, 0] - x, state[n, 1] - y)
        out[n, 3] = centre - math.hypot(size[n, 0], size[n, 1]) / 2


@njit(cache=True)
def seen_shares(
    sensor: np.ndarray,  # [3] x, y, heading
    state: np.ndarray,  # [N, 6]
    size: np.ndarray,  # [N, 3]
    there: np.ndarray,  # bool [N], exists now
    blocks: np.ndarray,  # bool [N], tall enough to hide others
    range_m: float,
    half_view_rad: float,
) -> np.ndarray:
    """Share [N] of each box's rays that reach it first, within range and field of view."""
    count = len(state)
    x, y = sensor[0], sensor[1]
    out, extent = np.zeros(count), np.empty((count, 4))
    _extents(x, y, state, size, extent)
    for n in range(count):
        if not there[n] or extent[n, 3] > range_m:
            continue
        reached = 0
        for k in range(RAYS):
            spread = extent[n, 1] + (k + 0.5) / RAYS * (extent[n, 2] - extent[n, 1])
            angle = extent[n, 0] + spread
            if abs(_turn(angle - sensor[2])) > half_view_rad:
                continue
            dx, dy = math.cos(angle), math.sin(angle)
            own_m = ray_to_box(
                x, y, dx, dy, state[n, 0], state[n, 1], state[n, 3], size[n, 0] / 2, size[n, 1] / 2
            )
            if own_m > range_m:
                continue
            free = True
            for m in range(count):
                if m == n or not there[m] or not blocks[m] or extent[m, 3] > own_m:
                    continue
                off = _turn(angle - extent[m, 0])
                if extent[m, 3] > 0.0 and (off < extent[m, 1] or off > extent[m, 2]):
                    continue
                hit_m = ray_to_box(
                    x, y, dx, dy, state[m, 0], state[m, 1], state[m, 3],
                    size[m, 0] / 2, size[m, 1] / 2,
                )  # fmt: skip
                if 0.0 < hit_m < own_m:  # a box around the sensor itself hides nothing
                    free = False
                    break
            reached += free
        out[n] = reached / RAYS
    return out


@dataclass(frozen=True, kw_only=True)
class _Moment:
    """The world at one step, kept until the perception stack has digested it."""

    step: int
    sensor: np.ndarray  # [3]
    state: np.ndarray  # [N, 6]
    valid: np.ndarray  # bool [N]
    stop_points: np.ndarray  # [L, 2]
    light_status: np.ndarray  # int8 [L]


@dataclass(frozen=True, kw_only=True)
class Sight:
    """What is made out now."""

    tracks: TrackSnapshot  # S = 1, nearest first
    light_near: np.ndarray  # bool [L], within range
    light_status: np.ndarray  # int8 [L], as it was ``latency_s`` ago


class Perception:
    """The sensor of one drive. ``watch`` is called once a step, ``look`` whenever needed.

    Every random draw belongs to (seed, scene, track, step): nothing else changes it, not even how
    often the planner looks.
    """

    def __init__(self, config: VisibleConfig, seed: int, scene_id: str) -> None:
        self._config, self._names = config, (seed, scene_id, "visible")
        self._delay = round(config.latency_s / DT_S)
        self._moments: deque[_Moment] = deque(maxlen=self._delay + 1)
        self._steps = 0

    def watch(self, ego: np.ndarray, traffic: Traffic) -> None:
        """Takes the world in as it is now; ``ego`` [11]."""
        ahead = self._config.sensor_ahead_m
        place = ego[:2] + ahead * np.array([math.cos(ego[2]), math.sin(ego[2])])
        self._moments.append(
            _Moment(
                step=self._steps,
                sensor=np.append(place, ego[2]),
                state=traffic.state.copy(),
                valid=traffic.valid.copy(),
                stop_points=traffic.light_stop_points,
                light_status=traffic.light_status.copy(),
            )
        )
        self._steps += 1

    def look(self, traffic: Traffic) -> Sight:
        """What is made out now: the world of ``latency_s`` ago (of the start, before that)."""
        moment, config = self._moments[0], self._config
        shares = seen_shares(
            moment.sensor,
            moment.state,
            np.ascontiguousarray(traffic.size_m, float),
            moment.valid,
            (traffic.size_m[:, SizeColumn.HEIGHT] >= config.occluder_height_m) & config.occlusion,
            config.range_m,
            math.radians(config.field_of_view_deg) / 2 + 1e-9,
        )
        seen = np.flatnonzero((shares > 0) & (shares >= config.min_share))
        draws = [self._draw(moment.step, traffic.ids[n]) for n in seen]
        noise = np.array([normal for normal, _ in draws]).reshape(-1, 7)
        caught = np.array([chance >= config.dropout for _, chance in draws], bool)
        seen, noise = seen[caught], noise[caught]
        tracks = self._spoilt(moment, seen, noise, traffic)
        gaps = np.linalg.norm(moment.stop_points - moment.sensor[:2], axis=1)
        return Sight(
            tracks=tracks,
            light_near=gaps <= config.light_range_m,
            light_status=moment.light_status,
        )

    def _draw(self, step: int, track_id: str) -> tuple[np.ndarray, float]:
        """Seven standard normal draws and one uniform of this track at this step."""
        random = generator(*self._names, track_id, step)
        return random.standard_normal(7), float(random.random())

    def _spoilt(
        self, moment: _Moment, seen: np.ndarray, noise: np.ndarray, traffic: Traffic
    ) -> TrackSnapshot:
        config = self._config
        state, size = moment.state[seen].copy(), traffic.size_m[seen].copy()
        state[:, [T.X, T.Y]] += config.position_noise_m * noise[:, :2]
        turned = state[:, T.HEADING] + config.heading_noise_rad * noise[:, 2]
        state[:, T.HEADING] = wrap_angle(turned)
        state[:, [T.VX, T.VY]] += config.velocity_noise_mps * noise[:, 3:5]
        size[:, :2] *= np.maximum(1.0 + config.size_noise * noise[:, 5:], 0.1)
        near = np.hypot(state[:, T.X] - moment.sensor[0], state[:, T.Y] - moment.sensor[1])
        order = np.lexsort((state[:, T.Y], state[:, T.X], near))  # says nothing of who is who
        rows = seen[order]
        return TrackSnapshot(
            state=state[None, order],
            size_m=size[None, order],
            score_type=traffic.score_type[None, rows],
            occ_class=traffic.occ_class[None, rows],
            valid=np.ones((1, len(rows)), bool),
        )
