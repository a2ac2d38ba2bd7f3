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
    counted = classes
    if visible is not None:
        counted = torch.where(visible.permute(0, 3, 1, 2), classes, IGNORED)
        if not bool(visible.any()):
            return logits.sum() * 0.0, logits.sum() * 0.0
    cross = F.cross_entropy(logits, counted, weights, ignore_index=IGNORED)
    probability = logits.softmax(1)
    one_hot = F.one_hot(classes, logits.shape[1]).permute(0, 4, 1, 2, 3).to(probability.dtype)
    if visible is not None:
        counts = visible.permute(0, 3, 1, 2)[:, None]
        probability, one_hot = probability * counts, one_hot * counts
    axes = (0, 2, 3, 4)
    hit = (probability * one_hot).sum(axes)
    union = (probability + one_hot).sum(axes) - hit
    present = one_hot.sum(axes) > 0
    present[-1] = False
    jaccard = hit[present] / union[present].clamp(min=1e-6)
    return cross, 1.0 - jaccard.mean() if len(jaccard) else cross * 0.0


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
