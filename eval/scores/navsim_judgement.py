"""A judged moment as the rollout and the judgement that results keep. Shapes: T states."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from drivewm.eval.scores.base import Judgement
from drivewm.eval.scores.navsim_config import NavsimConfig
from drivewm.eval.scores.navsim_plan import AskedPlan
from drivewm.measures.proposals import ProposalScores
from drivewm.measures.proposals_comfort import Series, comfort_filters, fill_series
from drivewm.scene import EgoColumn, Scene, Tracks, VehicleParams
from drivewm.sim.config import DT_S, DT_US
from drivewm.sim.rollout import Rollout

PLAN, STEPS = 1, 41  # the plan's place in its batch; states of a drive
SERIES = {
    "lon_acc_mps2": Series.LON_ACC,
    "lat_acc_mps2": Series.LAT_ACC,
    "jerk_mps3": Series.JERK,
    "lon_jerk_mps3": Series.LON_JERK,
    "yaw_rate_radps": Series.YAW_RATE,
    "yaw_acc_radps2": Series.YAW_ACC,
}


def rollout_of(
    here: Scene, asked: AskedPlan | None, judged: Any, mode: str, reason: str | None
) -> Rollout:
    """The plan as driven among the tracks as they moved; a failed one has its first state."""
    steps = 1 if asked is None else STEPS
    status = here.lights.status
    held = np.minimum(np.arange(steps), here.steps - 1)
    tracks: Tracks = here.tracks if judged is None else judged.tracks
    return Rollout(
        scene_id=here.id,
        status="ok" if reason is None else "failed",
        reason=reason,
        mode=mode,
        replan_interval_s=(STEPS - 1) * DT_S,
        times_us=here.times_us[0] + DT_US * np.arange(steps, dtype=np.int64),
        ego=here.ego[:1] if asked is None else judged.plan.states,
        vehicle=here.vehicle,
        tracks=Tracks(
            ids=tracks.ids, categories=tracks.categories, score_type=tracks.score_type,
            occ_class=tracks.occ_class, size_m=tracks.size_m, state=tracks.state[:, :steps],
            valid=tracks.valid[:, :steps],
        ),
        light_lane_ids=() if status is None else here.lights.lane_ids,
        light_status=np.zeros((0, steps), np.int8) if status is None else status[:, held],
        plan_times_us=here.times_us[: 0 if asked is None else 1],
        plan_poses=() if asked is None else (np.asarray(asked.answer.poses, float)[0],),
        plan_horizons_s=() if asked is None else (np.asarray(asked.answer.times_s, float),),
        plan_wall_s=() if asked is None else (asked.took_s,),
        info=() if asked is None or asked.answer.info is None else (asked.answer.info[0],),
    )  # fmt: skip


def judgement_of(
    config: NavsimConfig,
    score: float,
    terms: Mapping[str, float],
    multipliers: tuple[str, ...],
    weights: Mapping[str, float],
    scores: ProposalScores,
    states: np.ndarray,  # [T, 11]
    vehicle: VehicleParams,
    tracks: Tracks,
    reference: str,
    stages: Mapping[str, float],
) -> Judgement:
    """The row's judgement. ``stages`` (score of stage 1, of stage 2) are kept as moments."""
    used = (*multipliers, *weights)
    series = _series(states, vehicle)
    worst: dict[str, tuple[int, str | None, float]] = {
        name: (0, None, value) for name, value in stages.items()
    }
    hit, close = int(scores.collision_step[PLAN]), int(scores.ttc_step[PLAN])
    if hit >= 0:
        worst["no_at_fault_collision"] = hit, tracks.ids[int(scores.collision_track[PLAN])], 0.0
    if close >= 0:
        worst["ttc"] = close, tracks.ids[int(scores.ttc_track[PLAN])], 0.0
    off_road = np.flatnonzero(scores.where[PLAN] & 2)
    if len(off_road):
        worst["drivable_area"] = int(off_road[0]), None, 0.0
    return Judgement(
        score=score,
        terms={name: float(terms[name]) if name in used else None for name in all_terms(config)},
        weights_used={
            "multipliers": dict.fromkeys(multipliers, 1.0),
            "weights": dict(weights),
            "progress_relative_to": {reference: 1.0},
        },
        collisions=int(hit >= 0),
        fault_unknown=0,
        collision_time_s=None if hit < 0 else hit * DT_S,
        series=series,
        worst=worst,
    )


def all_terms(config: NavsimConfig) -> tuple[str, ...]:
    """Every term of the score."""
    return (*config.multipliers, *config.weights)


def _series(states: np.ndarray, vehicle: VehicleParams) -> dict[str, np.ndarray]:
    steps = len(states)
    found, scratch = np.empty((len(Series), steps)), np.empty((4, steps))
    none = np.zeros((0, len(EgoColumn)))
    filters = comfort_filters(steps, False)
    fill_series(none, states, vehicle.rear_axle_to_center_m, filters, True, scratch, found)
    return {
        "time_s": np.arange(steps) * DT_S,
        "x": states[:, EgoColumn.X],
        "y": states[:, EgoColumn.Y],
        "heading": states[:, EgoColumn.HEADING],
        "speed_mps": np.hypot(states[:, EgoColumn.VX], states[:, EgoColumn.VY]),
        **{name: found[row] for name, row in SERIES.items()},
    }
