"""The state of a world model and the interface of its dynamics. Shapes: B batch, X, Y cells."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

ACTION_COLUMNS = 6  # dx, dy, dyaw in the frame before the step; speed, curvature, dt


@dataclass(frozen=True, kw_only=True)
class Latent:
    """A spatial latent on the BEV grid (half resolution)."""

    deter: Tensor  # [B, C, X/2, Y/2]
    stoch: Tensor  # [B, S, X/2, Y/2] one-hot groups, flattened

    @property
    def features(self) -> Tensor:
        return torch.cat([self.deter, self.stoch], 1)

    def repeat(self, times: int) -> Latent:
        """Every scene ``times`` times, scene by scene."""
        return replace(
            self,
            deter=self.deter.repeat_interleave(times, 0),
            stoch=self.stoch.repeat_interleave(times, 0),
        )


def make_action(motion: Tensor, dt_s: Tensor) -> Tensor:
    """[..., 3] ego motion and [...] duration -> [..., 6] action."""
    speed = motion[..., :2].norm(dim=-1) / dt_s
    curvature = motion[..., 2] / motion[..., :2].norm(dim=-1).clamp(min=0.5)
    extra = torch.stack([speed, curvature, dt_s.expand_as(speed)], -1)
    return torch.cat([motion, extra], -1)


def scale_action(action: Tensor) -> Tensor:
    """Actions at about unit scale for the network."""
    return action * action.new_tensor([0.2, 1.0, 5.0, 0.1, 5.0, 1.0])
