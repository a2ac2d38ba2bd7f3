"""The world model: encoder + dynamics + heads behind one interface.

Shapes: B batch, K classes, X, Y, Z grid cells, A actions imagined at once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from drivewm.config import Config
from drivewm.models import warp
from drivewm.models.dynamics.base import AblationConfig, Dynamics, Latent, Noise
from drivewm.models.dynamics.flow import FlowConfig
from drivewm.models.dynamics.gru import GRUConfig
from drivewm.models.dynamics.registry import build_dynamics
from drivewm.models.dynamics.rssm import RSSMConfig
from drivewm.models.dynamics.transformer import TransformerConfig
from drivewm.models.encoders.base import CameraBatch, Past
from drivewm.models.encoders.build import build_encoder
from drivewm.models.encoders.config import (
    CameraConfig,
    EncoderName,
    LiftConfig,
    PullConfig,
    QueryConfig,
    TemporalConfig,
)
from drivewm.models.encoders.privileged import unpack
from drivewm.models.encoders.temporal import TemporalEncoder
from drivewm.models.grid import OCC3D_CLASSES, GridConfig
from drivewm.models.heads.config import HeadsConfig
from drivewm.models.heads.extra import ExtraHeads
from drivewm.models.heads.scalars import ScalarHeads
from drivewm.models.layers import ChannelToHeight, ConvBlock, zero_init
from drivewm.scene import MOVABLE, OccClass

PROBABILITY_FLOOR = 0.02  # under the logarithm of the warped occupancy
STEP_S = 0.5  # one model step
MOVABLE_CLASSES = tuple(sorted(int(c) for c in MOVABLE))


class ModelConfig(Config):
    """A world model's architecture; ``conf/model/*.yaml`` are presets of it."""

    encoder: EncoderName = "pull"
    dynamics: Literal["gru", "rssm", "transformer", "flow"] = "rssm"
    grid: GridConfig = GridConfig()
    pull: PullConfig = PullConfig()
    lift: LiftConfig = LiftConfig()
    query: QueryConfig = QueryConfig()
    temporal: TemporalConfig = TemporalConfig()
    gru: GRUConfig = GRUConfig()
    rssm: RSSMConfig = RSSMConfig()
    transformer: TransformerConfig = TransformerConfig()
    flow: FlowConfig = FlowConfig()
    ablation: AblationConfig = AblationConfig()
    heads: HeadsConfig = HeadsConfig()
    channels: int = 64  # of the BEV features
    observed_steps: int = 4  # frames seen before imagining
    imagined_steps: int = 6  # frames predicted in training (3 s)

    @property
    def cameras(self) -> CameraConfig | None:
        """What the chosen encoder reads of the pictures; None when it reads none."""
        return None if self.encoder == "privileged" else getattr(self, self.encoder)


@dataclass(frozen=True, kw_only=True)
class Imagined:
    """A point of an imagined future, and all that the next step needs."""

    latent: Latent
    probability: Tensor  # [B, K, Z, X, Y] occupancy now
    logits: Tensor  # [B, K, Z, X, Y] its logits
    flow: Tensor  # [B, 2, X, Y] velocity of movables, m/s, in this ego frame
    motion: Tensor  # [B, 3] ego motion since the start
    drift_m: Tensor  # [B, 2, X, Y] how far movables have moved by themselves, frame of the start
    start: Tensor  # [B, K, Z, X, Y] perceived occupancy at the start
    start_flow: Tensor  # [B, 2, X, Y]
    reward: Tensor | None = None  # [B, bins] logits of the last step
    cont: Tensor | None = None  # [B] logit of the last step

    def repeat(self, times: int) -> Imagined:
        """Every scene ``times`` times, scene by scene (for candidate actions)."""
        tensors = {
            name: value.repeat_interleave(times, 0)
            for name, value in vars(self).items()
            if isinstance(value, Tensor)
        }
        return replace(self, latent=self.latent.repeat(times), **tensors)


class WorldModel(nn.Module):
    """Perceives occupancy from cameras (or annotations) and imagines what an action causes.

    Under bf16 autocast networks run in bfloat16; occupancy, flow and warps stay in float32.
    """

    movable: Tensor  # bool [K]

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config, grid = config, config.grid
        self.encoder = build_encoder(config)
        self.dynamics: Dynamics = build_dynamics(
            config.dynamics, getattr(config, config.dynamics), grid, config.channels,
            config.ablation,
        )  # fmt: skip
        layers, state = grid.shape[2], self.dynamics.channels
        seen, width = state + config.channels, config.channels
        occ = {"classes": OCC3D_CLASSES, "layers": layers, "up": 2}
        self.see = ChannelToHeight(width, width, zero=False, **occ)
        self.see_longer = ChannelToHeight(seen, width, zero=True, **occ)
        self.foresee = ChannelToHeight(state, width, zero=True, **occ)
        self.flow_seen = _flow_head(seen, config.channels)
        self.flow_change = _flow_head(state, config.channels)
        self.gain = nn.Parameter(torch.ones(()))
        self.scalars = ScalarHeads(state, grid, 2 * layers)
        movable = torch.zeros(OCC3D_CLASSES, dtype=torch.bool)
        movable[[int(c) for c in MOVABLE]] = True
        self.register_buffer("movable", movable, persistent=False)
        self.heads = ExtraHeads(state, grid, config.heads)  # last: the rest starts as without them

    # -- perception -----------------------------------------------------------------------------
    def encode(self, observation: CameraBatch | Tensor, past: Past | None = None) -> Tensor:
        """One instant -> BEV features [B, C (+ packed labels), X/2, Y/2].

        Args:
            past: features of earlier frames, for an encoder with temporal fusion
                (``encoders.temporal.BevMemory`` keeps them); others do not look at it.
        """
        if isinstance(self.encoder, TemporalEncoder):
            return self.encoder(observation, past)
        return self.encoder(observation)

    def glance(self, embed: Tensor) -> Tensor:
        """Occupancy logits [B, K, Z, X, Y] of one frame alone, from its features."""
        return self.see(embed[:, : self.config.channels]).float()

    def initial(self, batch: int) -> Latent:
        return self.dynamics.initial(batch, self.gain)

    def observe(
        self, state: Latent, action: Tensor, embed: Tensor, noise: Noise | None = None
    ) -> tuple[Latent, Tensor]:
        """The state after ``action`` [B, 6] given the features then seen; also its loss."""
        return self.dynamics.observe(state, action, embed[:, : self.config.channels], noise)

    def perceive(self, latent: Latent, embed: Tensor) -> tuple[Tensor, Tensor]:
        """Occupancy logits [B, K, Z, X, Y] and flow [B, 2, X, Y] of what is seen now."""
        features, packed = embed.split(
            [self.config.channels, len(embed[0]) - self.config.channels], 1
        )
        seen = torch.cat([latent.features, features], 1)
        flow = upsample_flow(self.flow_seen(seen))
        if packed.shape[1]:  # privileged: what was given is what is there
            return certain_logits(unpack(packed)), flow
        return (self.see(features) + self.see_longer(seen)).float(), flow

    # -- imagination ----------------------------------------------------------------------------
    def start(self, latent: Latent, embed: Tensor, learned: bool = True) -> Imagined:
        """Where imagination begins: the perceived occupancy."""
        logits, flow = self.perceive(latent, embed)
        return self.start_from(latent, logits, flow if learned else torch.zeros_like(flow))

    def start_from(self, latent: Latent, logits: Tensor, flow: Tensor) -> Imagined:
        probability = logits.softmax(1)
        return Imagined(
            latent=latent, probability=probability, logits=logits, flow=flow,
            motion=logits.new_zeros(len(logits), 3), drift_m=torch.zeros_like(flow),
            start=probability, start_flow=flow,
        )  # fmt: skip

    def imagine(
        self,
        now: Imagined,
        action: Tensor,
        learned: bool = True,
        noise: Noise | None = None,
    ) -> Imagined:
        """What ``action`` [B, 6] causes: the likeliest, or a sample when there is noise.

        ``learned=False`` is the plain ego warp.
        """
        grid, step, dt = self.config.grid, action[:, :3], action[:, 5]
        without = self.config.ablation
        if learned and not without.warp:
            step = torch.zeros_like(step)
        cells = warp.centers(grid, action).expand(len(action), -1, -1, -1)
        before = warp.to_previous_frame(cells, step)
        motion = warp.compose(now.motion, step)
        static_points = warp.to_previous_frame(cells, motion)
        if not learned:
            moved = warp.moved_occupancy(
                now.start, static_points, static_points, MOVABLE_CLASSES, grid
            )
            return replace(
                now, probability=moved, logits=(moved + PROBABILITY_FLOOR).log(), motion=motion
            )
        own = warp.sample(now.flow, before, grid).permute(0, 2, 3, 1) * dt[:, None, None, None]
        own = own if without.flow_carry else torch.zeros_like(own)
        source = before - own  # where a movable of this cell was one step ago, frame of then
        moving_points = warp.to_previous_frame(source, now.motion)
        moving_points = moving_points + warp.sample_clamped(now.drift_m, source, grid)
        carried = warp.rotate_vectors(
            warp.sample(now.start_flow, moving_points, grid), motion[:, 2]
        )
        latent = self.dynamics.imagine(now.latent, action, noise)
        flow = carried + upsample_flow(self.flow_change(latent.features))
        moved = warp.moved_occupancy(now.start, static_points, moving_points, MOVABLE_CLASSES, grid)
        logits = self.foresee(latent.features).float()
        if without.residual:
            logits = self.gain * (moved + PROBABILITY_FLOOR).log() + logits
        probability = logits.softmax(1)
        reward, cont = self.outcome(latent, probability, action)
        return replace(
            now, latent=latent, probability=probability, logits=logits, flow=flow, motion=motion,
            drift_m=(moving_points - static_points).permute(0, 3, 1, 2), reward=reward, cont=cont,
        )  # fmt: skip

    def outcome(self, latent: Latent, probability: Tensor, action: Tensor) -> tuple[Tensor, Tensor]:
        """Reward logits [B, bins] and continue logits [B] of the step that led here."""
        return self.fate(
            latent, solid_share(probability), probability[:, OccClass.DRIVEABLE_SURFACE], action
        )

    def fate(
        self, latent: Latent, solid: Tensor, road: Tensor, action: Tensor
    ) -> tuple[Tensor, Tensor]:
        """``outcome`` from the chance of solid and of road, [B, Z, X, Y] each."""
        around = F.avg_pool2d(torch.cat([solid, road], 1), 2)
        reward, cont = self.scalars(latent.features, around, action)
        if self.heads.contact is not None:
            cont = cont - self.heads.contact(solid, road)
        return reward, cont


def certain_logits(occupancy: Tensor) -> Tensor:
    """Logits that are sure of labels; [B, X, Y, Z] int64 -> [B, K, Z, X, Y]."""
    one_hot = F.one_hot(occupancy, OCC3D_CLASSES).permute(0, 4, 3, 1, 2)
    return one_hot.float().contiguous() * 30.0


def _flow_head(inputs: int, channels: int) -> nn.Sequential:
    return nn.Sequential(ConvBlock(inputs, channels), zero_init(nn.Conv2d(channels, 2, 1)))


def upsample_flow(flow: Tensor) -> Tensor:
    """Flow of the state's cells at the grid's; [B, 2, X/2, Y/2] -> [B, 2, X, Y]."""
    return F.interpolate(flow.float(), scale_factor=2.0, mode="bilinear", align_corners=False)


_GROUND = (
    OccClass.DRIVEABLE_SURFACE, OccClass.OTHER_FLAT, OccClass.SIDEWALK, OccClass.TERRAIN,
    OccClass.FREE,
)  # fmt: skip


def solid_share(probability: Tensor) -> Tensor:
    """Probability that a cell holds something to hit; [B, K, Z, X, Y] -> [B, Z, X, Y]."""
    return 1.0 - probability[:, [int(c) for c in _GROUND]].sum(1)
