import numpy as np
import pytest
import shapely

from drivewm.planners.pdm_tree import tree_ranks


@pytest.mark.parametrize("count", [1, 2, 9, 10, 11, 25, 60, 100, 101, 135])
@pytest.mark.parametrize("seed", range(5))
def test_order_is_that_of_a_shapely_query(count, seed):
    rng = np.random.default_rng((count, seed))
    middle, half = rng.uniform(-50, 50, (count, 2)), rng.uniform(0.1, 5, (count, 2))
    bounds = np.concatenate([middle - half, middle + half], 1)
    tree = shapely.STRtree([shapely.box(*row) for row in bounds], node_capacity=10)
    found = tree.query(shapely.box(-60, -60, 60, 60), predicate="intersects")
    np.testing.assert_array_equal(np.argsort(tree_ranks(bounds)), found)
