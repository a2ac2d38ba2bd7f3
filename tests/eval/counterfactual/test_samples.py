import json

import numpy as np
import pytest
import torch

from drivewm.eval.counterfactual import run
from drivewm.eval.counterfactual.outcome import Outcome, mean_outcome
from drivewm.eval.counterfactual.samples import best_of, mean_seen
from drivewm.models import checkpoint
from drivewm.scene import OccClass
from tests.eval.counterfactual.hand import GRID, empty_road, put, seen_of, straight, truth_of


def said(collision: float, collision_s: float, score: float) -> Outcome:
    """What one sample says of one branch."""
    return Outcome(
        collision=np.array([collision]), departure=np.zeros(1),
        collision_s=np.array([collision_s]), departure_s=np.full(1, np.inf),
        score=np.array([score]), decided=np.array([score]),
    )  # fmt: skip


def test_three_samples_of_which_two_collide():
    together = mean_outcome([said(1.0, 1.2, 0.0), said(0.0, np.inf, 0.9), said(1.0, 2.0, 0.0)])
    assert together.collision[0] == pytest.approx(2 / 3)
    assert together.score[0] == pytest.approx(0.3)
    assert together.collision_s[0] == 2.0 and together.departure_s[0] == np.inf


def test_one_sample_says_what_it_says():
    one = said(0.4, np.inf, 0.5)
    for name, value in vars(mean_outcome([one])).items():
        np.testing.assert_array_equal(value, getattr(one, name))


def car_at(x: float) -> np.ndarray:
    out = empty_road()
    for h in range(out.shape[1]):
        put(out[0, h], x, 0.0, (2.0, 0.8), OccClass.CAR)
    return out


def probability_of(occupancy: np.ndarray) -> np.ndarray:
    one_hot = occupancy[:, :, None] == np.arange(18)[None, None, :, None, None, None]
    return one_hot.transpose(0, 1, 2, 5, 3, 4).astype(np.float32)


def test_the_mean_holds_a_car_where_most_samples_do_and_the_best_is_the_nearest():
    worlds = [car_at(10.0), car_at(20.0), car_at(20.0)]
    drawn = [seen_of(w) for w in worlds]
    mean = mean_seen(drawn, sum(probability_of(w) for w in worlds))
    np.testing.assert_array_equal(mean.classes, worlds[1])
    there = drawn[0].movable > 0
    np.testing.assert_allclose(mean.movable[there], 1 / 3)
    assert mean.movable.shape == (1, 7, *GRID.shape[:2])
    assert best_of(drawn, truth_of(car_at(10.0), straight(5.0))) == 0


def sibling(run_path, folder):
    """Another seed of the same configuration: the same weights, a little off."""
    model = checkpoint.load(run_path)
    with torch.no_grad():
        model.gain.mul_(1.5)
    origin = json.loads(json.dumps(checkpoint.provenance(run_path)))
    checkpoint.save(folder, model, origin, "card")
    return folder


def test_two_checkpoints_and_their_samples_stand_in_one_table(small_fleet, untrained_run, tmp_path):
    options = run.Options(
        splits=tuple(dict.fromkeys(i.split for i in small_fleet.scenes))[-1:], states=1,
        threads=1, samples=2, shuffle_windows=2,
    )  # fmt: skip
    runs = [untrained_run, sibling(untrained_run, tmp_path / "other")]
    content = run.counterfactual(runs, small_fleet, tmp_path / "out", options)
    rows = {r["row"]: r for r in content["rows"] if r["input"] == "perceived"}
    assert {"model", "model, mean of samples", "model, best of samples"} <= set(rows)
    assert rows["model"]["checkpoints"] == 2 and rows["model"]["miou_1s_spread"] is not None
    assert rows["model, best of samples"]["miou_1s"] is not None
    page = (tmp_path / "out" / "table.md").read_text()
    assert " ± " in page and "mean over 2 checkpoints" in page and "2 samples of each" in page
