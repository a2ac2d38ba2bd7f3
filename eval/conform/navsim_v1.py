"""NAVSIM v1.1: sub-scores on given states, and plans end to end to PDMS."""

from __future__ import annotations

from drivewm.eval.conform.fixtures import Fixtures, Row
from drivewm.eval.conform.navsim_case import (
    driven_states,
    environment_of,
    expected_layers,
    given_states,
    kind_names,
    layers_of,
)
from drivewm.eval.conform.tally import Tally
from drivewm.eval.scores.navsim import score_plan
from drivewm.measures.proposals import NAVSIM_V1, ProposalEnvironment, score_proposals

CLOSE = 1e-6
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
        layers, _ = layers_of(row, road)
        names, kinds = expected_layers(fixtures, row)
        tally.discrete(case, "drivable_tokens", names, list(layers.names))
        tally.discrete(case, "drivable_types", kinds, kind_names(layers, road))
        _level1(row, case, environment, tally)
        _level2(row, case, environment, tally)


def _level1(row: Row, case: str, environment: ProposalEnvironment, tally: Tally) -> None:
    scores = score_proposals(given_states(row)[:-1], environment, NAVSIM_V1)
    for short, name in DISCRETE.items():
        tally.discrete(case, f"l1_{short}", row[f"out_l1_{short}"], getattr(scores, name))
    tally.close(case, "l1_EP", row["out_l1_EP"], scores.progress, CLOSE)
    tally.close(case, "l1_pdm_score", row["out_l1_pdm_score"], scores.score, CLOSE)
    tally.close(case, "l1_progress_raw", row["out_l1_progress_raw"], scores.progress_m, CLOSE)
    tally.discrete(case, "l1_collision_idx", row["out_l1_collision_idx"], scores.collision_step)
    tally.discrete(case, "l1_ttc_idx", row["out_l1_ttc_idx"], scores.ttc_step)
    tally.discrete(case, "l1_ego_areas", row["out_l1_ego_areas"], (scores.where & 7).ravel())
    flags = scores.comfort_ok.ravel()
    tally.discrete(case, "l1_comfort_flags", row["out_l1_comfort_flags"], flags)


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
