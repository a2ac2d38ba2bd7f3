"""The table ``scenario``: what a suite asks of a drive, and what it says of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from drivewm.config import validate
from drivewm.eval.parts import scenario_columns
from drivewm.eval.scores.base import Judgement
from drivewm.eval.scores.safety import SafetyFacts
from drivewm.eval.suites import Job
from drivewm.geometry.boxes import centre_poses
from drivewm.geometry.polylines import arc_lengths, project_sequence, without_repeats
from drivewm.measures.drivable import DRIVABLE
from drivewm.measures.progress import AHEAD_M, BACK_M
from drivewm.scenarios.source import events_of, passing_of, script_of
from drivewm.scenarios.verdict import Found, fired, judge, progress_of, red_light_run
from drivewm.scene import Scene
from drivewm.sim.config import SimConfig
from drivewm.sim.rollout import Rollout


def settings_of(scene: Scene, sim: SimConfig, given: frozenset[str]) -> SimConfig:
    """The run's settings with the scenario's own, which win unless they were ``given``.

    Raises:
        InputError: the scenario asks for what ``SimConfig`` does not allow.
    """
    if scene.scenario is None:
        return sim
    own = script_of(scene.scenario, scene.id).sim
    told = {name: value for name, value in own.items() if name not in given}
    return validate(SimConfig, sim.model_dump() | told, file=scene.id)


def scenario_row(
    job: Job,
    scene: Scene,
    drive: Rollout,
    judged: Judgement | None,
    facts: SafetyFacts | None,
    log: Sequence[Any],
) -> dict[str, Any]:
    """The row of a drive that was made; ``log`` is what happened in the script."""
    text = str(scene.scenario)
    passing, goal_m = passing_of(text)
    found = _found(scene, drive, judged, facts)
    failure = drive.reason if drive.status != "ok" else None
    verdict = judge(passing, goal_m, found, failure)
    begun, never = fired(log, events_of(text))
    return job.cell._asdict() | scenario_columns(job) | {
        "passed": verdict.passed, "reason": "; ".join(verdict.reasons) or None,
        "goal_reached": verdict.goal_reached, "progress_m": found.progress_m,
        "required_progress_m": verdict.required_m, "triggers_fired": ",".join(begun),
        "never_fired": ",".join(never), "impact_speed_mps": found.impact_mps,
        "unavoidable": passing.unavoidable, "min_ttc_s": found.min_ttc_s,
        "at_fault_collision": found.at_fault, "any_collision": found.touched,
        "road_departure": found.departure,
        "red_light": None if judged is None else found.red_light_s is not None,
    }  # fmt: skip


def route_offset_m(scene: Scene, drive: Rollout) -> np.ndarray:
    """Offset of the box's centre from the middle of the route's lanes, left positive; [T]."""
    line = without_repeats(scene.route)
    if len(line) < 2:
        return np.zeros(0)
    centres = centre_poses(drive.ego, drive.vehicle.rear_axle_to_center_m)[:, :2]
    places = np.ascontiguousarray(centres)
    return project_sequence(line, arc_lengths(line), places, BACK_M, AHEAD_M)[1]


def _found(
    scene: Scene, drive: Rollout, judged: Judgement | None, facts: SafetyFacts | None
) -> Found:
    progress = progress_of(scene, drive)
    if judged is None or facts is None:
        return Found(progress_m=progress)
    margin = judged.series.get("drivable_margin_m", np.zeros(0))
    out = np.flatnonzero(margin < float(DRIVABLE.threshold or 0.0))
    departed = judged.terms.get("drivable_area") == 0.0
    impact = facts.scalars["impact_speed_mps"]
    ttc = facts.scalars["min_ttc_s"]
    return Found(
        at_fault=judged.collisions > 0, at_fault_s=judged.collision_time_s, departure=departed,
        departure_s=float(drive.times_us[out[0]] - drive.times_us[0]) / 1e6
        if departed and len(out) else None,
        red_light_s=red_light_run(scene.map, drive),
        impact_mps=_finite(impact), touched=_finite(impact) is not None, min_ttc_s=_finite(ttc),
        progress_m=progress, decel_mps2=_most(judged, "lon_acc_mps2", -1.0),
        lateral_mps2=max(_most(judged, "lat_acc_mps2", 1.0), _most(judged, "lat_acc_mps2", -1.0)),
    )  # fmt: skip


def _finite(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and np.isfinite(value) else None


def _most(judged: Judgement, series: str, sign: float) -> float:
    values = np.asarray(judged.series.get(series, ()), float)
    values = values[np.isfinite(values)]
    return float((sign * values).max()) if len(values) else 0.0
