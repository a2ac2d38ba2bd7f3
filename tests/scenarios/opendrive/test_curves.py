"""Curves against closed forms and fine integration."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import fresnel

from drivewm.scenarios.opendrive.curves import Arc, Cubic, Line, Spiral, poly3


def test_a_line_goes_straight() -> None:
    at = Line().at(np.array([0.0, 7.5]))
    assert at.u_m.tolist() == [0.0, 7.5] and not at.v_m.any() and not at.heading_rad.any()


@given(st.floats(-0.2, 0.2), st.floats(0.1, 300.0))
def test_an_arc_is_a_circle(curvature: float, length: float) -> None:
    at = Arc(curvature).at(np.array([length]))
    if abs(curvature) > 1e-4:
        u = np.sin(curvature * length) / curvature
        v = (1 - np.cos(curvature * length)) / curvature
        np.testing.assert_allclose([at.u_m[0], at.v_m[0]], [u, v], atol=1e-8)
    np.testing.assert_allclose(at.heading_rad, curvature * length)


@pytest.mark.parametrize("rate", [1e-3, -1e-3, 1e-2])
def test_a_spiral_from_straight_is_fresnel(rate: float) -> None:
    length = 80.0
    s = np.linspace(0, length, 50)
    at = Spiral(0.0, rate * length, length).at(s)
    scale = np.sqrt(np.pi / abs(rate))
    sine, cosine = fresnel(s / scale)
    np.testing.assert_allclose(at.u_m, scale * cosine, atol=1e-9)
    np.testing.assert_allclose(at.v_m, np.sign(rate) * scale * sine, atol=1e-9)
    np.testing.assert_allclose(at.curvature_per_m, rate * s)


@given(st.floats(-0.1, 0.1), st.floats(-0.1, 0.1), st.floats(1.0, 400.0), st.floats(0.0, 1.0))
def test_a_spiral_is_the_integral_of_its_heading(k0, k1, length, share) -> None:
    s = share * length
    at = Spiral(k0, k1, length).at(np.array([s]))

    def angle(x: float) -> float:
        return k0 * x + 0.5 * (k1 - k0) / length * x * x

    u = quad(lambda x: np.cos(angle(x)), 0, s, epsabs=1e-9, limit=2000)[0]
    v = quad(lambda x: np.sin(angle(x)), 0, s, epsabs=1e-9, limit=2000)[0]
    np.testing.assert_allclose([at.u_m[0], at.v_m[0]], [u, v], atol=1e-6)


def test_a_spiral_without_change_is_an_arc_and_without_curvature_a_line() -> None:
    s = np.linspace(0, 50, 11)
    for other, spiral in ((Arc(0.02), Spiral(0.02, 0.02, 50.0)), (Line(), Spiral(0, 0, 50.0))):
        for one, two in zip(other.at(s), spiral.at(s)):
            np.testing.assert_allclose(one, two, atol=1e-10)


def test_many_distances_are_split_without_a_seam() -> None:
    s = np.linspace(0, 100, 4501)
    whole = Spiral(0.0, 0.05, 100.0).at(s)
    some = Spiral(0.0, 0.05, 100.0).at(s[[0, 1999, 2000, 2001, 4500]])
    np.testing.assert_allclose(whole.u_m[[0, 1999, 2000, 2001, 4500]], some.u_m, atol=1e-12)


coefficient = st.floats(-1e-4, 1e-4)


@given(st.floats(-0.3, 0.3), st.floats(-5e-3, 5e-3), coefficient, st.floats(5.0, 100.0))
def test_poly3_is_walked_by_arc_length(b, c, d, length) -> None:
    at = poly3(0.0, b, c, d, length).at(np.array([0.0, 0.4 * length, length]))
    for u, v, s in zip(at.u_m, at.v_m, [0.0, 0.4 * length, length]):
        walked = quad(lambda x: np.hypot(1, b + 2 * c * x + 3 * d * x * x), 0, u)[0]
        assert walked == pytest.approx(s, abs=1e-6)
        assert v == pytest.approx(b * u + c * u**2 + d * u**3, abs=1e-9)


def hermite(u, v, end: float, length: float) -> Cubic:
    return Cubic(tuple(u), tuple(v), end, length, is_scaled=True)


def cubic_of_an_arc(radius: float, angle: float, unit: float) -> tuple[list, list]:
    """The cubic Bezier that stands for an arc, as powers of p in [0, unit]."""
    h = 4 / 3 * np.tan(angle / 4) * radius
    end = radius * np.array([np.sin(angle), 1 - np.cos(angle)])
    p = np.array([[0, 0], [h, 0], end - h * np.array([np.cos(angle), np.sin(angle)]), end])
    powers = [
        p[0],
        3 * (p[1] - p[0]),
        3 * (p[0] - 2 * p[1] + p[2]),
        p[3] - p[0] + 3 * (p[1] - p[2]),
    ]
    powers = [power / unit**k for k, power in enumerate(powers)]
    return [x[0] for x in powers], [x[1] for x in powers]


@given(st.floats(10.0, 200.0), st.floats(0.1, 1.0), st.booleans())
def test_param_poly3_stands_for_an_arc(radius: float, angle: float, is_normalized: bool) -> None:
    length = radius * angle
    unit = 1.0 if is_normalized else length
    curve = hermite(*cubic_of_an_arc(radius, angle, unit), unit, length)
    s = np.linspace(0, length, 9)
    found, true = curve.at(s), Arc(1 / radius).at(s)
    np.testing.assert_allclose(found.u_m, true.u_m, atol=2e-4 * radius * angle)
    np.testing.assert_allclose(found.v_m, true.v_m, atol=2e-4 * radius * angle)
    np.testing.assert_allclose(found.heading_rad, true.heading_rad, atol=2e-3)
    np.testing.assert_allclose(found.curvature_per_m, true.curvature_per_m, rtol=0.05)


def test_param_poly3_is_walked_evenly_though_its_parameter_is_not() -> None:
    curve = hermite([0, 10, 60, 30], [0, 0, 0, 0], 1.0, 100.0)  # u(p), far from even
    np.testing.assert_allclose(curve.at(np.linspace(0, 100, 11)).u_m, np.linspace(0, 100, 11))


def test_a_curve_that_starts_still_has_a_heading() -> None:
    curve = hermite([0, 0, 50, 0], [0, 0, 50, 0], 1.0, 50 * np.sqrt(2))
    at = curve.at(np.array([0.0, 10.0]))
    np.testing.assert_allclose(at.heading_rad, np.pi / 4)
