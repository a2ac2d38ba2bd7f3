"""Single IDM steps: nuPlan's policy, and PDM-Closed's batch of five."""

from __future__ import annotations

from drivewm.eval.conform.fixtures import Fixtures, Row
from drivewm.eval.conform.tally import Tally
from drivewm.sim.idm import idm_acceleration

TOLERANCE = 1e-9
LIMIT_SHARES = {"nuplan": (1.0,), "pdm_batch": (0.2, 0.4, 0.6, 0.8, 1.0)}
EXPONENTS = {"nuplan": 4, "pdm_batch": 10}


def check(fixtures: Fixtures, tally: Tally) -> None:
    """Compares progress and speed after one step."""
    for row in fixtures.rows("idm_steps"):
        x, v = zip(*_steps(row))
        for name, got in (("x", x), ("v", v)):
            expected = row[f"out_{name}"]
            tally.close(row["case_id"], f"{row['kind']} {name}", expected, list(got), TOLERANCE)


def _steps(row: Row) -> list[tuple[float, float]]:
    """(progress, speed) after the step for every policy of a case."""
    kind, dt_s, out = row["kind"], row["dt"], []
    columns = (row["x"], row["v"], row["xl"], row["vl"], row["lr"], LIMIT_SHARES[kind])
    for x, v, lead_x, lead_v, margin, share in zip(*columns):
        accel = idm_acceleration(
            v, share * row["v0"], lead_x - x - margin, lead_v, row["s0"], row["T"], row["a"],
            row["b"], EXPONENTS[kind],
        )  # fmt: skip
        accel = min(max(accel, -row["b"]), row["a"])
        out.append((x + dt_s * v, v + dt_s * accel))
    return out
