import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from drivewm.measures.rayiou import (
    cast_rays,
    cast_rays_reference,
    ray_counts,
    ray_iou,
    ray_pattern,
)
from drivewm.scene import OccClass

FREE, CAR, BUS = OccClass.FREE, OccClass.CAR, OccClass.BUS
SHAPE, LOWER, CELL = (8, 6, 4), np.array([-4.0, -3.0, -1.0]), np.array([1.0, 1.0, 0.5])
SPARSE = arrays(np.uint8, SHAPE, elements=st.sampled_from([int(FREE)] * 6 + [int(CAR), int(BUS)]))


@settings(max_examples=60)
@given(SPARSE, st.integers(0, 2**32 - 1), st.booleans())
def test_the_grid_walk_meets_what_sorting_all_crossings_meets(occupancy, seed, outside):
    rng = np.random.default_rng(seed)
    reach = 3.0 if outside else 0.9
    origin = LOWER + (0.5 + reach * rng.uniform(-0.5, 0.5, 3)) * CELL * SHAPE
    directions = rng.normal(size=(40, 3))
    directions[:3] = np.eye(3)  # along the axes
    directions[3:6] = -np.eye(3)
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    found = cast_rays(occupancy, origin, directions, LOWER, CELL)
    wanted = cast_rays_reference(occupancy, origin, directions, LOWER, CELL)
    np.testing.assert_array_equal(found[0], wanted[0])
    np.testing.assert_allclose(found[1], wanted[1], atol=1e-9)


def test_the_pattern_is_the_published_one():
    rays = ray_pattern()
    assert rays.shape == (39 * 360, 3)
    np.testing.assert_allclose(np.linalg.norm(rays, axis=1), 1.0)
    elevation = np.arcsin(rays[::360, 2])
    np.testing.assert_allclose(elevation[0], -math.pi / 4)  # meets ground one height away
    assert (np.diff(elevation) > 0).all() and elevation[-2] < 0.21 <= elevation[-1]
    np.testing.assert_allclose(rays[90] / np.cos(elevation[0]), [0, 1, -1], atol=1e-12)


def test_a_wall_ahead_is_met_at_its_near_face():
    grid = np.full(SHAPE, FREE, np.uint8)
    grid[6] = CAR  # x from 2 m on
    ahead = np.array([[1.0, 0.0, 0.0], [-1.0, 0.0, 0.0]])
    found, depth = cast_rays(grid, np.array([0.25, 0.5, 0.2]), ahead, LOWER, CELL)
    assert found.tolist() == [CAR, FREE] and depth[0] == 1.75 and depth[1] == np.inf
    skipped, _ = cast_rays(grid, np.zeros(3), ahead, LOWER, CELL, np.array([False, True]))
    assert skipped.tolist() == [FREE, FREE]


def rays(classes, depths):
    return np.array(classes, np.uint8), np.array(depths, float)


def test_a_hit_needs_the_class_and_the_depth():
    true = rays([CAR] * 5 + [FREE], [10.0] * 5 + [np.inf])
    predicted = rays([CAR, CAR, CAR, BUS, FREE, CAR], [10.5, 11.5, 13.9, 10.0, np.inf, 3.0])
    counts = ray_counts(predicted, true)
    assert counts[CAR].tolist() == [1, 2, 3, 3, 5]  # the ray that truly leaves does not count
    assert counts[BUS].tolist() == [0, 0, 0, 1, 0]
    assert ray_iou(counts, 0) == 1 / 7 and ray_iou(counts, 2) == 3 / 5
    assert ray_iou(counts) == np.mean([1 / 7, 2 / 6, 3 / 5])  # the ghost bus is no class there


def test_a_metre_is_not_within_a_metre():
    counts = ray_counts(rays([CAR], [11.0]), rays([CAR], [10.0]))
    assert counts[CAR].tolist() == [0, 1, 1, 1, 1]


def test_perfect_is_one_and_nothing_met_is_no_score():
    true = rays([CAR, BUS], [1.0, 2.0])
    assert ray_iou(ray_counts(true, true)) == 1.0
    nothing = rays([FREE], [np.inf])
    assert np.isnan(ray_iou(ray_counts(nothing, nothing)))
