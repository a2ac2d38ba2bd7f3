"""From summed counts to rows and differences with intervals.

Every figure is of the sum over windows. Intervals are the 2.5 and 97.5 % quantiles of a Bayesian
bootstrap over *scenes* (Rubin 1981): a draw gives each scene a random weight, the same to all its
windows, since windows of one scene overlap. No weight is 0: a class that one scene alone holds does
not come and go between draws, which would move a mean over classes for no fault of the forecast.
All rows share the draws, so differences are paired. A class that a single scene holds adds no
spread of its own: ``rare_classes`` lists them. With several checkpoints a figure is the mean of
theirs; its spread is their sample standard deviation, apart from the interval.
Shapes: M scenes, H steps (0 = now), R draws, S checkpoints.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from drivewm.eval.forecast.metrics import METRICS, statistics_of
from drivewm.eval.forecast.names import INPUTS, MASKS, MODEL, PERCEIVED, ROWS, TRUE
from drivewm.eval.forecast.store import Line, Sums
from drivewm.eval.forecast.windows import STEP_S
from drivewm.measures.iou import class_iou, counts_of
from drivewm.scene import OccClass
from drivewm.seeds import generator

DRAWS = 1000
MEAN = "mean"  # of the whole seconds: the headline of published tables


class Figures:
    """Every metric of every line: of all scenes, and of each draw."""

    def __init__(self, sums: Sums) -> None:
        scenes = len(sums.scenes)
        draws = generator("bootstrap", "forecast", scenes)
        drawn = draws.dirichlet(np.ones(scenes), DRAWS) * scenes
        self.weights = np.concatenate([np.ones((1, scenes)), drawn])  # [1 + R, M]; row 0: as it is
        self.sums, self.clustered = sums, scenes > 1
        self._kept: dict[Line, dict[str, np.ndarray]] = {}

    def of(self, line: Line) -> dict[str, np.ndarray]:
        """metric -> [1 + R, H + 2]: the steps, then the mean of the whole seconds."""
        if line not in self._kept:
            stats = statistics_of(self.sums.lines[line])
            resampled = {
                name: (self.weights @ value.reshape(len(value), -1)).reshape(
                    len(self.weights), *value.shape[1:]
                )
                for name, value in stats.items()
            }
            self._kept[line] = {
                name: _with_mean(metric.of(resampled[metric.stat]))
                for name, metric in METRICS.items()
                if metric.stat in resampled
            }
        return self._kept[line]

    def interval(self, values: np.ndarray) -> tuple[float | None, float | None]:
        """Of one figure's draws [1 + R]; None with a single scene."""
        drawn = values[1:][np.isfinite(values[1:])]
        if not self.clustered or not np.isfinite(values[0]) or len(drawn) == 0:
            return None, None
        low, high = np.quantile(drawn, [0.025, 0.975])
        return number(low), number(high)


def _with_mean(values: np.ndarray) -> np.ndarray:
    whole = whole_seconds(values.shape[-1] - 1)
    mean = values[..., whole].mean(-1) if whole else np.full(values.shape[:-1], np.nan)
    return np.concatenate([values, mean[..., None]], -1)


def whole_seconds(steps: int) -> list[int]:
    """The steps that are whole seconds after now."""
    return [h for h in range(1, steps + 1) if (h * STEP_S) % 1.0 == 0]


def lines_of(sums: Sums) -> dict[tuple[str, str, str], list[Line]]:
    """(row, input, mask) -> its line of every checkpoint."""
    out: dict[tuple[str, str, str], list[Line]] = {}
    for line in sums.lines:
        out.setdefault(line[1:], []).append(line)
    order = sorted(out, key=lambda k: (MASKS.index(k[2]), INPUTS.index(k[1]), ROWS.index(k[0])))
    return {key: sorted(out[key]) for key in order}


def rows(figures: Figures) -> list[dict[str, Any]]:
    """One row per (row, input, mask, horizon): figures, intervals, spread, classes, absences."""
    sums, out = figures.sums, []
    for (row, source, mask), lines in lines_of(sums).items():
        each = [figures.of(line) for line in lines]
        total = np.stack([counts_of(sums.lines[line]["confusion"].sum(0)) for line in lines])
        holding = (sums.lines[lines[0]]["confusion"].sum(-1) > 0).sum(0)  # [H + 1, 18] scenes
        ious = class_iou(total.astype(float)).mean(0)  # [H + 1, 18], NaN = absent
        windows = sums.lines[lines[0]]["windows"].sum(0)
        steps = total.shape[1]
        for h in range(steps + 1):
            stacked = {name: np.stack([e[name][:, h] for e in each]) for name in each[0]}
            out.append(
                {
                    "row": row, "input": source, "mask": mask,
                    "ego_mode": sums.about["ego_mode"], "compared_in": sums.about["compared_in"],
                    "horizon_s": h * STEP_S if h < steps else MEAN,
                    **_figures(figures, stacked),
                    "runs": len(lines),
                    "windows": int(windows[h if h < steps else -1]),
                    **(_classes(ious[h], total[:, h], holding[h]) if h < steps else {}),
                }
            )  # fmt: skip
    return out


def _figures(figures: Figures, stacked: dict[str, np.ndarray]) -> dict[str, Any]:
    """Mean, interval and spread of figures [S, 1 + R] by metric."""
    mean = {name: values.mean(0) for name, values in stacked.items()}
    return {
        **{name: number(mean[name][0]) if name in mean else None for name in METRICS},
        "intervals": {name: figures.interval(values) for name, values in mean.items()},
        "spread": {
            name: number(values[:, 0].std(ddof=1))
            for name, values in stacked.items()
            if len(values) > 1
        },
    }


def _classes(ious: np.ndarray, total: np.ndarray, holding: np.ndarray) -> dict[str, Any]:
    """IoU of the classes that are there and the scenes that hold them; the absent ones, and voxels
    predicted as one of them."""
    absent = [c for c in range(OccClass.FREE) if not np.isfinite(ious[c])]
    return {
        "classes": {_name(c): number(v) for c, v in enumerate(ious) if np.isfinite(v)},
        "class_scenes": {_name(c): int(n) for c, n in enumerate(holding) if n > 0},
        "absent": [_name(c) for c in absent],
        "predicted_as_absent": int(total[:, absent, 1].sum()),
    }


def comparisons(figures: Figures) -> list[dict[str, Any]]:
    """Model minus each baseline on the same perceived input (and minus the map prior): the
    difference at every step and of the mean, with its paired interval."""
    lines, out = lines_of(figures.sums), []
    for (row, source, mask), theirs in lines.items():
        ours = lines.get((MODEL, PERCEIVED, mask))
        if row == MODEL or source == TRUE or ours is None:
            continue
        others = theirs if len(theirs) == len(ours) else theirs * len(ours)
        pairs = [(figures.of(a), figures.of(b)) for a, b in zip(ours, others)]
        for name, metric in METRICS.items():
            if any(name not in side for pair in pairs for side in pair):
                continue
            gaps = np.stack([a[name] - b[name] for a, b in pairs])  # [S, 1 + R, H + 2]
            for h in range(1, gaps.shape[-1]):
                low, high = figures.interval(gaps[:, :, h].mean(0))
                is_mean = h == gaps.shape[-1] - 1
                out.append(
                    {
                        "against": row, "input": source, "mask": mask, "metric": name,
                        "ego_mode": figures.sums.about["ego_mode"],
                        "horizon_s": MEAN if is_mean else h * STEP_S,
                        "difference": number(gaps[:, 0, h].mean()), "low": low, "high": high,
                        "higher_is_better": metric.higher_is_better,
                    }
                )  # fmt: skip
    return out


def absent_classes(table: list[dict[str, Any]]) -> dict[str, dict[str, list[str]]]:
    """mask -> horizon -> classes that no voxel of the truth has; they count nowhere."""
    out: dict[str, dict[str, list[str]]] = {}
    for row in table:
        if row["horizon_s"] != MEAN:
            out.setdefault(row["mask"], {})[f"{row['horizon_s']:g}"] = row["absent"]
    return out


def rare_classes(table: list[dict[str, Any]]) -> dict[str, list[str]]:
    """mask -> classes that at some step a single scene holds; figures rest on that scene alone."""
    out: dict[str, list[str]] = {}
    for row in table:
        if row["horizon_s"] != MEAN:
            known = out.setdefault(row["mask"], [])
            alone = [name for name, scenes in row["class_scenes"].items() if scenes == 1]
            known += [name for name in alone if name not in known]
    return out


def _name(occ_class: int) -> str:
    return OccClass(occ_class).name.lower()


def number(value: float) -> float | None:
    """Rounded for JSON; None where not defined."""
    return round(float(value), 6) if np.isfinite(value) else None
