"""Losses over voxels. Shapes: B batch, K classes, X, Y, Z cells (logits are [B, K, Z, X, Y])."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

IGNORED = -100  # index of voxels that do not count


def class_weights(counts: Tensor, power: float) -> Tensor:
    """Weights [K] proportional to frequency ** -power, mean 1 over voxels; absent classes 0."""
    present = counts > 0
    share = counts / counts.sum().clamp(min=1)
    weights = torch.where(present, share.clamp(min=1e-7) ** -power, torch.zeros_like(share))
    return weights / (weights * share).sum().clamp(min=1e-12)


def occupancy_loss(
    logits: Tensor, target: Tensor, weights: Tensor, visible: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Weighted cross-entropy and soft Jaccard loss of one prediction.

    Args:
        logits: [B, K, Z, X, Y].
        target: uint8 or int64 [B, X, Y, Z].
        weights: [K].
        visible: bool [B, X, Y, Z], the voxels that count; None = all.

    Returns:
        two scalars: cross-entropy; 1 - mean soft IoU over the classes present in the target
        (free excepted), which is what the tables measure.
    """
    classes = target.permute(0, 3, 1, 2).long()
    likely = logits.log_softmax(1)
    if visible is not None and not bool(visible.any()):
        return logits.sum() * 0.0, logits.sum() * 0.0
    seen = None if visible is None else visible.permute(0, 3, 1, 2)
    counted = classes if seen is None else torch.where(seen, classes, IGNORED)
    cross = F.nll_loss(likely, counted, weights, ignore_index=IGNORED)
    return cross, _jaccard_loss(likely.exp(), classes, seen)


def _jaccard_loss(probability: Tensor, classes: Tensor, seen: Tensor | None) -> Tensor:
    """1 - mean soft IoU; classes int64 [B, Z, X, Y], those not ``seen`` do not count."""
    own = probability.gather(1, classes[:, None])[:, 0]  # of the true class
    ones = torch.ones_like(own)
    if seen is not None:
        probability, own, ones = probability * seen[:, None], own * seen, ones * seen
    kinds, zeros = classes.flatten(), own.new_zeros(probability.shape[1])
    hit = zeros.index_add(0, kinds, own.flatten())
    count = zeros.index_add(0, kinds, ones.flatten())
    union = probability.sum((0, 2, 3, 4)) + count - hit
    present = count > 0
    present[-1] = False
    jaccard = hit[present] / union[present].clamp(min=1e-6)
    return 1.0 - jaccard.mean() if len(jaccard) else probability.sum() * 0.0


def flow_loss(flow: Tensor, target: Tensor, known: Tensor) -> Tensor:
    """Smooth L1 of the velocity where a movable is near; [B, 2, X, Y], known [B, X, Y].

    Moving cells weigh more: most vehicles are parked.
    """
    error = F.smooth_l1_loss(flow, target, reduction="none").mean(1)
    weight = known * (1.0 + 3.0 * (target.norm(dim=1) > 0.5))
    return (error * weight).sum() / weight.sum().clamp(min=1.0)


def masked_mean(values: Tensor, known: Tensor) -> Tensor:
    """Mean over the entries that are known; 0 when none is."""
    return torch.where(known, values, torch.zeros_like(values)).sum() / known.sum().clamp(min=1)
