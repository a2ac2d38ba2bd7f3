"""The kinematic bicycle against the reference's formulas written out in NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivewm.scene import EgoColumn
from drivewm.sim.bicycle import (
    MAX_STEER_RAD,
    bicycle_step,
    command_for_accel,
    command_for_steer,
)  # fmt: skip

WHEELBASE_M = 3.089
number = st.floats(-1, 1)


def reference_step(ego, accel_command, rate_command, wheelbase, dt):
    accel = ego[5] + dt / (dt + 0.2) * (accel_command - ego[5])
    lagged = ego[7] + dt / (dt + 0.05) * (ego[7] + dt * rate_command - ego[7])
    rate = (lagged - ego[7]) / dt
    speed = ego[3] + accel * dt
    steer = np.clip(ego[7] + rate * dt, -np.pi / 3, np.pi / 3)
    heading = ego[2] + ego[3] * np.tan(ego[7]) / wheelbase * dt
    heading = (heading + np.pi) % (2 * np.pi) - np.pi
    yaw_rate = speed * np.tan(steer) / wheelbase
    move = ego[3] * dt * np.array([np.cos(ego[2]), np.sin(ego[2])])
    return np.array([ego[0] + move[0], ego[1] + move[1], heading, speed, 0, accel, 0, steer, rate,
                     yaw_rate, (yaw_rate - ego[9]) / dt])  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(number, min_size=8, max_size=8))
def test_equals_the_reference_formulas(draw):
    ego = np.zeros(11)
    ego[[0, 1, 2, 3, 5, 7]] = np.array(draw[:6]) * [50, 50, 3, 10, 3, 0.9]
    ego[3] = abs(ego[3]) + 0.1
    commands = draw[6] * 4, draw[7] * 3
    got = bicycle_step(ego, *commands, WHEELBASE_M, 0.1, 0.0)
    np.testing.assert_allclose(got, reference_step(ego, *commands, WHEELBASE_M, 0.1), atol=1e-9)


def test_steering_stays_within_its_limit():
    ego = np.zeros(11)
    for _ in range(60):
        ego = bicycle_step(ego, 0.0, 5.0, WHEELBASE_M, 0.1, 0.0)
    assert ego[EgoColumn.STEER] == pytest.approx(MAX_STEER_RAD)


def test_friction_bounds_the_total_acceleration():
    ego = np.zeros(11)
    ego[EgoColumn.VX], ego[EgoColumn.STEER] = 20.0, 0.5
    for _ in range(20):
        ego = bicycle_step(ego, -20.0, 0.0, WHEELBASE_M, 0.1, 0.6)
        side = ego[EgoColumn.VX] * ego[EgoColumn.YAW_RATE]
        assert np.hypot(ego[EgoColumn.AX], side) < 0.6 * 9.81 + 1e-6


def test_commands_invert_the_actuator_lag():
    ego = np.zeros(11)
    ego[EgoColumn.VX], ego[EgoColumn.AX], ego[EgoColumn.STEER] = 5.0, 1.0, 0.1
    commands = command_for_accel(ego, -2.0), command_for_steer(ego, 0.13)
    after = bicycle_step(ego, *commands, WHEELBASE_M, 0.1, 0.0)
    assert after[EgoColumn.AX] == pytest.approx(-2.0)
    assert after[EgoColumn.STEER] == pytest.approx(0.13)
