"""What a proposal's terms are judged by, step by step. Shapes: T states, N tracks.

For the one proposal whose score is to be explained: ``proposals`` keeps flags only. Definitions as
there, of NAVSIM ``pdm_scorer.py``.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import shapely
from numba import njit

from drivewm.measures.proposals import DT_S, TTC_REACH_STEPS, ProposalEnvironment, ProposalRules
from drivewm.measures.proposals_areas import Areas, Where, in_kind
from drivewm.measures.proposals_comfort import BOUNDED, BOUNDS, Series, comfort_filters, fill_series
from drivewm.measures.proposals_contact import (
    AHEAD_RAD,
    BEHIND_RAD,
    INTERSECTION,
    LOOK_AHEAD_STEPS,
    LOOK_AHEAD_STRIDE,
    NEVER,
    STOPPED_IN_TTC_MPS,
    Boxes,
    _angle,
    boxes_meet,
    meets_red_light,
)
from drivewm.measures.proposals_line import project
from drivewm.measures.proposals_route import DIRECTION_STEPS, fill_boxes


class ProposalSeries(NamedTuple):
    """Per state of one proposal."""

    corners: np.ndarray  # [T, 5, 2] front left, rear left, rear right, front right, box centre; m
    ttc_s: np.ndarray  # [T] until a track ahead would be met, 0 to 0.9 s; inf: not in 0.9 s
    ttc_track: np.ndarray  # int64 [T], -1: none
    off_route_m: np.ndarray  # [T] driven off the route, as the rules sum it
    lane_offset_m: np.ndarray  # [T] from the box centre to the centreline; NaN: no line
    progress_m: np.ndarray  # [T] along the centreline since the first state; NaN: no line
    comfort_share: np.ndarray  # [T] the largest that a series takes of its bound; 1 violates it
    red_light: np.ndarray  # bool [T] on the connector of a red light


def proposal_series(
    states: np.ndarray, where: np.ndarray, environment: ProposalEnvironment, rules: ProposalRules
) -> ProposalSeries:
    """Measures one proposal.

    Args:
        states: [T, 11], EgoColumn, 0.1 s apart.
        where: uint8 [T], Where, as ``score_proposals`` found it.
        environment: that it was scored in.
        rules: that it was scored by.
    """
    env, steps = environment, len(states)
    states = np.ascontiguousarray(states)
    long_m, wide_m = env.length_m / 2, env.width_m / 2
    corners, centre = np.empty((steps, 5, 2)), np.empty((steps, 4))
    fill_boxes(states, long_m, wide_m, env.rear_axle_to_center_m, corners, centre)
    ttc_s, ttc_track = np.full(steps, np.inf), np.full(steps, NEVER, np.int64)
    judged = steps if rules.ttc_to_end else steps - TTC_REACH_STEPS
    _fill_ttc(
        states[:judged], centre, where, long_m, wide_m, env.tracks, rules.observation_stride,
        env.areas, ttc_s, ttc_track,
    )  # fmt: skip
    offset_m, progress_m = _on_line(centre, env)
    return ProposalSeries(
        corners=corners, ttc_s=ttc_s, ttc_track=ttc_track,
        off_route_m=_off_route(centre[:, :2], where, rules), lane_offset_m=offset_m,
        progress_m=progress_m, comfort_share=_comfort_share(states, env, rules),
        red_light=_at_red(corners, centre, env, rules),
    )  # fmt: skip


def _off_route(centre_xy: np.ndarray, where: np.ndarray, rules: ProposalRules) -> np.ndarray:
    counts = (where & Where.OFF_ROUTE) != 0
    if rules.direction_spares_intersections:
        counts &= (where & Where.INTERSECTION) == 0
    gone = np.hypot(*np.diff(centre_xy, axis=0, prepend=centre_xy[:1]).T) * counts
    total = np.cumsum(gone)
    if rules.direction_windowed:
        before = np.zeros(len(total))
        before[DIRECTION_STEPS + 1 :] = total[: -DIRECTION_STEPS - 1]
    else:  # what was gone when the stretch began
        before = np.maximum.accumulate(np.where(counts, 0.0, total))
    return total - before


def _on_line(centre: np.ndarray, env: ProposalEnvironment) -> tuple[np.ndarray, np.ndarray]:
    """(distance from the centreline, way along it), each [T], m."""
    if not len(env.centreline.bounds):
        return np.full(len(centre), np.nan), np.full(len(centre), np.nan)
    path = shapely.LineString(env.centreline.xy)
    offset_m = shapely.distance(path, shapely.points(centre[:, :2]))
    arc_m = np.array([project(env.centreline, x, y) for x, y in centre[:, :2]])
    return offset_m, arc_m - arc_m[0]


def _comfort_share(
    states: np.ndarray, env: ProposalEnvironment, rules: ProposalRules
) -> np.ndarray:
    """What the history before the first state adds to a series counts at the first state."""
    before = len(env.history)
    count = before + len(states)
    filters = comfort_filters(count, rules.comfort_whole_fit)
    raw, series = np.empty((4, count)), np.empty((len(Series), count))
    axle_m = env.rear_axle_to_center_m
    fill_series(env.history, states, axle_m, filters, False, raw, series)
    bounded = series[:BOUNDED]
    share = np.maximum(bounded / BOUNDS[:, 1:], bounded / BOUNDS[:, :1]).max(axis=0)
    share[before] = share[: before + 1].max()
    return share[before:]


def _at_red(
    corners: np.ndarray, centre: np.ndarray, env: ProposalEnvironment, rules: ProposalRules
) -> np.ndarray:
    long_m, wide_m, lights = env.length_m / 2, env.width_m / 2, env.lights
    found = np.zeros(len(corners), bool)
    for t in range(len(corners) if lights.red.any() else 0):
        o = t // rules.observation_stride
        now = lights._replace(red=np.ascontiguousarray(lights.red[:, o : o + 1]))
        found[t] = meets_red_light(
            corners[t : t + 1], centre[t : t + 1], long_m, wide_m, now, 1
        )  # fmt: skip
    return found


@njit(cache=True)
def _fill_ttc(
    states: np.ndarray,  # [<=T, 11] the judged ones
    centre: np.ndarray,  # [T, 4]
    where: np.ndarray,  # uint8 [T]
    long_m: float,
    wide_m: float,
    tracks: Boxes,
    stride: int,
    ground: Areas,
    ttc_s: np.ndarray,  # [T] written where less
    ttc_track: np.ndarray,  # int64 [T] written with it
) -> None:
    """``first_ttc_infraction`` of every track at every step: its first finite step is the
    infraction. A track met behind, or beside in one's own lane, is out of the game."""
    pose, valid = tracks.pose, tracks.valid
    for n in range(len(valid)):
        half_long, half_wide = tracks.half[n, 0], tracks.half[n, 1]
        is_out = tracks.ignored[n]
        for t in range(len(states)):
            speed = math.hypot(states[t, 3], states[t, 4])
            if is_out or speed < STOPPED_IN_TTC_MPS:
                continue
            x, y, cos, sin = centre[t, 0], centre[t, 1], centre[t, 2], centre[t, 3]
            for ahead in range(0, LOOK_AHEAD_STEPS, LOOK_AHEAD_STRIDE):
                o = (t + ahead) // stride
                gone_m = speed * (ahead * DT_S)
                dx, dy = pose[n, o, 0] - x - gone_m * cos, pose[n, o, 1] - y - gone_m * sin
                if not valid[n, o] or not boxes_meet(
                    dx, dy, cos, sin, long_m, wide_m,
                    pose[n, o, 2], pose[n, o, 3], half_long, half_wide,
                ):  # fmt: skip
                    continue
                angle = _angle(pose[n, o, 0] - states[t, 0], pose[n, o, 1] - states[t, 1], cos, sin)
                beside = (where[t] & 3) != 0 or in_kind(
                    ground, INTERSECTION, states[t, 0], states[t, 1]
                )
                if angle >= AHEAD_RAD and (angle > BEHIND_RAD or not beside):
                    is_out = True
                elif ahead * DT_S < ttc_s[t]:
                    ttc_s[t], ttc_track[t] = ahead * DT_S, n
                break
