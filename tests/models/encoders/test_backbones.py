import pytest
import torch
from safetensors.torch import save_file

from drivewm.errors import InputError
from drivewm.models.encoders.backbones.build import (
    build_backbone,
    start_backbone,
    trainable,
    trunk_of,
)
from drivewm.models.encoders.config import STRIDES, BackboneConfig, PullConfig
from tests.models.encoders.rigs import cameras, encoder_of


def config(name: str, **changes) -> PullConfig:
    side = 2 * STRIDES[name]
    return PullConfig(
        image_height=side, image_width=2 * side, image_channels=8,
        backbone=BackboneConfig(name=name, **changes),
    )  # fmt: skip


@pytest.mark.parametrize("name", ["conv", "vit", "resnet18", "resnet34", "vit_small_14"])
def test_features_at_the_stride_it_names(name):
    torch.manual_seed(0)
    with torch.no_grad():
        backbone = build_backbone(config(name))
        stride = backbone.stride
        out = backbone(torch.rand(2, 3, 4 * stride, 6 * stride))
    assert stride == STRIDES[name] and out.shape == (2, 8, 4, 6)


def test_tensor_names_and_sizes_are_those_of_torchvision_and_dinov2():
    """Parameter counts as published: ResNet-18 11,689,512 and ResNet-50 25,557,032 with their
    heads of 1000 classes, DINOv2 ViT-S/14 22,056,576."""

    def count(name: str) -> int:
        return sum(p.numel() for p in trunk_of(build_backbone(config(name))).parameters())

    assert count("resnet18") == 11_689_512 - 513_000
    assert count("resnet50") == 25_557_032 - 2_049_000
    assert count("vit_small_14") == 22_056_576 - 384  # its mask token is not used
    names = set(trunk_of(build_backbone(config("resnet50"))).state_dict())
    assert {"conv1.weight", "bn1.running_var", "layer2.0.downsample.1.bias"} <= names
    assert {"layer4.2.conv3.weight", "layer1.0.bn3.running_mean"} <= names
    names = set(trunk_of(build_backbone(config("vit_small_14"))).state_dict())
    assert {"cls_token", "pos_embed", "patch_embed.proj.bias", "blocks.11.ls2.gamma"} <= names
    assert {"blocks.0.attn.qkv.weight", "blocks.3.mlp.fc2.bias", "norm.weight"} <= names


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
def test_a_file_fills_the_backbone_whatever_wrapped_it(tmp_path, suffix):
    torch.manual_seed(1)
    source = trunk_of(build_backbone(config("resnet18")))
    tensors = {f"module.{k}": v.clone() for k, v in source.state_dict().items()}
    tensors["module.fc.weight"] = torch.zeros(3, 3)
    tensors["module.bn1.num_batches_tracked"] = torch.zeros((), dtype=torch.long)
    file = tmp_path / f"weights{suffix}"
    if suffix == ".pth":
        torch.save({"state_dict": tensors, "epoch": 3}, file)
    else:
        save_file(tensors, file)
    torch.manual_seed(2)
    wanted = config("resnet18", weights=str(file), frozen=True)
    encoder = torch.nn.Sequential(build_backbone(wanted))
    start_backbone(encoder, wanted)
    for name, value in trunk_of(encoder[0]).state_dict().items():
        assert torch.equal(value, source.state_dict()[name]), name
    learned = {id(p) for p in trainable(encoder)}
    assert not learned & {id(p) for p in trunk_of(encoder[0]).parameters()}
    assert learned == {id(p) for n, p in encoder[0].named_parameters() if "trunk" not in n}


def test_a_position_embedding_of_another_size_is_resampled(tmp_path):
    trunk = trunk_of(build_backbone(config("vit")))
    tensors = dict(trunk.state_dict())
    width = tensors["pos_embed"].shape[2]
    tensors["pos_embed"] = torch.ones(1, 1 + 8 * 8, width)
    save_file(tensors, tmp_path / "vit.safetensors")
    wanted = config("vit", weights=str(tmp_path / "vit.safetensors"))
    encoder = build_backbone(wanted)
    start_backbone(encoder, wanted)
    torch.testing.assert_close(
        trunk_of(encoder).pos_embed.detach(), torch.ones(1, 1 + 16 * 16, width)
    )


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        (None, "no such file"),
        (b"not tensors", "not readable"),
        ({"conv1.weight": torch.zeros(1)}, r"tensor conv1.weight has shape \[1\]"),
        ({"other": torch.zeros(1)}, "is missing, resnet18 wants"),
    ],
)
def test_a_file_that_does_not_fit_is_named(tmp_path, tensors, message):
    file = tmp_path / "weights.safetensors"
    if isinstance(tensors, bytes):
        file.write_bytes(tensors)
    elif tensors is not None:
        save_file(tensors, file)
    wanted = config("resnet18", weights=str(file))
    encoder = build_backbone(wanted)
    with pytest.raises(InputError, match=message) as caught:
        start_backbone(encoder, wanted)
    assert str(caught.value.file) == str(file) and caught.value.field == "backbone.weights"


def test_a_file_with_code_is_refused(tmp_path):
    file = tmp_path / "weights.pth"
    torch.save({"model": torch.nn.Linear(1, 1)}, file)
    wanted = config("resnet18", weights=str(file))
    with pytest.raises(InputError, match="not readable"):
        start_backbone(build_backbone(wanted), wanted)


@pytest.mark.parametrize("name", ["pull", "lift", "query"])
@torch.no_grad()
def test_every_encoder_reads_through_every_kind_of_backbone(name):
    encoder = encoder_of(name, block={"backbone": {"name": "vit", "width": 24, "depth": 1}})
    assert encoder(cameras()).shape == (1, 16, 16, 16)
