import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.interpolate import interp1d
from shapely.geometry import LineString, Point

from drivewm.planners.pdm_path import discrete_path, parallel_paths, pose_at, project


def winding_line(seed: int, far: float = 0.0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    turn = np.cumsum(rng.normal(0, 0.1, 40))
    xy = np.cumsum(np.stack([np.cos(turn), np.sin(turn)], -1) * rng.uniform(0.5, 2, (40, 1)), 0)
    return np.concatenate([xy[:20], xy[19:]]) + far  # one vertex repeats, as where lanes meet


def test_a_vertex_heads_for_the_next_one():
    path = discrete_path(np.array([[0.0, 0], [1, 0], [1, 2]]))
    np.testing.assert_allclose(path[:, 2], [0, np.pi / 2, np.pi / 2])


def test_offsets_are_to_the_left_and_headings_are_unwrapped():
    line = np.array([[0.0, 0], [-1, 0.01], [-2, 0], [-3, 0.01]])  # headings around +-pi
    paths = parallel_paths(discrete_path(line), [0.0, 1.0, -1.0])
    assert np.abs(np.diff(paths.poses[0, :, 2])).max() < 0.1
    np.testing.assert_allclose(paths.poses[1, :, 1] - line[:, 1], -1, atol=1e-3)
    np.testing.assert_allclose(paths.poses[2, :, 1] - line[:, 1], 1, atol=1e-3)
    for path, arc in zip(paths.poses, paths.arc_m):
        assert arc[-1] == pytest.approx(LineString(path[:, :2]).length)


@given(st.integers(0, 1000), st.floats(-30, 60), st.floats(-30, 30), st.sampled_from([0.0, 4e6]))
def test_projection_is_shapelys(seed, x, y, far):
    paths = parallel_paths(discrete_path(winding_line(seed, far)), [0.0, 1.0])
    for k in (0, 1):
        line, place = LineString(paths.poses[k, :, :2]), Point(far + x, far + y)
        got = project(paths, k, far + x, far + y)
        gap = line.interpolate(got).distance(place)
        assert gap == pytest.approx(line.distance(place), abs=1e-6)


@given(st.integers(0, 1000), st.floats(-5, 80), st.integers(-3, 90))
def test_poses_are_those_of_scipys_interpolation(seed, at_m, hint):
    paths = parallel_paths(discrete_path(winding_line(seed)), [0.0])
    arc = paths.arc_m[0]
    expected = interp1d(arc, paths.poses[0], axis=0)(np.clip(at_m, 1e-5, arc[-1]))
    got = np.empty(3)
    pose_at(paths, 0, at_m, hint, got)
    np.testing.assert_allclose(got[:2], expected[:2], atol=1e-9)
    np.testing.assert_allclose(np.exp(1j * got[2]), np.exp(1j * expected[2]), atol=1e-9)
    assert -np.pi <= got[2] <= np.pi
