import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from drivewm.measures.iou import (
    iou_counts,
    iou_counts_reference,
    mean_iou,
    movable_iou,
    occupied_iou,
)  # fmt: skip
from drivewm.scene import OccClass

GRIDS = arrays(np.uint8, (4, 5, 3), elements=st.integers(0, 17))


@given(GRIDS, GRIDS, arrays(bool, (4, 5, 3)))
def test_the_kernel_counts_what_numpy_counts(predicted, true, mask):
    np.testing.assert_array_equal(
        iou_counts(predicted, true, mask), iou_counts_reference(predicted, true, mask)
    )
    np.testing.assert_array_equal(
        iou_counts(predicted, true, None), iou_counts_reference(predicted, true, None)
    )


def test_a_perfect_forecast_scores_one_and_absent_classes_do_not_count():
    grid = np.full((4, 4, 2), OccClass.FREE, np.uint8)
    grid[0] = OccClass.CAR
    counts = iou_counts(grid, grid, None)
    assert occupied_iou(counts) == mean_iou(counts) == movable_iou(counts) == 1.0


def test_half_a_car_found_and_a_ghost_bus():
    true = np.full((8, 1, 1), OccClass.FREE, np.uint8)
    true[:4] = OccClass.CAR
    predicted = np.full_like(true, OccClass.FREE)
    predicted[:2] = OccClass.CAR
    predicted[6:] = OccClass.BUS  # absent from the truth: punished in occupied, not in the mean
    counts = iou_counts(predicted, true, None)
    assert movable_iou(counts) == 0.5
    assert occupied_iou(counts) == 2 / 6


def test_nothing_movable_is_not_a_score():
    grid = np.full((2, 2, 2), OccClass.DRIVEABLE_SURFACE, np.uint8)
    assert np.isnan(movable_iou(iou_counts(grid, grid, None)))
