"""The Lightning modules of a training run. Shapes as in ``world_model.py``."""

from __future__ import annotations

import math
from abc import abstractmethod

import lightning
import torch
from torch import Tensor
from torch.nn import functional as F

from drivewm.models.encoders.backbones.build import trainable
from drivewm.models.heads.scalars import travelled_reward
from drivewm.models.motion import MOVES_MPS, look, side_by_side
from drivewm.models.world_model import WorldModel
from drivewm.seeds import derive_seed, generator
from drivewm.training.batches import Batch
from drivewm.training.config import TrainConfig
from drivewm.training.failures import Names, Witness
from drivewm.training.forcing import forced_steps, forcing_of
from drivewm.training.frozen import freeze
from drivewm.training.head_losses import LossScale, head_losses
from drivewm.training.labels import NEAR_M
from drivewm.training.losses import flow_loss, masked_mean, occupancy_loss
from drivewm.training.perception import loss_names, perception_losses, perception_total


class Stage(lightning.LightningModule):
    """Optimiser, schedule and the occupancy loss that both stages share."""

    weights: Tensor  # [K] of the occupancy classes

    def __init__(
        self,
        model: WorldModel,
        config: TrainConfig,
        weights: Tensor,
        steps: int,
        names: Names | None = None,
    ) -> None:
        """
        Args:
            names: of the rows of a batch, for messages.
        """
        super().__init__()
        self.model, self.config, self.steps = model, config, steps
        self.register_buffer("weights", weights, persistent=False)
        self.scale = LossScale(self.loss_names()) if config.loss_scale else None
        self.witness = Witness(names)
        wanted = {id(p) for p in self.trained()}
        for parameter in model.parameters():
            parameter.requires_grad_(id(parameter) in wanted)

    def loss_names(self) -> list[str]:
        """The losses of a step."""
        return []

    def trained(self) -> list[torch.nn.Parameter]:
        """The parameters this stage changes."""
        return list(self.model.parameters())

    def configure_optimizers(self):
        c = self.config
        optimizer = torch.optim.AdamW(
            self.trained(), lr=c.learning_rate, betas=(0.9, 0.95), weight_decay=c.weight_decay
        )

        def schedule(step: int) -> float:
            warm = min(1.0, (step + 1) / c.warmup_steps)
            return warm * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(1, step / self.steps))))

        scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, schedule)
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": scheduler, "interval": "step"},
        }

    def occupancy(self, logits: Tensor, target: Tensor, visible: Tensor | None = None) -> Tensor:
        """Cross-entropy and soft Jaccard, over the ``visible`` voxels where they are given."""
        cross, jaccard = occupancy_loss(logits, target, self.weights, visible)
        return cross + self.config.jaccard_weight * jaccard

    def training_step(self, batch: Batch, _: int) -> Tensor:
        self.witness.sees(batch.get("row"), self.global_step)
        losses = self.losses(batch)
        self.witness.check(losses)
        self.log_dict({f"{self.label}/{name}": value for name, value in losses.items()})
        total = self.total(losses if self.scale is None else self.scale(losses))
        self.log(f"{self.label}/loss", total)
        return total

    def on_before_optimizer_step(self, optimizer) -> None:
        self.witness.check_gradient(self.trained())

    label: str

    @abstractmethod
    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """Each loss of a batch by name."""

    @abstractmethod
    def total(self, losses: dict[str, Tensor]) -> Tensor:
        """What is minimised."""


class PerceptionStage(Stage):
    """The encoder and its occupancy head on single frames."""

    def trained(self) -> list[torch.nn.Parameter]:
        return [*trainable(self.model.encoder), *self.model.see.parameters()]

    label = "perception"

    def loss_names(self) -> list[str]:
        return loss_names(self.config)

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        return perception_losses(self, batch)

    def total(self, losses: dict[str, Tensor]) -> Tensor:
        return perception_total(self.config, losses)


class MotionStage(Stage):
    """The head that sees velocities, from short windows of what the encoder perceives."""

    def trained(self) -> list[torch.nn.Parameter]:
        return list(self.model.motion.parameters())

    label = "motion"

    def loss_names(self) -> list[str]:
        return ["flow", "moves"]

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        model, action, sight = self.model, batch["action"], None
        flips = self.mirrored(batch).to(action.device)
        flows, sures = [], []
        shown, stands = self.seen(batch)
        for t in range(batch["features"].shape[1]):
            before = action[:, t - 1] if t else torch.zeros_like(action[:, 0])
            sight = look(sight, before, shown[:, t])
            if t:  # a single frame knows no velocity
                planes = flipped(side_by_side(sight, model.config.grid), flips)
                flow = batch["flow"][:, t].masked_fill(stands[:, t, None], 0.0)
                known = self.known(batch["flow_known"][:, t], shown[:, t], stands[:, t])
                flow, known = flipped(flow, flips), flipped(known, flips)
                flow = torch.where(
                    flips[:, None, None, None], flow * flow.new_tensor([[[1.0]], [[-1.0]]]), flow
                )
                velocity, moves = model.motion.both(planes)
                moving = flow.norm(dim=1) > MOVES_MPS
                flows.append(flow_loss(velocity, flow, known & moving))
                told = F.binary_cross_entropy_with_logits(moves, moving.float(), reduction="none")
                sures.append(masked_mean(told, known))
        return {"flow": torch.stack(flows).mean(), "moves": torch.stack(sures).mean()}

    def known(self, told: Tensor, shown: Tensor, stands: Tensor) -> Tensor:
        """Where a velocity is known; bool [B, X, Y]. In what was frozen: on movables; outside:
        where it is told, but not so near that what was there reaches over the border."""
        if not stands.any():
            return told
        reach = math.ceil(NEAR_M / self.model.config.grid.cell_m)
        beside = F.max_pool2d(stands[:, None].float(), 2 * reach + 1, 1, reach)[:, 0] > 0
        return torch.where(stands, shown.amax(1) > 0.5, told & ~beside)

    def seen(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Movables by group in every frame [B, T, 2, X, Y], and the cells whose content was
        replaced by what stands (``frozen.py``), bool [B, T, X, Y]. A matter of step and row."""
        shown = torch.stack([self.model.there(f) for f in batch["features"].unbind(1)], 1)
        stands = torch.zeros_like(shown[:, :, 0], dtype=torch.bool)
        for b, row in enumerate(rows_of(batch)):
            rng = generator("frozen", self.config.seed, self.global_step, row)
            if rng.random() < self.config.freeze_share:
                steps = batch["action"][b, : shown.shape[1] - 1, :3]
                frozen = freeze(shown[b], steps, self.model.config.grid, rng)
                shown[b], stands[b] = frozen.shown, frozen.stands
        return shown, stands

    def mirrored(self, batch: Batch) -> Tensor:
        """Which rows are seen in a mirror; bool [B]. A matter of step and row, on any device."""
        draws = [
            generator("motion", self.config.seed, self.global_step, row).random()
            for row in rows_of(batch)
        ]
        return torch.tensor([self.config.mirror and draw < 0.5 for draw in draws])

    def total(self, losses: dict[str, Tensor]) -> Tensor:
        return losses["flow"] + losses["moves"]


def rows_of(batch: Batch) -> list[int]:
    """The rows' numbers in the step's whole batch, whichever device has them."""
    return batch.get("row", torch.arange(len(batch["action"]))).tolist()


def flipped(planes: Tensor, flips: Tensor) -> Tensor:
    """Planes [B, ..., X, Y] with the rows of ``flips`` bool [B] seen in a mirror along x."""
    which = flips.view(-1, *[1] * (planes.ndim - 1))
    return torch.where(which, planes.flip(-1), planes)


class DynamicsStage(Stage):
    """Dynamics and the heads on windows, with the encoder's features and velocities as they are."""

    def trained(self) -> list[torch.nn.Parameter]:
        done = [*self.model.encoder.parameters(), *self.model.motion.parameters()]
        frozen = {id(p) for p in done}
        return [p for p in self.model.parameters() if id(p) not in frozen]

    label = "dynamics"

    def loss_names(self) -> list[str]:
        heads = self.config.model.heads
        names = ["perceived", *WINDOW_LOSSES]
        names += ["agent_centres", "agent_boxes"] * heads.agents + ["value"] * heads.value
        return names + ["ego_action"] * heads.ego_action + ["ensemble"] * bool(heads.ensemble)

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        c, step = self.config, self.global_step
        rank = self.global_rank
        names = ("dynamics", c.seed, step, *([rank] if rank else []))
        torch.manual_seed(derive_seed(*names))  # a resumed run draws the same
        mode, horizon = forcing_of(c.forcing, c.model.dynamics), c.model.imagined_steps
        forced = forced_steps(mode, step, self.steps, horizon, c.self_forcing_from, c.seed)
        return window_losses(self, batch, forced)

    def total(self, losses: dict[str, Tensor]) -> Tensor:
        c = self.config
        total = (
            losses["perceived"] + losses["imagined"] + c.flow_weight * losses["flow"]
            + c.reward_weight * (losses["reward"] + losses["continue"]) + c.kl_weight * losses["kl"]
        )  # fmt: skip
        heads = [v for n, v in losses.items() if n not in ("perceived", *WINDOW_LOSSES)]
        return total + c.head_weight * torch.stack(heads).sum() if heads else total


WINDOW_LOSSES = ("imagined", "flow", "reward", "continue", "kl")


def window_losses(stage: Stage, batch: Batch, forced: int = 0) -> dict[str, Tensor]:
    """Losses of observing the first frames of a window and imagining the rest.

    After each of the first ``forced`` imagined steps the true frame is looked at, and imagination
    goes on from there (teacher forcing).
    """
    model, action = stage.model, batch["action"]
    observed = model.config.observed_steps
    latent = model.initial(len(action))
    kls = []
    for t in range(observed):
        before = action[:, t - 1] if t else torch.zeros_like(action[:, 0])
        latent, kl = model.observe(latent, before, batch["features"][:, t])
        kls.append(kl)
    now_at = observed - 1
    logits, flow = model.perceive(latent, batch["features"][:, now_at])
    perceived = stage.occupancy(logits, batch["occupancy"][:, now_at])
    # Imagination must not blur perception: it starts from the perceived occupancy as it is.
    now = model.start_from(latent, logits.detach(), flow)
    states = [(now_at, now)]
    imagined, flows, rewards, conts = [], [], [], []
    for t in range(now_at, action.shape[1]):
        now = model.imagine(now, action[:, t])
        states.append((t + 1, now))
        imagined.append(stage.occupancy(now.logits, batch["occupancy"][:, t + 1]))
        flows.append(flow_loss(now.flow, batch["flow"][:, t + 1], batch["flow_known"][:, t + 1]))
        beyond = batch["reward"][:, t] - travelled_reward(action[:, t])
        rewards.append(_reward_loss(model, now, beyond))
        conts.append(_continue_loss(now, batch["cont"][:, t], stage.config.end_weight))
        if t - now_at < forced and t + 1 < action.shape[1]:
            latent, kl = model.observe(latent, action[:, t], batch["features"][:, t + 1])
            kls.append(kl)
            logits, flow = model.perceive(latent, batch["features"][:, t + 1])
            now = model.start_from(latent, logits.detach(), flow)
    mean = {"imagined": imagined, "flow": flows, "reward": rewards, "continue": conts, "kl": kls}
    losses = {"perceived": perceived, **{k: torch.stack(v).mean() for k, v in mean.items()}}
    if model.config.heads.any:
        seed = derive_seed("heads", stage.config.seed, stage.global_step)
        losses |= head_losses(model, states, batch, seed)
    return losses


def _reward_loss(model: WorldModel, now, target: Tensor) -> Tensor:
    known = torch.isfinite(target)
    loss = model.scalars.two_hot.loss(now.reward, torch.nan_to_num(target))
    return masked_mean(loss, known)


def _continue_loss(now, target: Tensor, end_weight: float) -> Tensor:
    known = torch.isfinite(target)
    loss = torch.nn.functional.binary_cross_entropy_with_logits(
        now.cont, torch.nan_to_num(target), reduction="none"
    ) * torch.where(target == 0.0, end_weight, 1.0)
    return masked_mean(loss, known)
