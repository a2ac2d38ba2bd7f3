"""Why a drive scored what it scored: which term cost how much, when, against whom."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from drivewm.errors import InputError
from drivewm.eval.attribution import Share, attribute, score_of
from drivewm.eval.recovery import check_tables
from drivewm.eval.results import read_manifest, read_rows, read_table
from drivewm.eval.schema import KEY, TERMS, Cell, Row, cell_of
from drivewm.measures.comfort import BOUNDS

# Metrics of the table ``worst`` that tell when a term went wrong, the most telling first.
METRICS: dict[str, tuple[str, ...]] = {
    "no_at_fault_collision": ("no_at_fault_collision", "impact_speed_mps"),
    "drivable_area": ("drivable_area", "drivable_margin_m"),
    "driving_direction": ("driving_direction", "driving_direction_m"),
    "traffic_light": ("traffic_light",),
    "making_progress": ("making_progress",),
    "progress": ("progress",),
    "ttc": ("ttc", "ttc_s", "min_ttc_s"),
    "speed_limit": ("speed_limit", "overspeed_mps"),
    "lane_keeping": ("lane_keeping", "lane_offset_m"),
    "comfort": ("comfort",),
    "extended_comfort": ("extended_comfort",),
}
NEAREST_HARM = ("min_ttc_s", "ttc_s", "min_thw_s", "drivable_margin_m")  # of a faultless drive
UNITS = {"_mps15": "m/s^1.5", "_mps3": "m/s3", "_mps2": "m/s2", "_radps2": "rad/s2",
         "_radps": "rad/s", "_mps": "m/s", "_m": "m", "_s": "s"}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Moment:
    """When a metric was worst, against whom."""

    metric: str
    step: int
    time_s: float
    value: float | None
    unit: str
    track_id: str | None
    category: str | None


@dataclass(frozen=True, kw_only=True)
class Cause:
    """A term, what it cost, and its worst moment (None where no moment is to blame)."""

    share: Share
    moment: Moment | None


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """A row explained. ``rest`` is what the terms do not account for (a score that is more than
    product times mean, such as a human filter)."""

    cell: Cell
    row: Row
    causes: tuple[Cause, ...]  # greatest loss first
    rest: float
    nearest_harm: Moment | None
    safety: Row

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        causes = [
            asdict(cause.share) | {"moment": asdict(cause.moment) if cause.moment else None}
            for cause in self.causes
        ]
        harm = asdict(self.nearest_harm) if self.nearest_harm else None
        return {
            **self.cell._asdict(), "status": self.row["status"], "reason": self.row["reason"],
            "score_name": self.row["score_name"], "score_version": self.row["score_version"],
            "score": self.row["score"], "lost": 1 - self.row["score"], "not_explained": self.rest,
            "terms": causes, "nearest_harm": harm,
            "safety": {k: v for k, v in self.safety.items() if k not in KEY},
        }  # fmt: skip


def choose(
    folder: Path, scene_id: str, planner: str | None = None, seed: int | None = None
) -> list[Cell]:
    """The drives to explain: of every planner (or one) the worst of the scene's seeds and moments.

    Raises:
        InputError: no results; the scene, planner or seed is not in them.
    """
    manifest = read_manifest(folder)
    if manifest.get("status") != "complete":
        raise InputError("the run is not finished", file=folder, fix="run `drivewm score` again")
    columns = [*KEY, "recording", "score"]
    rows = read_table(folder, "scores", columns).to_pylist()
    check_tables(folder)
    exact = [row for row in rows if row["scene_id"] == scene_id]
    rows = exact or [row for row in rows if row["recording"] == scene_id] or _unknown(
        folder, "--scene", scene_id, [row["scene_id"] for row in rows]
    )  # fmt: skip
    if planner is not None:
        known = [row["planner"] for row in rows]
        rows = [row for row in rows if row["planner"] == planner] or _unknown(
            folder, "--planner", planner, known
        )
    if seed is not None:
        seeds = [row["seed"] for row in rows]
        rows = [row for row in rows if row["seed"] == seed] or _unknown(
            folder, "--seed", seed, seeds
        )
    worst: dict[str, Row] = {}
    for row in rows:
        kept = worst.setdefault(row["planner"], row)
        if row["score"] < kept["score"]:
            worst[row["planner"]] = row
    return [cell_of(row) for row in worst.values()]


def _unknown(folder: Path, field: str, value: Any, known: Sequence[Any]) -> list[Row]:
    names = list(dict.fromkeys(map(str, known)))
    shown = ", ".join(names[:6]) + (f", ... ({len(names)} in all)" if len(names) > 6 else "")
    raise InputError(f"no row for {value}", file=folder, field=field, fix=f"choose of {shown}")


def explain(folder: Path, cell: Cell) -> Explanation:
    """Explains one drive of finished results.

    Raises:
        InputError: a table is absent or damaged, or has no such drive.
    """
    rows = read_rows(folder, "scores", cell)
    if not rows:
        raise InputError(f"no row for {cell.planner} in {cell.scene_id}", file=folder)
    row = rows[0]
    moments = {m["metric"]: _moment(m) for m in read_rows(folder, "worst", cell)}
    used = json.loads(row["weights_used"] or "{}") if row["status"] == "ok" else {}
    shares = attribute({name: row[name] for name in TERMS}, used)
    causes = tuple(Cause(share=s, moment=_moment_of(s.term, moments, row)) for s in shares)
    made = score_of({s.term: s.value for s in shares}, used.get("weights", {}))
    harm = next((moments[name] for name in NEAREST_HARM if name in moments), None)
    return Explanation(
        cell=cell, row=row, causes=causes, nearest_harm=harm,
        rest=made - row["score"] if shares else 1 - row["score"],
        safety=next(iter(read_rows(folder, "safety", cell)), {}),
    )  # fmt: skip


def _moment(row: Row) -> Moment:
    unit = next((text for end, text in UNITS.items() if row["metric"].endswith(end)), "")
    return Moment(unit=unit, **{k: row[k] for k in Moment.__dataclass_fields__ if k != "unit"})


def _moment_of(term: str, moments: dict[str, Moment], row: Row) -> Moment | None:
    """The first metric known that speaks of the term; of comfort the one furthest out of bounds.
    Where the most telling one names nobody, who the next one names is taken along."""
    known = [moments[name] for name in METRICS.get(term, (term,)) if name in moments]
    if term == "comfort":
        series = _uncomfortable(moments)
        # NAVSIM judges with the past and filters of its own, which the series are without
        own = row["score_name"].startswith("navsim_")
        known = [*known, *series] if own else [*series, *known]
    if not known and term == "no_at_fault_collision" and row["collision_time_s"] is not None:
        time_s = row["collision_time_s"]
        return Moment(metric=term, step=round(10 * time_s), time_s=time_s, value=row[term],
                      unit="", track_id=None, category=None)  # fmt: skip
    return known[0] if known else None


def _uncomfortable(moments: dict[str, Moment]) -> list[Moment]:
    """Comfort series by how far beyond (or near) their bound they went, furthest first."""

    def excess(name: str) -> float:
        low, high = BOUNDS[name]
        value = moments[name].value or 0.0
        return value / high if value > 0 else value / low

    return [moments[name] for name in sorted((n for n in BOUNDS if n in moments), key=excess)[::-1]]
