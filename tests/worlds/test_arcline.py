"""Arcline paths against the devkit's own reading of them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nuscenes.map_expansion.arcline_path_utils import discretize_lane, length_of_lane
from shapely.geometry import LineString, Point

from drivewm.worlds.arcline import arcline_paths


def away_m(centerline: np.ndarray, paths: list[dict]) -> float:
    """Largest distance between the devkit's points and the centreline, both ways."""
    points = np.array(discretize_lane(paths, 0.25))[:, :2]
    there, back = LineString(centerline), LineString(points)
    return max(
        max(there.distance(Point(p)) for p in points),
        max(back.distance(Point(p)) for p in centerline),
    )


def test_straight_centerline_is_one_straight_path():
    line = np.stack([np.linspace(3, 83, 81), np.full(81, 7.0)], 1)
    paths = arcline_paths(line)
    assert len(paths) == 1
    assert all(path["segment_length"][0] == 0 for path in paths)
    assert away_m(line, paths) < 1e-6
    assert length_of_lane(paths) == pytest.approx(80)


def test_quarter_turns_keep_radius_and_side():
    for side in (1, -1):
        angle = np.linspace(0, np.pi / 2, 25)
        line = np.stack([12 * np.sin(angle), side * 12 * (1 - np.cos(angle))], 1)
        paths = arcline_paths(line)
        assert {path["shape"] for path in paths} == {"LSL" if side > 0 else "RSR"}
        assert all(path["radius"] == pytest.approx(12, abs=0.05) for path in paths)
        assert away_m(line, paths) < 0.1


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(-0.12, 0.12), min_size=3, max_size=40), st.floats(0.3, 2.5))
def test_any_smooth_centerline_comes_back_within_a_decimetre(curvatures, spacing_m):
    headings = np.cumsum(np.array(curvatures) * spacing_m)
    steps = spacing_m * np.stack([np.cos(headings), np.sin(headings)], 1)
    line = np.array([100.0, 200.0]) + np.concatenate([np.zeros((1, 2)), np.cumsum(steps, 0)])
    paths = arcline_paths(line)
    assert away_m(line, paths) < 0.1
    assert np.allclose(paths[-1]["end_pose"][:2], line[-1])


def test_repeated_points_are_dropped_and_a_single_point_is_refused():
    line = np.array([[0.0, 0], [0, 0], [5, 0], [5, 0]])
    assert length_of_lane(arcline_paths(line)) == pytest.approx(5)
    with pytest.raises(ValueError, match="two distinct"):
        arcline_paths(np.zeros((3, 2)))
