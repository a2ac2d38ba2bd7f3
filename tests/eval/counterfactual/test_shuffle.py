import numpy as np
import pytest
import torch

from drivewm.eval.counterfactual.imagine import mean_action, observed
from drivewm.eval.counterfactual.shuffle import partners
from drivewm.eval.counterfactual.tables import shuffle_table
from drivewm.eval.forecast.checkpoints import features_of
from drivewm.models import checkpoint
from drivewm.models.dynamics.base import make_action
from drivewm.models.rollout import imagine_all
from drivewm.training.clips import load_frames


@pytest.mark.parametrize("count", [2, 3, 17])
def test_every_window_gets_anothers_actions(count):
    got = partners(count, np.random.default_rng(0))
    assert sorted(got.tolist()) == list(range(count)) and (got != np.arange(count)).all()


def test_told_its_own_action_the_model_says_the_same_and_told_another_the_warp_stays(
    small_fleet, untrained_run
):
    model = checkpoint.load(untrained_run)
    with torch.no_grad():
        for head in (model.foresee, model.flow_change):
            for p in head.parameters():
                p.copy_(torch.randn(p.shape, generator=torch.Generator().manual_seed(0)) * 0.1)
        frames = load_frames(small_fleet, small_fleet.scenes[0].id, model.config)
        latent, first = observed(model, frames, features_of(model, frames), 4)
        start = model.start(latent, first)
        motion = torch.tensor([[[3.0, 0.1, 0.02]], [[1.0, -0.1, -0.1]]])
        own, other = make_action(motion, torch.full((2, 1), 0.5))
        plain = imagine_all(model, start, own[None])[-1]
        same = imagine_all(model, start, torch.cat([own, own], -1)[None])[-1]
        told = imagine_all(model, start, torch.cat([own, other], -1)[None])[-1]
        assert torch.equal(plain.logits, same.logits)
        assert not torch.equal(plain.logits, told.logits)
        assert torch.equal(plain.motion, told.motion)
        warped = [
            imagine_all(model, start, a[None], learned=False)[-1].logits
            for a in (own, torch.cat([own, other], -1))
        ]
        assert torch.equal(*warped)


def test_the_mean_action_is_the_same_for_every_branch_and_a_true_action():
    motion = torch.tensor([[[2.0, 0.0, 0.0]], [[4.0, 1.0, 0.2]]])
    mean = mean_action(make_action(motion, torch.full((2, 1), 0.5)))
    assert mean.shape == (2, 1, 6) and torch.equal(mean[0], mean[1])
    assert mean[0, 0, :3].tolist() == pytest.approx([3.0, 0.5, 0.1])
    assert float(mean[0, 0, 3]) == pytest.approx(np.hypot(3.0, 0.5) / 0.5)


def test_the_ratio_is_of_mean_errors():
    base = {"fleet": "f", "run": 0, "row": "model", "trained_on": False, "keyframe": 3}
    rows = [
        {**base, "scene": scene, "variant": variant, "nll": nll, "hit": hit, "union": 10}
        for scene in ("a", "b")
        for variant, nll, hit in (("own", 0.2, 5), ("all", 0.4, 0), ("learned part", 0.3, 4))
    ]
    lines = {row["shuffled"]: row for row in shuffle_table(rows)}
    assert lines["all"]["nll"] == pytest.approx(2.0)
    assert lines["all"]["movable_error"] == pytest.approx(2.0)
    assert lines["learned part"]["nll"] == pytest.approx(1.5)
    assert lines["learned part"]["movable_error"] == pytest.approx(1.2)
    assert lines["all"]["windows"] == lines["all"]["scenes"] == 2
