import numpy as np
import pytest
from pydantic import ValidationError

from drivewm.models.grid import GridConfig, cell_centers, pool_labels, pool_mask
from drivewm.scene import OccClass


def empty() -> np.ndarray:
    return np.full((200, 200, 16), OccClass.FREE, np.uint8)


def test_a_pedestrian_on_the_road_wins_its_coarse_cell():
    semantics = empty()
    semantics[:, :, 2] = OccClass.DRIVEABLE_SURFACE
    semantics[125, 100, 3] = OccClass.PEDESTRIAN  # x 10.0..10.4, y 0..0.4, z 0.2..0.6
    grid = GridConfig()
    pooled = pool_labels(semantics, grid)
    where = np.argwhere(pooled == OccClass.PEDESTRIAN)
    assert where.tolist() == [[28, 24, 0]]
    centre = cell_centers(grid)[28, 24]
    assert abs(centre[0] - 10.2) <= 0.4 and abs(centre[1] - 0.2) <= 0.4


def test_free_cells_stay_free_and_road_is_the_lowest_layer():
    semantics = empty()
    semantics[:, :, 2] = OccClass.DRIVEABLE_SURFACE
    pooled = pool_labels(semantics, GridConfig())
    assert (pooled[..., 0] == OccClass.DRIVEABLE_SURFACE).all()
    assert (pooled[..., 1:] == OccClass.FREE).all()


def test_a_cell_is_seen_when_one_of_its_voxels_is():
    mask = np.zeros((200, 200, 16), bool)
    mask[125, 100, 3] = True
    assert np.argwhere(pool_mask(mask, GridConfig())).tolist() == [[28, 24, 0]]


@pytest.mark.parametrize(
    "fields", [{"cell_m": 0.5}, {"x_max_m": 60.0}, {"x_min_m": -12.7}, {"layer_m": 0.0}]
)
def test_a_grid_off_the_label_voxels_is_refused(fields):
    with pytest.raises(ValidationError):
        GridConfig(**fields)
