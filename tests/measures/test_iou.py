import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from drivewm.measures.iou import (
    class_iou,
    confusion,
    counts_of,
    counts_reference,
    mean_iou,
    movable_iou,
    occupied_iou,
    vru_iou,
)
from drivewm.scene import OccClass

GRIDS = arrays(np.uint8, (4, 5, 3), elements=st.integers(0, 17))


@given(GRIDS, GRIDS, arrays(bool, (4, 5, 3)))
def test_the_matrix_counts_what_numpy_counts(predicted, true, mask):
    for kept in (mask, None):
        matrix = confusion(predicted, true, kept)
        assert matrix.sum() == (true.size if kept is None else kept.sum())
        np.testing.assert_array_equal(counts_of(matrix), counts_reference(predicted, true, kept))


def test_rows_are_the_truth_and_columns_the_prediction():
    true, predicted = np.uint8([[[OccClass.CAR]]]), np.uint8([[[OccClass.BUS]]])
    assert confusion(predicted, true, None)[OccClass.CAR, OccClass.BUS] == 1


def test_a_perfect_forecast_scores_one_and_absent_classes_do_not_count():
    grid = np.full((4, 4, 2), OccClass.FREE, np.uint8)
    grid[0] = OccClass.CAR
    counts = counts_of(confusion(grid, grid, None))
    assert occupied_iou(counts) == mean_iou(counts) == movable_iou(counts) == 1.0
    assert np.isnan(vru_iou(counts)) and np.isnan(class_iou(counts)[OccClass.BUS])


def test_half_a_car_found_and_a_ghost_bus():
    true = np.full((8, 1, 1), OccClass.FREE, np.uint8)
    true[:4] = OccClass.CAR
    predicted = np.full_like(true, OccClass.FREE)
    predicted[:2] = OccClass.CAR
    predicted[6:] = OccClass.BUS  # absent from the truth: punished in occupied, not in the mean
    counts = counts_of(confusion(predicted, true, None))
    assert movable_iou(counts) == 0.5
    assert occupied_iou(counts) == 2 / 6


def test_walkers_and_riders_are_the_vulnerable():
    true = np.full((6, 1, 1), OccClass.CAR, np.uint8)
    true[:2], true[2:4] = OccClass.PEDESTRIAN, OccClass.BICYCLE
    predicted = true.copy()
    predicted[0] = OccClass.CAR
    assert vru_iou(counts_of(confusion(predicted, true, None))) == (0.5 + 1.0) / 2


def test_nothing_movable_is_not_a_score():
    grid = np.full((2, 2, 2), OccClass.DRIVEABLE_SURFACE, np.uint8)
    assert np.isnan(movable_iou(counts_of(confusion(grid, grid, None))))


def test_a_class_out_of_range_or_another_shape_is_refused():
    grid = np.zeros((2, 2, 2), np.uint8)
    with pytest.raises(ValueError, match="above 17"):
        confusion(grid, grid + 18, None)
    with pytest.raises(ValueError, match="shapes differ"):
        confusion(grid, grid[:1], None)
