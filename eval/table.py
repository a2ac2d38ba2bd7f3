"""The table of planners that ends a scoring run."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from drivewm.eval.schema import TERMS
from drivewm.eval.statistics import bootstrap_clusters

TITLES = {
    "no_at_fault_collision": "collision",
    "drivable_area": "drivable",
    "driving_direction": "direction",
    "traffic_light": "lights",
    "making_progress": "moving",
    "progress": "progress",
    "ttc": "ttc",
    "speed_limit": "speed",
    "lane_keeping": "lane",
    "comfort": "comfort",
    "extended_comfort": "ext. comfort",
}


def planner_table(rows: Sequence[dict[str, Any]], wanted: Sequence[str] = ()) -> str:
    """Mean of the score and of every sub-score with its interval, and what the score was made of.

    Args:
        rows: of ``scores``. Sub-scores that no row has are left out.
        wanted: the terms of the score; those that a drive could not have are named.
    """
    terms = [term for term in TERMS if any(row[term] is not None for row in rows)]
    header = ["planner", "score", *[TITLES[term] for term in terms], "drives", "failed"]
    lines = [header] + [
        _line(planner, [row for row in rows if row["planner"] == planner], terms)
        for planner in dict.fromkeys(row["planner"] for row in rows)
    ]
    widths = [max(len(line[c]) for line in lines) for c in range(len(header))]
    text = ["  ".join(cell.ljust(w) for cell, w in zip(line, widths)).rstrip() for line in lines]
    return "\n".join([*text, "", *_notes(rows, wanted)])


def mean_of(rows: Sequence[dict[str, Any]], column: str) -> str:
    """Mean of a column over the rows that have it, with its interval; ``n/a`` where none has."""
    known = [row for row in rows if row[column] is not None]
    if not known:
        return "n/a"
    values = np.array([row[column] for row in known])
    return str(bootstrap_clusters(values, [row["recording"] for row in known], "score"))


def _line(planner: str, rows: list[dict[str, Any]], terms: list[str]) -> list[str]:
    failed = sum(row["status"] == "failed" for row in rows)
    means = [mean_of(rows, column) for column in ("score", *terms)]
    return [planner, *means, str(len(rows)), str(failed)]


def _notes(rows: Sequence[dict[str, Any]], wanted: Sequence[str]) -> list[str]:
    """What the intervals are; weights used and terms that are not applicable, each kind once with
    its number of drives; failures."""
    scenes = len({row["recording"] for row in rows})
    seeds = len({row["seed"] for row in rows})
    notes = [
        f"mean [95 % bootstrap interval over {scenes} scenes"
        + (f", {seeds} seeds within each]" if seeds > 1 else "]")
    ]
    notes += [f"{count} drives: {text}" for text, count in _kinds(rows, wanted).items()]
    unknown = sum(row["fault_unknown"] or 0 for row in rows)
    if unknown:
        notes.append(f"{unknown} lateral contacts of unknown fault (no lane graph), not scored")
    if any(row["not_reproducible"] for row in rows):
        notes.append("not reproducible: plans had a deadline by the clock")
    reasons = dict.fromkeys(
        f"failed: {row['planner']} on {row['scene_id']}: {row['reason']}"
        for row in rows
        if row["status"] == "failed"
    )
    shown = list(reasons)[:5]
    return notes + shown + ([f"... and {len(reasons) - 5} more"] if len(reasons) > 5 else [])


def _kinds(rows: Sequence[dict[str, Any]], wanted: Sequence[str]) -> dict[str, int]:
    """How a score was made up -> in how many drives."""
    kinds: dict[str, int] = {}
    for row in rows:
        if row["status"] == "ok":
            text = _weights(row["weights_used"], wanted)
            kinds[text] = kinds.get(text, 0) + 1
    return kinds


def _weights(used: str, wanted: Sequence[str]) -> str:
    parts = json.loads(used)
    weights = ", ".join(f"{name} {w:g}" for name, w in parts["weights"].items())
    absent = [t for t in wanted if t not in parts["weights"] and t not in parts["multipliers"]]
    return f"{' x '.join(parts['multipliers'])} x mean({weights})" + (
        f"; not applicable: {', '.join(absent)}" if absent else ""
    )
