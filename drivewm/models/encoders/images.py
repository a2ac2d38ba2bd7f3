"""Small convolutional image backbone."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from drivewm.models.layers import ConvBlock, ResidualBlock


class SmallConvNet(nn.Module):
    """Images to features at a quarter of their size; [M, 3, H, W] in 0..1 -> [M, C, H/4, W/4].

    The deep path works at an eighth and is added back at a quarter: ground contact points need
    rows finer than an eighth of the picture.
    """

    stride = 4

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            ConvBlock(3, width, stride=2), ConvBlock(width, 2 * width, stride=2)
        )
        self.deep = nn.Sequential(
            ConvBlock(2 * width, 4 * width, stride=2), ResidualBlock(4 * width),
            ConvBlock(4 * width, 4 * width, stride=2), ResidualBlock(4 * width),
        )  # fmt: skip
        self.lateral = nn.Conv2d(2 * width, channels, 1)
        self.up = nn.Conv2d(4 * width, channels, 1)
        self.smooth = ConvBlock(channels, channels)

    def forward(self, images: Tensor) -> Tensor:
        fine = self.stem((images - 0.45) / 0.25)
        coarse = F.interpolate(self.up(self.deep(fine)), size=fine.shape[-2:], mode="bilinear")
        return self.smooth(self.lateral(fine) + coarse)
