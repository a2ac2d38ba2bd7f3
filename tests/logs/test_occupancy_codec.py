import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivewm.errors import InputError
from drivewm.logs.occupancy_codec import (
    SHAPE,
    pack_mask,
    pack_semantics,
    unpack_mask,
    unpack_semantics,
)
from drivewm.seeds import generator


@settings(max_examples=20)
@given(st.integers(0, 1000))
def test_any_grid_comes_back(seed):
    random = generator("codec", seed)
    semantics = random.integers(0, 32, SHAPE).astype(np.uint8)
    mask = random.random(SHAPE) < 0.3
    np.testing.assert_array_equal(unpack_semantics(pack_semantics(semantics)), semantics)
    np.testing.assert_array_equal(unpack_mask(pack_mask(mask)), mask)


def test_empty_grid_is_small():
    assert len(pack_semantics(np.full(SHAPE, 17, np.uint8))) < 500


def test_class_that_five_bits_do_not_hold_is_refused():
    grid = np.zeros(SHAPE, np.uint8)
    grid[0, 0, 0] = 32
    with pytest.raises(InputError, match=r"semantics.*above 31"):
        pack_semantics(grid)


def test_other_shape_is_refused():
    with pytest.raises(InputError, match="shape"):
        pack_mask(np.zeros((2, 2, 2), bool))
