"""What the tables of the page say: planners, splits, failures, the scene worth watching first."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np

from drivewm.eval.report.results import Results
from drivewm.eval.results import TERMS
from drivewm.eval.statistics import bootstrap_mean
from drivewm.measures.drivable import TOLERANCE_M

REFERENCES = ("log_replay",)  # these replay the recorded drive: a yardstick, not a planner


@dataclass(frozen=True)
class Estimate:
    """A mean over scenes with its 95 % interval; no interval from fewer than two scenes."""

    mean: float
    low: float | None
    high: float | None
    count: int


def estimate(values: list[float], *seed_names: object) -> Estimate:
    """Percentile bootstrap over scenes; ``seed_names`` decide the resampling.

    Raises:
        ValueError: no value.
    """
    found = bootstrap_mean(np.array(values, float), "report", *seed_names)
    if len(values) < 2:
        return Estimate(found.mean, None, None, len(values))
    return Estimate(found.mean, found.low, found.high, len(values))


def mean_known(values: list[float | None]) -> tuple[float | None, int]:
    """Mean of the values that are known and how many there are; (None, 0) when none is."""
    known = [value for value in values if value is not None]
    return (sum(known) / len(known), len(known)) if known else (None, 0)


@dataclass(frozen=True)
class PlannerLine:
    """One row of the planner table."""

    name: str
    score: Estimate
    behind: Estimate | None  # score minus the leader's on the same scenes; None for the leader
    sub_scores: dict[str, tuple[float | None, int]]  # mean over known values, how many
    failed: int
    collided: int
    modes: list[str]
    agents: list[str]
    replan_s: list[float]
    weights: list[dict[str, Any]]  # distinct {"multipliers": [...], "weights": {...}} used
    fault_unknown: int  # lateral contacts that no lane graph could judge
    plan_ms: float | None  # mean over scenes
    splits: dict[str, float]


@dataclass(frozen=True)
class Hero:
    """The scene where two planners differ most, the better one first (alone if there is one)."""

    scene_id: str
    first: str
    second: str | None


def planner_lines(results: Results) -> list[PlannerLine]:
    """Best mean score first; planners of equal score in the order they were scored."""
    scores = {
        name: {row["scene_id"]: row["score"] for row in results.rows if row["planner"] == name}
        for name in results.planners
    }
    means = {name: sum(by.values()) / len(by) for name, by in scores.items()}
    ranked = sorted(results.planners, key=lambda name: -means[name])
    best = next((name for name in ranked if name not in REFERENCES), ranked[0])
    return [_line(results, name, scores, best) for name in ranked]


def _line(
    results: Results, name: str, scores: dict[str, dict[str, float]], best: str
) -> PlannerLine:
    rows = [row for row in results.rows if row["planner"] == name]
    shared = [scene for scene in scores[name] if scene in scores[best]]
    gaps = [scores[name][scene] - scores[best][scene] for scene in shared]
    plan_ms = [results.timings.get((name, row["scene_id"]), {}).get("plan_ms_mean") for row in rows]
    splits = list(dict.fromkeys(row["split"] for row in rows))
    return PlannerLine(
        name=name,
        score=estimate([row["score"] for row in rows], name),
        behind=estimate(gaps, name, "behind") if name != best and gaps else None,
        sub_scores={key: mean_known([row[key] for row in rows]) for key in TERMS},
        failed=sum(row["failed"] for row in rows),
        collided=sum(row["no_at_fault_collision"] == 0 for row in rows),
        modes=_distinct(row["mode"] for row in rows),
        agents=_distinct(row["agents"] for row in rows),
        replan_s=_distinct(row["replan_interval_s"] for row in rows),
        weights=_distinct_weights(rows),
        fault_unknown=sum(row["fault_unknown"] or 0 for row in rows),
        plan_ms=mean_known(plan_ms)[0],
        splits={
            split: mean_known([row["score"] for row in rows if row["split"] == split])[0] or 0.0
            for split in splits
        },
    )


def _distinct(values) -> list:
    return [value for value in dict.fromkeys(values) if value is not None]


def _distinct_weights(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    texts = _distinct(row["weights_used"] for row in rows)
    return [used for used in (json.loads(text) for text in texts if text) if used]


def leader(lines: list[PlannerLine]) -> PlannerLine:
    """The best planner that does not read the future; the best at all where there is none."""
    return next((line for line in lines if line.name not in REFERENCES), lines[0])


def hero(results: Results, lines: list[PlannerLine]) -> Hero:
    """The scene whose scores differ most between the leader and another planner that ran."""
    best = leader(lines).name
    ranked = [
        (
            row["score"] - other["score"],
            bool(other["collisions"]),
            row["scene_id"],
            other["planner"],
        )
        for row in results.rows
        if row["planner"] == best and not row["failed"]
        for other in results.rows
        if other["planner"] not in (best, *REFERENCES)
        and other["scene_id"] == row["scene_id"]
        and not other["failed"]
    ]
    if not ranked:
        alone = [row for row in results.rows if not row["failed"]] or results.rows
        return Hero(alone[0]["scene_id"], alone[0]["planner"], None)
    top = max(ranked, key=lambda item: item[:2])
    return Hero(top[2], best, top[3])


@dataclass(frozen=True)
class Trouble:
    """A row that failed, or that scored zero and why."""

    planner: str
    scene_id: str
    kind: str
    reason: str
    time_s: float | None


def troubles(results: Results) -> list[Trouble]:
    """Failed rows first, then collisions, road departures and runs without progress."""
    found = []
    for row in results.rows:
        series = results.series.get((row["planner"], row["scene_id"]))
        for kind, reason, time_s in _causes(row, series):
            found.append(Trouble(row["planner"], row["scene_id"], kind, reason, time_s))
    order = list(_KINDS)
    return sorted(found, key=lambda trouble: order.index(trouble.kind))


_KINDS = {
    "failed": "the planner did not finish",
    "collision": "at-fault collision",
    "off road": "left the drivable area",
    "no progress": "progress below 20 % of the recorded drive",
}


def _causes(
    row: dict[str, Any], series: dict[str, list[float | None]] | None
) -> list[tuple[str, str, float | None]]:
    if row["failed"]:
        return [("failed", row["reason"] or _KINDS["failed"], None)]
    causes: list[tuple[str, str, float | None]] = []
    if row["no_at_fault_collision"] is not None and row["no_at_fault_collision"] < 1:
        causes.append(("collision", _KINDS["collision"], row["collision_time_s"]))
    if row["drivable_area"] == 0:
        causes.append(("off road", _KINDS["off road"], _first_outside(series)))
    if row["making_progress"] == 0:
        causes.append(("no progress", _KINDS["no progress"], None))
    return causes


def _first_outside(series: dict[str, list[float | None]] | None) -> float | None:
    """When a corner first went beyond the tolerance, as far as the series tells."""
    if series is None:
        return None
    pairs = zip(series["time_s"] or [], series["drivable_margin_m"] or [])
    return next((t for t, m in pairs if m is not None and m <= -TOLERANCE_M), None)
