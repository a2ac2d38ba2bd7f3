"""Where others will be along the ego's route. Shapes: H hypotheses of tracks, K times.

A vehicle goes on along its lane (each way ahead of a junction is one hypothesis) and straight on;
everybody else goes straight on. Speeds stay.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drivewm.planners.careful_setup import Setup
from drivewm.scene import EgoColumn, ScoreType

NEAR = 17  # times that speeds are chosen by; the later ones tell who needs a narrow stretch
TIMES_S = np.concatenate([np.arange(NEAR) * 0.35, [6.3, 7.0, 8.0, 9.0, 10.0, 11.0]])  # [K]
STILL_MPS = 0.35
IN_LANE_M, IN_LANE_RAD = 2.0, 0.6
TURNING_MPS, TURNING_M = 7.5, 15.0  # so slow and near the end of its lane it may turn
FAR_M, FAR_S = 60.0, 8.0  # tracks that are looked at


@dataclass(frozen=True, kw_only=True)
class Others:
    """Hypotheses in the route's frame: centre and half extents along and across it."""

    s: np.ndarray  # [H, K]
    left: np.ndarray  # [H, K]
    half_s: np.ndarray  # [H, K]
    half_left: np.ndarray  # [H, K]
    along_mps: np.ndarray  # [H] speed along the route now
    speed_mps: np.ndarray  # [H]
    track: np.ndarray  # int [H], row of the snapshot
    is_vru: np.ndarray  # bool [H]
    is_thing: np.ndarray  # bool [H]: cones, barriers, debris: never moves by itself
    tall: np.ndarray  # bool [H]: may hide a pedestrian
    by_lane: np.ndarray  # bool [H]
    xy: np.ndarray  # [H, 2] now

    def __len__(self) -> int:
        return len(self.track)


VRU = (int(ScoreType.PEDESTRIAN), int(ScoreType.BICYCLE))


def predict(setup: Setup, ego: np.ndarray, state, size, score_type, valid) -> Others:
    """Hypotheses of all tracks that are near the ego [11]; ``state`` [N, 6], ``size`` [N, 3]."""
    near = np.hypot(state[:, 0] - ego[0], state[:, 1] - ego[1]) - size[:, 0] / 2
    rows = np.flatnonzero(valid & (near < FAR_M + FAR_S * abs(ego[EgoColumn.VX])))
    speed = np.hypot(state[rows, 4], state[rows, 5])
    moves = speed > STILL_MPS
    lanes = [
        (place, *way)
        for place in np.flatnonzero(moves & (score_type[rows] == ScoreType.VEHICLE))
        for way in _along_lanes(setup, state[rows[place]], speed[place])
    ]
    owner = np.concatenate([np.arange(len(rows)), [place for place, *_ in lanes]]).astype(int)
    by_lane = np.arange(len(owner)) >= len(rows)
    steps = np.where(moves[:, None], TIMES_S, 0.0)[..., None]
    xy = state[rows, None, :2] + steps * state[rows, None, 4:6]
    heading = np.repeat(state[rows, 3, None], len(TIMES_S), axis=1)
    if lanes:
        xy = np.concatenate([xy, [path for _, path, _ in lanes]])
        heading = np.concatenate([heading, [turned for _, _, turned in lanes]])
    chosen, still = rows[owner], ~moves[owner]
    s, left, road = (np.empty(heading.shape) for _ in range(3))
    for part, places in ((still, xy[still, :1]), (~still, xy[~still])):
        for out, values in zip((s, left, road), setup.project(places)):
            out[part] = values
    turned = heading - road
    cos, sin = np.abs(np.cos(turned)), np.abs(np.sin(turned))
    length, width = size[chosen, 0, None] / 2, size[chosen, 1, None] / 2
    kinds = score_type[chosen]
    speed = speed[owner]
    moved = state[chosen, 4] * np.cos(road[:, 0]) + state[chosen, 5] * np.sin(road[:, 0])
    return Others(
        s=s, left=left, half_s=length * cos + width * sin, half_left=length * sin + width * cos,
        along_mps=moved, speed_mps=speed, track=chosen, is_vru=np.isin(kinds, VRU),
        is_thing=kinds > max(VRU), tall=(size[chosen, 2] >= 1.0), by_lane=by_lane,
        xy=state[chosen, :2],
    )  # fmt: skip


def _along_lanes(setup: Setup, state: np.ndarray, speed: float):
    """Paths [K, 2] and headings [K] along the ways ahead of the lane that a vehicle is in."""
    if setup.lanes is None:
        return
    gap, near = setup.lanes.query(state[:2], k=12, distance_upper_bound=IN_LANE_M)
    course = np.arctan2(state[5], state[4])
    done: list[int] = []
    for k in near[np.isfinite(gap)]:
        lane = int(setup.lane_row[k])
        turned = setup.lane_heading[k] - course
        if lane in done or abs((turned + np.pi) % (2 * np.pi) - np.pi) > IN_LANE_RAD:
            continue
        done.append(lane)
        heading = setup.lane_heading[k]
        point = setup.lanes.data[k]
        dx, dy = state[0] - point[0], state[1] - point[1]
        s0 = setup.lane_s[k] + dx * np.cos(heading) + dy * np.sin(heading)
        aside = dy * np.cos(heading) - dx * np.sin(heading)
        slow = speed < TURNING_MPS and setup.lane_m[lane] - s0 < TURNING_M
        for way in (setup.every_way if slow else setup.forward)[lane]:
            s = s0 + speed * TIMES_S
            heading_at = np.interp(s, way.s, way.heading)
            beyond = np.maximum(s - way.s[-1], 0.0)
            x = np.interp(s, way.s, way.xy[:, 0]) + beyond * np.cos(heading_at)
            y = np.interp(s, way.s, way.xy[:, 1]) + beyond * np.sin(heading_at)
            yield (np.stack([x - aside * np.sin(heading_at), y + aside * np.cos(heading_at)], -1),
                   heading_at)  # fmt: skip
        if len(done) == 3:
            return
