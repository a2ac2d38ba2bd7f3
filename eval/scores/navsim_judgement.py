"""A judged moment as the rollout and the judgement that results keep. Shapes: T states."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from drivewm.eval.scores.base import Judgement
from drivewm.eval.scores.navsim_config import NavsimConfig
from drivewm.eval.scores.navsim_moment import Judged
from drivewm.eval.scores.navsim_series import PLAN, measure, moments_of, series_of
from drivewm.scene import Scene
from drivewm.sim.config import DT_S, DT_US
from drivewm.sim.rollout import Rollout

STEPS = 41  # states of a drive
NO_PLAN: dict[str, Any] = {
    "plan_times_us": np.zeros(0, np.int64), "plan_poses": (), "plan_horizons_s": (),
    "plan_wall_s": (), "info": (),
}  # fmt: skip


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
    before: Judged | None,
    score: float,
    terms: Mapping[str, float],
    weights: Mapping[str, float],
    stages: Mapping[str, float],
) -> Judgement:
    """The row's judgement.

    Args:
        config: of the score.
        judged: the plan now.
        before: the plan half a second earlier, which extended comfort compares it with.
        score: of the row.
        terms: of the row; those that do not apply are left out of it here.
        weights: of the terms that are averaged.
        stages: scores of stage 1 and stage 2, kept as moments.
    """
    used = (*judged.multipliers, *weights)
    measured = measure(judged)
    moments = moments_of(judged, measured, before)
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
        series=series_of(judged, measured),
        worst={name: (0, None, value) for name, value in stages.items()}
        | {name: moment for name, moment in moments.items() if name in used},
    )
