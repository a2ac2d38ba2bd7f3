"""nuPlan's comfort series of given drives (NAVSIM's are ``comfort_navsim``)."""

from __future__ import annotations

import numpy as np

from drivewm.eval.conform.fixtures import Fixtures, states
from drivewm.eval.conform.tally import Tally
from drivewm.measures.comfort import SERIES, comfort_rows, rows_within_bounds
from drivewm.scene import PACIFICA

CLOSE = 1e-8
NAMES = ("lon_acc", "lat_acc", "mag_acc", "jerk", "lon_jerk", "yaw_rate", "yaw_acc")
FLAGS = {
    "lon_acceleration": "lon_acc_mps2", "lat_acceleration": "lat_acc_mps2", "jerk": "jerk_mps3",
    "lon_jerk": "lon_jerk_mps3", "yaw_rate": "yaw_rate_radps", "yaw_acceleration": "yaw_acc_radps2",
}  # fmt: skip


def check(fixtures: Fixtures, tally: Tally) -> None:
    """Filters every drive and compares the series and which stay within bounds."""
    for row in fixtures.rows("comfort"):
        times_us = np.array(row["t_us"], np.int64)
        found = comfort_rows(times_us, states(row), PACIFICA.rear_axle_to_center_m)
        for name, values in zip(NAMES, found):
            tally.close(row["case_id"], name, row[f"out_nuplan_{name}"], values, CLOSE)
        ok = dict(zip(SERIES, rows_within_bounds(found).astype(int)))
        for flag, name in FLAGS.items():
            tally.discrete(row["case_id"], f"ok_{flag}", row[f"out_nuplan_ok_{flag}"], ok[name])
