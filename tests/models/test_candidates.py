import pytest
import torch

from drivewm.models.candidates import everything, imagine
from drivewm.models.rollout import (
    Stream,
    classes,
    imagine_all,
    imagine_samples,
    mean_probability,
    noise_of,
    observe_all,
)
from tests.models.dynamics.test_backbones import BACKBONES, build, seen, shaken
from tests.models.hand import action


def candidates(batch: int, count: int, steps: int) -> torch.Tensor:
    """Different speeds and turns; [B, K, H, 6]."""
    each = [action(1.0 + 2 * k, 0.1 * k, 0.1 * (b - k)) for b in range(batch) for k in range(count)]
    return torch.cat(each)[:, None].expand(-1, steps, -1).unflatten(0, (batch, count))


def setting(name: str, batch: int = 2, **variant):
    model = shaken(build(name, **variant))
    latent, embed = seen(model, batch=batch)
    model.push.bias.data.fill_(0.3)
    seen_now = model.start(latent, embed)
    flow = torch.full_like(seen_now.flow, 4.0)  # movables go on
    start = model.start_from(latent, 20.0 * seen_now.logits, flow)
    assert bool(start.moving.used.any()) != (not model.config.ablation.flow_carry)
    return model, start, candidates(batch, 3, 3)


@torch.no_grad()
@pytest.mark.parametrize("name", BACKBONES)
@pytest.mark.parametrize("chunk", [1, 2, 8])
def test_all_at_once_is_one_by_one(name, chunk):
    model, start, actions = setting(name)

    def keep(state):
        return {**everything(state), "probability": state.probability, "latent": state.latent.deter}

    out = imagine(model, start, actions, keep=keep, chunk=chunk)
    for k in range(actions.shape[1]):
        for t, state in enumerate(imagine_all(model, start, actions[:, k])):
            at = {n: v[:, k, 0, t] for n, v in out.items()}
            tight = {"atol": 2e-4, "rtol": 1e-3}
            torch.testing.assert_close(at["probability"], state.probability, **tight)
            torch.testing.assert_close(at["latent"], state.latent.deter, **tight)
            torch.testing.assert_close(at["flow"], state.flow, **tight)
            torch.testing.assert_close(
                at["reward"], model.scalars.two_hot.mean(state.reward), **tight
            )
            torch.testing.assert_close(at["cont"], state.cont.sigmoid(), **tight)
            assert (at["classes"] != classes(state.logits)).float().mean() < 1e-3


@torch.no_grad()
@pytest.mark.parametrize(
    "variant",
    [{"warp": False}, {"residual": False}, {"flow_carry": False}, {"redraws": "unseen"}],
)
def test_variants_are_the_same_both_ways(variant):
    model, start, actions = setting("gru", 1, **variant)
    out = imagine(model, start, actions, keep=lambda s: {"p": s.probability})["p"]
    states = imagine_all(model, start, actions[:, 1])
    torch.testing.assert_close(out[:, 1, 0, -1], states[-1].probability, atol=2e-4, rtol=1e-3)


@torch.no_grad()
@pytest.mark.parametrize(
    ("name", "redraws"), [*((name, "all") for name in BACKBONES), ("gru", "unseen")]
)
def test_outcomes_need_what_is_near_only(name, redraws):
    model, start, actions = setting(name, redraws=redraws)
    model.scalars.reward.weight.data.normal_()
    whole, near = (imagine(model, start, actions, near=n) for n in (False, True))
    assert whole["reward"].std() > 1e-3
    for key in ("reward", "cont"):
        torch.testing.assert_close(near[key], whole[key], atol=1e-4, rtol=1e-3)


@torch.no_grad()
def test_samples_share_their_noise_among_candidates_and_batches():
    model, start, actions = setting("rssm")
    same = actions[:, :1].expand(-1, 3, -1, -1)
    out = imagine(model, start, same, samples=4, keep=lambda s: {"z": s.latent.stoch}, chunk=5)["z"]
    assert out.shape[:4] == (2, 3, 4, 3)
    assert torch.equal(out[:, 0], out[:, 2])  # one action, one sample: one future
    assert (out[:, :, 0] != out[:, :, 1]).any()
    again = imagine(model, start, same, samples=4, keep=lambda s: {"z": s.latent.stoch}, chunk=8)
    assert (again["z"] == out).float().mean() > 0.999
    alone = imagine_all(model, start, same[:, 0], noise=noise_of([2, 2]))
    assert (alone[-1].latent.stoch == out[:, 0, 2, -1]).float().mean() > 0.999


@torch.no_grad()
def test_a_deterministic_model_has_one_future():
    model, start, actions = setting("gru")
    out = imagine(model, start, actions, samples=3)["reward"]
    assert out.shape == (2, 3, 3, 3) and torch.equal(out[:, :, 0], out[:, :, 2])
    assert len(imagine_samples(model, start, actions[:, 0], 3)) == 1


@torch.no_grad()
def test_mean_of_samples():
    model, start, actions = setting("flow")
    futures = imagine_samples(model, start, actions[:, 0], 3, seed=1)
    expected = sum(states[2].probability for states in futures) / 3
    torch.testing.assert_close(mean_probability(futures, 2), expected)
    assert (futures[0][2].probability - futures[1][2].probability).abs().max() > 1e-4


@torch.no_grad()
def test_bfloat16_is_near():
    model, start, actions = setting("rssm")
    pair = [
        imagine(model, start, actions, keep=lambda s: {"p": s.probability}, precision=p)["p"]
        for p in (torch.float32, torch.bfloat16)
    ]
    assert (pair[0] - pair[1]).abs().mean() < 0.01


@torch.no_grad()
@pytest.mark.parametrize("name", BACKBONES)
def test_a_stream_is_the_same_as_looking_at_all_frames(name):
    model = shaken(build(name))
    frames = [torch.randn(1, model.config.channels, *model.dynamics.cells) for _ in range(3)]
    actions = [action(1.0), action(2.0, 0.1, 0.1)]
    stream = Stream(model)
    with pytest.raises(RuntimeError, match="look"):
        stream.start()
    for frame, before in zip(frames, [None, *actions]):
        stream.look(frame, before)
    expected = model.start(observe_all(model, frames, actions), frames[-1])
    torch.testing.assert_close(stream.start().latent.features, expected.latent.features)
    torch.testing.assert_close(stream.start().logits, expected.logits)


@torch.no_grad()
@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
def test_candidates_that_leave_what_was_in_view_and_others_together(precision):
    """One stands, one leaves; each is imagined as if alone."""
    model, start, _ = setting("gru", 1, redraws="unseen")
    each = torch.cat([action(0.0), action(9.0)])[None, :, None].expand(-1, -1, 2, -1)

    def keep(state):
        return {"p": state.probability}

    both = imagine(model, start, each, keep=keep, precision=precision)["p"]
    for k in range(2):
        alone = imagine(model, start, each[:, k : k + 1], keep=keep, precision=precision)["p"]
        torch.testing.assert_close(both[:, k], alone[:, 0], atol=1e-5, rtol=1e-4)
