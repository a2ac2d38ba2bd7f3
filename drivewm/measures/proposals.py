"""Scores of proposals: NAVSIM's PDM scorer. Shapes: B proposals, T states, N tracks.

Definition: ``pdm_scorer.py`` of NAVSIM v1.1 and v2 and of tuplan_garage (PDM-Closed), which agree
but for what ``ProposalRules`` names. A proposal is a sequence of ego states 0.1 s apart, as
``drivewm.sim.batch_lqr`` makes them; progress is judged relative to the best of the batch.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from drivewm.measures.proposals_areas import Areas, fill_where
from drivewm.measures.proposals_comfort import (
    BOUNDS,
    ComfortFilters,
    comfort_filters,
    fill_comfort,
    fill_series,
)
from drivewm.measures.proposals_contact import (
    NEVER,
    Boxes,
    RedLights,
    fill_reach,
    first_contact,
    first_ttc_infraction,
    meets_red_light,
)
from drivewm.measures.proposals_line import Line, project
from drivewm.measures.proposals_route import direction, fill_boxes, lane_keeping

DT_S = 0.1
TTC_REACH_STEPS = 9


class ProposalRules(NamedTuple):
    """What distinguishes the scorers."""

    weights: tuple[float, float, float, float]  # progress, ttc, lane keeping, comfort
    direction_multiplies: bool  # else driving direction is reported only
    direction_windowed: bool  # over 1 s, else over each stretch off the route
    direction_spares_intersections: bool
    lights_multiply: bool
    progress_masked: bool  # raw * multipliers / best, 0 when excluded; else raw / best
    progress_threshold_m: float  # no normalisation below
    ttc_to_end: bool  # judged at every state (then observations reach 0.9 s further)
    observation_stride: int  # states per observed step
    comfort_whole_fit: bool  # v1's filters


NAVSIM_V1 = ProposalRules((5.0, 5.0, 0.0, 2.0), False, True, False, False, True, 5.0, True, 1, True)
NAVSIM_V2 = ProposalRules((5.0, 5.0, 2.0, 2.0), True, True, True, True, False, 5.0, False, 1, False)
TUPLAN = ProposalRules((5.0, 5.0, 0.0, 2.0), True, False, False, False, True, 0.1, True, 2, True)


class ProposalEnvironment(NamedTuple):
    """Everything around the proposals; ``proposals_environment`` has the builders."""

    areas: Areas  # lanes, drivable polygons, intersections
    centreline: Line
    tracks: Boxes  # at every observed step
    lights: RedLights
    history: np.ndarray  # [K, 11] states before now that comfort is judged with; K may be 0
    length_m: float  # of the ego
    width_m: float
    rear_axle_to_center_m: float


class ProposalScores(NamedTuple):
    """Per proposal. Terms are in [0, 1]."""

    no_at_fault_collision: np.ndarray  # [B]
    drivable_area: np.ndarray  # [B]
    driving_direction: np.ndarray  # [B]
    traffic_light: np.ndarray  # [B]
    progress: np.ndarray  # [B]
    ttc: np.ndarray  # [B]
    lane_keeping: np.ndarray  # [B]
    comfort: np.ndarray  # [B]
    multiplier: np.ndarray  # [B], product of the multipliers
    score: np.ndarray  # [B], without extended comfort
    progress_m: np.ndarray  # [B], along the centreline
    collision_step: np.ndarray  # int64 [B], first at-fault collision, -1: none
    collision_track: np.ndarray  # int64 [B]
    ttc_step: np.ndarray  # int64 [B], first TTC infraction, -1: none
    ttc_track: np.ndarray  # int64 [B]
    where: np.ndarray  # uint8 [B, T], Where
    comfort_ok: np.ndarray  # bool [B, 6], Series


def empty_scores(count: int, steps: int) -> ProposalScores:
    """Room for the scores of ``count`` proposals of ``steps`` states."""
    numbers = {name: np.zeros(count) for name in ProposalScores._fields[:11]}
    places = {name: np.full(count, NEVER, np.int64) for name in ProposalScores._fields[11:15]}
    where, flags = np.zeros((count, steps), np.uint8), np.zeros((count, 6), np.bool_)
    return ProposalScores(**numbers, **places, where=where, comfort_ok=flags)


def score_proposals(
    states: np.ndarray, environment: ProposalEnvironment, rules: ProposalRules
) -> ProposalScores:
    """Scores a batch of proposals.

    Args:
        states: [B, T, 11], EgoColumn, 0.1 s apart.
        environment: observed up to the last state (0.9 s more with ``rules.ttc_to_end``).
        rules: of the scorer.

    Raises:
        ValueError: fewer than ten states, or too few observed steps.
    """
    count, steps = states.shape[:2]
    needed = (steps - 1 + TTC_REACH_STEPS * rules.ttc_to_end) // rules.observation_stride + 1
    observed = environment.tracks.valid.shape[1]
    if steps <= TTC_REACH_STEPS or observed < needed:
        raise ValueError(f"{steps} states need {needed} observed steps, not {observed}")
    filters = comfort_filters(len(environment.history) + steps, rules.comfort_whole_fit)
    scores = empty_scores(count, steps)
    score_into(np.ascontiguousarray(states), environment, rules, filters, BOUNDS, scores)
    return scores


@njit(cache=True)
def score_into(
    states: np.ndarray,  # [B, T, 11]
    environment: ProposalEnvironment,
    rules: ProposalRules,
    filters: ComfortFilters,
    bounds: np.ndarray,  # [6, 2]
    scores: ProposalScores,  # written
) -> None:
    """``score_proposals`` for callers in compiled code."""
    env, steps = environment, states.shape[1]
    tracks = env.tracks
    long_m, wide_m = env.length_m / 2, env.width_m / 2
    corners, centre = np.empty((steps, 5, 2)), np.empty((steps, 4))
    near = np.empty(len(env.areas.kind), np.int64)
    reach = np.empty((len(tracks.valid), 4))
    fill_reach(tracks, reach)
    padded = len(env.history) + steps
    raw, series = np.empty((4, padded)), np.empty((7, padded))
    for b in range(len(states)):
        state, where = states[b], scores.where[b]
        fill_boxes(state, long_m, wide_m, env.rear_axle_to_center_m, corners, centre)
        fill_where(corners, env.areas, near, where)
        _judge_contacts(state, centre, env, rules, reach, scores, b)
        red = rules.lights_multiply and meets_red_light(
            corners, centre, long_m, wide_m, env.lights, rules.observation_stride
        )
        scores.traffic_light[b] = 0.0 if red else 1.0
        scores.drivable_area[b] = 1.0
        for t in range(steps):
            if where[t] & 2:
                scores.drivable_area[b] = 0.0
        scores.driving_direction[b] = direction(
            centre, where, rules.direction_windowed, rules.direction_spares_intersections
        )
        first = project(env.centreline, centre[0, 0], centre[0, 1])
        last = project(env.centreline, centre[steps - 1, 0], centre[steps - 1, 1])
        scores.progress_m[b] = max(last - first, 0.0)
        scores.lane_keeping[b] = lane_keeping(centre, where, env.centreline)
        fill_series(env.history, state, env.rear_axle_to_center_m, filters, False, raw, series)
        scores.comfort[b] = 1.0 if fill_comfort(series, bounds, scores.comfort_ok[b]) else 0.0
    aggregate(rules, scores)


@njit(cache=True)
def aggregate(rules: ProposalRules, scores: ProposalScores) -> None:
    """Multipliers, relative progress and the score of each proposal of the batch."""
    count, best = len(scores.score), 0.0
    for b in range(count):
        multiplier = scores.no_at_fault_collision[b] * scores.drivable_area[b]
        if rules.lights_multiply:
            multiplier *= scores.traffic_light[b]
        if rules.direction_multiplies:
            multiplier *= scores.driving_direction[b]
        scores.multiplier[b] = multiplier
        best = max(best, scores.progress_m[b] * multiplier)
    w = rules.weights
    for b in range(count):
        multiplier = scores.multiplier[b]
        if best > rules.progress_threshold_m:
            share = scores.progress_m[b] / best
            if rules.progress_masked:
                share = scores.progress_m[b] * multiplier / best
            scores.progress[b] = min(share, 1.0)
        else:
            scores.progress[b] = 0.0 if rules.progress_masked and multiplier == 0.0 else 1.0
        weighted = w[0] * scores.progress[b] + w[1] * scores.ttc[b]
        weighted += w[2] * scores.lane_keeping[b] + w[3] * scores.comfort[b]
        scores.score[b] = multiplier * (weighted / (w[0] + w[1] + w[2] + w[3]))


@njit(cache=True)
def _judge_contacts(
    state: np.ndarray,  # [T, 11]
    centre: np.ndarray,  # [T, 4]
    env: ProposalEnvironment,
    rules: ProposalRules,
    reach: np.ndarray,  # [N, 4]
    scores: ProposalScores,
    b: int,
) -> None:
    """At-fault collisions and TTC of one proposal, track by track."""
    steps, where, tracks = len(state), scores.where[b], env.tracks
    long_m, wide_m = env.length_m / 2, env.width_m / 2
    judged = steps if rules.ttc_to_end else steps - TTC_REACH_STEPS
    scores.no_at_fault_collision[b], scores.ttc[b] = 1.0, 1.0
    scores.collision_step[b] = scores.ttc_step[b] = NEVER
    scores.collision_track[b] = scores.ttc_track[b] = NEVER
    low_x = low_y = np.inf
    high_x = high_y = -np.inf
    for t in range(steps):
        low_x, high_x = min(low_x, centre[t, 0]), max(high_x, centre[t, 0])
        low_y, high_y = min(low_y, centre[t, 1]), max(high_y, centre[t, 1])
        gone_m = np.hypot(state[t, 3], state[t, 4]) * TTC_REACH_STEPS * DT_S
        x, y = centre[t, 0] + gone_m * centre[t, 2], centre[t, 1] + gone_m * centre[t, 3]
        low_x, high_x = min(low_x, x), max(high_x, x)
        low_y, high_y = min(low_y, y), max(high_y, y)
    radius = np.hypot(long_m, wide_m)
    for n in range(len(tracks.valid)):
        if tracks.ignored[n] or (
            reach[n, 0] > high_x + radius or reach[n, 2] < low_x - radius
            or reach[n, 1] > high_y + radius or reach[n, 3] < low_y - radius
        ):  # fmt: skip
            continue
        step, at_fault = first_contact(
            state, centre, where, long_m, wide_m, tracks, n, rules.observation_stride
        )
        if at_fault:
            left = 0.0 if tracks.is_agent[n] else 0.5
            scores.no_at_fault_collision[b] = min(scores.no_at_fault_collision[b], left)
            if scores.collision_step[b] == NEVER or step < scores.collision_step[b]:
                scores.collision_step[b], scores.collision_track[b] = step, n
        step = first_ttc_infraction(
            state, centre, where, long_m, wide_m, tracks, n, rules.observation_stride, judged,
            DT_S, env.areas,
        )  # fmt: skip
        if step != NEVER:
            scores.ttc[b], judged = 0.0, step  # later infractions do not matter
            scores.ttc_step[b], scores.ttc_track[b] = step, n
