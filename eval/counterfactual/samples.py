"""Futures drawn for each branch from a stochastic model: their mean, and the best of them.

All branches of a state share the noise of a sample, so that they can be compared.
Shapes: B branches, H + 1 frames, S samples, K classes, X, Y, Z cells.
"""

from __future__ import annotations

import numpy as np
from torch import Tensor

from drivewm.eval.counterfactual.measure import iou_counts
from drivewm.eval.counterfactual.outcome import Seen
from drivewm.eval.counterfactual.truth import StateTruth
from drivewm.measures.iou import mean_iou
from drivewm.models.rollout import imagine_all, noise_of
from drivewm.models.world_model import Imagined, WorldModel
from drivewm.seeds import derive_seed


def drawn_states(
    model: WorldModel, start: Imagined, actions: Tensor, state: str, sample: int
) -> list[Imagined]:
    """One sample of every branch, the start first; ``start`` holds a row a branch."""
    seed = derive_seed("counterfactual", state)
    noise = noise_of([sample] * len(actions), seed)
    return [start, *imagine_all(model, start, actions, noise=noise)]


def mean_seen(drawn: list[Seen], probability: np.ndarray) -> Seen:
    """Samples as one: the mean of their columns and flows.

    Args:
        probability: [B, H + 1, K, Z, X, Y] summed over the samples; its most probable class counts.
    """
    columns = {
        name: np.mean([getattr(seen, name) for seen in drawn], axis=0, dtype=np.float32)
        for name in ("movable", "fixed", "off_road", "flow")
    }
    classes = probability.argmax(2).transpose(0, 1, 3, 4, 2).astype(np.uint8)
    return Seen(**columns, classes=classes)


def best_of(drawn: list[Seen], truth: StateTruth) -> int:
    """The sample with the highest mIoU over a state's branches, at 1, 2 and 3 s together."""
    quality = [mean_iou(iou_counts(seen.classes, truth).sum(0).astype(float)) for seen in drawn]
    return int(np.argmax(np.nan_to_num(quality)))
