"""Paths against SciPy's and Shapely's interpolation, as nuPlan uses them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.interpolate import interp1d
from shapely.geometry import LineString, Point

from drivewm.geometry import paths


@st.composite
def lines(draw):
    bend = np.cumsum(draw(st.lists(st.floats(-0.6, 0.6), min_size=4, max_size=30)))
    steps = draw(st.lists(st.floats(0.3, 4), min_size=len(bend), max_size=len(bend)))
    move = np.array(steps)[:, None] * np.stack([np.cos(bend), np.sin(bend)], -1)
    return np.concatenate([[[7.0, -3.0]], np.array([7.0, -3.0]) + np.cumsum(move, 0)])


def _path(*parts):
    poses = np.empty((sum(map(len, parts)), 3))
    at = 0
    for line in parts:
        at = paths.fill_discrete(line, poses, at)
    path = np.empty((len(poses), 5))
    return poses, path[: paths.build_path(poses, at, path)]


@given(line=lines(), share=st.floats(0, 1))
def test_a_path_is_interpolated_as_scipy_does(line, share):
    poses, path = _path(line)
    s = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    heading = np.arctan2(*np.diff(line, axis=0).T[::-1])
    np.testing.assert_allclose(poses[:-1, 2], heading, atol=1e-15)
    np.testing.assert_allclose(path[:, 0], s[:-1], rtol=1e-14)  # the last vertex is dropped
    at = share * path[-1, 0]
    x, y, turned = paths.pose_at(path, len(path), at)
    want = interp1d(s[:-1], line[:-1], axis=0)(at)
    np.testing.assert_allclose([x, y], want, atol=1e-12)
    unwrapped = interp1d(s[:-1], np.unwrap(heading))(at)
    assert abs(np.sin(turned - unwrapped)) < 1e-12


def test_repeated_vertices_and_the_last_one_are_dropped():
    a, b = np.array([[0.0, 0], [1, 0], [2, 0]]), np.array([[2.0, 0], [3, 0], [4, 0]])
    _, path = _path(a, b)
    np.testing.assert_array_equal(path[:, 1], [0, 1, 2, 3])


def test_headings_are_continuous_across_the_half_turn():
    angle = np.deg2rad([170.0, 190.0, 200.0, 200.0])
    line = np.concatenate([[[0.0, 0.0]], np.cumsum(np.stack([np.cos(angle), np.sin(angle)], 1), 0)])
    _, path = _path(line)
    np.testing.assert_allclose(path[:, 4], angle, atol=1e-12)
    assert paths.pose_at(path, len(path), 0.5)[2] == pytest.approx(-np.pi)


@given(line=lines(), share=st.floats(0, 1))
def test_the_rest_of_a_path_begins_at_the_progress(line, share):
    _, path = _path(line)
    at = share * path[-1, 0]
    out = np.empty((len(path) + 2, 3))
    count = paths.rest_of_path(path, len(path), at, out)
    later = path[path[:, 0] > at]
    if len(later) == 0:
        np.testing.assert_array_equal(out[:count], path[-2:, 1:4])
        return
    assert count == 1 + len(later)
    np.testing.assert_array_equal(out[1:count], later[:, 1:4])


def test_parts_of_a_path():
    _, path = _path(np.array([[0.0, 0], [1, 0], [2, 0], [3, 0], [4, 0]]))  # 0 … 3
    out = np.empty((9, 2))
    assert paths.part_of_path(path, 4, 0.5, 2.5, out) == 4
    np.testing.assert_array_equal(out[:4, 0], [0.5, 1, 2, 2.5])
    assert paths.part_of_path(path, 4, 1.2, 1.6, out) == 2
    assert paths.part_of_path(path, 4, 3.0, 3.0, out) == 2
    np.testing.assert_array_equal(out[:2, 0], [2, 3])
    assert paths.part_of_path(path, 4, 0.0, 0.0, out) == 2
    np.testing.assert_array_equal(out[:2, 0], [0, 1])


@given(line=lines(), x=st.floats(-30, 40), y=st.floats(-40, 30), arc=st.floats(-3, 90))
def test_places_on_a_line_equal_shapely(line, x, y, arc):
    shape = LineString(line)
    assert abs(paths.arc_at(line, x, y) - shape.project(Point(x, y))) < 1e-9 or (
        abs(shape.interpolate(paths.arc_at(line, x, y)).distance(Point(x, y))
            - shape.distance(Point(x, y))) < 1e-9
    )  # fmt: skip
    want = shape.interpolate(arc if arc >= 0 else max(arc, -shape.length))
    np.testing.assert_allclose(paths.point_at(line, arc), (want.x, want.y), atol=1e-9)


def test_the_nearest_pose_looks_half_a_metre_ahead():
    line = np.array([[0.0, 0.0], [10.0, 0.0], [10.0, 10.0]])
    x, y, heading = paths.nearest_pose(line, 9.7, -1.0)
    assert (x, y) == (9.7, 0.0)
    assert heading == pytest.approx(np.arctan2(0.2, 0.3))
    x, y, heading = paths.nearest_pose(line, 11.0, 12.0)  # at the end it looks back
    assert (x, y, heading) == (10.0, 10.0, pytest.approx(np.pi / 2))


def test_curvature_at_the_start():
    angle = np.linspace(0.0, 1.0, 2001)
    circle = 10.0 * np.stack([np.sin(angle), 1 - np.cos(angle)], -1)
    assert paths.start_curvature(circle) == pytest.approx(0.1, rel=1e-3)
    assert paths.start_curvature(circle * [1, -1]) == pytest.approx(-0.1, rel=1e-3)
    assert paths.start_curvature(np.array([[0.0, 0.0], [30.0, 0.0]])) == 0.0
