"""From a drive and its judgement to the rows that the results keep of it."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from drivewm.eval.schema import SCENARIO_SCHEMA, SERIES, TERMS, Part
from drivewm.eval.scores.base import Judgement
from drivewm.eval.scores.safety import COLUMNS, SafetyFacts
from drivewm.eval.suites import Job
from drivewm.eval.worst import worst_rows
from drivewm.sim.rollout import Rollout


def judged_part(
    job: Job,
    setting: dict[str, Any],
    drive: Rollout,
    judged: Judgement | None,
    facts: SafetyFacts | None,
    wall_s: float,
) -> Part:
    """The rows of a drive; of a failed one (not judged) as far as it came."""
    key = job.cell._asdict()
    made = {
        "mode": drive.mode, "replan_interval_s": drive.replan_interval_s,
        "status": drive.status, "reason": drive.reason,
        "duration_s": float(drive.times_us[-1] - drive.times_us[0]) / 1e6,
    }  # fmt: skip
    plan_ms = 1e3 * np.array(drive.plan_wall_s or [0.0])
    timing = {"plan_ms_mean": float(plan_ms.mean()), "plan_ms_max": float(plan_ms.max())}
    worst: list[dict[str, Any]] = []
    if judged is not None and facts is not None:
        worst = worst_rows(job.cell, drive, judged, facts)
    return {
        "scores": job_columns(job) | setting | made | _judged_columns(judged),
        "series": key | _series(drive, judged, facts),
        "safety": key | _safety_columns(facts),
        "worst": worst,
        "timings": key | timing | {"wall_s": wall_s},
    }


def failed_part(job: Job, reason: str, setting: dict[str, Any]) -> Part:
    """The rows of a drive that never began."""
    key = job.cell._asdict()
    failed = {"mode": "none", "status": "failed", "reason": reason, "duration_s": 0.0}
    return {
        "scores": job_columns(job) | setting | failed | _judged_columns(None),
        "series": key | {name: np.zeros(0) for name in SERIES},
        "safety": key | _safety_columns(None),
        "worst": [],
        "timings": key | {"plan_ms_mean": None, "plan_ms_max": None, "wall_s": None},
        **({} if job.scenario is None else {"scenario": unjudged_row(job, reason)}),
    }


def unjudged_row(job: Job, reason: str) -> dict[str, Any]:
    """What the table ``scenario`` says of a drive that was never made."""
    row: dict[str, Any] = dict.fromkeys(SCENARIO_SCHEMA.names)
    said = {"passed": False, "reason": f"the planner failed: {reason}", "goal_reached": False}
    return row | job.cell._asdict() | scenario_columns(job) | said


def scenario_columns(job: Job) -> dict[str, Any]:
    """What the table ``scenario`` says of the scenario itself."""
    info = job.scenario
    return {
        "family": info.family, "group": info.group, "tags": ",".join(info.tags),
        "scenario_hash": info.content_hash, "file": info.file, "line": info.line,
    }  # fmt: skip


def job_columns(job: Job) -> dict[str, Any]:
    """What a row says of where it belongs."""
    return job.cell._asdict() | {
        "recording": job.recording, "start_s": job.start_s, "stage": job.stage,
        "source": job.source, "split": job.split, "location": job.location,
    }  # fmt: skip


def _judged_columns(judged: Judgement | None) -> dict[str, Any]:
    """Score columns; a failed drive scores 0 and no term is applicable."""
    if judged is None:
        return {
            "score": 0.0, **dict.fromkeys(TERMS), "weights_used": "{}", "collisions": 0,
            "fault_unknown": 0, "collision_time_s": None,
        }  # fmt: skip
    return {
        "score": float(judged.score),
        **{name: _number(judged.terms.get(name)) for name in TERMS},
        "weights_used": json.dumps(judged.weights_used),
        "collisions": judged.collisions, "fault_unknown": judged.fault_unknown,
        "collision_time_s": _number(judged.collision_time_s),
    }  # fmt: skip


def _safety_columns(facts: SafetyFacts | None) -> dict[str, Any]:
    if facts is None:
        return dict.fromkeys(COLUMNS)
    return {
        name: value if isinstance(value, str) else _number(value)
        for name, value in facts.scalars.items()
    }


def _number(value: Any) -> float | None:
    """A plain float; None for what is not finite (tables say null)."""
    return float(value) if value is not None and np.isfinite(value) else None


def _series(
    drive: Rollout, judged: Judgement | None, facts: SafetyFacts | None
) -> dict[str, np.ndarray]:
    """Every series by name; empty where nobody measured it."""
    known: dict[str, np.ndarray] = {
        "time_s": (drive.times_us - drive.times_us[0]) / 1e6, "x": drive.ego[:, 0],
        "y": drive.ego[:, 1], "heading": drive.ego[:, 2],
        "speed_mps": np.hypot(drive.ego[:, 3], drive.ego[:, 4]),
    }  # fmt: skip
    if facts is not None:
        known |= facts.series
    if judged is not None:
        known |= judged.series
    return {name: np.asarray(known.get(name, ()), np.float64) for name in SERIES}
