"""Vision transformers (Dosovitskiy et al., 2021) with the tensor names of timm and DINOv2.

``vit`` is a small one trained from nothing; ``vit_small_14`` and ``vit_base_14`` have the shapes of
DINOv2's ViT-S/14 and ViT-B/14 (without register tokens), so that their files fit.
Shapes: M images, T tokens, C channels, h, w patches.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from drivewm.models.encoders.backbones.resnet import imagenet

TRAINED_SIDE = {True: 37, False: 16}  # patches along a side of the stored position embedding


class Attention(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        m, t, c = x.shape
        query, key, value = self.qkv(x).view(m, t, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(query, key, value)
        return self.proj(mixed.transpose(1, 2).reshape(m, t, c))


class Mlp(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(F.gelu(self.fc1(x)))


class LayerScale(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.full((width,), 0.1))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.gamma


class Block(nn.Module):
    """Attention and MLP around skips; ``scale`` as DINOv2 has it."""

    def __init__(self, width: int, heads: int, scale: bool) -> None:
        super().__init__()
        self.norm1, self.attn = nn.LayerNorm(width, eps=1e-6), Attention(width, heads)
        self.norm2, self.mlp = nn.LayerNorm(width, eps=1e-6), Mlp(width)
        self.ls1, self.ls2 = (LayerScale(width) if scale else nn.Sequential() for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.ls1(self.attn(self.norm1(x)))
        return x + self.ls2(self.mlp(self.norm2(x)))


class PatchEmbed(nn.Module):
    def __init__(self, width: int, patch: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(3, width, patch, patch)

    def forward(self, images: Tensor) -> Tensor:
        return self.proj(images)


class VisionTransformer(nn.Module):
    """[M, 3, H, W] -> [M, C, h, w]; the position embedding is resampled to h x w."""

    def __init__(self, width: int, depth: int, heads: int, patch: int, scale: bool) -> None:
        super().__init__()
        side = TRAINED_SIDE[scale]
        self.cls_token = nn.Parameter(torch.zeros(1, 1, width))
        self.pos_embed = nn.Parameter(torch.randn(1, 1 + side * side, width) * 0.02)
        self.patch_embed = PatchEmbed(width, patch)
        self.blocks = nn.ModuleList(Block(width, heads, scale) for _ in range(depth))
        self.norm = nn.LayerNorm(width, eps=1e-6)

    def forward(self, images: Tensor) -> Tensor:
        patches = self.patch_embed(images)
        h, w = patches.shape[-2:]
        x = patches.flatten(2).transpose(1, 2) + self._places(h, w)
        first = (self.cls_token + self.pos_embed[:, :1]).expand(len(x), -1, -1)
        x = torch.cat([first, x], 1)
        for block in self.blocks:
            x = block(x)
        return self.norm(x)[:, 1:].transpose(1, 2).unflatten(2, (h, w))

    def _places(self, h: int, w: int) -> Tensor:
        side = round((self.pos_embed.shape[1] - 1) ** 0.5)
        grid = self.pos_embed[:, 1:].transpose(1, 2).unflatten(2, (side, side))
        if (h, w) != (side, side):
            grid = F.interpolate(grid, (h, w), mode="bicubic", align_corners=False)
        return grid.flatten(2).transpose(1, 2)


class ViTFeatures(nn.Module):
    """A vision transformer and a 3x3 neck."""

    mean: Tensor
    std: Tensor

    def __init__(
        self, width: int, depth: int, heads: int, stride: int, channels: int, scale: bool
    ) -> None:
        super().__init__()
        self.stride = stride
        self.trunk = VisionTransformer(width, depth, heads, stride, scale)
        self.smooth = nn.Sequential(
            nn.Conv2d(width, channels, 1), nn.SiLU(), nn.Conv2d(channels, channels, 3, padding=1)
        )
        self.register_buffer("mean", imagenet((0.485, 0.456, 0.406)), persistent=False)
        self.register_buffer("std", imagenet((0.229, 0.224, 0.225)), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        return self.smooth(self.trunk((images - self.mean) / self.std))
