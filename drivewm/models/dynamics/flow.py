"""`flow`: a flow-matching diffusion transformer that draws the next instant's latent.

Straight paths from noise (level 0) to the standardised latent (level 1); the network predicts the
clean end (x-prediction). A step size is part of the condition, so that few large steps do what many
small ones would (shortcut models, Frans et al., 2024); adaLN-zero conditions, long skips join early
and late blocks (U-ViT). Earlier instants are context, each with a noise level of its own
(diffusion forcing), so that the model has met its own imprecise draws.
Shapes: B batch, N tokens, D width, P past instants, Q code channels, h', w' tokens.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from drivewm.config import Config
from drivewm.models.dynamics.attention import (
    Mlp,
    Modulation,
    RMSNorm,
    SpatialAttention,
    places,
    sines,
)
from drivewm.models.dynamics.base import (
    ACTION_COLUMNS,
    COMPLETE,
    AblationConfig,
    Latent,
    Noise,
    scale_action,
)
from drivewm.models.dynamics.spatial import SpatialDynamics
from drivewm.models.grid import GridConfig
from drivewm.models.layers import zero_init

PATCH = 2  # state cells per token, each way


class FlowConfig(Config):
    deter: int = 32
    width: int = 72
    blocks: int = 3
    heads: int = 4
    code: int = 8  # channels of the drawn latent, a token
    past: int = 2  # earlier codes given as context
    steps: int = 2  # shortcut steps of a draw, a power of two
    finest: int = 8  # steps of the finest path trained
    shortcut_share: float = 0.25  # of a batch that learns to agree with two half steps
    context_noise: float = 0.1  # most noise on what is remembered, in training


class Block(nn.Module):
    """Attention and MLP, each modulated and gated (adaLN-zero)."""

    def __init__(self, width: int, heads: int, skip: bool) -> None:
        super().__init__()
        self.norm = RMSNorm(width, learned=False)
        self.attention, self.mlp = SpatialAttention(width, heads), Mlp(width)
        self.modulation = Modulation(width, width, 6)
        self.join = nn.Linear(2 * width, width) if skip else None

    def forward(self, x: Tensor, condition: Tensor, skip: Tensor | None) -> Tensor:
        if self.join is not None and skip is not None:
            x = self.join(torch.cat([x, skip], -1))
        shift, scale, gate, shift_mlp, scale_mlp, gate_mlp = self.modulation(condition)
        x = x + gate * self.attention(self.norm(x) * (1 + scale) + shift)
        return x + gate_mlp * self.mlp(self.norm(x) * (1 + scale_mlp) + shift_mlp)


class FlowTransformer(SpatialDynamics):
    def __init__(
        self,
        config: FlowConfig,
        grid: GridConfig,
        embed: int,
        ablation: AblationConfig = COMPLETE,
    ) -> None:
        c, d = config, config.width
        super().__init__(grid, c.deter, c.code, ablation)
        self.config = config
        self.tokens = (self.cells[0] // PATCH, self.cells[1] // PATCH)
        self.tokenise = nn.Conv2d(embed, c.code, PATCH, PATCH)
        self.context = nn.Conv2d(self.channels + 1, d, 4, PATCH, 1)
        self.remember = nn.Linear(c.past * (c.code + 2), d)  # codes, noise levels, on the grid
        self.noisy = nn.Linear(c.code, d)
        self.action = nn.Linear(ACTION_COLUMNS, d)
        self.level = nn.Sequential(nn.Linear(2 * d, d), nn.SiLU(), nn.Linear(d, d))
        self.blocks = nn.ModuleList(
            Block(d, c.heads, skip=i >= (c.blocks + 1) // 2) for i in range(c.blocks)
        )
        self.norm = RMSNorm(d, learned=False)
        self.last = Modulation(d, d, 2)
        self.clean = nn.Linear(d, c.code)
        self.write = nn.Sequential(nn.Linear(d + c.code, 2 * d), nn.SiLU())
        self.change = zero_init(nn.Linear(2 * d, c.deter * PATCH * PATCH))
        place = places(*self.tokens, d, grid.cell_m * 2 * PATCH, grid.extent_m)
        self.register_buffer("place", place, persistent=False)
        self.add_pooling()

    place: Tensor

    def initial(self, batch: int, like: Tensor) -> Latent:
        """The empty state: nothing seen, no past instants."""
        kept = (self.config.code + 2) * self.config.past
        past = like.new_zeros(batch, kept, *self.tokens)
        return replace(super().initial(batch, like), past=past)

    # -- the network --------------------------------------------------------------------------
    def _context(self, state: Latent, action: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Carried deter [B, C, h, w], context tokens [B, N, D], the past in this frame."""
        moved = self.moved(state.features, action)
        assert state.past is not None
        past = self.moved(state.past, action)[:, :-1]
        x = self.context(moved).flatten(2).transpose(1, 2) + self.place
        return moved[:, : self.deter], x + self.remember(past.flatten(2).transpose(1, 2)), past

    def _clean(
        self, context: Tensor, action: Tensor, noisy: Tensor, level: Tensor, step: Tensor
    ) -> Tensor:
        """The clean code that noisy ones [B, N, Q] at ``level`` [B] are taken to mean."""
        d = self.config.width
        condition = self.level(torch.cat([sines(level, d, 0.25), sines(step, d, 0.25)], -1))
        condition = condition + self.action(scale_action(action))
        x = context + self.noisy(noisy)
        kept: list[Tensor] = []
        for block in self.blocks:
            x = block(x, condition, kept.pop() if block.join is not None and kept else None)
            if block.join is None:
                kept.append(x)
        shift, scale = self.last(condition)
        return self.clean(self.norm(x) * (1 + scale) + shift)

    def _draw(self, context: Tensor, action: Tensor, start: Tensor, steps: int) -> Tensor:
        """From noise [B, N, Q] to a code in ``steps`` shortcut steps."""
        z, size = start, 1.0 / steps
        for k in range(steps):
            level = z.new_full((len(z),), k * size)
            clean = self._clean(context, action, z, level, torch.full_like(level, size))
            z = z + (clean - z) * (size / (1.0 - k * size))
        return z

    def _written(self, deter: Tensor, x: Tensor, code: Tensor, past: Tensor, level: Tensor):
        """The next state from what is carried, the context and the code [B, N, Q]."""
        change = self.change(self.write(torch.cat([x, code], -1))).transpose(1, 2)
        change = F.pixel_shuffle(change.unflatten(2, self.tokens), PATCH)
        deter = deter + change if self.ablation.residual else change
        planes = code.transpose(1, 2).unflatten(2, self.tokens)
        sure = level[:, None, None, None].expand(-1, 1, *self.tokens)
        kept = torch.cat([planes, sure, torch.ones_like(sure), past], 1)[:, : past.shape[1]]
        stoch = planes.repeat_interleave(PATCH, 2).repeat_interleave(PATCH, 3)
        return self.shaped(Latent(deter=deter, stoch=stoch, past=kept))

    # -- the interface ------------------------------------------------------------------------
    def imagine(self, state: Latent, action: Tensor, noise: Noise | None = None) -> Latent:
        """The state after ``action`` [B, A]: from the middle of the noise, or a sample."""
        deter, x, past = self._context(state, action)
        start = x.new_zeros(*x.shape[:2], self.config.code)
        start = start if noise is None else noise.normal(start)
        code = self._draw(x, action, start, self.config.steps)
        return self._written(deter, x, code, past, code.new_ones(len(code)))

    def observe(
        self, state: Latent, action: Tensor, embed: Tensor, noise: Noise | None = None
    ) -> tuple[Latent, Tensor]:
        """The state after ``action`` given the features then seen; the flow-matching loss."""
        deter, x, past = self._context(state, action)
        code = standardised(self.tokenise(embed)).flatten(2).transpose(1, 2)  # [B, N, Q]
        level = code.new_ones(len(code))
        if not self.training:
            return self._written(deter, x, code, past, level), code.new_zeros(())
        # What is remembered is a little noisy, and says how much.
        level = 1.0 - self.config.context_noise * torch.rand_like(level)
        share = level[:, None, None]
        kept = share * code + (1 - share) * torch.randn_like(code)
        latent = self._written(deter, x, kept, past, level)
        return latent, self._loss(x, action, code.detach())

    def _loss(self, context: Tensor, action: Tensor, target: Tensor) -> Tensor:
        """x-prediction on a random level, and on a part of the batch the shortcut's consistency."""
        count = len(target)
        start, level = torch.randn_like(target), torch.rand(count, device=target.device)
        finest = torch.full_like(level, 1.0 / self.config.finest)
        noisy = level[:, None, None] * target + (1 - level[:, None, None]) * start
        clean = self._clean(context, action, noisy, level, finest)
        error = ((clean - target) ** 2).mean((1, 2)) * (0.9 * level + 0.1)
        rows = int(count * self.config.shortcut_share + float(torch.rand(())))  # fair rounding
        if rows and self.config.finest > 1:
            shortcut = self._shortcut(context[:rows], action[:rows], target[:rows], start[:rows])
            return error.mean() + shortcut * rows / count
        return error.mean()

    def _shortcut(self, context: Tensor, action: Tensor, target: Tensor, start: Tensor) -> Tensor:
        """One step of twice the size must end where two steps end (in velocity, weighted back)."""
        doublings = self.config.finest.bit_length() - 1  # sizes 1/finest .. 1/2 are halves
        half = 2.0 ** -torch.randint(1, doublings + 1, (len(target),), device=target.device).float()
        slots = (0.5 / half).round()  # whole steps of twice the size on the way
        level = (torch.rand_like(half) * slots).floor() * 2 * half
        at, size = level[:, None, None], half[:, None, None]
        noisy = at * target + (1 - at) * start
        with torch.no_grad():
            first = (self._clean(context, action, noisy, level, half) - noisy) / (1 - at)
            middle = noisy + first * size
            end = self._clean(context, action, middle, level + half, half)
            second = (end - middle) / (1 - at - size)
        clean = self._clean(context, action, noisy, level, 2 * half)
        velocity = (clean - noisy) / (1 - at)
        error = ((velocity - (first + second) / 2) ** 2).mean((1, 2)) * (1 - level) ** 2
        return error.mean()


def standardised(code: Tensor) -> Tensor:
    """Zero mean, unit variance over the cells of each channel; [B, Q, h', w']."""
    return F.instance_norm(code.float()).to(code.dtype)
