"""Configuration of the encoders: what they look at, through which image backbone, how they lift."""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

from pydantic import Field, model_validator

from drivewm.config import Config

EncoderName = Literal["pull", "lift", "query", "privileged"]
BackboneName = Literal[
    "conv", "vit", "resnet18", "resnet34", "resnet50", "vit_small_14", "vit_base_14"
]
STRIDES: dict[str, int] = {  # input pixels per feature cell
    "conv": 4, "vit": 8, "resnet18": 8, "resnet34": 8, "resnet50": 8, "vit_small_14": 14,
    "vit_base_14": 14,
}  # fmt: skip


class BackboneConfig(Config):
    """Which network reads the pictures."""

    name: BackboneName = "conv"
    weights: str | None = None  # checkpoint file to start from; docs/encoders.md has the layouts
    frozen: bool = False  # leave the backbone as the file has it
    depth: int = Field(default=4, ge=1)  # ``vit`` only: blocks
    width: int = Field(default=96, ge=8)  # ``vit`` only: channels of a token
    heads: int = Field(default=3, ge=1)  # ``vit`` only

    @model_validator(mode="after")
    def _whole(self) -> BackboneConfig:
        if self.width % self.heads or self.width % 4:
            raise ValueError("width must be a multiple of 4 and of heads")
        if self.frozen and self.weights is None:
            raise ValueError("a frozen backbone needs weights=FILE")
        return self


class CameraConfig(Config):
    """Pictures as the network reads them; every camera is resized to one size."""

    image_height: int = 128
    image_width: int = 224
    image_channels: int = 32
    image_width_channels: int = 16  # channels of the first image layer (``conv``)
    backbone: BackboneConfig = BackboneConfig()

    @model_validator(mode="after")
    def _divisible(self) -> CameraConfig:
        stride = STRIDES[self.backbone.name]
        for name, value in (("height", self.image_height), ("width", self.image_width)):
            if value % stride or value <= 0:
                raise ValueError(
                    f"image_{name} {value} is no multiple of the stride {stride} of "
                    f"backbone {self.backbone.name}"
                )
        return self


class PullConfig(CameraConfig):
    """``pull``: voxel centres read the features at their projection."""

    heights_m: tuple[float, ...] = (0.0, 0.8, 1.6, 3.2)


class LiftConfig(CameraConfig):
    """``lift``: every feature spreads over its ray by a predicted depth distribution."""

    depth_min_m: float = Field(default=2.0, gt=0)
    depth_max_m: float = Field(default=42.0, gt=0)
    depth_bins: int = Field(default=32, ge=2)
    height_edges_m: tuple[float, ...] = (-1.0, 0.6, 2.2, 5.4)  # BEV layers between them
    pool: int = Field(default=2, ge=1)  # feature cells averaged along each side before lifting
    lidar_depth: bool = False  # also learn depth from the sweeps, where a fleet has them

    @model_validator(mode="after")
    def _ordered(self) -> LiftConfig:
        edges = self.height_edges_m
        if self.depth_max_m <= self.depth_min_m:
            raise ValueError("depth_max_m must be above depth_min_m")
        if len(edges) < 2 or any(high <= low for low, high in pairwise(edges)):
            raise ValueError("height_edges_m must be two or more growing heights")
        _check_pool(self, self.pool)
        return self


class QueryConfig(CameraConfig):
    """``query``: BEV cells attend to features round their projected points."""

    heights_m: tuple[float, ...] = (0.0, 0.8, 1.6, 3.2)
    samples: int = Field(default=2, ge=1)  # learned offsets round each projected point
    heads: int = Field(default=4, ge=1)
    layers: int = Field(default=2, ge=1)
    pool: int = Field(default=2, ge=1)

    @model_validator(mode="after")
    def _whole(self) -> QueryConfig:
        if self.image_channels % self.heads:
            raise ValueError("image_channels must be a multiple of heads")
        _check_pool(self, self.pool)
        return self


class TemporalConfig(Config):
    """Fusion of earlier BEV features, moved by the ego's motion into the present frame."""

    frames: int = Field(default=1, ge=1, le=16)  # 1 = the present one alone


def _check_pool(config: CameraConfig, pool: int) -> None:
    step = STRIDES[config.backbone.name] * pool
    if config.image_height % step or config.image_width % step:
        raise ValueError(f"the image size is no multiple of stride x pool = {step}")
