"""The Lovász-softmax loss: a convex surrogate of 1 - IoU (Berman, Triki and Blaschko, 2018).

For one class, errors are sorted; each is weighted by how much the Jaccard loss grows when it joins
the larger ones. Shapes: P voxels, K classes.
"""

from __future__ import annotations

import torch
from torch import Tensor


def jaccard_growth(truth: Tensor) -> Tensor:
    """Growth of 1 - IoU as mistakes join one by one; ``truth`` [P] 0 or 1, largest error first."""
    total = truth.sum()
    intersection = total - truth.cumsum(0)
    union = total + (1.0 - truth).cumsum(0)
    loss = 1.0 - intersection / union
    return torch.cat([loss[:1], loss[1:] - loss[:-1]])


def lovasz_softmax(probability: Tensor, target: Tensor) -> Tensor:
    """Mean over the classes that occur in ``target``; 0 when there is no voxel.

    Args:
        probability: [P, K], rows that sum to one.
        target: int64 [P].
    """
    if not len(target):
        return probability.sum() * 0.0
    losses = []
    for k in torch.unique(target).tolist():
        truth = (target == k).to(probability.dtype)
        errors, order = (truth - probability[:, k]).abs().sort(descending=True)
        losses.append(errors @ jaccard_growth(truth[order]))
    return torch.stack(losses).mean()
