"""Small building blocks. Shapes: B batch, C channels, H, W image or BEV cells."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def groups(channels: int) -> int:
    """Group count for group norm: eight channels a group where that divides."""
    return max(1, channels // 8) if channels % 8 == 0 else 1


class ConvBlock(nn.Sequential):
    """3x3 convolution, group norm, SiLU.

    Stride 2 halves the size with a 4x4 kernel: its output cell lies exactly in the middle of the
    2 x 2 cells it stands for (a 3x3 kernel would be half a cell off), as every projection and
    warp here takes it to.
    """

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, 3 if stride == 1 else 4, stride, 1, bias=False),
            nn.GroupNorm(groups(outputs), outputs),
            nn.SiLU(),
        )


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions around a skip."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = ConvBlock(channels, channels)
        self.second = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm = nn.GroupNorm(groups(channels), channels)

    def forward(self, x: Tensor) -> Tensor:
        return F.silu(x + self.norm(self.second(self.first(x))))


class BevUNet(nn.Module):
    """Residual block at full size, two at half size for a wide view, merged by a skip."""

    def __init__(self, channels: int, deep: int) -> None:
        super().__init__()
        self.enter = ResidualBlock(channels)
        self.down = ConvBlock(channels, deep, stride=2)
        self.middle = nn.Sequential(ResidualBlock(deep), ResidualBlock(deep))
        self.up = nn.Conv2d(deep, channels * 4, 1)
        self.merge = ConvBlock(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        x = self.enter(x)
        wide = F.pixel_shuffle(self.up(self.middle(self.down(x))), 2)
        return self.merge(x + wide)


def zero_init(layer: nn.Module) -> nn.Module:
    """Sets weight and bias to zero: the layer adds nothing until it is trained."""
    for parameter in layer.parameters():
        nn.init.zeros_(parameter)
    return layer


class ChannelToHeight(nn.Module):
    """BEV features to voxel logits by pixel shuffle, no full-resolution convolution.

    [B, C, H, W] -> [B, K, Z, H * up, W * up].
    """

    def __init__(
        self, inputs: int, hidden: int, classes: int, layers: int, up: int, zero: bool
    ) -> None:
        super().__init__()
        self.classes, self.layers, self.up = classes, layers, up
        self.mix = ConvBlock(inputs, hidden)
        self.out = nn.Conv2d(hidden, classes * layers * up * up, 1)
        if zero:
            zero_init(self.out)

    def forward(self, x: Tensor) -> Tensor:
        y = F.pixel_shuffle(self.out(self.mix(x)), self.up)
        return y.unflatten(1, (self.classes, self.layers))


def symlog(x: Tensor) -> Tensor:
    return torch.sign(x) * torch.log1p(x.abs())


def symexp(x: Tensor) -> Tensor:
    return torch.sign(x) * torch.expm1(x.abs())
