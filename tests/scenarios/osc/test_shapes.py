"""Trajectories: polylines, clothoids, splines of clothoids, NURBS."""
# ruff: noqa: E501 (XML stays on its line)

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import fresnel

from drivewm.errors import InputError
from drivewm.scenarios.osc.document import read_document
from drivewm.scenarios.osc.shapes import clothoid
from tests.scenarios.osc.files import STANDING, event, story, write, xosc


def world(x, y, h=None):
    turn = "" if h is None else f' h="{h}"'
    return f'<Position><WorldPosition x="{x}" y="{y}"{turn}/></Position>'


def path_of(tmp_path, shape, more=""):
    action = (
        f'<PrivateAction><RoutingAction><FollowTrajectoryAction><TrajectoryRef><Trajectory name="t" '
        f'closed="false"><Shape>{shape}</Shape></Trajectory></TrajectoryRef>'
        f"<TimeReference>{more or '<None/>'}</TimeReference>"
        '<TrajectoryFollowingMode followingMode="position"/></FollowTrajectoryAction>'
        "</RoutingAction></PrivateAction>"
    )
    text = xosc(STANDING, stories=story("Ego", event("go", action)))
    document = read_document(write(tmp_path, text))
    follow = document.read.stories[0].acts[0].groups[0].maneuvers[0].events[0].actions[0]
    return document.places.paths[follow.path], follow


def test_polyline_keeps_vertices_headings_only_if_all_told(tmp_path):
    vertices = f"<Vertex>{world(0, 0)}</Vertex><Vertex>{world(4, 3)}</Vertex>"
    path, follow = path_of(tmp_path, f"<Polyline>{vertices}</Polyline>")
    assert np.allclose(path.xy, [[0, 0], [4, 3]]) and path.heading_rad is None
    assert not follow.timed and path.kind == "trajectory"
    told = f"<Vertex>{world(0, 0, 1)}</Vertex><Vertex>{world(4, 3, 1)}</Vertex>"
    path, _ = path_of(tmp_path, f"<Polyline>{told}</Polyline>")
    assert np.allclose(path.heading_rad, 1.0)


def test_a_halt_between_times_stays_a_halt(tmp_path):
    points = [(0, 0, 0), (10, 0, 2), (10, 0, 5), (20, 0, 7)]
    shape = "".join(f'<Vertex time="{t}">{world(x, y)}</Vertex>' for x, y, t in points)
    timing = '<Timing domainAbsoluteRelative="relative" scale="1" offset="0"/>'
    path, follow = path_of(tmp_path, f"<Polyline>{shape}</Polyline>", timing)
    assert follow.timed and len(path.xy) == 4
    assert np.hypot(*(path.xy[2] - path.xy[1])) < 0.01
    assert np.allclose(path.times_s, [0, 2, 5, 7])


def test_clothoid_is_the_fresnel_integral():
    length, end = 50.0, 0.08
    xy, turn, s = clothoid((0.0, 0.0, 0.0), 0.0, end, length)
    scale = math.sqrt(math.pi * length / end)
    sin_part, cos_part = fresnel(s / scale)
    assert np.allclose(xy, np.stack([scale * cos_part, scale * sin_part], -1), atol=1e-9)
    assert turn == pytest.approx(0.5 * end * length)


@given(st.floats(-0.2, 0.2), st.floats(1, 60))
def test_constant_curvature_is_an_arc(curvature, length):
    xy, turn, _ = clothoid((1.0, 2.0, 0.5), curvature, curvature, length)
    assert turn == pytest.approx(0.5 + curvature * length)
    if abs(curvature) > 1e-3:
        center = np.array([1.0, 2.0]) + np.array([-math.sin(0.5), math.cos(0.5)]) / curvature
        assert np.allclose(np.hypot(*(xy - center).T), 1 / abs(curvature), atol=1e-6)
    else:
        assert np.hypot(*(xy[-1] - xy[0])) == pytest.approx(length, rel=1e-2)


def test_spline_segments_follow_each_other_and_first_may_be_relative(tmp_path):
    segments = (
        '<ClothoidSplineSegment curvatureStart="0" curvatureEnd="0" length="10">{}</ClothoidSplineSegment>'
        '<ClothoidSplineSegment curvatureStart="0.1" curvatureEnd="0.1" length="15.707963267948966"/>'
    )
    start = f"<PositionStart>{world(5, 5, math.pi / 2)[10:-11]}</PositionStart>"
    path, follow = path_of(tmp_path, f"<ClothoidSpline>{segments.format(start)}</ClothoidSpline>")
    assert np.allclose(path.xy[0], [5, 5])
    assert np.allclose(path.xy[-1], [-5, 25], atol=1e-6)
    assert not follow.from_actor
    path, follow = path_of(tmp_path, f"<ClothoidSpline>{segments.format('')}</ClothoidSpline>")
    assert follow.from_actor and np.allclose(path.xy[0], 0)


@pytest.mark.parametrize("word", ["curvatureDot", "curvaturePrime"])
def test_single_clothoid_of_1_0_and_later(tmp_path, word):
    shape = f'<Clothoid curvature="0" {word}="0.002" length="20" startTime="1" stopTime="3">{world(0, 0)}</Clothoid>'
    path, _ = path_of(tmp_path, shape)
    expected, _, _ = clothoid((0, 0, 0), 0, 0.04, 20)
    assert np.allclose(path.xy, expected)
    assert path.times_s[0] == 1 and path.times_s[-1] == 3


def test_nurbs_of_a_quarter_circle(tmp_path):
    w = math.sqrt(0.5)
    points = [(10, 0, 1), (10, 10, w), (0, 10, 1)]
    control = "".join(
        f'<ControlPoint weight="{p[2]}">{world(p[0], p[1])}</ControlPoint>' for p in points
    )
    knots = "".join(f'<Knot value="{k}"/>' for k in (0, 0, 0, 1, 1, 1))
    path, _ = path_of(tmp_path, f'<Nurbs order="3">{control}{knots}</Nurbs>')
    assert np.allclose(np.hypot(*path.xy.T), 10.0, atol=1e-9)
    assert np.allclose(path.xy[[0, -1]], [[10, 0], [0, 10]])


@pytest.mark.parametrize(
    ("shape", "told"),
    [
        (f"<Polyline><Vertex>{world(0, 0)}</Vertex></Polyline>", "two vertices"),
        (f"<Polyline><Vertex>{world(0, 0)}</Vertex><Vertex>{world(0, 0)}</Vertex></Polyline>", "same place"),
        (f'<Polyline><Vertex time="2">{world(0, 0)}</Vertex><Vertex time="1">{world(9, 0)}</Vertex></Polyline>', "before"),
        (f'<Nurbs order="3"><ControlPoint>{world(0, 0)}</ControlPoint></Nurbs>', "control points"),
        ("<ClothoidSpline/>", "no segment"),
        ("<Spiral/>", "not supported"),
    ],
)  # fmt: skip
def test_bad_shapes_are_named(tmp_path, shape, told):
    with pytest.raises(InputError, match=rf"scenario.xosc:\d+.*{told}"):
        path_of(tmp_path, shape)
