"""One row of a state against the truth, as numbers and sums that tables and resamples are made of.

Shapes: B branches, H + 1 frames, X, Y, Z cells, N agents.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.stats import kendalltau

from drivewm.eval.counterfactual.outcome import MOVABLE_CLASSES, Outcome, Seen
from drivewm.eval.counterfactual.reaction import reaction_sums
from drivewm.eval.counterfactual.truth import StateTruth
from drivewm.measures.iou import CLASSES, confusion, counts_of
from drivewm.models.grid import GridConfig
from drivewm.scene import OccClass

WHOLE_S = (1, 2, 3)  # IoU at these seconds
PER_S = 2  # frames
TIE = 1e-9


def state_sums(
    seen: Seen, judged: Outcome, truth: StateTruth, grid: GridConfig
) -> dict[str, np.ndarray]:
    """Everything that is kept of one row and state beside its branches' outcomes; flat arrays."""
    true, ours, decided = truth.verdict["score"], judged.score, judged.decided
    return {
        "iou_counts": iou_counts(seen.classes, truth).ravel(),
        "score_change": change_sums(ours[:, None], true[:, None]),
        "occupied_change": _frames_change(
            truth, lambda h: (seen.classes[:, h] != OccClass.FREE).astype(np.float64),
            lambda h: (truth.occupancy[:, h] != OccClass.FREE).astype(np.float64),
        ),
        "movable_change": _frames_change(
            truth, lambda h: seen.movable[:, h].astype(np.float64),
            lambda h: np.isin(truth.occupancy[:, h], MOVABLE_CLASSES).any(-1).astype(np.float64),
        ),
        "tau": np.array(
            [tau_b(decided, true), tau_b(decided, truth.verdict["closed_loop"]), tau_b(ours, true)]
        ),
        "regret": regret(ours, true),
        "within": np.concatenate(
            [pairs_in_order(judged.bad, truth.bad),
             pairs_in_order(judged.collision, truth.verdict["collision_s"] < np.inf)]
        ),
        "reaction": reaction_sums(seen, truth, grid),
    }  # fmt: skip


def alive(truth: StateTruth) -> np.ndarray:
    """bool [B, H + 1]: frames up to the first contact; afterwards the drive is over."""
    times_s = np.arange(truth.occupancy.shape[1]) / PER_S
    return times_s[None] <= truth.verdict["collision_s"][:, None] + 1e-6


def iou_counts(predicted: np.ndarray, truth: StateTruth) -> np.ndarray:
    """Hits, predicted and true voxels at 1, 2 and 3 s, all branches together; int64 [3, 19, 3].

    Args:
        predicted: uint8 [B, H + 1, X, Y, Z].
    """
    going, out = alive(truth), []
    for second in WHOLE_S:
        h, total = second * PER_S, np.zeros((CLASSES, CLASSES), np.int64)
        for b in range(len(predicted)):
            if h < predicted.shape[1] and going[b, h]:
                total += confusion(predicted[b, h], truth.occupancy[b, h], None)
        out.append(counts_of(total))
    return np.stack(out)


def change_sums(ours: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Sums of products of the differences between all pairs of branches: (ours x true,
    ours x ours, true x true); [3]. Their ratio is a correlation of differences.

    Args:
        ours, true: [B, ...].
    """
    a, b = ours.reshape(len(ours), -1), true.reshape(len(true), -1)
    products = ((a, b), (a, a), (b, b))
    return np.array([len(a) * (x * y).sum() - x.sum(0) @ y.sum(0) for x, y in products])


def _frames_change(
    truth: StateTruth, ours: Callable[[int], np.ndarray], true: Callable[[int], np.ndarray]
) -> np.ndarray:
    going, total = alive(truth), np.zeros(3)
    for h in range(1, truth.occupancy.shape[1]):
        keep = going[:, h]
        if keep.sum() > 1:
            total += change_sums(ours(h)[keep], true(h)[keep])
    return total


def tau_b(ours: np.ndarray, true: np.ndarray) -> float:
    """Kendall's tau-b of two rankings [B]; NaN when the truth ties throughout, 0 when only ours
    does (it says nothing)."""
    ours, true = (np.round(np.asarray(x, float) / TIE) * TIE for x in (ours, true))
    if np.ptp(true) <= TIE:
        return float("nan")
    if np.ptp(ours) <= TIE:
        return 0.0
    return float(kendalltau(ours, true).statistic)


def regret(ours: np.ndarray, true: np.ndarray) -> np.ndarray:
    """(regret of taking our best branch, of a random one); [2]. Our ties are drawn among."""
    picks = ours >= ours.max() - TIE
    best = float(true.max())
    return np.array([best - float(true[picks].mean()), best - float(true.mean())])


def pairs_in_order(risk: np.ndarray, wrong: np.ndarray) -> np.ndarray:
    """Of the pairs of a branch that goes wrong and one that does not: those where the first was
    given more risk (ties half), and all; [2]."""
    ahead = risk[wrong][:, None] - risk[~wrong][None]
    return np.array([(ahead > TIE).sum() + 0.5 * (np.abs(ahead) <= TIE).sum(), ahead.size], float)
