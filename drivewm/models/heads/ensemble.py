"""Disagreement of several cheap heads: high where the model was never taught.

Each member decodes the classes of a BEV column from the latent, starts from weights of its own
and learns from a random half of the clips. What they disagree on beyond the doubt that each one
has is the mutual information of prediction and member (Houlsby et al., 2011, BALD).
Shapes: B batch, E members, K classes, h, w state cells.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from drivewm.models.grid import OCC3D_CLASSES

WIDTH = 24


class Ensemble(nn.Module):
    """All members in one grouped convolution."""

    def __init__(self, channels: int, members: int) -> None:
        super().__init__()
        self.members = members
        self.first = nn.Conv2d(channels, members * WIDTH, 3, padding=1)
        self.second = nn.Conv2d(members * WIDTH, members * OCC3D_CLASSES, 1, groups=members)

    def forward(self, features: Tensor) -> Tensor:
        """Log-probabilities [B, E, K, h, w] of a latent [B, C, h, w]."""
        said = self.second(F.silu(self.first(features)))
        return said.unflatten(1, (self.members, OCC3D_CLASSES)).log_softmax(2)

    def loss(self, said: Tensor, occupancy: Tensor, drawn: Tensor) -> Tensor:
        """Cross-entropy of column shares; a scalar.

        Args:
            said: [B, E, K, h, w].
            occupancy: [B, X, Y, Z] labels.
            drawn: bool [B, E], which clips a member learns from.
        """
        per_clip = -(said * column_shares(occupancy)[:, None]).sum(2).mean((2, 3))  # [B, E]
        return (per_clip * drawn).sum() / drawn.sum().clamp(min=1)


def column_shares(occupancy: Tensor) -> Tensor:
    """How much of each column of 2 x 2 x Z cells a class fills; [B, X, Y, Z] -> [B, K, h, w]."""
    one_hot = F.one_hot(occupancy.long(), OCC3D_CLASSES).float().mean(3)  # [B, X, Y, K]
    return F.avg_pool2d(one_hot.permute(0, 3, 1, 2), 2)


def disagreement(said: Tensor) -> Tensor:
    """Mutual information in nats, [B, E, K, h, w] -> [B, h, w]; 0 when all members agree."""
    mean = said.exp().mean(1)
    total = -(mean * mean.clamp(min=1e-9).log()).sum(1)
    own = -(said.exp() * said).sum(2).mean(1)
    return (total - own).clamp(min=0.0)
