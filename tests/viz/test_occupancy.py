"""Occupancy from above: which voxel is seen, and where it lands in the picture."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from drivewm.scene import OccClass
from drivewm.viz.occupancy import draw_comparison, draw_occupancy, seen_from_above
from drivewm.viz.palette import LIGHT, rgb

GRIDS = hnp.arrays(np.uint8, (3, 4, 5), elements=st.integers(0, 17))


@given(GRIDS)
def test_the_topmost_occupied_voxel_is_seen(grid: np.ndarray) -> None:
    seen = seen_from_above(grid)
    for x in range(3):
        for y in range(4):
            column = [c for c in grid[x, y] if c != OccClass.FREE]
            assert seen[x, y] == (column[-1] if column else OccClass.FREE)


def test_a_batch_of_grids_keeps_its_shape() -> None:
    assert seen_from_above(np.zeros((2, 7, 5, 6, 4), np.uint8)).shape == (2, 7, 5, 6)


def test_ahead_is_up_and_left_is_left() -> None:
    bev = np.full((10, 10), OccClass.FREE, np.uint8)
    bev[9, 5] = OccClass.CAR  # far ahead
    bev[5, 9] = OccClass.PEDESTRIAN  # far left
    picture = np.asarray(draw_occupancy(bev, cell_px=1))
    assert tuple(picture[0, 4]) == rgb(LIGHT.classes[OccClass.CAR])
    assert tuple(picture[4, 0]) == rgb(LIGHT.classes[OccClass.PEDESTRIAN])


def test_true_is_left_and_predicted_right() -> None:
    true = np.full((20, 20), OccClass.TRUCK, np.uint8)
    predicted = np.full((20, 20), OccClass.BUS, np.uint8)
    picture = np.asarray(draw_comparison(true, predicted, cell_px=3))
    assert tuple(picture[-5, 5]) == rgb(LIGHT.classes[OccClass.TRUCK])
    assert tuple(picture[-5, -5]) == rgb(LIGHT.classes[OccClass.BUS])
