"""What ends a drive, read off the imagined occupancy: a contact, or leaving the road.

Few recorded drives end, so a network alone learns which drives those were and not why. This term
looks where the car itself is; two weights are learned. Shapes: B batch, K classes, X, Y, Z cells.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from drivewm.models.grid import OCC3D_ORIGIN_M, GridConfig, cell_centers
from drivewm.scene.vehicle import ZOE

BODY_M = (0.4, 2.0)  # heights at which a cell is something to hit
CONTACT, DEPARTURE = 4.0, 2.0  # weights before training, in logits


class ContactTerm(nn.Module):
    """How much less likely the drive goes on, as a logit [B] >= 0."""

    under: Tensor  # bool [X, Y], cells under the car (nuScenes' size; the ego frame's origin is
    # its rear axle)

    def __init__(self, grid: GridConfig) -> None:
        super().__init__()
        cells = cell_centers(grid)
        x, y = cells[..., 0] - ZOE.rear_axle_to_center_m, cells[..., 1]
        half = grid.cell_m / 2  # a cell counts when the car covers some of it
        under = (np.abs(x) < ZOE.length_m / 2 + half) & (np.abs(y) < ZOE.width_m / 2 + half)
        self.register_buffer("under", torch.from_numpy(under), persistent=False)
        middle = OCC3D_ORIGIN_M[2] + (np.arange(grid.shape[2]) + 0.5) * grid.layer_m
        self.layers = [
            int(z) for z in np.flatnonzero((middle >= BODY_M[0]) & (middle <= BODY_M[1]))
        ]
        self.layers = self.layers or [int(np.abs(middle - sum(BODY_M) / 2).argmin())]
        start = torch.tensor([CONTACT, DEPARTURE])
        self.raw = nn.Parameter(torch.log(torch.expm1(start)))  # softplus of it: never negative

    def forward(self, solid: Tensor, road: Tensor) -> Tensor:
        """
        Args:
            solid: [B, Z, X, Y] chance of something to hit.
            road: [B, Z, X, Y] chance of drivable surface.
        """
        weight = F.softplus(self.raw)
        contact = solid[:, self.layers].amax(1)[:, self.under].amax(1)
        off_road = 1.0 - (road.amax(1) + solid.amax(1)).clamp(max=1.0)
        return weight[0] * contact + weight[1] * off_road[:, self.under].mean(1)
