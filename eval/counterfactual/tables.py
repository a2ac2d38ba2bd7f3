"""From rows to figures and differences with intervals.

Intervals are the 2.5 and 97.5 % quantiles of a Bayesian bootstrap over states (Rubin 1981): a draw
gives every state a random weight. All rows share the draws, so differences are paired. With several
checkpoints a figure is the mean of theirs, its spread their sample standard deviation.
Shapes: R draws, M states, B branches of all states.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from drivewm.eval.counterfactual.metrics import METRICS, RowData
from drivewm.eval.counterfactual.names import (
    INPUTS,
    MODEL,
    NONE,
    ORACLE,
    OWN,
    PERCEIVED,
    ROWS,
    TRUE,
)
from drivewm.seeds import generator

DRAWS = 1000
ALL_SPLITS = "all"
Key = tuple[int, str, str]  # run, row, input


def tables(
    branches: Sequence[dict[str, Any]], states: Sequence[dict[str, Any]]
) -> dict[str, list[dict[str, Any]]]:
    """``facts``, ``rows`` and ``comparisons`` of all states and of each split."""
    splits = list(dict.fromkeys(row["split"] for row in branches))
    out: dict[str, list[dict[str, Any]]] = {"facts": [], "rows": [], "comparisons": []}
    for split in [ALL_SPLITS, *splits] if len(splits) > 1 else splits:
        inside = [b for b in branches if split in (ALL_SPLITS, b["split"])]
        held = [s for s in states if split in (ALL_SPLITS, s["split"])]
        data = row_data(inside, held)
        out["facts"].append({"split": split, **_facts(inside, data)})
        figures = _Figures(data)
        out["rows"] += [{"split": split, **row} for row in figures.rows()]
        out["comparisons"] += [{"split": split, **row} for row in figures.comparisons()]
    return out


def row_data(
    branches: Sequence[dict[str, Any]], states: Sequence[dict[str, Any]]
) -> dict[Key, RowData]:
    """The data of each run, row and input, states in one order."""
    names = list(dict.fromkeys((b["scene"], b["keyframe"]) for b in branches))
    place = {name: n for n, name in enumerate(names)}
    grouped: dict[Key, list[dict[str, Any]]] = {}
    for b in branches:
        grouped.setdefault((b["run"], b["row"], b["input"]), []).append(b)
    summed: dict[Key, dict[str, dict[int, list[float]]]] = {}
    for s in states:
        here = summed.setdefault((s["run"], s["row"], s["input"]), {})
        here.setdefault(s["name"], {})[place[s["scene"], s["keyframe"]]] = s["sums"]
    return {
        key: RowData(
            sums={
                name: np.array([rows[n] for n in range(len(names))], float)
                for name, rows in summed[key].items()
            },
            risk={n: np.array([b[n] for b in rows]) for n in ("bad", "collision", "ends")},
            wrong=_wrong(rows),
            owner=np.array([place[b["scene"], b["keyframe"]] for b in rows]),
        )
        for key, rows in grouped.items()
    }  # fmt: skip


def _wrong(rows: Sequence[dict[str, Any]]) -> dict[str, np.ndarray]:
    collision = np.array([np.isfinite(b["true_collision_s"]) for b in rows])
    departure = np.array([np.isfinite(b["true_departure_s"]) for b in rows])
    return {"bad": collision | departure, "collision": collision, "ends": collision | departure}


def _facts(branches: Sequence[dict[str, Any]], data: dict[Key, RowData]) -> dict[str, Any]:
    """What the branches are like, whatever is said of them."""
    key = next(k for k in data if k[1:] == (ORACLE, NONE))
    one = data[key]
    count = len(one.sums["tau"])
    collision, bad = one.wrong["collision"], one.wrong["bad"]
    return {
        "states": count, "scenes": len({b["scene"] for b in branches}), "branches": len(bad),
        "bad_share": float(bad.mean()), "collision_share": float(collision.mean()),
        "tied_states": int(np.isnan(one.sums["tau"][:, 0]).sum()),
        "random_regret": float(one.sums["regret"][:, 1].mean()),
        "reactive_states": int((one.sums["reaction"][:, 2] > 0).sum()),
        "reactive_agents": int(one.sums["reaction"][:, 8].sum()),
    }  # fmt: skip


class _Figures:
    """Every metric of every row, as it is and in each draw; kept, as comparisons need them too."""

    def __init__(self, data: dict[Key, RowData]) -> None:
        self.data = data
        count = len(next(iter(data.values())).sums["tau"])
        drawn = generator("bootstrap", "counterfactual", count).dirichlet(np.ones(count), DRAWS)
        self.weights = np.concatenate([np.ones((1, count)), drawn * count])  # row 0: as it is
        self.many = count > 1
        self.lines = [
            (row, source) for row in ROWS for source in INPUTS
            if any(key[1:] == (row, source) for key in data)
        ]  # fmt: skip
        self._kept: dict[tuple[str, str], dict[str, np.ndarray]] = {}
        self._each: dict[tuple[str, str], dict[str, np.ndarray]] = {}  # metric -> [S] checkpoints

    def of(self, row: str, source: str) -> dict[str, np.ndarray]:
        """metric -> [1 + R], the mean of the checkpoints'."""
        if (row, source) not in self._kept:
            runs = [value for key, value in self.data.items() if key[1:] == (row, source)]
            every = {
                name: np.stack([metric.of(self.weights, run) for run in runs])
                for name, metric in METRICS.items()
            }  # [S, 1 + R]
            self._kept[row, source] = {name: values.mean(0) for name, values in every.items()}
            self._each[row, source] = {name: values[:, 0] for name, values in every.items()}
        return self._kept[row, source]

    def rows(self) -> list[dict[str, Any]]:
        out = []
        for row, source in self.lines:
            line: dict[str, Any] = {"row": row, "input": source}
            for name, values in self.of(row, source).items():
                line[name] = number(values[0])
                line[f"{name}_low"], line[f"{name}_high"] = self._interval(values)
                own = self._each[row, source][name]
                line[f"{name}_spread"] = number(own.std(ddof=1)) if len(own) > 1 else None
            line["checkpoints"] = len(own)
            out.append(line)
        return out

    def comparisons(self) -> list[dict[str, Any]]:
        """The model minus each other row fed with the same."""
        out = []
        for source in (PERCEIVED, TRUE):
            if (MODEL, source) not in self.lines:
                continue
            ours = self.of(MODEL, source)
            others = [(r, s) for r, s in self.lines if r != MODEL and s in (source, NONE)]
            for row, theirs_source in others:
                theirs = self.of(row, theirs_source)
                for name in METRICS:
                    gap = ours[name] - theirs[name]
                    if np.isfinite(gap[0]):
                        low, high = self._interval(gap)
                        line = {"input": source, "against": row, "metric": name}
                        out.append({**line, "difference": number(gap[0]), "low": low, "high": high})
        return out

    def _interval(self, values: np.ndarray) -> tuple[float | None, float | None]:
        draws = values[1:][np.isfinite(values[1:])]
        if not self.many or len(draws) < DRAWS // 2 or not np.isfinite(values[0]):
            return None, None
        low, high = np.percentile(draws, [2.5, 97.5])
        return number(low), number(high)


def number(value: float) -> float | None:
    """A JSON number; None where not finite."""
    return round(float(value), 6) if np.isfinite(value) else None


def shuffle_table(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The action-shuffle ratios: one line a fleet, row and variant, intervals over scenes."""
    out = []
    for fleet in dict.fromkeys(r["fleet"] for r in rows):
        here = [r for r in rows if r["fleet"] == fleet]
        scenes = list(dict.fromkeys(r["scene"] for r in here))
        count = len(scenes)
        drawn = generator("bootstrap", "shuffle", count).dirichlet(np.ones(count), DRAWS)
        weights = np.concatenate([np.ones((1, count)), drawn * count])
        errors = {
            key: _errors([r for r in here if (r["row"], r["variant"]) == key], scenes, weights)
            for key in dict.fromkeys((r["row"], r["variant"]) for r in here)
        }
        windows = len({(r["scene"], r["keyframe"]) for r in here})
        for (row, variant), made in errors.items():
            if variant == OWN:
                continue
            line: dict[str, Any] = {
                "fleet": fleet, "row": row, "shuffled": variant, "windows": windows,
                "scenes": count, "trained_on": any(r["trained_on"] for r in here),
            }  # fmt: skip
            for name, values in made.items():
                ratio = values / errors[row, OWN][name]
                line[name], line[f"{name}_low"], line[f"{name}_high"] = number(ratio[0]), None, None
                if count > 1:
                    low, high = np.nanpercentile(ratio[1:], [2.5, 97.5])
                    line[f"{name}_low"], line[f"{name}_high"] = number(low), number(high)
            out.append(line)
    return out


def _errors(
    rows: Sequence[dict[str, Any]], scenes: Sequence[str], weights: np.ndarray
) -> dict[str, np.ndarray]:
    """Mean NLL and 1 - movable IoU of weighted scenes; [1 + R] each."""
    place = {scene: n for n, scene in enumerate(scenes)}
    total = np.zeros((len(scenes), 4))
    for r in rows:
        total[place[r["scene"]]] += (r["nll"], 1.0, r["hit"], r["union"])
    nll, count, hit, union = (weights @ total).T
    with np.errstate(invalid="ignore", divide="ignore"):
        return {"nll": nll / count, "movable_error": np.where(union > 0, 1 - hit / union, np.nan)}
