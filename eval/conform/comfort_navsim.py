"""NAVSIM's comfort series, v2 and v1, and the yaw acceleration of extended comfort."""

from __future__ import annotations

import numpy as np

from drivewm.eval.conform.fixtures import Fixtures, states
from drivewm.eval.conform.tally import Tally
from drivewm.measures.proposals_comfort import (
    BOUNDS,
    Series,
    comfort_filters,
    fill_comfort,
    fill_series,
)
from drivewm.scene import PACIFICA, EgoColumn

SOURCE = "comfort"
CLOSE = 1e-8
SERIES = {
    "lon_acc": Series.LON_ACC, "lat_acc": Series.LAT_ACC, "jerk": Series.JERK,
    "lon_jerk": Series.LON_JERK, "yaw_rate": Series.YAW_RATE, "yaw_acc": Series.YAW_ACC,
}  # fmt: skip


def check(fixtures: Fixtures, tally: Tally) -> None:
    """Compares every series of every case, and the flags."""
    for row in fixtures.rows(SOURCE):
        case, ego = row["case_id"], states(row)
        for version in ("v2", "v1"):
            found, flags = _series(ego, version == "v1")
            prefix = f"out_navsim_{version}"
            tally.discrete(case, f"{version}_flags", row[f"{prefix}_flags"], flags)
            for name, line in SERIES.items():
                expected = row[f"{prefix}_{name}"]
                tally.close(case, f"{version}_{name}", expected, found[line], CLOSE)
        found, _ = _series(ego, False, yaw_acc_degree=2)
        expected = row["out_navsim_v2_yaw_acc_ec"]
        tally.close(case, "v2_yaw_acc_ec", expected, found[Series.YAW_ACC], CLOSE)


def _series(
    ego: np.ndarray, whole_fit: bool, yaw_acc_degree: int = 3
) -> tuple[np.ndarray, np.ndarray]:
    """Series [7, T] and flags [6]."""
    steps = len(ego)
    filters = comfort_filters(steps, whole_fit, yaw_acc_degree=yaw_acc_degree)
    found, flags = np.empty((len(Series), steps)), np.zeros(len(BOUNDS), bool)
    scratch, none = np.empty((4, steps)), np.zeros((0, len(EgoColumn)))
    fill_series(none, ego, PACIFICA.rear_axle_to_center_m, filters, True, scratch, found)
    fill_comfort(found, BOUNDS, flags)
    return found, flags
