"""From counts to tables with intervals. Shapes: W windows, H horizons."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from drivewm.eval.forecast.rows import WindowResult
from drivewm.measures.iou import class_iou, mean_iou, movable_iou, occupied_iou
from drivewm.scene import OccClass
from drivewm.seeds import generator

METRICS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "iou": occupied_iou, "miou": mean_iou, "movable_iou": movable_iou,
}  # fmt: skip
COMPARED_AT_S = (1.0, 2.0, 3.0)
RESAMPLES = 1000


def table(
    results: Sequence[WindowResult], step_s: float, ego_mode: str
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Rows (one per row, input, mask and horizon) and paired comparisons of the model with each
    baseline: difference of the metric and its 95 % bootstrap interval over windows."""
    keys = list(results[0].counts)
    stacked = {key: np.stack([r.counts[key] for r in results]) for key in keys}  # [W, H, 19, 3]
    rows = []
    for key in keys:
        total = stacked[key].sum(0)  # [H, 19, 3]
        values = {name: metric(total) for name, metric in METRICS.items()}
        classes = class_iou(total)
        for h in range(len(total)):
            rows.append(
                {
                    "row": key[0], "input": key[1], "mask": key[2], "ego_mode": ego_mode,
                    "horizon_s": h * step_s,
                    **{name: _number(value[h]) for name, value in values.items()},
                    "classes": {OccClass(c).name.lower(): _number(v)
                                for c, v in enumerate(classes[h]) if np.isfinite(v)},
                }
            )  # fmt: skip
    return rows, _comparisons(stacked, step_s)


def _comparisons(stacked: dict[tuple, np.ndarray], step_s: float) -> list[dict[str, Any]]:
    out = []
    for (row, source, mask), theirs in stacked.items():
        if row == "model" or source != "perceived":
            continue
        ours = stacked["model", "perceived", mask]
        rng = generator("bootstrap", row, mask)
        picks = rng.integers(0, len(ours), (RESAMPLES, len(ours)))
        share = np.stack([np.bincount(p, minlength=len(ours)) for p in picks])  # [R, W]
        for horizon in COMPARED_AT_S:
            h = round(horizon / step_s)
            if h >= ours.shape[1]:
                continue
            for name, metric in METRICS.items():
                a, b = (metric(np.einsum("rw,wkc->rkc", share, x[:, h])) for x in (ours, theirs))
                low, high = np.nanquantile(a - b, [0.025, 0.975])
                whole = metric(ours[:, h].sum(0)) - metric(theirs[:, h].sum(0))
                out.append(
                    {
                        "against": row, "input": source, "mask": mask, "metric": name,
                        "horizon_s": horizon, "difference": _number(whole),
                        "low": _number(low), "high": _number(high),
                    }
                )  # fmt: skip
    return out


def outcomes(results: Sequence[WindowResult]) -> dict[str, float | int | None]:
    """Quality of the reward head (R2) and of the continue head (AUC of ending the drive)."""
    reward = np.concatenate([r.reward for r in results])
    cont = np.concatenate([r.cont for r in results])
    reward = reward[np.isfinite(reward).all(-1)]
    cont = cont[np.isfinite(cont).all(-1)]
    variance = ((reward[:, 1] - reward[:, 1].mean()) ** 2).sum() if len(reward) else 0.0
    residual = ((reward[:, 0] - reward[:, 1]) ** 2).sum() if len(reward) else 0.0
    ends, goes_on = cont[cont[:, 1] == 0, 0], cont[cont[:, 1] == 1, 0]
    auc = None
    if len(ends) and len(goes_on):
        below = (ends[:, None] < goes_on[None]).mean() + 0.5 * (ends[:, None] == goes_on).mean()
        auc = _number(below)
    return {
        "reward_r2": _number(1 - residual / variance) if variance > 0 else None,
        "continue_auc": auc, "steps": len(reward), "terminal_steps": len(ends),
    }  # fmt: skip


def _number(value: float) -> float | None:
    return round(float(value), 6) if np.isfinite(value) else None


def as_text(rows: Sequence[dict[str, Any]], mask: str) -> str:
    """A plain table of the whole seconds for the terminal."""
    known = {r["horizon_s"] for r in rows}
    horizons = [h for h in (0.0, *COMPARED_AT_S) if h in known]
    head = f"{'row':<20}{'input':<11}" + "".join(
        f"{f'{name}@{h:g}s':>15}" for name in METRICS for h in horizons
    )
    lines = [head]
    pairs = dict.fromkeys((r["row"], r["input"]) for r in rows)
    for row, source in pairs:
        cells = {
            r["horizon_s"]: r for r in rows
            if (r["row"], r["input"], r["mask"]) == (row, source, mask)
        }  # fmt: skip
        values = [cells[h][name] for name in METRICS for h in horizons]
        text = "".join(f"{'-' if v is None else f'{v:.3f}':>15}" for v in values)
        lines.append(f"{row:<20}{source:<11}{text}")
    return "\n".join(lines)
