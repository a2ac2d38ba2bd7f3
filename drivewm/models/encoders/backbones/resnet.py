"""Residual networks (He et al., 2016) with torchvision's tensor names, so that its files fit.

Batch norms use their stored statistics, in training too: batches of a few rigs are too small and
too alike to estimate them. Without a checkpoint that leaves them out; use ``conv`` then.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

_BLOCKS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3)}
_WIDTHS = (64, 128, 256, 512)


class StoredNorm(nn.Module):
    """Batch norm by stored statistics."""

    running_mean: Tensor
    running_var: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    def forward(self, x: Tensor) -> Tensor:
        return F.batch_norm(x, self.running_mean, self.running_var, self.weight, self.bias)


class BasicBlock(nn.Module):
    """Two 3x3 convolutions (ResNet-18 and -34)."""

    expansion = 1

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, width, 3, stride, 1, bias=False)
        self.bn1 = StoredNorm(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.bn2 = StoredNorm(width)
        self.downsample = _shortcut(inputs, width, stride)

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(y)) + self.downsample(x))


class Bottleneck(nn.Module):
    """1x1, 3x3 (which strides), 1x1 convolutions (ResNet-50)."""

    expansion = 4

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, width, 1, bias=False)
        self.bn1 = StoredNorm(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, bias=False)
        self.bn2 = StoredNorm(width)
        self.conv3 = nn.Conv2d(width, 4 * width, 1, bias=False)
        self.bn3 = StoredNorm(4 * width)
        self.downsample = _shortcut(inputs, 4 * width, stride)

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.bn1(self.conv1(x)))
        y = F.relu(self.bn2(self.conv2(y)))
        return F.relu(self.bn3(self.conv3(y)) + self.downsample(x))


def _shortcut(inputs: int, outputs: int, stride: int) -> nn.Module:
    if stride == 1 and inputs == outputs:
        return nn.Sequential()  # the identity, without a tensor of its own
    return nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), StoredNorm(outputs))


class ResNet(nn.Module):
    """Features at strides 8, 16 and 32; tensors named as in torchvision, ``fc`` left out."""

    def __init__(self, layers: int) -> None:
        super().__init__()
        block = BasicBlock if layers < 50 else Bottleneck
        self.widths = tuple(w * block.expansion for w in _WIDTHS)
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = StoredNorm(64)
        inputs, stages = 64, []
        for stage, (width, count) in enumerate(zip(_WIDTHS, _BLOCKS[layers])):
            blocks: list[nn.Module] = []
            for n in range(count):
                blocks.append(block(inputs, width, 2 if stage and not n else 1))
                inputs = width * block.expansion
            stages.append(nn.Sequential(*blocks))
        self.layer1, self.layer2, self.layer3, self.layer4 = stages

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 3, 2, 1)
        eighth = self.layer2(self.layer1(x))
        sixteenth = self.layer3(eighth)
        return eighth, sixteenth, self.layer4(sixteenth)


class ResNetFeatures(nn.Module):
    """A ResNet and a neck that merges its three levels at stride 8."""

    stride = 8
    mean: Tensor
    std: Tensor

    def __init__(self, layers: int, channels: int) -> None:
        super().__init__()
        self.trunk = ResNet(layers)
        self.lateral = nn.ModuleList(nn.Conv2d(w, channels, 1) for w in self.trunk.widths[1:])
        self.smooth = nn.Conv2d(channels, channels, 3, padding=1)
        self.register_buffer("mean", imagenet((0.485, 0.456, 0.406)), persistent=False)
        self.register_buffer("std", imagenet((0.229, 0.224, 0.225)), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        levels = self.trunk((images - self.mean) / self.std)
        out = self.lateral[2](levels[2])
        for level in (1, 0):
            size = levels[level].shape[-2:]
            out = self.lateral[level](levels[level]) + F.interpolate(out, size, mode="bilinear")
        return self.smooth(out)


def imagenet(values: tuple[float, float, float]) -> Tensor:
    """Statistics of colours as [3, 1, 1]."""
    return torch.tensor(values).view(3, 1, 1)
