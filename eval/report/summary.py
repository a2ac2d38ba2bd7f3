"""What the tables of the page say: planners, splits, failures, the scene worth watching first."""

from __future__ import annotations

import json
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from drivewm.eval.report.charts import SAFETY
from drivewm.eval.report.results import Results
from drivewm.eval.schema import TERMS, Row, cell_of
from drivewm.eval.statistics import bootstrap_clusters
from drivewm.measures.drivable import TOLERANCE_M

REFERENCES = ("log_replay",)  # these replay the recorded drive: a yardstick, not a planner


@dataclass(frozen=True)
class Estimate:
    """A mean over drives with its 95 % interval; no interval from fewer than two scenes."""

    mean: float
    low: float | None
    high: float | None
    count: int


def estimate(
    values: Sequence[float], clusters: Sequence[Hashable], *seed_names: object
) -> Estimate:
    """Percentile bootstrap over scenes (``clusters``); ``seed_names`` decide the resampling.

    Raises:
        ValueError: no value.
    """
    found = bootstrap_clusters(np.array(values, float), clusters, "report", *seed_names)
    if found.clusters < 2:
        return Estimate(found.mean, None, None, len(values))
    return Estimate(found.mean, found.low, found.high, len(values))


def mean_known(values: Sequence[float | None]) -> tuple[float | None, int]:
    """Mean of the values that are known and how many there are; (None, 0) when none is."""
    known = [value for value in values if value is not None]
    return (sum(known) / len(known), len(known)) if known else (None, 0)


@dataclass(frozen=True)
class PlannerLine:
    """One row of the planner table."""

    name: str
    score: Estimate
    behind: Estimate | None  # score minus the leader's on the same scenes; None for the leader
    sub_scores: dict[str, Estimate | None]  # over the drives that have the term; None: none has
    safety: dict[str, Estimate | None]  # measures of ``charts.SAFETY``
    failed: int
    collided: int
    modes: list[str]
    agents: list[str]
    replan_s: list[float]
    weights: list[dict[str, Any]]  # distinct {"multipliers": [...], "weights": {...}} used
    fault_unknown: int  # lateral contacts that no lane graph could judge
    plan_ms: float | None  # mean over scenes
    splits: dict[str, Estimate]


@dataclass(frozen=True)
class Hero:
    """The scene where two planners differ most, the better one first (alone if there is one)."""

    scene_id: str
    first: str
    second: str | None


def planner_lines(results: Results) -> list[PlannerLine]:
    """Best mean score first; planners of equal score in the order they were scored."""
    rows = {name: results.of_planner(name) for name in results.planners}
    means = {name: sum(row["score"] for row in of) / len(of) for name, of in rows.items()}
    ranked = sorted(results.planners, key=lambda name: -means[name])
    best = next((name for name in ranked if name not in REFERENCES), ranked[0])
    return [_line(results, name, rows[name], rows[best]) for name in ranked]


def _line(results: Results, name: str, rows: list[Row], best: list[Row]) -> PlannerLine:
    lead = {(row["scene_id"], row["seed"]): row["score"] for row in best}
    shared = [row for row in rows if (row["scene_id"], row["seed"]) in lead]
    gaps = [row["score"] - lead[row["scene_id"], row["seed"]] for row in shared]
    plan_ms = [results.timings.get(cell_of(row), {}).get("plan_ms_mean") for row in rows]
    safety = [
        results.safety.get(cell_of(row), {}) | {"recording": row["recording"]} for row in rows
    ]
    return PlannerLine(
        name=name,
        score=estimate([row["score"] for row in rows], _scenes(rows), name),
        behind=estimate(gaps, _scenes(shared), name, "behind")
        if rows is not best and gaps
        else None,
        sub_scores={term: _known(rows, term, name) for term in TERMS},
        safety={column: _known(safety, column, name) for column in SAFETY},
        failed=sum(row["failed"] for row in rows),
        collided=sum(row["no_at_fault_collision"] == 0 for row in rows),
        modes=_distinct(row["mode"] for row in rows),
        agents=_distinct(row["agents"] for row in rows),
        replan_s=_distinct(row["replan_interval_s"] for row in rows),
        weights=_distinct_weights(rows),
        fault_unknown=sum(row["fault_unknown"] or 0 for row in rows),
        plan_ms=mean_known(plan_ms)[0],
        splits={
            split: estimate([row["score"] for row in of], _scenes(of), name)
            for split in _distinct(row["split"] for row in rows)
            for of in [[row for row in rows if row["split"] == split]]
        },
    )


def _scenes(rows: Sequence[Row]) -> list[str]:
    return [row["recording"] for row in rows]


def _known(rows: Sequence[Row], column: str, name: str) -> Estimate | None:
    known = [row for row in rows if row.get(column) is not None]
    if not known:
        return None
    return estimate([row[column] for row in known], _scenes(known), name)


def worst_first(results: Results, lines: list[PlannerLine]) -> list[str]:
    """Scene ids by the mean score of the planners that do not replay the log, worst first."""
    judged = [line.name for line in lines if line.name not in REFERENCES]
    scores = [results.scene_scores(name) for name in judged or results.planners]

    def mean(scene_id: str) -> float:
        found = [by[scene_id] for by in scores if scene_id in by]
        return sum(found) / len(found) if found else 1.0

    return sorted(results.scene_ids, key=mean)


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
    others = [line.name for line in lines if line.name not in (best, *REFERENCES)]
    ranked = [
        (row["score"] - other["score"], bool(other["collisions"]), scene_id, name)
        for (planner, scene_id), row in results.shown.items()
        if planner == best and not row["failed"]
        for name in others
        if (other := results.shown.get((name, scene_id))) is not None and not other["failed"]
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
    """Failed drives first, then those that lost a multiplier; the worst seed of each scene."""
    found = []
    for row in results.shown.values():
        for kind, reason, time_s in _causes(row, results):
            found.append(Trouble(row["planner"], row["scene_id"], kind, reason, time_s))
    order = list(_KINDS)
    return sorted(found, key=lambda trouble: order.index(trouble.kind))


_KINDS = {  # kind -> the term that is lost, what to say
    "failed": ("", "the planner did not finish"),
    "collision": ("no_at_fault_collision", "at-fault collision"),
    "off road": ("drivable_area", "left the drivable area"),
    "red light": ("traffic_light", "entered against a red light"),
    "wrong way": ("driving_direction", "drove against the driving direction"),
    "no progress": ("making_progress", "progress below 20 % of the recorded drive"),
}


def _causes(row: Row, results: Results) -> list[tuple[str, str, float | None]]:
    if row["failed"]:
        return [("failed", row["reason"] or _KINDS["failed"][1], None)]
    moments = {w["metric"]: w["time_s"] for w in results.worst.get(cell_of(row), [])}
    times_s = {
        "no_at_fault_collision": row["collision_time_s"],
        "drivable_area": _first_outside(results.series.get(cell_of(row))),
    }
    return [
        (kind, text, times_s.get(term) or moments.get(term))
        for kind, (term, text) in _KINDS.items()
        if term and row[term] is not None and row[term] < 1
    ]


def _first_outside(series: dict[str, np.ndarray] | None) -> float | None:
    """When a corner first went beyond the tolerance, as far as the series tells."""
    if series is None or not len(series["drivable_margin_m"]):
        return None
    steps = np.flatnonzero(series["drivable_margin_m"] <= -TOLERANCE_M)
    return float(series["time_s"][steps[0]]) if len(steps) else None
