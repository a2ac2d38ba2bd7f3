"""The world model: encoder + dynamics + heads behind one interface.

Shapes: B batch, K classes, X, Y, Z grid cells, A actions imagined at once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import torch
from pydantic import model_validator
from torch import Tensor, nn
from torch.nn import functional as F

from drivewm.config import Config
from drivewm.models import carry, warp
from drivewm.models.carry import Carried
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
from drivewm.models.foresight import (
    MOVABLE_CLASSES,
    Foresight,
    ForesightConfig,
    flow_of,
    layers_of,
    planes_of,
    points_now,
    solid_share,
)
from drivewm.models.grid import OCC3D_CLASSES, GridConfig
from drivewm.models.heads.config import HeadsConfig
from drivewm.models.heads.extra import ExtraHeads
from drivewm.models.heads.scalars import ScalarHeads
from drivewm.models.layers import ChannelToHeight, zero_init
from drivewm.models.motion import (
    MotionHead,
    Sight,
    groups_of,
    groups_of_labels,
    look,
    side_by_side,
)
from drivewm.scene import OccClass

Window = tuple[slice, slice]  # rows and columns of the grid
WHOLE: Window = (slice(None), slice(None))
TRUST = 0.5  # in what was in view before anything is learned: log of the factor of its logits
STATIC_FLOOR, MOVABLE_FLOOR = 0.02, 0.001  # under the logarithm: what may come into view unforeseen


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
    foresight: ForesightConfig = ForesightConfig()
    redraws: Literal["all", "unseen"] = "all"  # cells to which learned occupancy is added
    ablation: AblationConfig = AblationConfig()
    heads: HeadsConfig = HeadsConfig()
    channels: int = 64  # of the BEV features
    motion_width: int = 48  # of the head that sees velocities
    motion_evidence: bool = False  # a velocity counts where it tells the past better than standing
    observed_steps: int = 4  # frames seen before imagining
    imagined_steps: int = 6  # frames predicted in training (3 s)

    @model_validator(mode="after")
    def _draws_on_what_is_carried(self) -> ModelConfig:
        if self.redraws == "unseen" and not (self.ablation.warp and self.ablation.residual):
            raise ValueError("redraws=unseen needs ablation.warp and ablation.residual")
        return self

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
    start: Tensor  # [B, K, Z, X, Y] perceived occupancy at the start
    static: Tensor  # [B, K, Z, X, Y] the same without what moves by itself
    moving: Carried  # what moves by itself
    reward: Tensor | None = None  # [B, bins] logits of the last step
    cont: Tensor | None = None  # [B] logit of the last step

    def repeat(self, times: int) -> Imagined:
        """Every scene ``times`` times, scene by scene (for candidate actions)."""
        tensors = {
            name: value.repeat_interleave(times, 0)
            for name, value in vars(self).items()
            if isinstance(value, Tensor)
        }
        moving = self.moving.map(lambda t: t.repeat_interleave(times, 0))
        return replace(self, latent=self.latent.repeat(times), moving=moving, **tensors)


class WorldModel(nn.Module):
    """Perceives occupancy from cameras (or annotations) and imagines what an action causes.

    Under bf16 autocast networks run in bfloat16; occupancy, flow and warps stay in float32.
    """

    floor: Tensor  # [K, 1, 1, 1] least chance of each class under the logarithm

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
        ahead = config.foresight.width
        self.foresight = Foresight(state, config.foresight)
        self.foresee = ChannelToHeight(state + ahead, width, zero=True, **occ)
        self.motion = MotionHead(config.motion_width, grid, config.motion_evidence)
        self.flow_change = zero_init(nn.Conv2d(ahead, 2, 1))  # m/s, of the flow elsewhere
        self.push = zero_init(nn.Conv2d(ahead, 2, 1))  # m/s, on what moves
        self.gain = nn.Parameter(torch.ones(()))
        self.scalars = ScalarHeads(state, grid, 2 * layers)
        if config.redraws == "unseen":
            self.trust = zero_init(nn.Conv2d(ahead, 1, 1))  # in what is carried
        floor = torch.full((OCC3D_CLASSES, 1, 1, 1), STATIC_FLOOR)
        floor[list(MOVABLE_CLASSES)] = MOVABLE_FLOOR
        self.register_buffer("floor", floor, persistent=False)
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
        after, loss = self.dynamics.observe(state, action, embed[:, : self.config.channels], noise)
        return replace(after, sight=look(state.sight, action, self.there(embed))), loss

    @torch.no_grad()
    def there(self, embed: Tensor) -> Tensor:
        """Movables by group (``motion.GROUPS``) in one frame alone, as given or as perceived;
        [B, 2, X, Y]."""
        packed = embed[:, self.config.channels :]
        if packed.shape[1]:
            return groups_of_labels(unpack(packed)).to(embed.dtype)
        return groups_of(self.glance(embed).softmax(1))

    def perceive(self, latent: Latent, embed: Tensor) -> tuple[Tensor, Tensor]:
        """Occupancy logits [B, K, Z, X, Y] and flow [B, 2, X, Y] of what is seen now."""
        features, packed = embed.split(
            [self.config.channels, len(embed[0]) - self.config.channels], 1
        )
        seen = torch.cat([latent.features, features], 1)
        flow = self.flow_seen(latent.sight, features)
        if packed.shape[1]:  # privileged: what was given is what is there
            return certain_logits(unpack(packed)), flow
        return (self.see(features) + self.see_longer(seen)).float(), flow

    def flow_seen(self, sight: Sight | None, like: Tensor) -> Tensor:
        """Velocity of movables [B, 2, X, Y] after ``observe``; zero before anything was seen."""
        if sight is None:
            return like.new_zeros(len(like), 2, *self.config.grid.shape[:2])
        return self.motion(side_by_side(sight, self.config.grid))

    # -- imagination ----------------------------------------------------------------------------
    def start(self, latent: Latent, embed: Tensor, learned: bool = True) -> Imagined:
        """Where imagination begins: the perceived occupancy."""
        logits, flow = self.perceive(latent, embed)
        return self.start_from(latent, logits, flow if learned else torch.zeros_like(flow))

    def start_from(self, latent: Latent, logits: Tensor, flow: Tensor) -> Imagined:
        probability = logits.softmax(1)
        shown = flow if self.config.ablation.flow_carry else torch.zeros_like(flow)
        latent = replace(latent, sight=None)  # nothing more is seen
        moving, static = carry.find(probability, shown, MOVABLE_CLASSES, self.config.grid)
        return Imagined(
            latent=latent, probability=probability, logits=logits, flow=flow,
            motion=logits.new_zeros(len(logits), 3), start=probability, static=static,
            moving=moving,
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
        motion = warp.compose(now.motion, step)
        cells = warp.centers(grid, action).expand(len(action), -1, -1, -1)
        points = warp.to_previous_frame(cells, motion)
        if not learned:
            moved = warp.moved_occupancy(now.start, points, grid)
            return replace(
                now, probability=moved, logits=torch.maximum(moved, self.floor).log(), motion=motion
            )
        latent = self.dynamics.imagine(now.latent, action, noise)
        still = warp.moved_occupancy(now.static, points, grid)
        planes = planes_of(layers_of(still), now.moving.moved(dt), motion, grid)
        moving, ahead = self.pushed(now.moving, latent, planes, action, motion)
        moved = self.laid_down(still, moving, motion)
        change = self.foresee(torch.cat([latent.features, ahead], 1)).float()
        logits = change
        if without.residual:
            logits = self.carried_on(moved, change, ahead, self.covered(points))
        probability = logits.softmax(1)
        reward, cont = self.outcome(latent, probability, action)
        return replace(
            now, latent=latent, probability=probability, logits=logits, motion=motion,
            flow=self.flow_then(moving, ahead, motion), moving=moving, reward=reward, cont=cont,
        )  # fmt: skip

    def covered(self, points: Tensor) -> Tensor | None:
        """Share of each cell that was on the grid at the start, if it matters; [B, 1, X, Y]."""
        if self.config.redraws == "all":
            return None
        return warp.sample(torch.ones_like(points[:, None, ..., 0]), points, self.config.grid)

    def carried_on(
        self,
        moved: Tensor,
        change: Tensor,
        ahead: Tensor,
        cover: Tensor | None,
        window: Window = WHOLE,
    ) -> Tensor:
        """Logits of what was carried and of what is learned, [B, K, Z, X, Y] of a window.

        With ``redraws: unseen`` the learned part draws only what was not on the grid at the start;
        what was keeps its likeliest class, and learned trust tells how sure that still is.

        Args:
            moved: [B, K, Z, X, Y] carried occupancy.
            change: [B, K, Z, X, Y] learned.
            ahead: features of what is to come, of the whole grid.
            cover: [B, 1, X, Y] share of a cell that was on the grid at the start; None: unused.
        """
        carried = torch.maximum(moved, self.floor).log()
        if cover is None:
            return torch.addcmul(change, carried, self.gain)
        sure = torch.exp(upsample_flow(self.trust(ahead)).clamp(-2.0, 2.0) + TRUST)[..., *window]
        kept = carried * (self.gain * (1.0 + cover * (sure - 1.0)))[:, :, None]
        return kept + change * (1.0 - cover)[:, :, None]

    def pushed(
        self, moving: Carried, latent: Latent, planes: Tensor, action: Tensor, motion: Tensor
    ) -> tuple[Carried, Tensor]:
        """What moves, a step on, pushed by what the learned part sees; and its features.

        Args:
            planes: of the scene after the step, as physics alone has it (``planes_of``).
            motion: [B, 3] of the ego from the start to the end of the step.
        """
        ahead = self.foresight(latent.features, planes, action)
        moving, grid = moving.moved(action[:, 5]), self.config.grid
        push = upsample_flow(self.push(ahead))
        felt = warp.sample(push, points_now(moving, motion)[:, :, None], grid)[..., 0]  # [B, 2, N]
        back = warp.rotate_vectors(felt[..., None], -motion[:, 2])[..., 0].mT
        return moving.changed(back, action[:, 5]), ahead

    def laid_down(self, still: Tensor, moving: Carried, motion: Tensor) -> Tensor:
        """The static occupancy [B, K, Z, X, Y] with what moves laid over it."""
        grid = self.config.grid
        nx, ny, nz = grid.shape
        mass = carry.lay_down(
            moving.mass, points_now(moving, motion), grid.x_min_m, grid.y_min_m, grid.cell_m,
            (nx, ny),
        ).unflatten(1, (len(MOVABLE_CLASSES), nz))  # fmt: skip
        return overlaid(still, mass)

    def flow_then(self, moving: Carried, ahead: Tensor, motion: Tensor) -> Tensor:
        """Velocity of movables [B, 2, X, Y]: that of what moves, and what is learned beside it."""
        learned = upsample_flow(self.flow_change(ahead))
        return flow_of(moving, motion, self.config.grid) + learned

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


def upsample_flow(flow: Tensor) -> Tensor:
    """Flow of the state's cells at the grid's; [B, 2, X/2, Y/2] -> [B, 2, X, Y]."""
    return F.interpolate(flow.float(), scale_factor=2.0, mode="bilinear", align_corners=False)


def overlaid(still: Tensor, mass: Tensor) -> Tensor:
    """Movables of ``mass`` [B, M, Z, X, Y] over static occupancy [B, K, Z, X, Y]."""
    total = mass.sum(1, keepdim=True)
    mass, total = mass / total.clamp(min=1.0), total.clamp(max=1.0)
    at = torch.tensor(MOVABLE_CLASSES, device=still.device)
    return (still * (1.0 - total)).index_add(1, at, mass)
