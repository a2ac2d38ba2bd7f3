"""NAVSIM's batch LQR and bicycle: states of one proposal over four seconds."""

from __future__ import annotations

import numpy as np

from drivewm.eval.conform.fixtures import Fixtures, poses, states
from drivewm.eval.conform.tally import Tally
from drivewm.scene import PACIFICA, EgoColumn
from drivewm.sim.batch_lqr import simulate

POSES = 41  # 0 ... 4 s
TOLERANCE = 1e-6


def check(fixtures: Fixtures, tally: Tally) -> None:
    """Compares every state column over the horizon."""
    for row in fixtures.rows("lqr_navsim"):
        path = poses(row, "ref")[None, :POSES]
        driven = simulate(path, states(row, "state0")[0], PACIFICA.wheelbase_m)[0]
        expected = np.array(row["out_states"]).reshape(-1, len(EgoColumn))
        for column in EgoColumn:
            wanted, got = expected[:, column], driven[:, column]
            tally.close(row["case_id"], column.name.lower(), wanted, got, TOLERANCE)
