"""Transitions in closed form."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivewm.sim.script.actions import Dynamics
from drivewm.sim.script.ramps import Ramp, area, part, seconds_for_offset, slope, speed_ramp

SHAPES = st.sampled_from(["linear", "cubic", "sinusoidal"])
SPEEDS = st.floats(0.0, 60.0)


@given(SHAPES, st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_parts_rise_from_0_to_1(shape, a, b):
    low, high = sorted((a, b))
    assert part(shape, 0.0) == 0.0 and part(shape, 1.0) == 1.0
    assert part(shape, low) <= part(shape, high) + 1e-12


@given(SHAPES, st.floats(0.01, 0.99))
def test_area_and_slope_belong_to_the_part(shape, u):
    step = 1e-5
    assert (area(shape, u + step) - area(shape, u - step)) / (2 * step) == pytest.approx(
        part(shape, u), abs=1e-6
    )
    assert (part(shape, u + step) - part(shape, u - step)) / (2 * step) == pytest.approx(
        slope(shape, u), abs=1e-4
    )


@given(SHAPES, SPEEDS, SPEEDS, st.floats(0.1, 20.0))
def test_ramps_are_monotone_and_end_exactly(shape, low, high, seconds):
    ramp = speed_ramp(low, high, Dynamics(shape=shape, dimension="time", value=seconds))
    speeds = np.array([ramp.speed(t) for t in np.linspace(0.0, seconds, 50)])
    assert ramp.speed(seconds) == high == ramp.speed(seconds + 1.0)
    assert speeds[0] == pytest.approx(low)
    assert (np.diff(speeds) * np.sign(high - low) >= -1e-9).all()


@given(SHAPES, SPEEDS, SPEEDS, st.floats(1.0, 500.0))
def test_a_distance_is_driven_while_the_speed_changes(shape, low, high, metres):
    if low + high < 0.1 or low == high:
        return
    ramp = speed_ramp(low, high, Dynamics(shape=shape, dimension="distance", value=metres))
    assert ramp.way(ramp.duration_s) == pytest.approx(metres)


@given(SHAPES, SPEEDS, SPEEDS, st.floats(0.1, 10.0))
def test_a_rate_is_the_hardest_acceleration(shape, low, high, rate):
    if abs(low - high) < 1e-3:
        return
    ramp = speed_ramp(low, high, Dynamics(shape=shape, dimension="rate", value=rate))
    accels = [abs(ramp.accel(t)) for t in np.linspace(0.0, ramp.duration_s * 0.9999, 501)]
    assert max(accels) == pytest.approx(rate, rel=1e-3)


def test_way_is_the_integral_of_speed():
    for shape in ("linear", "cubic", "sinusoidal"):
        ramp = Ramp(3.0, 11.0, 4.0, shape)
        times = np.linspace(0.0, 6.0, 60001)
        speeds = np.array([ramp.speed(t) for t in times])
        middle = 0.5 * (speeds[1:] + speeds[:-1])
        assert ramp.way(6.0) == pytest.approx((middle * np.diff(times)).sum(), rel=1e-7)


@pytest.mark.parametrize("shape", ["cubic", "sinusoidal"])
def test_sideways_acceleration_stays_within_its_bound(shape):
    seconds = seconds_for_offset(1.5, shape, 0.8)
    times = np.linspace(0.0, seconds, 20001)
    lateral = 1.5 * np.array([part(shape, t / seconds) for t in times])
    accel = np.gradient(np.gradient(lateral, times), times)[5:-5]
    assert np.abs(accel).max() == pytest.approx(0.8, rel=0.01)
