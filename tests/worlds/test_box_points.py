"""Points in boxes: the devkit and the plain reference must count the same after settling."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from nuscenes.utils.data_classes import Box
from nuscenes.utils.geometry_utils import points_in_box
from pyquaternion import Quaternion

from drivewm.worlds.box_points import count_inside, count_inside_reference, settle


def yaw_axes(yaw_rad: np.ndarray) -> np.ndarray:
    cos, sin, zero = np.cos(yaw_rad), np.sin(yaw_rad), np.zeros_like(yaw_rad)
    rows = [[cos, -sin, zero], [sin, cos, zero], [zero, zero, zero + 1]]
    return np.ascontiguousarray(np.moveaxis(np.array(rows), -1, 0))


def on_faces(rng, center, axes, half, count):
    """Points exactly on faces of one box, as a simulated lidar returns them."""
    local = rng.uniform(-1, 1, (count, 3)) * half
    face = rng.integers(0, 3, count)
    local[np.arange(count), face] = np.sign(local[np.arange(count), face]) * half[face]
    return (center + local @ axes.T).astype(np.float32)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_settled_points_count_the_same_in_every_arithmetic(seed):
    rng = np.random.default_rng(seed)
    yaw = rng.uniform(-np.pi, np.pi, 3)
    center = np.stack([[-30.0, 0, 30], rng.uniform(-9, 9, 3), rng.uniform(-1, 1, 3)], 1)
    half, axes = rng.uniform(0.2, 3, (3, 3)), yaw_axes(yaw)
    points = np.concatenate([on_faces(rng, center[n], axes[n], half[n], 40) for n in range(3)])
    owner = np.repeat([0, 1, -1], 40).astype(np.int32)
    settle(points, owner, center, axes, half)
    counts = count_inside(points, center, axes, half)
    assert counts.tolist() == [40, 40, 0]  # own points inside, others outside
    assert (counts == count_inside_reference(points, center, axes, half)).all()
    for n in range(3):
        box = Box(center[n], 2 * half[n][[1, 0, 2]], Quaternion(axis=[0, 0, 1], radians=yaw[n]))
        assert points_in_box(box, points[:, :3].T).sum() == counts[n]


def test_points_away_from_faces_do_not_move():
    points = np.array([[0, 0, 0, 5, 1], [10, 0, 0, 5, 1]], np.float32)
    before = points.copy()
    settle(points, np.array([0, -1], np.int32), np.zeros((1, 3)), np.eye(3)[None], np.ones((1, 3)))
    assert (points == before).all()
