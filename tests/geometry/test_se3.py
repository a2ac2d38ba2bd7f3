"""Rigid transforms against SciPy, pyquaternion and the laws of a group."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pyquaternion import Quaternion
from scipy.spatial.transform import Rotation

from drivewm.geometry import se2, se3

UNIT = st.floats(-1.0, 1.0)
LENGTHS = st.floats(-1e3, 1e3)
ANGLES = st.floats(-3.1, 3.1)
QUATERNIONS = arrays(float, 4, elements=UNIT).filter(lambda q: np.linalg.norm(q) > 1e-3)
TRANSLATIONS = arrays(float, 3, elements=LENGTHS)
POINTS = arrays(float, st.tuples(st.integers(0, 5), st.just(3)), elements=LENGTHS)
MATRICES = st.builds(
    lambda q, t: se3.matrix(se3.rotation_from_quaternion(q), t), QUATERNIONS, TRANSLATIONS
)
BATCHES = [(), (2,), (1, 2)]


@given(QUATERNIONS)
def test_rotation_equals_scipy_and_pyquaternion(wxyz) -> None:
    rotation = se3.rotation_from_quaternion(wxyz)
    assert np.allclose(rotation, Rotation.from_quat(wxyz[[1, 2, 3, 0]]).as_matrix(), atol=1e-9)
    assert np.allclose(rotation, Quaternion(wxyz).rotation_matrix, atol=1e-9)


@given(QUATERNIONS)
def test_rotation_is_orthonormal_and_right_handed(wxyz) -> None:
    rotation = se3.rotation_from_quaternion(wxyz)
    assert np.allclose(rotation @ rotation.T, np.eye(3), atol=1e-9)
    assert np.linalg.det(rotation) == pytest.approx(1.0)


@given(QUATERNIONS, st.floats(0.1, 10.0))
def test_scale_and_sign_of_a_quaternion_do_not_matter(wxyz, scale) -> None:
    rotation = se3.rotation_from_quaternion(wxyz)
    assert np.allclose(se3.rotation_from_quaternion(-scale * wxyz), rotation, atol=1e-9)


@given(ANGLES)
def test_yaw_survives_quaternion_and_rotation(yaw_rad) -> None:
    rotation = se3.rotation_from_quaternion(se3.quaternion_from_yaw(np.array(yaw_rad)))
    assert se3.yaw_from_rotation(rotation) == pytest.approx(yaw_rad, abs=1e-9)


def test_yaw_is_counter_clockwise_about_up() -> None:
    rotation = se3.rotation_from_quaternion(se3.quaternion_from_yaw(np.array(np.pi / 2)))
    assert np.allclose(rotation @ [1, 0, 0], [0, 1, 0])
    assert np.allclose(rotation @ [0, 0, 1], [0, 0, 1])


@given(QUATERNIONS)
def test_yaw_equals_pyquaternions_heading(wxyz) -> None:
    rotation = Quaternion(wxyz).rotation_matrix
    assume(np.hypot(rotation[0, 0], rotation[1, 0]) > 1e-3)  # x axis not straight up or down
    heading = Rotation.from_matrix(rotation).apply([1.0, 0.0, 0.0])
    expected = np.arctan2(heading[1], heading[0])
    assert se3.yaw_from_rotation(rotation) == pytest.approx(expected)


@given(MATRICES, POINTS)
def test_inverse_undoes_transform(outer_from_inner, points) -> None:
    there = se3.transform(outer_from_inner, points)
    assert np.allclose(se3.transform(se3.inverse(outer_from_inner), there), points, atol=1e-7)


@given(MATRICES)
def test_inverse_equals_linear_algebra(outer_from_inner) -> None:
    expected = np.linalg.inv(outer_from_inner)
    assert np.allclose(se3.inverse(outer_from_inner), expected, atol=1e-7)


@given(MATRICES, MATRICES, POINTS)
def test_matrix_product_chains_transforms(a_from_b, b_from_c, points) -> None:
    chained = se3.transform(a_from_b, se3.transform(b_from_c, points))
    assert np.allclose(se3.transform(a_from_b @ b_from_c, points), chained, atol=1e-7)


@given(LENGTHS, LENGTHS, ANGLES, POINTS)
def test_planar_matrix_agrees_with_se2(x_m, y_m, yaw_rad, points) -> None:
    moved = se3.transform(se3.from_yaw(x_m, y_m, yaw_rad, z_m=1.5), points)
    expected = se2.from_local(np.array([x_m, y_m, yaw_rad]), points[:, :2])
    assert np.allclose(moved[:, :2], expected, atol=1e-8)
    assert np.allclose(moved[:, 2], points[:, 2] + 1.5)


@pytest.mark.parametrize("batch", BATCHES)
def test_batches_equal_single_transforms(batch) -> None:
    rng = np.random.default_rng(5)
    wxyz, translation = rng.normal(size=(*batch, 4)), rng.normal(size=(*batch, 3))
    matrices = se3.matrix(se3.rotation_from_quaternion(wxyz), translation)
    inverses = se3.inverse(matrices)
    assert matrices.shape == inverses.shape == (*batch, 4, 4)
    for index in np.ndindex(*batch):
        rotation = se3.rotation_from_quaternion(wxyz[index])
        single = se3.matrix(rotation, translation[index])
        assert np.allclose(matrices[index], single)
        assert np.allclose(inverses[index], np.linalg.inv(single))
