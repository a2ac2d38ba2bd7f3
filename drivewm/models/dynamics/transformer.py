"""`transformer`: block-causal space-time attention that predicts the next instant's FSQ codes.

An instant is a grid of tokens. Space attention runs within the instant, time attention (every few
blocks) from each cell to the same place earlier: the keys and values of earlier instants are kept
as planes and warped by the ego's motion, so a step costs the tokens of one instant only. The codes
are predicted factor by factor (as 1X's world model does) and drawn straight-through, so that
self-forced steps train through their own draws.
Shapes: B batch, N tokens, D width, P past instants, h, w state cells, h', w' tokens.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from drivewm.config import Config
from drivewm.models.dynamics.attention import Mlp, RMSNorm, SpatialAttention, TimeAttention, places
from drivewm.models.dynamics.base import (
    ACTION_COLUMNS,
    COMPLETE,
    AblationConfig,
    Latent,
    Noise,
    scale_action,
)
from drivewm.models.dynamics.fsq import FSQ
from drivewm.models.dynamics.rssm import drawn
from drivewm.models.dynamics.spatial import SpatialDynamics
from drivewm.models.grid import GridConfig
from drivewm.models.layers import zero_init

PATCH = 2  # state cells per token, each way


class TransformerConfig(Config):
    deter: int = 32
    width: int = 80
    blocks: int = 3
    heads: int = 4
    time_every: int = 3  # a block with time attention after so many
    past: int = 4  # instants that time attention reaches back
    levels: tuple[int, ...] = (5, 5, 5)  # of the codes, a token
    registers: int = 2  # extra tokens for what has no place


class Block(nn.Module):
    """Space attention, time attention where asked, MLP; pre-norm."""

    def __init__(self, width: int, heads: int, past: int | None) -> None:
        super().__init__()
        self.norm_space, self.space = RMSNorm(width), SpatialAttention(width, heads)
        self.norm_mlp, self.mlp = RMSNorm(width), Mlp(width)
        self.time = None if past is None else TimeAttention(width, heads, past)
        self.norm_time = None if past is None else RMSNorm(width)

    def forward(
        self, x: Tensor, cells: int, kept: Tensor | None, known: Tensor
    ) -> tuple[Tensor, list[Tensor]]:
        """
        Args:
            x: [B, N, D]; the first ``cells`` tokens have a place.
            kept: [B, cells, P, 2 D] keys and values of earlier instants, for time attention.
            known: [B, cells, P] share of the cell that lay on the grid then.

        Returns:
            [B, N, D], and the keys and values of now where there is time attention.
        """
        x = x + self.space(self.norm_space(x))
        new: list[Tensor] = []
        if self.time is not None and self.norm_time is not None and kept is not None:
            keys, values = kept.chunk(2, -1)
            y, k, v = self.time(self.norm_time(x[:, :cells]), keys, values, known)
            x, new = torch.cat([x[:, :cells] + y, x[:, cells:]], 1), [k, v]
        return x + self.mlp(self.norm_mlp(x)), new


class TokenTransformer(SpatialDynamics):
    def __init__(
        self,
        config: TransformerConfig,
        grid: GridConfig,
        embed: int,
        ablation: AblationConfig = COMPLETE,
    ) -> None:
        c, d = config, config.width
        super().__init__(grid, c.deter, len(c.levels), ablation)
        self.config, self.fsq = config, FSQ(c.levels)
        self.tokens = (self.cells[0] // PATCH, self.cells[1] // PATCH)
        self.tokenise = nn.Conv2d(embed, len(c.levels), PATCH, PATCH)
        self.enter = nn.Conv2d(self.channels + 1, d, 4, PATCH, 1)
        self.action = nn.Linear(ACTION_COLUMNS, d)
        self.register = nn.Parameter(torch.randn(c.registers, d) * 0.02)
        self.timed = [(i + 1) % c.time_every == 0 for i in range(c.blocks)]
        self.blocks = nn.ModuleList(Block(d, c.heads, c.past if t else None) for t in self.timed)
        self.cached = sum(self.timed) * 2 * d  # channels of one kept instant
        self.norm = RMSNorm(d)
        self.predict = nn.Linear(d, sum(c.levels))
        self.write = nn.Sequential(nn.Linear(d + len(c.levels), 2 * d), nn.SiLU())
        self.change = zero_init(nn.Linear(2 * d, c.deter * PATCH * PATCH))
        place = places(*self.tokens, d, grid.cell_m * 2 * PATCH, grid.extent_m)
        self.register_buffer("place", place, persistent=False)
        self.add_pooling()

    place: Tensor

    def initial(self, batch: int, like: Tensor) -> Latent:
        """The empty state: nothing seen, no past instants."""
        kept = (self.cached + 1) * self.config.past  # keys, values and what was on the grid
        past = like.new_zeros(batch, kept, *self.tokens)
        return replace(super().initial(batch, like), past=past)

    def _predict(self, state: Latent, action: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Carried deter, tokens [B, N, D], code logits [B, L, h', w'], the past with this step."""
        moved = self.moved(state.features, action)
        x = self.enter(moved).flatten(2).transpose(1, 2) + self.place
        cells = x.shape[1]
        done = self.action(scale_action(action))[:, None]
        extra = self.register.expand(len(x), -1, -1) + done
        x = torch.cat([x + done, extra], 1)
        assert state.past is not None
        past = self.moved(state.past, action)[:, :-1].flatten(2).transpose(1, 2)
        past = past.unflatten(2, (self.config.past, self.cached + 1))  # [B, N, P, .]
        kept, known = past.split([self.cached, 1], -1)
        each = iter(kept.split(2 * self.config.width, -1))  # one part a block with time attention
        new: list[Tensor] = []
        for block, timed in zip(self.blocks, self.timed):
            x, own = block(x, cells, next(each) if timed else None, known[..., 0])
            new += own
        now = torch.cat([*new, torch.ones_like(x[:, :cells, :1])], -1)[:, :, None]
        past = torch.cat([now, past[:, :, :-1]], 2).flatten(2).transpose(1, 2)
        x = self.norm(x[:, :cells])
        logits = self.predict(x).transpose(1, 2).unflatten(2, self.tokens)
        return moved[:, : self.deter], x, logits, past.unflatten(2, self.tokens)

    def _written(self, deter: Tensor, x: Tensor, code: Tensor, past: Tensor) -> Latent:
        """The next state from what is carried, the tokens and the code [B, D, h', w']."""
        flat = torch.cat([x, code.flatten(2).transpose(1, 2)], -1)
        change = self.change(self.write(flat)).transpose(1, 2).unflatten(2, self.tokens)
        change = F.pixel_shuffle(change, PATCH)
        deter = deter + change if self.ablation.residual else change
        stoch = code.repeat_interleave(PATCH, 2).repeat_interleave(PATCH, 3)
        return self.shaped(Latent(deter=deter, stoch=stoch, past=past))

    def imagine(self, state: Latent, action: Tensor, noise: Noise | None = None) -> Latent:
        """The state after ``action`` [B, A]: the most probable codes, or drawn ones."""
        deter, x, logits, past = self._predict(state, action)
        values = []
        for part in self.fsq.split(logits):
            level = torch.linspace(-1.0, 1.0, part.shape[1], device=part.device)
            one_hot = drawn(part.log_softmax(1), 1, noise)
            values.append((one_hot * level[:, None, None]).sum(1))
        return self._written(deter, x, torch.stack(values, 1).to(x.dtype), past)

    def observe(
        self, state: Latent, action: Tensor, embed: Tensor, noise: Noise | None = None
    ) -> tuple[Latent, Tensor]:
        """The state after ``action`` given the features then seen; the codes' cross-entropy."""
        deter, x, logits, past = self._predict(state, action)
        code, index = self.fsq(self.tokenise(embed))
        latent = self._written(deter, x, code.to(x.dtype), past)
        return latent, self.fsq.loss(logits, index)
