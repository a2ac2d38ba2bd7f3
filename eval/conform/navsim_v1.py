"""NAVSIM v1.1: sub-scores on given states, and plans end to end to PDMS."""

from __future__ import annotations

from drivewm.eval.conform.fixtures import Fixtures, Row
from drivewm.eval.conform.navsim_case import (
    CLOSE,
    compare_batch,
    compare_layers,
    driven_states,
    environment_of,
    given_states,
)
from drivewm.eval.conform.tally import Tally
from drivewm.eval.scores.navsim import score_plan
from drivewm.measures.proposals import NAVSIM_V1, ProposalEnvironment, score_proposals

DISCRETE = {
    "NC": "no_at_fault_collision", "DAC": "drivable_area", "DDC": "driving_direction",
    "TTC": "ttc", "C": "comfort",
}  # fmt: skip


def check(fixtures: Fixtures, tally: Tally) -> None:
    """Compares every output of every row."""
    maps = fixtures.maps()
    for row in fixtures.rows("navsim_v1"):
        road = maps[row["map_id"]]
        case, environment = row["scene_id"], environment_of(row, road, is_v2=False)
        compare_layers(tally, case, fixtures, row, road)
        _level1(row, case, environment, tally)
        _level2(row, case, environment, tally)


def _level1(row: Row, case: str, environment: ProposalEnvironment, tally: Tally) -> None:
    scores = score_proposals(given_states(row)[:-1], environment, NAVSIM_V1)
    for short, name in DISCRETE.items():
        tally.discrete(case, f"l1_{short}", row[f"out_l1_{short}"], getattr(scores, name))
    tally.close(case, "l1_EP", row["out_l1_EP"], scores.progress, CLOSE)
    compare_batch(tally, case, row, scores)


def _level2(row: Row, case: str, environment: ProposalEnvironment, tally: Tally) -> None:
    driven = driven_states(row)
    tally.close(case, "e2e_states", given_states(row), driven, CLOSE)
    plans = [score_plan(driven[i + 1], driven[0], environment, NAVSIM_V1) for i in range(row["B"])]
    for short, name in DISCRETE.items():
        got = [plan.terms[name] for plan in plans]
        tally.discrete(case, f"e2e_{short}", row[f"out_e2e_{short}"], got)
    progress = [plan.terms["progress"] for plan in plans]
    tally.close(case, "e2e_EP", row["out_e2e_EP"], progress, CLOSE)
    tally.close(case, "e2e_pdms", row["out_e2e_pdms"], [plan.score for plan in plans], CLOSE)
