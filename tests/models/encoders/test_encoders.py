"""What every camera encoder promises, whatever it does inside."""

from dataclasses import replace

import pytest
import torch
from pydantic import ValidationError

from drivewm.errors import InputError
from drivewm.models.world_model import WorldModel
from tests.models.encoders.rigs import NAMES, cameras, encoder_of, model_config

every = pytest.mark.parametrize("name", NAMES)


@every
def test_features_lie_on_half_the_grid_and_every_parameter_learns(name):
    encoder = encoder_of(name)
    features = encoder(cameras(batch=2))
    assert features.shape == (2, 16, 16, 16)
    features.square().mean().backward()
    idle = [n for n, p in encoder.named_parameters() if p.grad is None or not p.grad.any()]
    assert idle == []


@every
@torch.no_grad()
def test_same_seed_and_input_same_features(name):
    assert torch.equal(encoder_of(name)(cameras()), encoder_of(name)(cameras()))


@every
@torch.no_grad()
def test_the_order_of_the_cameras_does_not_matter(name):
    encoder, seen = encoder_of(name), cameras()
    turned = replace(seen, **{k: v[:, [2, 0, 1]] for k, v in vars(seen).items()})
    torch.testing.assert_close(encoder(turned), encoder(seen), atol=2e-5, rtol=1e-4)


@every
@torch.no_grad()
def test_an_absent_camera_is_as_if_the_rig_had_none_there(name):
    encoder, seen = encoder_of(name), cameras()
    absent = replace(seen, present=torch.tensor([[True, False, True]]))
    fewer = replace(seen, **{k: v[:, [0, 2]] for k, v in vars(seen).items()})
    torch.testing.assert_close(encoder(absent), encoder(fewer), atol=2e-5, rtol=1e-4)
    assert not torch.allclose(encoder(absent), encoder(seen), atol=1e-3)


@every
@torch.no_grad()
def test_any_number_of_cameras_of_any_rig(name):
    encoder = encoder_of(name)
    for yaws in ((0.0,), (0.0, 3.0), tuple(float(i) for i in range(7))):
        assert torch.isfinite(encoder(cameras(yaws))).all()


@every
@torch.no_grad()
def test_a_blind_rig_gives_finite_features(name):
    seen = cameras()
    blind = replace(seen, present=torch.zeros_like(seen.present))
    assert torch.isfinite(encoder_of(name)(blind)).all()


@every
def test_a_picture_with_nan_is_named_and_an_absent_one_may_hold_anything(name):
    encoder, seen = encoder_of(name), cameras()
    images = seen.unit_images()
    images[0, 1, 0, 5, 5] = float("nan")
    with pytest.raises(InputError, match="camera 1 in row 0 of the batch holds NaN") as caught:
        encoder(replace(seen, images=images))
    assert caught.value.field == "images"
    away = replace(seen, images=images, present=torch.tensor([[True, False, True]]))
    assert torch.isfinite(encoder(away)).all()


@every
def test_a_tiny_batch_can_be_learned_by_heart(name):
    """Two frames, told apart only by their pictures, must give two different answers."""
    encoder, seen = encoder_of(name).train(), cameras(batch=2)
    generator = torch.Generator().manual_seed(3)
    target = torch.randn(2, 16, 16, 16, generator=generator) * 0.3
    target[:, :, :4] = 0.0
    optimizer = torch.optim.Adam(encoder.parameters(), lr=5e-3)
    losses = []
    for _ in range(60):
        loss = (encoder(seen) - target).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.6 * min(losses[0], float(target.var()) * 2)


@every
@torch.no_grad()
def test_a_world_model_takes_any_encoder(name):
    model = WorldModel(model_config(name)).eval()
    embed = model.encode(cameras())
    assert model.glance(embed).shape == (1, 18, 4, 32, 32)


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ({"image_height": 63}, "no multiple of the stride"),
        ({"depth_max_m": 1.0}, "depth_max_m must be above"),
        ({"height_edges_m": (1.0, 0.0)}, "growing heights"),
        ({"backbone": {"frozen": True}}, "frozen backbone needs weights"),
        ({"backbone": {"width": 30}}, "multiple of 4 and of heads"),
    ],
)
def test_impossible_settings_are_refused(block, message):
    with pytest.raises(ValidationError, match=message):
        model_config("lift", block=block)
