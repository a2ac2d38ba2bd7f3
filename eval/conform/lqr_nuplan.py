"""nuPlan's LQR tracker and bicycle, step by step along one plan."""

from __future__ import annotations

import numpy as np

from drivewm.eval.conform.fixtures import Fixtures, Row, poses, states
from drivewm.eval.conform.tally import Tally
from drivewm.scene import PACIFICA, EgoColumn
from drivewm.sim.bicycle import bicycle_step
from drivewm.sim.config import DT_S, DT_US, LqrConfig
from drivewm.sim.lqr import LqrFollower
from drivewm.sim.plan import Plan

START_US = 1_600_000_000_000_000
TOLERANCE = 1e-6


def check(fixtures: Fixtures, tally: Tally) -> None:
    """Compares the commands and every state column over the drive."""
    for row in fixtures.rows("lqr_nuplan"):
        driven, commands = _drive(row)
        expected = np.array(row["out_states"]).reshape(-1, len(EgoColumn))
        for column in EgoColumn:
            wanted, got = expected[:, column], driven[:, column]
            tally.close(row["case_id"], column.name.lower(), wanted, got, TOLERANCE)
        wanted = np.array(row["out_cmd"]).reshape(-1, 2)
        tally.close(row["case_id"], "acceleration command", wanted[:, 0], commands[:, 0], TOLERANCE)
        tally.close(row["case_id"], "steering command", wanted[:, 1], commands[:, 1], TOLERANCE)


def _drive(row: Row) -> tuple[np.ndarray, np.ndarray]:
    """States [T + 1, 11] and commands [T, 2]."""
    plan = Plan(times_us=np.array(row["ref_t_us"], np.int64), poses=poses(row, "ref"))
    follower = LqrFollower(plan, PACIFICA.wheelbase_m, LqrConfig())
    driven, commands = [states(row, "state0")[0]], []
    for step in range(row["n_steps"]):
        accel, rate = follower.command(driven[-1], START_US + step * DT_US)
        commands.append((accel, rate))
        driven.append(bicycle_step(driven[-1], accel, rate, PACIFICA.wheelbase_m, DT_S, 0.0))
    return np.stack(driven), np.array(commands).reshape(-1, 2)
