"""One IDM step against values computed with nuPlan's implementation (defaults, target 10 m/s)."""

from __future__ import annotations

import pytest

from drivewm.sim.idm import IdmParams, idm_step

GOLDEN = [  # x, v, x_lead, v_lead, margin, x after, v after
    (0, 5, 30, 5, 2.3, 0.5, 5.084334),
    (0, 10, 20, 0, 2.3, 1.0, 9.8),
    (0, 0, 5, 0, 2.3, 0.0, 0.086283),
    (0, 8, 200, 0, 0, 0.8, 8.055867),
    (0, 12, 50, 12, 0, 1.2, 11.8782),
]


@pytest.mark.parametrize("row", GOLDEN)
def test_step_equals_nuplan(row):
    x, v, lead_x, lead_v, margin, x_after, v_after = map(float, row)
    p = IdmParams()
    params = (p.min_gap_m, p.headway_s, p.accel_max_mps2, p.decel_mps2)
    got = idm_step(x, v, 10.0, lead_x, lead_v, margin, params, 0.1)
    assert got == pytest.approx((x_after, v_after), abs=1e-5)
