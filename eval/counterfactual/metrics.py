"""The figures of the table, each a function of weighted sums over states.

Shapes: R resamples, M states, B branches of all states.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from drivewm.measures.iou import mean_iou, movable_iou


@dataclass(frozen=True, kw_only=True)
class RowData:
    """One row's states and branches, in the order of the states."""

    sums: Mapping[str, np.ndarray]  # name -> [M, ...]
    risk: Mapping[str, np.ndarray]  # "bad", "collision", "ends" -> [B] said
    wrong: Mapping[str, np.ndarray]  # the same names -> bool [B] true
    owner: np.ndarray  # int [B] state of each branch


Weights = np.ndarray  # [R, M]
Figure = Callable[[Weights, RowData], np.ndarray]  # -> [R], NaN where not defined


@dataclass(frozen=True, kw_only=True)
class Metric:
    title: str
    of: Figure
    higher_is_better: bool = True


def _share(top: np.ndarray, bottom: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(bottom > 0, top / bottom, np.nan)


def _mean(name: str, column: int) -> Figure:
    def of(weights: Weights, data: RowData) -> np.ndarray:
        values = data.sums[name][:, column]
        known = np.isfinite(values)
        return _share(weights @ np.where(known, values, 0.0), weights @ known.astype(float))

    return of


def _iou(figure: Callable[[np.ndarray], np.ndarray], second: int) -> Figure:
    def of(weights: Weights, data: RowData) -> np.ndarray:
        counts = data.sums["iou_counts"].reshape(len(data.sums["iou_counts"]), -1)
        summed = (weights @ counts.astype(float)).reshape(len(weights), 3, -1, 3)
        return figure(summed[:, second - 1])

    return of


def _correlation(name: str) -> Figure:
    def of(weights: Weights, data: RowData) -> np.ndarray:
        xy, xx, yy = (weights @ data.sums[name][:, :3]).T
        return np.where(yy > 0, _share(xy, np.sqrt(np.maximum(xx * yy, 1e-300))), np.nan)

    return of


def _ratio(name: str, top: int, bottom: int) -> Figure:
    def of(weights: Weights, data: RowData) -> np.ndarray:
        return _share(weights @ data.sums[name][:, top], weights @ data.sums[name][:, bottom])

    return of


def _auc(name: str) -> Figure:
    def of(weights: Weights, data: RowData) -> np.ndarray:
        return weighted_auc(data.risk[name], data.wrong[name], weights[:, data.owner])

    return of


def weighted_auc(risk: np.ndarray, wrong: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Probability that a branch that goes wrong was given more risk than one that does not, ties
    half; [R]; NaN when one of the two kinds is absent.

    Args:
        risk: [B]; wrong: bool [B]; weights: [R, B].
    """
    if not np.isfinite(risk).all():
        return np.full(len(weights), np.nan)
    order = np.argsort(risk, kind="stable")
    _, level = np.unique(risk[order], return_inverse=True)
    bad = np.where(wrong[order], weights[:, order], 0.0)
    good = np.where(wrong[order], 0.0, weights[:, order])
    at_bad, at_good = (_by_level(w, level) for w in (bad, good))
    below = np.cumsum(at_good, 1) - at_good / 2
    return _share((at_bad * below).sum(1), at_bad.sum(1) * at_good.sum(1))


def _by_level(weights: np.ndarray, level: np.ndarray) -> np.ndarray:
    starts = np.flatnonzero(np.r_[True, np.diff(level) > 0])
    return np.add.reduceat(weights, starts, axis=1)


METRICS: dict[str, Metric] = {
    "tau": Metric(title="Kendall tau", of=_mean("tau", 0)),
    "tau_expected": Metric(title="tau, expected score", of=_mean("tau", 2)),
    "bad_auc": Metric(title="AUC collision or departure", of=_auc("bad")),
    "collision_auc": Metric(title="AUC collision", of=_auc("collision")),
    "bad_auc_within": Metric(title="the same within states", of=_ratio("within", 0, 1)),
    "collision_auc_within": Metric(title="AUC collision within states", of=_ratio("within", 2, 3)),
    "ends_auc": Metric(title="AUC continue head", of=_auc("ends")),
    "regret": Metric(title="regret", of=_mean("regret", 0), higher_is_better=False),
    "score_change": Metric(title="r of score differences", of=_correlation("score_change")),
    "occupied_change": Metric(
        title="r of occupancy differences", of=_correlation("occupied_change")
    ),
    "movable_change": Metric(title="r of movable differences", of=_correlation("movable_change")),
    "tau_closed_loop": Metric(title="tau against closed_loop", of=_mean("tau", 1)),
    **{f"miou_{s}s": Metric(title=f"mIoU {s} s", of=_iou(mean_iou, s)) for s in (1, 2, 3)},
    **{
        f"movable_iou_{s}s": Metric(title=f"movable IoU {s} s", of=_iou(movable_iou, s))
        for s in (1, 2, 3)
    },
    "reaction_iou": Metric(title="IoU of reacting agents", of=_ratio("reaction", 0, 1)),
    "reaction_error_m": Metric(
        title="their position error, m", of=_ratio("reaction", 4, 3), higher_is_better=False
    ),
    "reaction_found": Metric(title="share found", of=_ratio("reaction", 3, 2)),
    "reaction_shift": Metric(
        title="share of their shift between branches", of=_ratio("reaction", 5, 7)
    ),
}
