"""The perception stage's losses: occupancy, its Jaccard surrogate, depth. Shapes as in batches."""

from __future__ import annotations

import torch
from torch import Tensor

from drivewm.models.encoders.base import CameraBatch, Past
from drivewm.models.encoders.lift import LiftEncoder, depth_loss
from drivewm.models.encoders.temporal import TemporalEncoder
from drivewm.models.world_model import WorldModel
from drivewm.training.batches import Batch, frame, observation
from drivewm.training.clips import Frames
from drivewm.training.config import TrainConfig
from drivewm.training.extras import Extras, add_extras, collate
from drivewm.training.lovasz import lovasz_softmax


def loss_names(config: TrainConfig) -> list[str]:
    """The losses of a step of the perception stage."""
    lift = config.model.lift
    depth = config.model.encoder == "lift" and lift.lidar_depth
    return ["occupancy"] + ["lovasz"] * bool(config.lovasz_weight) + ["depth"] * depth


def see(model: WorldModel, batch: Batch) -> tuple[Tensor, Tensor | None]:
    """BEV features [B, C, X/2, Y/2] of a batch of frames, and the depth logits that ``lift`` used.

    Earlier frames in the batch are looked at without gradient.
    """
    encoder, seen = model.encoder, observation(batch)
    temporal = encoder if isinstance(encoder, TemporalEncoder) else None
    single = encoder if temporal is None else temporal.single
    depth: Tensor | None = None
    if isinstance(single, LiftEncoder) and isinstance(seen, CameraBatch) and "depth" in batch:
        features, depth = single.with_depth(seen)
    else:
        features = single(seen)
    if temporal is not None:
        features = temporal.fuse(features, past_of(temporal, batch))
    return features, depth


@torch.no_grad()
def past_of(encoder: TemporalEncoder, batch: Batch) -> Past | None:
    """Features of the earlier frames that came with a batch."""
    if "past_images" not in batch:
        return None
    each = []
    for p in range(batch["past_images"].shape[1]):
        each.append(
            encoder.single(
                CameraBatch(
                    images=batch["past_images"][:, p], intrinsics=batch["past_intrinsics"][:, p],
                    ego_from_camera=batch["past_ego_from_camera"][:, p],
                    present=batch["past_present"][:, p],
                )
            )
        )  # fmt: skip
    return Past(
        features=torch.stack(each, 1), motion=batch["past_motion"], known=batch["past_known"]
    )


def lovasz(logits: Tensor, target: Tensor, visible: Tensor | None) -> Tensor:
    """Lovász-softmax of logits [B, K, Z, X, Y] against [B, X, Y, Z], where ``visible`` if given."""
    classes = target.permute(0, 3, 1, 2)
    known = torch.ones_like(classes, dtype=torch.bool)
    if visible is not None:
        known = visible.permute(0, 3, 1, 2)
    return lovasz_softmax(logits.softmax(1).movedim(1, -1)[known], classes[known].long())


def perception_losses(stage, batch: Batch) -> dict[str, Tensor]:
    """Every loss of ``loss_names`` for one batch."""
    model, config = stage.model, stage.config
    features, depth = see(model, batch)
    logits, visible = model.glance(features), batch.get("visible")
    losses = {"occupancy": stage.occupancy(logits, batch["occupancy"], visible)}
    if config.lovasz_weight:
        losses["lovasz"] = lovasz(logits, batch["occupancy"], visible)
    if depth is not None:
        losses["depth"] = depth_loss(depth, batch["depth"], model.config.lift)
    return losses


def perception_total(config: TrainConfig, losses: dict[str, Tensor]) -> Tensor:
    """The weighted sum of the losses."""
    total = losses["occupancy"]
    if "lovasz" in losses:
        total = total + config.lovasz_weight * losses["lovasz"]
    if "depth" in losses:
        total = total + config.depth_weight * losses["depth"]
    return total


@torch.no_grad()
def scene_features(model: WorldModel, scene: Frames, batch_size: int = 8) -> Tensor:
    """The encoder's features of one scene, float16 [K, C, X/2, Y/2] on the CPU."""
    training, device = model.training, model.gain.device
    model.eval()
    parts = []
    past = Extras(past=model.config.temporal.frames - 1)
    for first in range(0, len(scene.occupancy), batch_size):
        ks = range(first, min(first + batch_size, len(scene.occupancy)))
        batch = collate([add_extras(frame(scene, k), scene, k, past) for k in ks])
        features, _ = see(model, {key: value.to(device) for key, value in batch.items()})
        parts.append(features.half().cpu())
    model.train(training)
    return torch.cat(parts)
