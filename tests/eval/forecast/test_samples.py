import numpy as np

from drivewm.eval.forecast.ego import Forecast
from drivewm.eval.forecast.samples import future_miou, sample_rows
from drivewm.scene import OccClass

CAR, FREE = int(OccClass.CAR), int(OccClass.FREE)


def certain(classes: np.ndarray) -> Forecast:
    """[H + 1, X, Y, Z] as a forecast that is sure."""
    probability = (classes[:, None] == np.arange(18)[None, :, None, None, None]).astype(np.float32)
    return Forecast(
        classes=classes, flow=np.zeros((len(classes), 2, *classes.shape[1:3]), np.float32),
        probability=probability,
    )  # fmt: skip


def world(*cars: int) -> np.ndarray:
    """Two frames of a row of 4 columns: now and a future with cars there."""
    out = np.full((2, 4, 1, 1), FREE, np.uint8)
    out[1, list(cars)] = CAR
    return out


def test_the_best_is_the_one_nearest_to_the_truth_and_the_mean_is_blind():
    true, drawn = world(0, 1), [world(3), world(0, 1), world(0)]
    rows = sample_rows(iter(certain(d) for d in drawn), true, lambda made: made)
    best = rows["model, best of samples", "perceived"]
    np.testing.assert_array_equal(best.classes, true)
    mean = rows["model, mean of samples", "perceived"]
    assert mean.probability is not None
    np.testing.assert_allclose(mean.probability[1, CAR, :, 0, 0], [2 / 3, 1 / 3, 0, 1 / 3])
    np.testing.assert_array_equal(mean.classes[1, :, 0, 0], [CAR, FREE, FREE, FREE])


def test_the_best_is_chosen_where_it_is_compared():
    true = world(1)

    def shift(made: Forecast) -> Forecast:
        return certain(np.roll(made.classes, 1, axis=1))

    rows = sample_rows(iter([certain(world(1)), certain(world(0))]), true, shift)
    np.testing.assert_array_equal(rows["model, best of samples", "perceived"].classes, true)


def test_the_quality_of_a_future_leaves_now_out():
    assert future_miou(world(0), world(0)) == 1.0
    wrong_now = world(0)
    wrong_now[0] = CAR
    assert future_miou(wrong_now, world(0)) == 1.0
    assert future_miou(world(2), world(0)) == 0.0
