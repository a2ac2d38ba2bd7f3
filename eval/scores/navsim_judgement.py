"""A judged moment as the rollout and the judgement that results keep. Shapes: T states."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from drivewm.eval.scores.base import Judgement
from drivewm.eval.scores.navsim_config import NavsimConfig
from drivewm.eval.scores.navsim_moment import Judged
from drivewm.measures.proposals_areas import Where
from drivewm.measures.proposals_comfort import Series, comfort_filters, fill_series
from drivewm.scene import EgoColumn, Scene
from drivewm.sim.config import DT_S, DT_US
from drivewm.sim.rollout import Rollout

PLAN, STEPS = 1, 41  # the plan's place in its batch; states of a drive
NO_PLAN: dict[str, Any] = {
    "plan_times_us": np.zeros(0, np.int64), "plan_poses": (), "plan_horizons_s": (),
    "plan_wall_s": (), "info": (),
}  # fmt: skip
SERIES = {
    "lon_acc_mps2": Series.LON_ACC,
    "lat_acc_mps2": Series.LAT_ACC,
    "jerk_mps3": Series.JERK,
    "lon_jerk_mps3": Series.LON_JERK,
    "yaw_rate_radps": Series.YAW_RATE,
    "yaw_acc_radps2": Series.YAW_ACC,
}


def rollout_of(here: Scene, judged: Judged | None, mode: str, reason: str | None) -> Rollout:
    """The plan as driven among the tracks as they moved; a failed one has its first state."""
    status = here.lights.status
    steps = 1 if judged is None else STEPS
    held = np.minimum(np.arange(steps), here.steps - 1)
    tracks = here.tracks if judged is None else judged.tracks
    made = {} if judged is None else _plan_columns(here, judged)
    return Rollout(
        scene_id=here.id, status="ok" if reason is None else "failed", reason=reason, mode=mode,
        replan_interval_s=(STEPS - 1) * DT_S,
        times_us=here.times_us[0] + DT_US * np.arange(steps, dtype=np.int64),
        ego=here.ego[:1] if judged is None else judged.plan.states, vehicle=here.vehicle,
        tracks=replace(tracks, state=tracks.state[:, :steps], valid=tracks.valid[:, :steps]),
        light_lane_ids=() if status is None else here.lights.lane_ids,
        light_status=np.zeros((0, steps), np.int8) if status is None else status[:, held],
        **(NO_PLAN | made),
    )  # fmt: skip


def _plan_columns(here: Scene, judged: Judged) -> dict[str, Any]:
    answer = judged.asked.answer
    return {
        "plan_times_us": here.times_us[:1],
        "plan_poses": (np.asarray(answer.poses, float)[0],),
        "plan_horizons_s": (np.asarray(answer.times_s, float),),
        "plan_wall_s": (judged.asked.took_s,),
        "info": (None if answer.info is None else answer.info[0],),
    }


def judgement_of(
    config: NavsimConfig,
    judged: Judged,
    score: float,
    terms: Mapping[str, float],
    weights: Mapping[str, float],
    stages: Mapping[str, float],
) -> Judgement:
    """The row's judgement.

    Args:
        config: of the score.
        judged: the plan now.
        score: of the row.
        terms: of the row; those that do not apply are left out of it here.
        weights: of the terms that are averaged.
        stages: scores of stage 1 and stage 2, kept as moments.
    """
    used = (*judged.multipliers, *weights)
    hit = int(judged.scores.collision_step[PLAN])
    return Judgement(
        score=score,
        terms={
            name: float(terms[name]) if name in used else None
            for name in (*config.multipliers, *config.weights)
        },
        weights_used={
            "multipliers": dict.fromkeys(judged.multipliers, 1.0),
            "weights": dict(weights),
            "progress_relative_to": {judged.reference: 1.0},
        },
        collisions=int(hit >= 0),
        fault_unknown=judged.fault_unknown,
        collision_time_s=None if hit < 0 else hit * DT_S,
        series=_series(judged),
        worst={name: (0, None, value) for name, value in stages.items()} | _moments(judged),
    )


def _moments(judged: Judged) -> dict[str, tuple[int, str | None, float]]:
    """When a term fell, and against whom."""
    scores, ids = judged.scores, judged.tracks.ids
    found: dict[str, tuple[int, str | None, float]] = {}
    for name, step, track in (
        ("no_at_fault_collision", scores.collision_step[PLAN], scores.collision_track[PLAN]),
        ("ttc", scores.ttc_step[PLAN], scores.ttc_track[PLAN]),
    ):
        if step >= 0:
            found[name] = int(step), ids[int(track)], float(getattr(scores, name)[PLAN])
    off_road = np.flatnonzero(scores.where[PLAN] & Where.NON_DRIVABLE)
    if len(off_road):
        found["drivable_area"] = int(off_road[0]), None, 0.0
    return found


def _series(judged: Judged) -> dict[str, np.ndarray]:
    states = judged.plan.states
    steps = len(states)
    found, scratch = np.empty((len(Series), steps)), np.empty((4, steps))
    filters, none = comfort_filters(steps, False), np.zeros((0, len(EgoColumn)))
    axle_m = judged.vehicle.rear_axle_to_center_m
    fill_series(none, states, axle_m, filters, True, scratch, found)
    return {
        "time_s": np.arange(steps) * DT_S,
        "x": states[:, EgoColumn.X],
        "y": states[:, EgoColumn.Y],
        "heading": states[:, EgoColumn.HEADING],
        "speed_mps": np.hypot(states[:, EgoColumn.VX], states[:, EgoColumn.VY]),
        **{name: found[row] for name, row in SERIES.items()},
    }
