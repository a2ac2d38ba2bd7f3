"""The state of a world model and the interface that every dynamics backbone has.

Shapes: B batch, A action columns, C channels, h, w state cells (half the grid's resolution).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol

import torch
from torch import Tensor

from drivewm.config import Config
from drivewm.models.motion import Sight

ACTION_COLUMNS = 6  # dx, dy, dyaw in the frame before the step; speed, curvature, dt


class AblationConfig(Config):
    """What a model does without; each default is the full model."""

    warp: bool = True  # False: state and occupancy stay as they are in the ego frame
    residual: bool = True  # False: nothing is carried over, the future is decoded from the latent
    flow_carry: bool = True  # False: movables are carried by the ego's motion only
    latent: Literal["spatial", "vector"] = "spatial"  # vector: pooled over the grid


COMPLETE = AblationConfig()  # nothing is left out


@dataclass(frozen=True, kw_only=True)
class Latent:
    """A spatial latent on the BEV grid (half resolution)."""

    deter: Tensor  # [B, C, h, w]
    stoch: Tensor  # [B, S, h, w] the drawn part: one-hot groups, codes, or no channel at all
    past: Tensor | None = None  # [B, M, h', w'] what a backbone keeps of earlier instants
    sight: Sight | None = None  # movables of the last frames, kept while looking

    @property
    def features(self) -> Tensor:
        return torch.cat([self.deter, self.stoch], 1)

    def repeat(self, times: int) -> Latent:
        """Every scene ``times`` times, scene by scene."""
        return self.map(lambda t: t.repeat_interleave(times, 0))

    def take(self, rows: Tensor) -> Latent:
        """The scenes of ``rows`` int64 [N], in that order."""
        return self.map(lambda t: t[rows])

    def map(self, change) -> Latent:
        """The latent with ``change`` applied to each tensor."""
        past = None if self.past is None else change(self.past)
        sight = None if self.sight is None else self.sight.map(change)
        changed = {"deter": change(self.deter), "stoch": change(self.stoch)}
        return replace(self, **changed, past=past, sight=sight)


class Noise:
    """Random numbers row by row: rows with one seed get the same, whatever batch they are in.

    So a sample does not depend on how candidates are batched, and candidates that share a seed
    can be compared without the luck of the draw (common random numbers).
    """

    def __init__(self, seeds: Sequence[int]) -> None:
        """One seed [B] a row of the batches to come."""
        unique = sorted(set(seeds))
        self._generators = [torch.Generator().manual_seed(seed) for seed in unique]
        self._rows = torch.tensor([unique.index(seed) for seed in seeds])

    def uniform(self, like: Tensor) -> Tensor:
        """Numbers in [0, 1) in the shape of ``like`` [B, ...]."""
        return self._rowwise(torch.rand, like)

    def normal(self, like: Tensor) -> Tensor:
        """Standard normal numbers in the shape of ``like`` [B, ...]."""
        return self._rowwise(torch.randn, like)

    def _rowwise(self, draw, like: Tensor) -> Tensor:
        each = [draw(like.shape[1:], generator=g) for g in self._generators]
        return torch.stack(each)[self._rows].to(like)


class Dynamics(Protocol):
    """A backbone: one action moves the latent one step on. Action t moves state t to t + 1."""

    channels: int  # of ``Latent.features``
    stochastic: bool  # whether samples differ

    def initial(self, batch: int, like: Tensor) -> Latent:
        """The state before anything was seen, on the device of ``like``."""

    def observe(
        self, state: Latent, action: Tensor, embed: Tensor, noise: Noise | None = None
    ) -> tuple[Latent, Tensor]:
        """The state after ``action`` [B, A] given the features [B, E, h, w] then seen.

        Also the loss (a scalar) of having predicted what was seen.
        """

    def imagine(self, state: Latent, action: Tensor, noise: Noise | None = None) -> Latent:
        """The state after ``action`` [B, A] when nothing is seen: the mode, or a sample."""


def make_action(motion: Tensor, dt_s: Tensor) -> Tensor:
    """[..., 3] ego motion and [...] duration -> [..., 6] action."""
    speed = motion[..., :2].norm(dim=-1) / dt_s
    curvature = motion[..., 2] / motion[..., :2].norm(dim=-1).clamp(min=0.5)
    extra = torch.stack([speed, curvature, dt_s.expand_as(speed)], -1)
    return torch.cat([motion, extra], -1)


def scale_action(action: Tensor) -> Tensor:
    """Actions [..., 6] at about unit scale for the network.

    With twelve columns the last six: a test may tell the learned part another action than the one
    that the warp follows.
    """
    return action[..., -ACTION_COLUMNS:] * action.new_tensor([0.2, 1.0, 5.0, 0.1, 5.0, 1.0])
