"""Planar poses against complex numbers, and the laws of a group."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from drivewm.geometry import se2

LENGTHS = st.floats(-1e3, 1e3)
ANGLES = st.floats(-20.0, 20.0)
POSES = st.tuples(LENGTHS, LENGTHS, ANGLES).map(np.array)
POINTS = arrays(float, st.tuples(st.integers(0, 5), st.just(2)), elements=LENGTHS)
BATCHES = [(), (2,), (1, 2)]


def same_angle(a, b) -> bool:
    return np.allclose(np.exp(1j * np.asarray(a)), np.exp(1j * np.asarray(b)), atol=1e-9)


def same_pose(a, b) -> bool:
    return np.allclose(a[..., :2], b[..., :2], atol=1e-8) and same_angle(a[..., 2], b[..., 2])


@pytest.mark.parametrize(
    ("angle", "wrapped"),
    [(0, 0), (np.pi, np.pi), (-np.pi, np.pi), (3 * np.pi, np.pi), (2 * np.pi, 0), (-4, 2.28318530)],
)
def test_wrap_known_angles(angle, wrapped) -> None:
    assert se2.wrap_angle(np.array(angle)) == pytest.approx(wrapped)


@given(ANGLES)
def test_wrap_keeps_the_direction_and_the_half_open_range(angle) -> None:
    wrapped = se2.wrap_angle(np.array(angle))
    assert same_angle(wrapped, angle)
    assert -np.pi < wrapped <= np.pi


def test_point_one_metre_ahead_of_a_car_facing_north() -> None:
    pose = np.array([10.0, 20.0, np.pi / 2])
    assert np.allclose(se2.from_local(pose, np.array([1.0, 0.0])), [10.0, 21.0])
    assert np.allclose(se2.to_local(pose, np.array([10.0, 21.0])), [1.0, 0.0])


def test_point_to_the_left_of_a_car_facing_north_lies_west() -> None:
    pose = np.array([10.0, 20.0, np.pi / 2])
    assert np.allclose(se2.from_local(pose, np.array([0.0, 1.0])), [9.0, 20.0])


@given(POSES, POINTS)
def test_from_local_is_a_complex_product(pose, points) -> None:
    expected = points @ [1, 1j] * np.exp(1j * pose[2]) + pose[0] + 1j * pose[1]
    assert np.allclose(se2.from_local(pose, points) @ [1, 1j], expected, atol=1e-8)


@given(POSES, POINTS)
def test_to_local_undoes_from_local(pose, points) -> None:
    assert np.allclose(se2.to_local(pose, se2.from_local(pose, points)), points, atol=1e-8)


@given(POSES, POSES)
def test_relative_undoes_compose(outer, inner) -> None:
    assert same_pose(se2.relative(outer, se2.compose(outer, inner)), inner)


@given(POSES, POSES, POSES)
def test_compose_is_associative(a, b, c) -> None:
    assert same_pose(se2.compose(se2.compose(a, b), c), se2.compose(a, se2.compose(b, c)))


@given(POSES)
def test_a_pose_relative_to_itself_is_the_origin(pose) -> None:
    assert same_pose(se2.relative(pose, pose), np.zeros(3))


@pytest.mark.parametrize("batch", BATCHES)
def test_batches_equal_single_poses(batch) -> None:
    rng = np.random.default_rng(3)
    outer, inner = rng.normal(size=(2, *batch, 3))
    composed, undone = se2.compose(outer, inner), se2.relative(outer, inner)
    assert composed.shape == undone.shape == (*batch, 3)
    for index in np.ndindex(*batch):
        assert np.allclose(composed[index], se2.compose(outer[index], inner[index]))
        assert np.allclose(undone[index], se2.relative(outer[index], inner[index]))


@pytest.mark.parametrize("function", [se2.relative, se2.compose])
def test_one_origin_serves_many_poses(function) -> None:
    poses = np.random.default_rng(4).normal(size=(5, 3))
    origin = np.array([1.0, 2.0, 0.5])
    each = np.stack([function(origin, pose) for pose in poses])
    assert np.allclose(function(np.broadcast_to(origin, poses.shape), poses), each)
    assert np.allclose(function(origin, poses), each)
