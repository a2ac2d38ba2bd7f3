"""The table of planners that ends a scoring run."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from drivewm.eval.results import TERMS
from drivewm.eval.statistics import bootstrap_mean

TITLES = {
    "no_at_fault_collision": "collision",
    "drivable_area": "drivable",
    "making_progress": "moving",
    "ttc": "ttc",
    "comfort": "comfort",
    "progress": "progress",
}


def planner_table(rows: Sequence[dict[str, Any]]) -> str:
    """Mean score with its interval, sub-score means, and what the score was made of."""
    header = ["planner", "score", "95 % interval", *TITLES.values(), "scenes", "failed"]
    lines = [header] + [
        _line(planner, [row for row in rows if row["planner"] == planner])
        for planner in dict.fromkeys(row["planner"] for row in rows)
    ]
    widths = [max(len(line[c]) for line in lines) for c in range(len(header))]
    text = ["  ".join(cell.ljust(w) for cell, w in zip(line, widths)).rstrip() for line in lines]
    return "\n".join([*text, "", *_notes(rows)])


def _line(planner: str, rows: list[dict[str, Any]]) -> list[str]:
    scores = np.array([row["score"] for row in rows])
    interval = bootstrap_mean(scores, "score")
    means = []
    for term in TERMS:
        known = [row[term] for row in rows if row[term] is not None]
        means.append(f"{np.mean(known):.3f}" if known else "n/a")
    failed = sum(row["status"] == "failed" for row in rows)
    spread = f"{interval.low:.3f} .. {interval.high:.3f}"
    return [planner, f"{interval.mean:.3f}", spread, *means, str(len(rows)), str(failed)]


def _notes(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Weights used and terms that are not applicable, each kind once with its number of drives."""
    kinds: dict[str, int] = {}
    for row in rows:
        if row["status"] == "ok":
            kinds[row["weights_used"]] = kinds.get(row["weights_used"], 0) + 1
    notes = []
    for used, count in kinds.items():
        parts = json.loads(used)
        weights = ", ".join(f"{name} {w:g}" for name, w in parts["weights"].items())
        absent = [t for t in TERMS if t not in parts["weights"] and t not in parts["multipliers"]]
        notes.append(
            f"{count} drives: {' x '.join(parts['multipliers'])} x mean({weights})"
            + (f"; not applicable: {', '.join(absent)}" if absent else "")
        )
    unknown = sum(row["fault_unknown"] for row in rows)
    if unknown:
        notes.append(f"{unknown} lateral contacts of unknown fault (no lane graph), not scored")
    reasons = dict.fromkeys(
        f"failed: {row['planner']} on {row['scene_id']}: {row['reason']}"
        for row in rows
        if row["status"] == "failed"
    )
    shown = list(reasons)[:5]
    return notes + shown + ([f"... and {len(reasons) - 5} more"] if len(reasons) > 5 else [])
