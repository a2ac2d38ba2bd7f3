"""The image backbone that a configuration names, and its start from a local checkpoint."""

from __future__ import annotations

from torch import nn

from drivewm.models.encoders.backbones.load import load_backbone_weights
from drivewm.models.encoders.backbones.resnet import ResNetFeatures
from drivewm.models.encoders.backbones.vit import ViTFeatures
from drivewm.models.encoders.config import STRIDES, CameraConfig
from drivewm.models.encoders.images import SmallConvNet

_RESNETS = {"resnet18": 18, "resnet34": 34, "resnet50": 50}
_VITS = {"vit_small_14": (384, 12, 6), "vit_base_14": (768, 12, 12)}  # width, depth, heads


def build_backbone(config: CameraConfig) -> nn.Module:
    """Images [M, 3, H, W] in 0..1 -> [M, image_channels, H / stride, W / stride].

    It has a ``stride``; its weights are random (see ``start_from``).
    """
    chosen, channels = config.backbone, config.image_channels
    backbone: nn.Module
    if chosen.name == "conv":
        backbone = SmallConvNet(channels, config.image_width_channels)
    elif chosen.name in _RESNETS:
        backbone = ResNetFeatures(_RESNETS[chosen.name], channels)
    elif chosen.name == "vit":
        backbone = ViTFeatures(
            chosen.width, chosen.depth, chosen.heads, STRIDES["vit"], channels, scale=False
        )
    else:
        width, depth, heads = _VITS[chosen.name]
        stride = STRIDES[chosen.name]
        backbone = ViTFeatures(width, depth, heads, stride, channels, scale=True)
    trunk_of(backbone).frozen = chosen.frozen  # type: ignore[assignment]
    return backbone


def trunk_of(backbone: nn.Module) -> nn.Module:
    """The part of a backbone that a checkpoint file holds (its neck is always ours)."""
    trunk = getattr(backbone, "trunk", backbone)
    assert isinstance(trunk, nn.Module)
    return trunk


def trainable(encoder: nn.Module) -> list[nn.Parameter]:
    """Parameters of an encoder but those of a frozen backbone."""
    frozen = {
        id(p) for m in encoder.modules() if getattr(m, "frozen", False) for p in m.parameters()
    }
    return [p for p in encoder.parameters() if id(p) not in frozen]


def start_backbone(encoder: nn.Module, config: CameraConfig | None) -> None:
    """Loads the file that ``backbone.weights`` names; nothing where it names none.

    Raises:
        InputError: see ``load_backbone_weights``.
    """
    if config is None or config.backbone.weights is None:
        return
    for module in encoder.modules():
        if hasattr(module, "frozen"):
            load_backbone_weights(module, config.backbone.weights, config.backbone.name)
