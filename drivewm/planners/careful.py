"""A careful driver with one set of parameters for all scenarios: the library's reference.

It follows the route; yields to whoever it would meet on predicted ways, signed or not; keeps its
distance; stops at lights; slows in curves, beside people and beside what may hide them; drives
around what stands in the way where there is room; brakes as hard as it must. Shapes: S scenes,
N tracks, H poses.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import numpy as np

from drivewm.planners.careful_around import fade_m, offsets, queues, swing_bounds
from drivewm.planners.careful_bounds import (
    curve_bounds,
    hidden_bounds,
    light_bounds,
    oncoming_bounds,
    walker_bounds,
)
from drivewm.planners.careful_path import (
    MARGIN_M,
    Obstacles,
    Way,
    find_way,
    straight_way,
)
from drivewm.planners.careful_predict import STILL_MPS, Others, predict
from drivewm.planners.careful_setup import Setup, setup
from drivewm.planners.careful_speed import (
    HARDEST_MPS2,
    Ego,
    bound_accel,
    free_accel,
    in_the_way,
    lead_accel,
)
from drivewm.planners.options import check_numbers
from drivewm.scene import EgoColumn, Observation, Scene, Trajectory

STEPS, STEP_S = 40, 0.1
BESIDE_M = 3.5  # obstacles farther from the route are none
IN_LANE_M = 0.9  # who stands nearer to the route's middle may only be waiting
OVER_M = 0.25  # beyond the lane: out of it
WAIT_S = 1.5  # a vehicle that stands so long is parked
WAIT_M = 8.0  # behind it, with room to drive around it later
SAME_M = 0.8  # a standing box is the same one within this
NEAR_M, NEAR_S = 25.0, 6.0
WALKER_MARGIN_M, ONCOMING_MARGIN_M = 0.7, 0.55
END_M = 2.0  # kept before the end of the route
ONCOMING_M = 14.0
HARD_MPS2 = -4.0  # an emergency
GRIP_SHARE = 0.5  # of the grip felt that is planned with


class Careful:
    """The careful planner.

    Args:
        accel_mps2: largest acceleration.
        brake_mps2: braking that is planned with; an emergency takes up to 8.
        lateral_mps2: largest acceleration in curves.
        speed_mps: wished where no limit is known.

    Raises:
        InputError: a value is not above 0.
    """

    name = "careful"
    modes = ("privileged", "visible")

    def __init__(
        self,
        accel_mps2: float = 1.5,
        brake_mps2: float = 2.0,
        lateral_mps2: float = 2.0,
        speed_mps: float = 10.0,
    ) -> None:
        self.options = {"accel_mps2": accel_mps2, "brake_mps2": brake_mps2,
                        "lateral_mps2": lateral_mps2, "speed_mps": speed_mps}  # fmt: skip
        check_numbers("careful", self.options)
        self._drivers: list[_Driver] = []

    def reset(self, scenes: Sequence[Scene]) -> None:
        self._drivers = [_Driver(scene, self.options) for scene in scenes]

    def plan(self, observation: Observation) -> Trajectory:
        """Poses of the next 4 s for every scene."""
        plans = [driver.plan(observation, i) for i, driver in enumerate(self._drivers)]
        poses, notes = zip(*plans)
        times = np.arange(1, STEPS + 1) * STEP_S
        return Trajectory(times_s=times, poses=np.stack(poses), info=list(notes))


class _Driver:
    """One scene."""

    def __init__(self, scene: Scene, options: dict[str, float]) -> None:
        self.setup: Setup = setup(scene, options["lateral_mps2"])
        self.options = options
        self._stood = np.zeros((0, 3))  # x, y, since when
        self._asked: deque[float] = deque([0.0] * 4, maxlen=4)  # accelerations of the last plans
        self._grip = HARDEST_MPS2

    def plan(self, seen: Observation, i: int) -> tuple[np.ndarray, dict[str, float | str]]:
        """Poses [H, 3] and a note of what decided."""
        known, state = self.setup, seen.ego[i]
        s, left = (float(v) for v in known.project(state[:2])[:2])
        ego = Ego(s=s, left=left, speed=max(float(state[EgoColumn.VX]), 0.0))
        self._feel(state)
        others = _others(known, seen, i)
        limit = float(seen.speed_limits_mps[i])
        limit = limit if np.isfinite(limit) else self.options["speed_mps"]
        lights = None if seen.lights is None else seen.lights[i]
        obstacles = self._obstacles(ego, others, seen, i)
        way = self._way(ego, others, obstacles)
        on = in_the_way(known, ego, way, others)
        bounds = [(s, limit), (known.end_m - known.front_m - END_M, 0.0)]
        grip = GRIP_SHARE * self._grip
        bounds += curve_bounds(known, ego, min(1.0, grip / self.options["lateral_mps2"]))
        bounds += light_bounds(known, ego, lights)
        bounds += oncoming_bounds(known, ego, others, on)
        bounds += walker_bounds(known, ego, way, others, on)
        if seen.mode == "visible":
            bounds += hidden_bounds(known, ego, way, others, limit)
        bounds += swing_bounds(known, ego, way, obstacles)
        if np.isfinite(way.blocked_m):
            bounds.append((way.blocked_m - END_M, 0.0))
        places, speeds = np.array(bounds).T
        gentle = min(self.options["brake_mps2"], grip)
        forced, allowed = bound_accel(ego.speed, places - s, speeds, gentle)
        wanted = min(limit, allowed)
        free, who = free_accel(known, ego, others, on, wanted)
        towards = (wanted - ego.speed) / 0.8
        reasons = {
            "speed": float(np.clip(towards, -gentle, self.options["accel_mps2"])),
            "bound": forced, "lead": lead_accel(known, ego, others, on, max(wanted, 1.0)),
            "conflict": free if who >= 0 else np.inf,
        }  # fmt: skip
        why = min(reasons, key=lambda name: reasons[name])
        accel = max(reasons[why], -HARDEST_MPS2)
        self._asked.append(accel)
        note: dict[str, float | str] = {"why": why, "accel_mps2": round(accel, 3)}
        return self._poses(ego, way, accel, wanted, state), note

    def _feel(self, state: np.ndarray) -> None:
        """Grip as braking felt it: what was asked for all along did not come."""
        least = max(self._asked)  # the gentlest braking that was asked for lately
        felt = -float(state[EgoColumn.AX])
        if least < -2.5 and state[EgoColumn.VX] > 3.0 and 0.3 < felt < 0.6 * -least:
            self._grip = max(min(self._grip, 0.5 * (self._grip + felt)), 1.0)

    def _way(self, ego: Ego, others: Others, obstacles: Obstacles) -> Way:
        if not len(obstacles) and abs(ego.left) < 0.3:
            return straight_way(ego.s, ego.speed)
        way = find_way(self.setup, ego.s, ego.left, ego.speed, obstacles)
        out = np.abs(way.left) + self.setup.half_m > self.setup.lane_half_m + OVER_M
        if not out.any() or abs(ego.left) + self.setup.half_m > self.setup.lane_half_m + OVER_M:
            return way
        on = in_the_way(self.setup, ego, way, others)
        moving = on & ((others.speed_mps > STILL_MPS) & ~self._against(ego, others))[:, None]
        moving &= np.interp(others.s, way.s, out.astype(float)) > 0.3
        if not moving.any():
            return way
        return self._wait(ego, way, out, obstacles)

    def _wait(self, ego: Ego, way: Way, out: np.ndarray, obstacles: Obstacles) -> Way:
        """In the own lane up to what stands in the way."""
        half = self.setup.half_m
        ahead = (obstacles.from_m > ego.s) & (obstacles.right_m - half < 0.2)
        ahead &= obstacles.left_m + half > -0.2
        near = float(obstacles.from_m[ahead].min()) if ahead.any() else float(way.s[out.argmax()])
        stop = near - self.setup.front_m - WAIT_M
        left = np.zeros(len(way.s))
        left[0] = ego.left
        return Way(s=way.s, left=left, blocked_m=min(stop, way.blocked_m))

    def _obstacles(self, ego: Ego, others: Others, seen: Observation, i: int) -> Obstacles:
        """What stands near the route, and who comes towards the ego in its way."""
        still = (others.speed_mps < STILL_MPS) & ~others.by_lane
        waited = self._standing(others, still, seen.time_s)
        low, high = (others.s[:, 0] + sign * others.half_s[:, 0] for sign in (-1, 1))
        side = np.abs(others.left[:, 0]) - others.half_left[:, 0]
        near = still & (side < BESIDE_M) & (high > ego.s - self.setup.rear_m)
        near &= low < ego.s + NEAR_M + NEAR_S * ego.speed
        reds = seen.red_stop_points[i] if seen.red_stop_points else np.zeros((0, 2))
        for h in np.flatnonzero(near & ~others.is_thing & (side < IN_LANE_M)):
            near[h] = waited[h] >= WAIT_S and not queues(self.setup, others, h, reds)
        margin = np.where(others.is_vru, WALKER_MARGIN_M, MARGIN_M)
        against = self._against(ego, others)
        met = ego.s + (others.s[:, 0] - ego.s) * ego.speed / np.maximum(
            ego.speed - others.along_mps, 0.1
        )
        start = np.maximum(met - ONCOMING_M, ego.s + self.setup.front_m + 3.0)
        low = np.where(against, start, low)
        margin = np.where(against, ONCOMING_MARGIN_M, margin)
        chosen = near | against
        left, half = others.left[:, 0], others.half_left[:, 0]
        return Obstacles(low[chosen], high[chosen], (left - half)[chosen], (left + half)[chosen],
                         margin[chosen], ~against[chosen])  # fmt: skip

    def _against(self, ego: Ego, others: Others) -> np.ndarray:
        """Who comes towards the ego in its way, not in a lane of its own; bool [H]."""
        side = np.abs(others.left[:, 0]) - others.half_left[:, 0]
        near = (side < self.setup.half_m + 0.3) & (others.along_mps < -1.0) & ~others.by_lane
        return near & (others.s[:, 0] > ego.s)

    def _standing(self, others: Others, still: np.ndarray, now_s: float) -> np.ndarray:
        """Seconds that each standing hypothesis has been seen to stand."""
        waited = np.zeros(len(others))
        places = others.xy[still]
        since = np.full(len(places), now_s)
        if len(places) and len(self._stood):
            apart = np.abs(places[:, None] - self._stood[None, :, :2]).max(-1)
            k = apart.argmin(1)
            known = apart[np.arange(len(places)), k] < SAME_M
            since[known] = self._stood[k[known], 2]
        self._stood = np.column_stack([places, since])
        waited[still] = now_s - since
        return waited

    def _poses(
        self, ego: Ego, way: Way, accel: float, most: float, state: np.ndarray
    ) -> np.ndarray:
        """Rear-axle poses [H, 3]: constant acceleration up to the wanted speed or a stand."""
        t = np.arange(1, STEPS + 1) * STEP_S
        end = 0.0 if accel < 0 else max(most, ego.speed)
        if accel <= HARD_MPS2 and 0.8 < ego.speed < -accel:
            # A tracker looks a second ahead: from a plan that stands by then it would brake less.
            end, t = min(0.0, ego.speed + accel), np.minimum(t, 1.0 + 1e-4 * t)
        until = (end - ego.speed) / accel if accel != 0 else np.inf
        inside, after = np.minimum(t, until), np.maximum(t - until, 0.0)
        s = (
            ego.s
            + ego.speed * inside
            + 0.5 * accel * inside**2
            + end * np.where(np.isfinite(after), after, 0.0)
        )
        fade = fade_m(ego.speed)
        reach = np.concatenate([[ego.s], s])
        left = offsets(ego, way, reach, fade)
        points, road = self.setup.at(reach)
        points = points + left[:, None] * np.stack([-np.sin(road), np.cos(road)], -1)
        probe = reach + 1.0
        ahead, turned = self.setup.at(probe)
        shift = offsets(ego, way, probe, fade)
        ahead = ahead + shift[:, None] * np.stack([-np.sin(turned), np.cos(turned)], -1)
        heading = np.arctan2(*(ahead - points).T[::-1])
        return np.column_stack([points, heading])[1:]


def _others(known: Setup, seen: Observation, i: int) -> Others:
    if seen.tracks is None:
        nobody = np.zeros((0, 6)), np.zeros((0, 3)), np.zeros(0, np.int8), np.zeros(0, bool)
        return predict(known, seen.ego[i], *nobody)
    tracks = seen.tracks
    return predict(known, seen.ego[i], tracks.state[i], tracks.size_m[i],
                   tracks.score_type[i], tracks.valid[i])  # fmt: skip
