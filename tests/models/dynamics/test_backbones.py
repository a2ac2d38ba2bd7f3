"""What every backbone must do, whatever it is made of."""

import pytest
import torch

from drivewm.models.dynamics.base import AblationConfig, Noise
from drivewm.models.rollout import imagine_all
from drivewm.models.world_model import WorldModel
from tests.models.hand import action, smoke_config

BACKBONES = ("gru", "rssm", "transformer", "flow")
STOCHASTIC = ("rssm", "transformer", "flow")


def build(name: str, redraws: str = "all", **ablation) -> WorldModel:
    torch.manual_seed(0)
    changes = {"encoder": "privileged", "dynamics": name, "redraws": redraws,
               "ablation": AblationConfig(**ablation)}  # fmt: skip
    return WorldModel(smoke_config().model.model_copy(update=changes)).eval()


def shaken(model: WorldModel) -> WorldModel:
    """With no layer at zero, so that everything has an effect."""
    torch.manual_seed(1)
    for parameter in model.parameters():
        if parameter.ndim > 1:
            torch.nn.init.normal_(parameter, std=0.1)
    return model


def seen(model: WorldModel, frames: int = 2, batch: int = 1, seed: int = 0):
    """A latent after a few frames, and the last features."""
    g = torch.Generator().manual_seed(seed)
    latent = model.initial(batch)
    embed = latent.deter
    for _ in range(frames):
        embed = torch.randn(batch, model.config.channels, *model.dynamics.cells, generator=g)
        latent, _ = model.observe(latent, action(2.0, 0.1, 0.05).expand(batch, -1), embed)
    return latent, embed


@torch.no_grad()
@pytest.mark.parametrize("name", BACKBONES)
def test_latents_keep_their_shape(name):
    model = build(name)
    latent, _ = seen(model, batch=3)
    after = model.dynamics.imagine(latent, action(3.0).expand(3, -1))
    assert latent.features.shape == (3, model.dynamics.channels, *model.dynamics.cells)
    assert after.features.shape == latent.features.shape
    assert (after.past is None) == (latent.past is None)
    assert after.past is None or after.past.shape == latent.past.shape


@torch.no_grad()
@pytest.mark.parametrize("name", BACKBONES)
def test_the_untrained_model_is_the_ego_warp(name):
    model = build(name)
    occupancy = torch.randint(0, 18, (1, *model.config.grid.shape)).to(torch.uint8)
    latent, _ = model.observe(model.initial(1), torch.zeros(1, 6), model.encode(occupancy))
    start = model.start(latent, model.encode(occupancy))
    actions = torch.stack([action(4.0, 0.3, 0.2)] * 3, 1)
    for ours, plain in zip(
        imagine_all(model, start, actions), imagine_all(model, start, actions, learned=False)
    ):
        torch.testing.assert_close(ours.logits, plain.logits, atol=2e-3, rtol=0)


@torch.no_grad()
@pytest.mark.parametrize("name", BACKBONES)
def test_the_state_moves_with_the_world(name):
    """Two cells forward: what was two cells ahead is here now (before anything is learned)."""
    model = build(name)
    dynamics = model.dynamics
    planes = torch.randn(1, 5, *dynamics.cells)
    two_cells_m = 2 * 2 * model.config.grid.cell_m
    moved = dynamics.moved(planes, action(two_cells_m))
    torch.testing.assert_close(moved[:, :-1, :-2], planes[:, :, 2:], atol=1e-4, rtol=0)
    assert moved[:, -1, :-2].min() > 0.999 and moved[:, -1, -2:].max() < 0.001


@torch.no_grad()
@pytest.mark.parametrize("name", BACKBONES)
def test_the_action_matters_beyond_the_warp(name):
    """The same motion at another speed (duration) leads to another latent."""
    model = shaken(build(name))
    latent, _ = seen(model)
    slow, fast = action(2.0), action(2.0)
    fast[:, 3] *= 3.0
    one, other = (model.dynamics.imagine(latent, a).features for a in (slow, fast))
    assert (one - other).abs().max() > 1e-3


@torch.no_grad()
@pytest.mark.parametrize("name", BACKBONES)
def test_only_the_past_counts(name):
    """Changing what is seen now leaves the prediction of now, and changes what comes after."""
    model = shaken(build(name))
    before, _ = seen(model)
    other, _ = seen(model, seed=5)
    a = action(2.0)
    again = model.dynamics.imagine(before, a).features
    torch.testing.assert_close(model.dynamics.imagine(before, a).features, again)
    assert (model.dynamics.imagine(other, a).features - again).abs().max() > 1e-3


@torch.no_grad()
@pytest.mark.parametrize("name", BACKBONES)
def test_samples_differ_and_repeat(name):
    model = shaken(build(name))
    latent, _ = seen(model)
    pair = latent.repeat(3)
    noise = lambda: Noise([4, 5, 4])  # noqa: E731
    first = model.dynamics.imagine(pair, action(2.0).expand(3, -1), noise()).features
    again = model.dynamics.imagine(pair, action(2.0).expand(3, -1), noise()).features
    assert torch.equal(first, again)
    torch.testing.assert_close(first[0], first[2])
    assert model.dynamics.stochastic == (name in STOCHASTIC)
    assert ((first[0] - first[1]).abs().max() > 1e-3) == (name in STOCHASTIC)


@pytest.mark.parametrize("name", BACKBONES)
def test_every_parameter_gets_a_gradient(name):
    model = shaken(build(name)).train()
    latent, _ = seen(model, frames=1, batch=2)
    loss = latent.deter.new_zeros(())
    for _ in range(2):
        embed = torch.randn(2, model.config.channels, *model.dynamics.cells)
        latent, own = model.observe(latent, action(2.0).expand(2, -1), embed)
        loss = loss + own
    for _ in range(2):
        latent = model.dynamics.imagine(latent, action(2.0).expand(2, -1))
    (loss + (latent.features * torch.randn_like(latent.features)).sum()).backward()
    missing = [
        n for n, p in model.dynamics.named_parameters() if p.grad is None or p.grad.abs().sum() == 0
    ]
    assert missing == []


@torch.no_grad()
@pytest.mark.parametrize("name", BACKBONES)
@pytest.mark.parametrize(
    "ablation", [{"warp": False}, {"residual": False}, {"flow_carry": False}, {"latent": "vector"}]
)
def test_ablated_models_run(name, ablation):
    model = shaken(build(name, **ablation))
    latent, embed = seen(model)
    start = model.start(latent, embed)
    for state in imagine_all(model, start, torch.stack([action(2.0)] * 2, 1)):
        assert torch.isfinite(state.logits).all()


@torch.no_grad()
def test_without_warp_an_untrained_model_copies():
    model = build("gru", warp=False)
    latent, embed = seen(model)
    start = model.start(latent, embed)
    after = model.imagine(start, action(4.0))
    assert torch.equal(after.probability.argmax(1), start.probability.argmax(1))


@torch.no_grad()
def test_without_residual_nothing_of_the_start_is_left():
    model = build("gru", residual=False)
    latent, embed = seen(model)
    after = model.imagine(model.start(latent, embed), action(4.0))
    torch.testing.assert_close(after.probability, torch.full_like(after.probability, 1 / 18))


@torch.no_grad()
def test_a_vector_latent_knows_no_place():
    """Two scenes with the same mean are one to a pooled latent."""
    model = shaken(build("gru", latent="vector"))
    latent, _ = seen(model)
    planes = torch.randn(1, model.dynamics.channels, *model.dynamics.cells)
    values = [
        model.dynamics.shaped(type(latent)(deter=p, stoch=p[:, :0])).features
        for p in (planes, planes.flip(2))
    ]
    torch.testing.assert_close(*values, atol=1e-5, rtol=1e-4)
