"""The encoder that a configuration names."""

from __future__ import annotations

from typing import Protocol

from torch import nn

from drivewm.models.encoders.config import (
    EncoderName,
    LiftConfig,
    PullConfig,
    QueryConfig,
    TemporalConfig,
)
from drivewm.models.encoders.lift import LiftEncoder
from drivewm.models.encoders.privileged import PrivilegedEncoder
from drivewm.models.encoders.pull import PullEncoder
from drivewm.models.encoders.query import QueryEncoder
from drivewm.models.encoders.temporal import TemporalEncoder
from drivewm.models.grid import GridConfig


class EncoderChoice(Protocol):
    """The fields of ``ModelConfig`` that decide the encoder."""

    encoder: EncoderName
    grid: GridConfig
    channels: int
    pull: PullConfig
    lift: LiftConfig
    query: QueryConfig
    temporal: TemporalConfig


def build_encoder(config: EncoderChoice) -> nn.Module:
    """The encoder of ``config``; [B, channels (+ packed labels), X / 2, Y / 2] features."""
    grid, channels = config.grid, config.channels
    encoder: nn.Module
    if config.encoder == "pull":
        encoder = PullEncoder(config.pull, grid, channels)
    elif config.encoder == "lift":
        encoder = LiftEncoder(config.lift, grid, channels)
    elif config.encoder == "query":
        encoder = QueryEncoder(config.query, grid, channels)
    else:
        return PrivilegedEncoder(grid, channels)
    if config.temporal.frames > 1:
        return TemporalEncoder(encoder, grid, channels, config.temporal.frames)
    return encoder
